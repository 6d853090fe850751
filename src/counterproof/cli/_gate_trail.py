"""`counterproof gate audit` and `gate publish`: a gate's record held against itself, and its heads put into a log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors
from counterproof.cli import _attest, _attest_run, _log

if TYPE_CHECKING:
    from counterproof import note, record
    from counterproof.rely import trail as trailing
    from counterproof.rely import watch as watching

_FILE = click.Path(path_type=Path)
_PUBLISHED = "published"
_SHOWN = 20


@click.command(short_help="Compute a gate's decisions again from its record.")
@click.argument("trail", type=_FILE)
@click.option(
    "--key", "keys", multiple=True, help="Who must have signed the heads in it: a key or its file; repeatable."
)
@click.option(
    "--heads", default="", metavar="ADDRESS", help="A log that its heads were published in: folder or http address."
)
@click.option("--trust", type=_FILE, default=None, help="With --heads: whom you trust, a trust file of your own.")
@click.option(
    "--organisation", default="", help="With --heads: whose gate it is.  [default: the only one that says so]"
)
@click.option("--day", default="", metavar="YYYY-MM-DD", help="Settle only this day's decisions again (UTC).")
@click.option("--json", "out", type=_FILE, default=None, help="File to write the whole audit to.")
def audit(
    trail: Path, *, keys: tuple[str, ...], heads: str, trust: Path | None, organisation: str, day: str, out: Path | None
) -> int:
    """Read the record in TRAIL through and compute every decision in it again.

    Exit code 0: everything agrees. 5: something does not; each is named, with what is recorded and what follows.
    """
    from counterproof import note, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.rely import trail as trailing  # noqa: PLC0415 - same

    if bool(heads) != (trust is not None):
        raise errors.BadOption("go together", where="--heads, --trust", mend="give both, or neither")
    published = _Published([], [], [])
    if trust is not None:
        published = _published(heads, trust, trailing.gate_of(trail), organisation)
    found = trailing.audit(
        trail, keys=[note.read_verifier(_attest.public(key)) for key in keys], heads=published.heads,
        said=published.policies, day=day,
    )  # fmt: skip
    if out:
        _files.store(out, record.canonical_bytes(found) + b"\n")
    _print(found, published.broken, has_keys=bool(keys))
    return 0 if found.agrees and not published.broken else errors.NotVerified.exit_code


class _Published:
    """What a log holds of a gate: heads in the order of their numbers, policies, and rules that these break."""

    def __init__(
        self, heads: list[record.GateHead], policies: list[record.LoggedGatePolicy], broken: list[str]
    ) -> None:
        self.heads, self.policies, self.broken = heads, policies, broken


def _published(address: str, trust: Path, gate: str, organisation: str) -> _Published:
    from counterproof import chain, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files, _values  # noqa: PLC0415 - same
    from counterproof.rely import watch as watching  # noqa: PLC0415 - same

    trusted = chain.read_trust(_files.fetch(trust))
    rules, made, names = chain.Rules(trusted), _Published([], [], []), set[str]()
    with contextlib.closing(watching.at(address)) as source:
        for index, entry in enumerate(_entries(source, trusted)):
            ruling = rules.admit(index, entry)
            said = ruling.statement.predicate if ruling.statement else None
            if not isinstance(said, record.GateHead | record.LoggedGatePolicy) or said.gate != gate:
                continue
            if ruling.is_repeated or organisation not in ("", said.organisation):
                continue
            made.broken += [
                _values.printable(f"{one.rule}: {one.says}") for one in ruling.breaches if _is_its_own(one.rule)
            ]
            if {one.rule for one in ruling.breaches} & {"standing", "revoked", "signature", "form"}:
                continue
            names.add(said.organisation)
            (made.heads if isinstance(said, record.GateHead) else made.policies).append(said)  # type: ignore[arg-type] # by kind
    if len(names) > 1:
        raise errors.BadOption(
            f"{gate!r} is a gate of {len(names)} organisations", where="--organisation", mend="say whose"
        )
    if not made.heads:
        raise errors.NotVerified(f"the log holds no head of gate {gate!r}", where="--heads", mend="publish one")
    made.heads.sort(key=lambda head: head.seq)
    return made


def _is_its_own(rule: str) -> bool:
    """Whether a breach is the gate owner's: anybody may log something in another's name."""
    return rule in ("gate-head", "gate-policy", "sequence", "reference")


def _entries(source: watching.Source, trust: record.Trust) -> Iterator[bytes]:
    """Every entry of a log under a head that the trust file's quorum has seen, each held against that head."""
    from counterproof import quorum, tlog  # noqa: PLC0415 - loaded when the command runs

    def fetched(*paths: str) -> bytes:
        for path in paths:
            data = source.read(path)
            if data is not None:
                return data
        raise errors.NotVerified(f"serves no {paths[0]}", where=source.name, mend="read another copy of the log")

    seen = quorum.check(fetched("checkpoint"), quorum.read_policy(trust.policy), int(time.time()), trust.max_age_s)
    head = seen.checkpoint

    def read(tile: tlog.Tile) -> bytes:
        return fetched(*dict.fromkeys((str(tile.path), str(tile.full.path))))

    hashes = tlog.TileHashes(read, head.size, head.root)
    for tile in tlog.tiles_of(head.size, level=tlog.ENTRIES):
        yield from hashes.entries(tile.index, read(tile))


def _print(found: trailing.TrailAudit, broken: list[str], *, has_keys: bool) -> None:
    from counterproof.cli._values import printable  # noqa: PLC0415 - loaded when the command runs

    click.echo(f"gate {printable(found.gate)!r}, policies: {len(found.policies)}, published heads: {found.published}\n")
    click.echo(
        f"{'worker':<16}{'records':>12}{'decisions':>12}{'settled':>12}{'readings':>12}{'heads':>8}{'signed':>8}"
    )
    for one in found.workers:
        click.echo(
            f"{one.worker:<16}{one.records:>12,}{one.decisions:>12,}{one.settled:>12,}{one.read:>12,}"
            f"{one.heads:>8,}{one.signed:>8,}"
        )
        said = ", ".join(f"{name} {count:,}" for name, count in sorted(one.counts.items()) if count)
        click.echo(f"    {said or 'nothing was decided'}")
        for line in _aside(one, has_keys=has_keys, has_published=bool(found.published)):
            click.echo(f"    {line}")
    for wrong in found.mismatches[:_SHOWN]:
        record = f" (record {wrong.n:,})" if wrong.n >= 0 else ""
        click.echo(f"\nDIFFERS {printable(wrong.where)}{record}: {printable(wrong.what)}")
        click.echo(f"    recorded: {printable(wrong.recorded)}")
        click.echo(f"    computed: {printable(wrong.computed)}")
    if found.mismatched > _SHOWN:
        click.echo(f"\nand {found.mismatched - _SHOWN:,} more")
    for says in broken:
        click.echo(f"\nBROKEN {says}")
    count = found.mismatched + len(broken)
    click.echo(f"\n{f'{count:,} things do NOT agree' if count else 'all agrees'}")


def _aside(one: trailing.WorkerAudit, *, has_keys: bool, has_published: bool) -> Iterator[str]:
    """What agrees, and whoever reads the audit must know of it."""
    from counterproof.cli._values import printable  # noqa: PLC0415 - loaded when the command runs

    said = (
        (one.unread, f"readings not computed again: {printable(one.why_unread)}"),
        (one.apart, "decisions in which the memory took no part"),
        (one.unsigned if has_keys else 0, "records after the last head that a given key signed"),
        (one.unpublished if has_published else 0, "records after the newest published head"),
    )
    yield from (f"{count:,} {what}" for count, what in said if count)
    if one.crashes:
        yield f"began again {one.crashes:,} times without having ended"
    if one.torn_bytes:
        yield f"ends in {one.torn_bytes:,} bytes of a record that was never finished, and took no effect"


@click.command(short_help="Log what a gate decides by, and how far its record has come.")
@click.argument("trail", type=_FILE)
@click.option("--key", type=_FILE, required=True, help="Secret key that signs, of whoever the gate belongs to.")
@click.option("--organisation", required=True, help="In whose name.")
@click.option("--log", "address", required=True, metavar="ADDRESS", help="The log: its own folder, or http address.")
@click.option("--measured", type=_FILE, default=None, help="Error rates of the policy in force: a file of `gate test`.")
def publish(trail: Path, *, key: Path, organisation: str, address: str, measured: Path | None) -> int:
    """Sign the policies and the newest head of the record in TRAIL, and add them to a log.

    What was added is kept in TRAIL/published with its receipt; what was signed and not added is added first.
    """
    from importlib import metadata  # noqa: PLC0415 - loaded when the command runs

    from counterproof import note, record  # noqa: PLC0415 - same
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.rely import trail as trailing  # noqa: PLC0415 - same

    kept = _Kept(trail / _PUBLISHED, note.read_key(key))
    kept.log_all(address)
    head = trailing.head_said(trail, organisation, kept.last())
    none: tuple[str, tuple[record.Number | record.NoNumber, ...]] = ("", ())
    measured_for, rates = trailing.read_rates(_files.fetch(measured, 1 << 20), str(measured)) if measured else none
    if measured and measured_for not in head.policies:
        raise errors.BadOption("measures no policy that decided since", where=str(measured), mend="measure that one")
    for digest in head.policies:
        numbers = (
            rates if digest == measured_for else (record.NoNumber(name="error rates", reason="nobody measured them"),)
        )
        said = trailing.policy_said(
            trailing.read_kept_policy(trail, digest), organisation, head.gate, numbers, metadata.version("counterproof")
        )
        kept.seal(f"policy-{digest[7:23]}-{record.digest_of(numbers)[7:15]}", said)
    kept.seal(f"head-{head.seq:06d}", head)
    kept.log_all(address)
    return 0


class _Kept:
    """The entries of a gate that were signed, and the receipts of those that were logged, as files in one folder."""

    def __init__(self, folder: Path, signer: note.Signer) -> None:
        self._folder, self._signer = folder, signer

    def last(self) -> tuple[str, record.GateHead] | None:
        """The newest head, with its entry's digest."""
        from counterproof import record  # noqa: PLC0415 - loaded when the command runs

        files = sorted(self._folder.glob("head-*.json"))
        if not files:
            return None
        found = _attest_run.entry(files[-1])
        if not isinstance(found.statement.predicate, record.GateHead):
            raise errors.BadOption(
                "is no head of a gate", where=str(files[-1]), mend="it was written by something else"
            )
        return found.digest, found.statement.predicate

    def seal(self, name: str, said: record.Predicate) -> None:
        """Signs it and keeps the entry, unless one of that name is there."""
        from counterproof import chain  # noqa: PLC0415 - loaded when the command runs
        from counterproof.cli import _files  # noqa: PLC0415 - same
        from counterproof.publish import attest  # noqa: PLC0415 - same

        path = self._folder / f"{name}.json"
        if not path.exists():
            _files.store(path, chain.seal(attest.statement(said), self._signer))

    def log_all(self, address: str) -> None:
        """Adds what has no receipt yet, policies before the heads that name them."""
        files = [*sorted(self._folder.glob("policy-*.json")), *sorted(self._folder.glob("head-*.json"))]
        missing = tuple(path for path in files if not path.with_name(f"{path.name}.receipt").exists())
        if missing:
            _log.add_files(address, missing)


COMMANDS = (audit, publish)
