"""`counterproof select`: the command; its work is loaded when it runs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors
from counterproof.cli import _verify

if TYPE_CHECKING:
    from counterproof import record
    from counterproof.rely import select as selecting
    from counterproof.rely import verify as verifying

_FILE = click.Path(path_type=Path)
_ROOM = 8
"""Columns before a reason."""


@click.command(short_help="Choose among verified systems, with reasons.")
@click.argument("policy", type=_FILE)
@click.argument("bundles", type=_FILE, nargs=-1, metavar="[BUNDLE]...")
@click.option("--trust", type=_FILE, required=True, help="Whom you trust: a trust file of your own.")
@click.option("--heads", type=_FILE, required=True, help="Bundle of the log's summary of itself.")
@click.option("--leaves", type=_FILE, required=True, help="What that summary was made of: a file of `attest heads`.")
@click.option("--log", "folder", type=_FILE, default=None, help="Folder of the whole log, where the policy wants it.")
@click.option("--at", "when", default="", metavar="TIME", help="As of YYYY-MM-DDThh:mm:ssZ.  [default: now]")
@click.option("--json", "out", type=_FILE, default=None, help="File to write the decision to.")
def select(  # noqa: PLR0913 - one parameter per option
    policy: Path, bundles: tuple[Path, ...], *, trust: Path, heads: Path, leaves: Path, folder: Path | None,
    when: str, out: Path | None,
) -> int:  # fmt: skip
    """Decide by POLICY whom to rely on. Exit code 0: somebody is allowed. 5: nobody is (docs/select.md)."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.rely import select as selecting  # noqa: PLC0415 - same
    from counterproof.rely import verify as verifying  # noqa: PLC0415 - same

    wanted = selecting.read_policy(_files.fetch(policy))
    trusted = verifying.read_trust(_files.fetch(trust))
    if wanted.organisations < trusted.organisations_needed:
        raise errors.BadPolicy(
            f"asks for {wanted.organisations} organisations, the trust file for {trusted.organisations_needed}",
            where=str(policy), mend="ask for as many at least",
        )  # fmt: skip
    now_s, checker = _verify.now_s(when), verifying.Checker(trusted)
    summary = checker.bundle(_files.fetch(heads, verifying.MAX_BUNDLE_BYTES), now_s)
    found = selecting.decide(
        wanted, _verified(checker, bundles, now_s), summary,
        selecting.read_leaves(_files.fetch(leaves, selecting.MAX_LEAVES_BYTES)), now_s,
        _whole(folder, trusted, summary) if folder else None,
    )  # fmt: skip
    if out:
        _files.store(out, record.canonical_bytes(found) + b"\n")
    _print(found)
    is_any = any(choice.decision == "allow" for choice in found.choices)
    return 0 if is_any else errors.NotVerified.exit_code


def _verified(checker: verifying.Checker, bundles: tuple[Path, ...], now_s: int) -> list[verifying.Verified]:
    """Those that verify. One that does not is as if it were not there, so nobody can stop a choice by handing it in."""
    from counterproof.cli import _files  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli._values import printable  # noqa: PLC0415 - same
    from counterproof.rely import verify as verifying  # noqa: PLC0415 - same

    found: list[verifying.Verified] = []
    for path in bundles:
        data = _files.fetch(path, verifying.MAX_BUNDLE_BYTES)
        try:
            found.append(checker.bundle(data, now_s))
        except (errors.BadInput, errors.NotVerified) as exc:
            click.echo(f"not verified: {printable(str(path))}: {printable(str(exc))}", err=True)
    return found


def _whole(folder: Path, trust: record.Trust, summary: verifying.Verified) -> selecting.WholeLog:
    from counterproof.cli import _files  # noqa: PLC0415 - loaded when the command runs
    from counterproof.rely import select as selecting  # noqa: PLC0415 - same

    log = _verify.LogFolder(folder, _files.fetch(folder / "checkpoint", 1 << 20))
    seen_s = max(when for _, when in summary.seen_by)
    entries = islice(log.entries(), summary.size)  # it may have grown since
    return selecting.read_log(entries, trust, bytes.fromhex(summary.root), seen_s)


def _print(found: record.Selection) -> None:
    from counterproof.cli._values import printable  # noqa: PLC0415 - loaded when the command runs

    click.echo(f"{found.origin} at size {found.size}, by its {found.reads}; policy {found.policy[:23]}\n")
    for choice in found.choices:
        order = "  ".join(f"{name} {value}" for name, value in choice.standing.items())
        head = f"{choice.rank or '-':>3} {choice.decision.upper()}"
        click.echo(f"{head:<12}{choice.subject}{'  ' if order else ''}{order}")
        for reason in choice.reasons:
            click.echo(f"{'':{_ROOM}}{printable(reason)}")
    if not found.choices:
        click.echo("no candidate: no result was handed over that verifies")
    click.echo("\nnot checked:")
    for said in found.unchecked:
        click.echo(f"  - {said}")
    allowed = sum(choice.decision == "allow" for choice in found.choices)
    click.echo(f"\n{allowed} of {len(found.choices)} ALLOWED" if allowed else "\nNOBODY IS ALLOWED")
