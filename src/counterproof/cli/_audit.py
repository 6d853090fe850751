"""`counterproof audit`: a safety card beside its honest version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import rich.console

    from counterproof import note, record
    from counterproof.publish import attest

NOT_HELD = 5
_CARD_LIMIT_BYTES, _LOG_COLUMNS = 4 << 20, 120


@click.command(short_help="Hold a safety card's claims against measurements.")
@click.argument("card", type=click.Path(path_type=Path))
@click.argument(
    "measurements", nargs=-1, required=True, metavar="REPORT_OR_BUNDLE...", type=click.Path(path_type=Path)
)
@click.option(
    "--tolerance", "tolerances", multiple=True, metavar="[PROPERTY=]SHARE",
    help="By how much a number may fall short of a claim; repeatable.  [default: 0.1, and D=0]",
)
@click.option("--keeps", default="0.5", show_default=True, help="Weaker than claimed: this much of it is shown.")
@click.option("--trust", type=click.Path(path_type=Path), default=None, help="For bundles: whom to trust.")
@click.option("--html", type=click.Path(path_type=Path), default=None, help="Write the audit as a page here.")
@click.option("--json", type=click.Path(path_type=Path), default=None, help="Write the audit as JSON here.")
@click.option("--strict", is_flag=True, help="Exit code 5 if a claim does not hold, or is worse than honest reporting.")
@click.option("--statements", type=click.Path(path_type=Path), default=None, help="Seal the claims for a log, in here.")
@click.option("--key", type=click.Path(path_type=Path), default=None, help="The key file that --statements seals with.")
def audit(  # noqa: PLR0913 - one parameter per option
    card: Path,
    measurements: tuple[Path, ...],
    tolerances: tuple[str, ...],
    keeps: str,
    trust: Path | None,
    html: Path | None,
    json: Path | None,
    *,
    strict: bool,
    statements: Path | None,
    key: Path | None,
) -> int:
    """Print every claim of CARD beside what the measurements support: reports (report.json) and verified bundles.

    Exit code 0 whatever the verdicts are; with --strict, 5 if a claim is contradicted, weaker than claimed, or worse
    than honest reporting.
    """
    from counterproof.publish import attest  # noqa: PLC0415 - loads when the command runs

    margins = _tolerances(tolerances, keeps)
    quoted = _card(card)
    signer = _signer(statements, key)
    found = attest.audit(quoted, _measured(measurements, trust), margins)
    files = _written(found, html, json)
    if statements is not None:
        files.append(("Claims", _sealed(quoted, statements, signer)))
    attest.audit_terminal(found, _paper(), files=files)
    return NOT_HELD if strict and not attest.holds(found) else 0


def _tolerances(texts: Sequence[str], keeps: str) -> attest.Tolerances:
    from counterproof import errors  # noqa: PLC0415 - loads when the command runs
    from counterproof.publish import attest  # noqa: PLC0415 - same

    every: str | None = None
    own: dict[str, str] = {}
    for text in texts:
        letter, equals, value = text.rpartition("=")
        if (not equals and every is not None) or letter in own:
            raise errors.BadOption("stands twice for the same property", where="--tolerance", mend="keep one of them")
        if equals:
            own[letter] = value
        else:
            every = value
    return attest.tolerances(own, every=every, keeps=keeps)


def _card(path: Path) -> record.Card:
    from counterproof.cli import _files  # noqa: PLC0415 - loads when the command runs
    from counterproof.publish import attest  # noqa: PLC0415 - same

    draft = attest.draft(_files.fetch(path, _CARD_LIMIT_BYTES), where=str(path))
    return attest.joined(draft, _files.fetch(path.parent / draft.document, _CARD_LIMIT_BYTES))


def _measured(paths: Sequence[Path], trust: Path | None) -> list[attest.Measurement]:
    """Every measurement, each file once; a bundle's only after every step of verification."""
    from counterproof import errors, record  # noqa: PLC0415 - loads when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.publish import attest, report  # noqa: PLC0415 - same

    found: list[attest.Measurement] = []
    seen: dict[str, Path] = {}
    for path in paths:
        data = _files.fetch(path)
        if attest.is_card(data):
            raise errors.BadOption("is a card, not a measurement", where=str(path), mend="name one card, first")
        digest = record.digest_bytes(data)
        if digest in seen:
            raise errors.BadOption(f"holds the same as {seen[digest]}", where=str(path), mend="name it once")
        seen[digest] = path
        if b'"counterproof-bundle/1"' in data and b'"counterproof-report/' not in data:
            found.append(_of_bundle(path, data, trust))
        else:
            found += attest.of_report(report.parse(data, where=str(path)), where=str(path))
    return found


def _of_bundle(path: Path, data: bytes, trust: Path | None) -> attest.Measurement:
    import time  # noqa: PLC0415 - loads when the command runs

    from counterproof import chain, errors, record  # noqa: PLC0415 - same
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.publish import attest  # noqa: PLC0415 - same
    from counterproof.rely import verify  # noqa: PLC0415 - same

    if trust is None:
        raise errors.BadOption("is a bundle, and nothing says whose signatures count", where=str(path),
                               mend="give --trust FILE")
    verified = verify.bundle(data, chain.read_trust(_files.fetch(trust)), int(time.time()))
    said = verified.statement.predicate
    if not isinstance(said, record.Behaviour):
        raise errors.BadOption(f"holds a {verified.statement.kind}, which measures nothing", where=str(path),
                               mend="name bundles of behaviour statements")
    return attest.of_behaviour(said, verified.entry, where=str(path))


def _signer(folder: Path | None, key: Path | None) -> note.Signer | None:
    from counterproof import errors, note  # noqa: PLC0415 - loads when the command runs

    if (folder is None) != (key is None):
        raise errors.BadOption("needs the other", where="--statements and --key", mend="give both, or neither")
    return None if key is None else note.read_key(key)


def _sealed(card: record.Card, folder: Path, signer: note.Signer | None) -> str:
    """Writes each claim as an entry for a log, named by its digest."""
    from counterproof import chain, record  # noqa: PLC0415 - loads when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.publish import attest  # noqa: PLC0415 - same

    entries = [chain.seal(said, *([signer] if signer else [])) for said in attest.statements(card)]
    for entry in entries:
        _files.store(folder / f"claim-{record.digest_bytes(entry).removeprefix('sha256:')[:16]}.dsse.json", entry)
    return f"{folder}, {len(entries)} entries"


def _written(found: record.Audit, html: Path | None, json: Path | None) -> list[tuple[str, str]]:
    from counterproof.cli import _files  # noqa: PLC0415 - loads when the command runs
    from counterproof.publish import attest  # noqa: PLC0415 - same

    files: list[tuple[str, str]] = []
    if html is not None:
        _files.store(html, attest.audit_html(found).encode())
        files.append(("Page", str(html)))
    if json is not None:
        _files.store(json, attest.audit_json(found))
        files.append(("JSON", str(json)))
    return files


def _paper() -> rich.console.Console:
    """Standard output; as wide as the terminal, or as a log where there is none."""
    import os  # noqa: PLC0415 - loads when the command runs
    import sys  # noqa: PLC0415 - same

    import rich.console  # noqa: PLC0415 - same

    is_terminal = sys.stdout.isatty() or "COLUMNS" in os.environ
    return rich.console.Console(width=None if is_terminal else _LOG_COLUMNS, highlight=False)
