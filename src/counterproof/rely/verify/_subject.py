"""Step 8: the subject is who its genesis says, up to the generation spoken of, and the signer may judge it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from counterproof import chain, record
from counterproof.rely.verify._logged import Logged
from counterproof.rely.verify._roles import Standings, signed_by
from counterproof.rely.verify._steps import SUBJECT, refuse

_ASK = "ask for a bundle that holds it"
MAX_GENERATIONS = 1000


def check(entry: Logged, by_digest: Mapping[str, Logged], standings: Standings) -> str:
    """What was found, in a sentence.

    Raises:
        NotVerified: the genesis or a generation is missing, or is not signed as it must be, or the signer is not
            independent of the subject.
    """
    said = entry.statement.predicate
    subject = getattr(said, "subject", "")
    if isinstance(said, record.SubjectGenesis):
        _check_genesis(entry, said, standings)
        return f"a subject of {said.lab!r} begins"
    if isinstance(said, record.VerifierAudit) and said.auditor == said.evaluator:
        raise refuse(SUBJECT, f"{said.auditor!r} audits itself")
    if not subject:
        return "it speaks of no subject"
    genesis = _found(by_digest, subject, "genesis")
    first = genesis.statement.predicate
    if not isinstance(first, record.SubjectGenesis) or genesis.index >= entry.index:
        raise refuse(SUBJECT, f"{subject[:20]} is no genesis logged before it")
    _check_genesis(genesis, first, standings)
    count = sum(_check_generation(last, genesis, by_digest, standings) for last in _generations(said, entry))
    if isinstance(said, record.Continuity) and (said.compares == "generations") == (said.before == said.after):
        raise refuse(SUBJECT, f"it compares {said.compares}, and names the wrong number of generations")
    if isinstance(said, record.Behaviour | record.Prereg | record.Continuity):
        _check_independent(entry, subject, first, standings)
    return f"a subject of {first.lab!r}, generations after its genesis: {count}"


def _generations(said: record.Predicate, entry: Logged) -> Iterable[Logged | str]:
    match said:
        case record.Generation():
            return (entry,)
        case record.Behaviour() | record.Prereg():
            return (said.generation,)
        case record.Continuity():
            return (said.before, said.after)
        case _:
            return ()


def _found(by_digest: Mapping[str, Logged], digest: str, what: str) -> Logged:
    found = by_digest.get(digest)
    if found is None:
        raise refuse(SUBJECT, f"the bundle lacks the {what} {digest[:20]}", _ASK)
    return found


def _check_genesis(genesis: Logged, said: record.SubjectGenesis, standings: Standings) -> None:
    if not any(not standings.is_gone(key, genesis.index) for key in signed_by(genesis, said.keys)):
        raise refuse(SUBJECT, "the genesis is not signed with one of its own keys", "do not trust it")
    _check_lab(genesis, said.lab, standings)
    if any(role.role == "lab" and role.organisation == said.lab for role in standings.lost(genesis)):
        raise refuse(SUBJECT, "the genesis is signed by a key whose word had ended", "do not trust it")


def _check_lab(one: Logged, lab: str, standings: Standings) -> None:
    if all((s.role.role, s.role.organisation) != ("lab", lab) for _, s in standings.signers(one)):
        raise refuse(SUBJECT, f"entry {one.index} is not signed by a key that was named lab of {lab!r}", _ASK)


def _check_generation(
    last: Logged | str, genesis: Logged, by_digest: Mapping[str, Logged], standings: Standings
) -> int:
    """Walks back from a generation to the genesis; the number of steps."""
    at = last if isinstance(last, Logged) else _found(by_digest, last, "generation")
    lab = getattr(genesis.statement.predicate, "lab", "")
    for count in range(MAX_GENERATIONS):
        if at.digest == genesis.digest:
            return count
        said = at.statement.predicate
        if not isinstance(said, record.Generation) or said.subject != genesis.digest:
            raise refuse(SUBJECT, f"{at.digest[:20]} is no generation of this subject")
        before = _found(by_digest, said.previous, "generation before")
        _check_step(at, said, before, standings)
        _check_lab(at, lab, standings)
        at = before
    raise refuse(SUBJECT, f"more than {MAX_GENERATIONS} generations")


def _check_step(at: Logged, said: record.Generation, before: Logged, standings: Standings) -> None:
    old = before.statement.predicate
    number = old.number if isinstance(old, record.Generation) else 0
    if not isinstance(old, record.SubjectGenesis | record.Generation) or before.index >= at.index:
        raise refuse(SUBJECT, f"the generation at index {at.index} does not follow one before it")
    if said.number != number + 1:
        raise refuse(SUBJECT, f"generation {said.number} follows generation {number}")
    held = (*signed_by(at, old.keys), *signed_by(at, said.keys))
    there = {key for key in held if not standings.is_gone(key, at.index)}
    are_all_lost = all(standings.is_gone(key, at.index) for key in old.keys)
    if (are_all_lost and set(said.keys) == set(old.keys)) or not (are_all_lost or there & set(old.keys)):
        raise refuse(SUBJECT, f"generation {said.number} is not signed by the lab's keys in force", "do not trust it")
    if set(said.keys) == set(old.keys):
        return
    if chain.next_keys_digest(said.keys) != old.next_keys:
        raise refuse(SUBJECT, f"generation {said.number} has keys that were not committed to", "do not trust it")
    if not set(said.keys) <= there:
        raise refuse(SUBJECT, f"generation {said.number} is not signed by each of its new keys", "do not trust it")


def _check_independent(
    entry: Logged, subject: str, genesis: record.SubjectGenesis, standings: Standings
) -> None:
    judges = {s.role.organisation for _, s in standings.signers(entry) if s.role.role == "evaluator"}
    for judge in sorted(judges):
        roles = standings.of_organisation(judge, entry.index)
        is_in_conflict = any(genesis.lab in role.conflicts or subject in role.relies_on for role in roles)
        if judge == genesis.lab or is_in_conflict:
            raise refuse(SUBJECT, f"{judge!r} may not judge a system of {genesis.lab!r}")
