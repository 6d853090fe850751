"""`counterproof attest ...`: statements sealed into files for a log; the work is loaded when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors
from counterproof.cli import _attest_run

if TYPE_CHECKING:
    from counterproof import record

_FILE = click.Path(path_type=Path)
_key = click.option(
    "--key", "keys", type=_FILE, multiple=True, required=True, help="Secret key that signs; repeatable."
)
_out = click.option("--out", type=_FILE, required=True, help="The entry to write, for `log add`.")
_next = click.option("--next", "next_keys", multiple=True, metavar="KEY", help="Who may take over: a key or its file.")
_commit = click.option(
    "--commit", "commitments", multiple=True, metavar="NAME=DIGEST", help="A fact and its salted digest; repeatable."
)
_reason = click.option("--reason", required=True, help="Why, in a sentence.")
_by = click.option("--organisation", required=True, help="In whose name.")


@click.group(commands=list(_attest_run.COMMANDS))
def attest() -> None:
    """Sign statements and seal them for a log."""


def public(text: str) -> str:
    """A verifier key, given as itself or as the file of a key, secret or public.

    Raises:
        BadKey: it is neither.
        BadOption: the file cannot be read.
    """
    from counterproof import note  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same

    path = Path(text)
    if text.count("+") >= 2 and not path.exists():
        return note.read_verifier(text).text
    data = _files.fetch(path, 1 << 16).decode("utf-8", "replace")
    if data.startswith("PRIVATE+KEY+"):
        return note.read_key(path).verifier.text
    return note.read_verifier(data.strip()).text


def write(said: record.Predicate, keys: tuple[Path, ...], out: Path) -> int:
    """Seals a statement and writes it, whole or not at all, never over another file."""
    from counterproof import chain, note, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.publish import attest as attesting  # noqa: PLC0415 - same

    entry = chain.seal(attesting.statement(said), *(note.read_key(path) for path in keys))
    _attest_run.keep(out, entry)
    click.echo(f"{out}: {record.digest_bytes(entry)}")
    return 0


def _pairs(texts: tuple[str, ...], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, digest = text.partition("=")
        if not equals or name in found:
            raise errors.BadOption("is no NAME=DIGEST, or a name twice", where=where, mend="write NAME=DIGEST once")
        found[name] = digest
    return found


def _check_plain(name: str) -> None:
    """Names are compared byte for byte: governance signs none that another could look exactly like.

    Raises:
        BadOption: the name is not in normal form C (Unicode Standard Annex 15), or holds what nobody sees.
    """
    import unicodedata  # noqa: PLC0415 - loaded when the command runs

    from counterproof import errors  # noqa: PLC0415 - same

    unseen = any(unicodedata.category(one)[0] in "CZ" and one != " " for one in name)
    if unseen or unicodedata.normalize("NFC", name) != name:
        raise errors.BadOption(
            f"{name!a} can be written in another way that looks the same", where="role",
            mend="write it in Unicode's normal form C, without invisible characters",
        )  # fmt: skip


@attest.command(short_help="Governance names a key's role.")
@click.argument("holder", metavar="KEY")
@click.option(
    "--role", "name", required=True, help="What it may do.",
    type=click.Choice(["log", "witness", "evaluator", "lab", "relying", "monitor", "mirror"]),
)
@_by
@click.option("--conflict", "conflicts", multiple=True, metavar="NAME", help="It may not judge these; repeatable.")
@click.option("--relies-on", multiple=True, metavar="DIGEST", help="Subject that it uses itself; repeatable.")
@_next
@_key
@_out
def role(  # noqa: PLR0913 - one parameter per option
    holder: str, *, name: str, organisation: str, conflicts: tuple[str, ...], relies_on: tuple[str, ...],
    next_keys: tuple[str, ...], keys: tuple[Path, ...], out: Path,
) -> int:  # fmt: skip
    """Say which organisation KEY (a key or its file) belongs to and what it may do. Signed by governance."""
    from counterproof import chain, record  # noqa: PLC0415 - loaded when the command runs

    for one in (organisation, *conflicts):
        _check_plain(one)
    as_roles: dict[str, record.RoleName] = {one: one for one in record.ROLES}
    said = record.Role(
        key=public(holder), role=as_roles[name], organisation=organisation, conflicts=tuple(sorted(set(conflicts))),
        relies_on=tuple(sorted(set(relies_on))),
        next_key=chain.next_keys_digest(map(public, next_keys)) if next_keys else "",
    )  # fmt: skip
    return write(said, keys, out)


@attest.command(short_help="A chain begins.")
@click.option("--lab", required=True, help="Whose system it is.")
@click.option("--subject", required=True, help="What the system is called.")
@click.option("--category", "categories", multiple=True, required=True, help="To be measured; repeatable.")
@_next
@_commit
@_key
@_out
def genesis(
    *, lab: str, subject: str, categories: tuple[str, ...], next_keys: tuple[str, ...], commitments: tuple[str, ...],
    keys: tuple[Path, ...], out: Path,
) -> int:  # fmt: skip
    """Begin the chain of a system. Its keys are those that sign; --next commits to the ones after, kept elsewhere."""
    from counterproof import chain, note, record  # noqa: PLC0415 - loaded when the command runs

    said = record.SubjectGenesis(
        lab=lab, subject=subject, keys=tuple(note.read_key(path).verifier.text for path in keys),
        next_keys=chain.next_keys_digest(map(public, _needed(next_keys))), commitments=_pairs(commitments, "--commit"),
        categories=categories,
    )  # fmt: skip
    return write(said, keys, out)


def _needed(next_keys: tuple[str, ...]) -> tuple[str, ...]:
    if not next_keys:
        raise errors.BadOption(
            "nobody may take over", where="--next", mend="make a second key, keep it elsewhere, and name it here"
        )
    return next_keys


@attest.command(short_help="A new generation of a system.")
@click.argument("previous", type=_FILE)
@click.option("--changed", required=True, help="What changed, in a sentence.")
@click.option("--keys-from-now", multiple=True, metavar="KEY", help="Keys from here on.  [default: as before]")
@click.option("--target", default="", metavar="DIGEST", help="Digest of model and layers, if it may be public.")
@_next
@_commit
@_key
@_out
def generation(  # noqa: PLR0913 - one parameter per option
    previous: Path, *, changed: str, keys_from_now: tuple[str, ...], target: str, next_keys: tuple[str, ...],
    commitments: tuple[str, ...], keys: tuple[Path, ...], out: Path,
) -> int:  # fmt: skip
    """Follow on the genesis or generation in the file PREVIOUS; where keys change, old and new ones sign."""
    from counterproof import chain, record  # noqa: PLC0415 - loaded when the command runs

    before = _attest_run.entry(previous)
    old = before.statement.predicate
    if not isinstance(old, record.SubjectGenesis | record.Generation):
        raise errors.BadOption("is no genesis or generation", where=str(previous), mend="name the one before")
    number = old.number if isinstance(old, record.Generation) else 0
    said = record.Generation(
        subject=_attest_run.subject_of(before), number=number + 1,
        previous=before.digest, keys=tuple(map(public, keys_from_now)) or old.keys,
        next_keys=chain.next_keys_digest(map(public, next_keys)) if next_keys else old.next_keys, changed=changed,
        commitments=_pairs(commitments, "--commit"), target=target,
    )  # fmt: skip
    return write(said, keys, out)


@attest.command(short_help="Close a preregistration without a result.")
@click.argument("prereg", type=_FILE)
@_reason
@_key
@_out
def abandon(prereg: Path, reason: str, keys: tuple[Path, ...], out: Path) -> int:
    """Close the preregistration in the file PREREG without a result."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    found = _attest_run.prereg_in(prereg)
    return write(record.Abandon(evaluator=found[1].evaluator, prereg=found[0], reason=reason), keys, out)


@attest.command(short_help="Contest an entry.")
@click.argument("entry", type=_FILE)
@_by
@_reason
@click.option("--evidence", default="", metavar="DIGEST", help="Digest of what shows it.")
@_key
@_out
def dispute(entry: Path, organisation: str, reason: str, evidence: str, keys: tuple[Path, ...], out: Path) -> int:
    """Contest the entry in the file ENTRY."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    digest = _attest_run.entry(entry).digest
    return write(
        record.Dispute(organisation=organisation, entry=digest, reason=reason, evidence=evidence), keys, out
    )


@attest.command(short_help="Take back an entry of one's own.")
@click.argument("entry", type=_FILE)
@_by
@_reason
@_key
@_out
def retract(entry: Path, organisation: str, reason: str, keys: tuple[Path, ...], out: Path) -> int:
    """No longer stand by the entry in the file ENTRY. It stays in the log."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    digest = _attest_run.entry(entry).digest
    return write(record.Retract(organisation=organisation, entry=digest, reason=reason), keys, out)


@attest.command(short_help="Hand a role on to the next key.")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@_by
@_next
@_out
def rotate(old: Path, new: Path, organisation: str, next_keys: tuple[str, ...], out: Path) -> int:
    """Put the secret key NEW in the place of OLD: the one that was committed to. Both sign."""
    from counterproof import chain, record  # noqa: PLC0415 - loaded when the command runs

    said = record.KeyRotate(
        organisation=organisation, old=public(str(old)), new=public(str(new)),
        next_key=chain.next_keys_digest(map(public, _needed(next_keys))),
    )  # fmt: skip
    return write(said, (old, new), out)


@attest.command(short_help="Say that a key is lost.")
@click.argument("lost", metavar="KEY")
@_by
@_reason
@_key
@_out
def compromise(lost: str, organisation: str, reason: str, keys: tuple[Path, ...], out: Path) -> int:
    """Nothing that KEY signs counts from here on. Signed by governance, or by the key itself."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    return write(record.KeyCompromise(organisation=organisation, key=public(lost), reason=reason), keys, out)


@attest.command(name="verifier-audit", short_help="Say how an evaluator did.")
@click.option("--auditor", required=True, help="In whose name.")
@click.option("--evaluator", required=True, help="Whom it is about.")
@click.option("--planted", default="0/0", show_default=True, metavar="RIGHT/ALL", help="Tasks of known truth.")
@click.option("--repeated", default="0/0", show_default=True, metavar="AGREEING/ALL", help="Runs that were repeated.")
@click.option("--evidence", default="", metavar="DIGEST", help="Digest of what shows it.")
@_key
@_out
def verifier_audit(
    *, auditor: str, evaluator: str, planted: str, repeated: str, evidence: str, keys: tuple[Path, ...], out: Path
) -> int:
    """Say how many planted tasks an evaluator got right, and how many repeats agreed with it."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    (right, tasks), (agreeing, repeats) = _share("--planted", planted), _share("--repeated", repeated)
    said = record.VerifierAudit(
        auditor=auditor, evaluator=evaluator, planted=tasks, planted_right=right, repeated=repeats,
        repeated_agreeing=agreeing, evidence=evidence,
    )  # fmt: skip
    return write(said, keys, out)


def _share(where: str, text: str) -> tuple[int, int]:
    part, slash, whole = text.partition("/")
    if not slash or not all(one.isascii() and one.isdigit() and len(one) < 10 for one in (part, whole)):
        raise errors.BadOption(f"{text[:40]!r} is no share", where=where, mend="write such as 9/10")
    return int(part), int(whole)


@attest.command(short_help="Sign what `continuity` found.")
@click.argument("result", type=_FILE)
@click.option("--before", type=_FILE, required=True, help="Entry file of the generation before.")
@click.option("--after", type=_FILE, default=None, help="Entry file of the one after.  [default: the same]")
@_key
@_out
def continuity(result: Path, before: Path, after: Path | None, keys: tuple[Path, ...], out: Path) -> int:
    """Sign the RESULT of `counterproof continuity`, for the generations that were compared."""
    import msgspec  # noqa: PLC0415 - loaded when the command runs

    from counterproof import record  # noqa: PLC0415 - same
    from counterproof.cli import _files  # noqa: PLC0415 - same

    mend = "name the file that `counterproof continuity` wrote, and the generations that it compared"
    one, other = _attest_run.entry(before), _attest_run.entry(after or before)
    try:
        found = msgspec.json.decode(_files.fetch(result), type=record.ContinuityResult)
        said = record.continuity_of(
            found, subject=_attest_run.subject_of(one), before=one.digest, after=other.digest
        )
    except (ValueError, RecursionError) as exc:
        raise errors.BadOption(f"cannot be signed: {exc}", where=str(result), mend=mend) from exc
    return write(said, keys, out)


@attest.command(short_help="The log sums itself up.")
@click.argument("folder", type=_FILE)
@click.option("--trust", type=_FILE, required=True, help="By which roles are told: a trust file.")
@click.option("--leaves", type=_FILE, default=None, help="File for what it is made of, which `select` needs.")
@_key
@_out
def heads(folder: Path, trust: Path, leaves: Path | None, keys: tuple[Path, ...], out: Path) -> int:
    """Sum up the latest result of every series in the log in FOLDER. Signed by a key with the role log."""
    from counterproof import chain, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.rely import select as selecting  # noqa: PLC0415 - same

    rules = chain.Rules(chain.read_trust(_files.fetch(trust)))
    head, entries = _attest_run.log_in(folder)
    for index, one in enumerate(entries):
        rules.admit(index, one)
    found = rules.heads(head.size)
    said = record.Heads(origin=head.origin, size=head.size, count=len(found), root=chain.heads_root(found))
    write(said, keys, out)
    if leaves:
        _attest_run.keep(leaves, selecting.leaves_bytes(found))
    return 0
