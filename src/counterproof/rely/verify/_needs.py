"""Which entries of a log a bundle has to hold, so that a reader who has nothing else can take every step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterproof import record
from counterproof.errors import BadNote, BadOption, BadStatement, CounterproofError
from counterproof.rely.verify import _signers
from counterproof.rely.verify._logged import Logged, read
from counterproof.rely.verify._roles import Standings, verifier

_SUPPORTS = record.Role | record.KeyRotate | record.KeyCompromise | record.SubjectGenesis | record.Generation | (
    record.Prereg | record.Retract
)  # fmt: skip


def needed(entries: Iterable[bytes], digest: str, trust: record.Trust) -> tuple[int, tuple[int, ...]]:
    """Reads a log's entries once, in order; gives the index of the one asked for, and of those it rests on.

    What breaks its format, or governance has not signed, is passed over: anybody may have logged it.

    Raises:
        BadOption: the log holds no such entry, or not as a statement.
    """
    found: Logged | None = None
    others: dict[str, Logged] = {}
    for index, entry in enumerate(entries):
        try:
            one = read(entry, index)
        except (BadNote, BadStatement):
            continue
        if one.digest == digest and found is None:
            found = one
        elif isinstance(one.statement.predicate, _SUPPORTS):
            others.setdefault(one.digest, one)
    if found is None:
        raise BadOption(f"the log holds no statement {digest[:80]!r}", where="--entry", mend="give the entry's digest")
    spoken_of = {one.digest: one for one in _spoken_of(found, others)}
    keyids = {keyid for one in (found, *spoken_of.values()) for keyid, _ in one.envelope.signatures}
    retractions = list(_retractions(found, others.values(), trust))
    keys = _keys(list(others.values()), keyids | {k for r in retractions for k, _ in r.envelope.signatures}, trust)
    support = {one.index for one in (*spoken_of.values(), *keys, *retractions)}
    return found.index, tuple(sorted(support - {found.index}))


def _spoken_of(found: Logged, others: dict[str, Logged]) -> Iterator[Logged]:
    """The genesis, every generation back to it, and the preregistration, as far as the log holds them."""
    said = found.statement.predicate
    names = ("subject", "generation", "before", "after", "prereg", "previous")
    ahead = [str(getattr(said, name, "")) for name in names]
    seen: set[str] = set()
    while ahead:
        digest = ahead.pop()
        one = others.get(digest)
        if digest in seen or one is None:
            continue
        seen.add(digest)
        yield one
        if isinstance(one.statement.predicate, record.Generation):
            ahead.append(one.statement.predicate.previous)


def _keys(others: list[Logged], keyids: set[str], trust: record.Trust) -> list[Logged]:
    """What is logged of the keys that signed, and of those they took over from."""
    standings = Standings(trust.governance, trust.governance_needed)
    said = [one for one in others if _is_admitted(one, standings)]
    wanted, before = set(keyids), set[str]()
    while wanted != before:
        before = set(wanted)
        rotations = [p for one in said if isinstance(p := one.statement.predicate, record.KeyRotate)]
        wanted |= {verifier(p.old).keyid for p in rotations if verifier(p.new).keyid in wanted}
    theirs = {p.organisation for one in said if isinstance(p := one.statement.predicate, record.Role)
              and verifier(p.key).keyid in wanted}  # fmt: skip
    return [one for one in said if _keyids(one.statement.predicate) & wanted or _organisation(one) in theirs]


def _organisation(one: Logged) -> str:
    return getattr(one.statement.predicate, "organisation", "")


def _is_admitted(one: Logged, standings: Standings) -> bool:
    if not isinstance(one.statement.predicate, record.Role | record.KeyRotate | record.KeyCompromise):
        return False
    try:
        standings.admit(one)
    except CounterproofError:
        return False
    return True


def _keyids(said: record.Predicate) -> set[str]:
    match said:
        case record.Role() | record.KeyCompromise():
            return {verifier(said.key).keyid}
        case record.KeyRotate():
            return {verifier(said.old).keyid, verifier(said.new).keyid}
        case _:
            return set()


def _retractions(found: Logged, others: Iterable[Logged], trust: record.Trust) -> Iterator[Logged]:
    """Those of its own signers: anybody may have logged one in another's name."""
    standings = Standings(trust.governance, trust.governance_needed)
    for one in others:
        said = one.statement.predicate
        _is_admitted(one, standings)
        if isinstance(said, record.Retract) and said.entry == found.digest and _is_its_own(one, standings):
            yield one


def _is_its_own(one: Logged, standings: Standings) -> bool:
    try:
        return bool(_signers.check(one, standings))
    except CounterproofError:
        return False
