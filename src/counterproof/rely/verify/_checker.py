"""The steps in their order, and what need not be done twice for bundles that share a checkpoint or a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterproof import quorum, record, tlog
from counterproof.errors import BadPolicy
from counterproof.rely.verify import _arithmetic, _logged, _openings, _prereg, _signers, _steps, _subject
from counterproof.rely.verify._bundle import read_bundle
from counterproof.rely.verify._logged import Logged
from counterproof.rely.verify._roles import Standings, verifier
from counterproof.rely.verify._steps import Signer, Step, Verified, at, refuse

_KEPT = 4096
"""How many checkpoints, and how many entries, are remembered at most."""


def bundle(data: bytes, trust: record.Trust, now_s: int, beacon: str = "") -> Verified:
    """Takes every step for one bundle.

    `now_s`: the reader's clock, in seconds since 1970. `beacon`: the public value that the preregistration had named,
    as the reader found it; with it, what it chose has to be open.

    Raises:
        BadPolicy: the trust file cannot be used.
        BadBundle, BadNote, BadStatement, BadKey: what the bundle holds breaks its format.
        NotVerified: a step does not hold. `where` begins with the step, of whatever kind the refusal is.
    """
    return Checker(trust).bundle(data, now_s, beacon)


@dataclass(frozen=True, slots=True)
class _Case:
    """What one bundle came to, up to step 5."""

    seen: quorum.Seen
    entry: Logged
    support: tuple[Logged, ...]
    opened: tuple[record.Opened, ...]


class Checker:
    """Judges bundles by one trust file; signatures of checkpoints and supporting entries are checked once.

    Raises:
        BadPolicy: the trust file cannot be used.
        BadKey: a governance key cannot be read, or must not be used.
    """

    def __init__(self, trust: record.Trust) -> None:
        # 2 trust
        with at(_steps.TRUST):
            self._trust = trust
            self._policy = quorum.read_policy(trust.policy)
            if not self._policy.logs:
                raise BadPolicy("it knows no log", mend="add a line: log KEY")
            if self._policy.quorum == "none":
                raise BadPolicy("it asks no witness", mend="name a quorum of witnesses")
            count = len({verifier(key) for key in trust.governance})
            if count != len(trust.governance) or not 1 <= trust.governance_needed <= count or trust.max_age_s < 0:
                raise BadPolicy(
                    f"{trust.governance_needed} of {len(trust.governance)} governance keys, or an age below 0",
                    mend="name each key once, and at least as many as must sign",
                )
        self._seen: dict[bytes, quorum.Seen] = {}
        self._included: dict[tuple[bytes, record.Entry], bool] = {}
        self._entries: dict[tuple[int, str], Logged] = {}
        self._receipts: dict[str, tlog.Proof] = {}

    def bundle(self, data: bytes, now_s: int, beacon: str = "") -> Verified:
        """As the function `bundle`, by the trust file that was given."""
        case = self._found(data, now_s)
        by_digest = {one.digest: one for one in case.support}
        said, needed = case.entry.statement.predicate, self._trust.organisations_needed
        # 6 roles
        with at(_steps.ROLES):
            standings = self._roles(case.support)
        # 7 signature
        with at(_steps.SIGNATURE):
            signers = _signers.check(case.entry, standings)
            _check_not_retracted(case, standings, signers)
        # 8 subject
        with at(_steps.SUBJECT):
            subject = _subject.check(case.entry, by_digest, standings)
        if not isinstance(said, record.Behaviour):
            return _verified(case, signers, subject, _other(case), needed)
        # 9 preregistration
        with at(_steps.PREREGISTRATION):
            declared = _prereg.check(case.entry, said, by_digest, standings)
        # 10 openings
        with at(_steps.OPENINGS):
            grades = _openings.check(said, case.opened)
            chosen = _openings.check_chosen(said, declared.statement.predicate, case.opened, beacon)
        # 11 arithmetic
        with at(_steps.ARITHMETIC):
            redone = _arithmetic.check(said, grades)
        return _verified(case, signers, subject, _measured(case, said, declared, redone, chosen), needed)

    def _found(self, data: bytes, now_s: int) -> _Case:
        # 1 format
        with at(_steps.FORMAT):
            given = read_bundle(data)
            proofs = _logged.receipts(given, self._receipt)
        # 3 checkpoint
        with at(_steps.CHECKPOINT):
            seen = self._checkpoint(proofs[0].checkpoint, now_s)
        # 4 inclusion
        with at(_steps.INCLUSION):
            for entry, proof in zip((given.entry, *given.support), proofs, strict=True):
                self._include(entry, proof, seen.checkpoint)
        # 5 statement
        with at(_steps.STATEMENT):
            first = _logged.read(given.entry.envelope.encode(), proofs[0].index)
            rest = tuple(
                self._read(entry.envelope, proof.index)
                for entry, proof in zip(given.support, proofs[1:], strict=True)
            )
        return _Case(seen, first, rest, given.opened)

    def _checkpoint(self, data: bytes, now_s: int) -> quorum.Seen:
        """Cosignatures hold for ever; only their age is looked at anew."""
        age = self._trust.max_age_s
        known = self._seen.get(data)
        if known is not None and all(
            when <= now_s + quorum.MAX_SKEW_S and (not age or when >= now_s - age) for _, when in known.cosigners
        ):
            return known
        seen = quorum.check(data, self._policy, now_s=now_s, max_age_s=age)
        _keep(self._seen, data, seen)
        return seen

    def _include(self, entry: record.Entry, proof: tlog.Proof, head: tlog.Checkpoint) -> None:
        if (head.root, entry) not in self._included:
            _logged.check_included(entry.envelope.encode(), proof, head)
            _keep(self._included, (head.root, entry), value=True)

    def _receipt(self, receipt: str) -> tlog.Proof:
        known = self._receipts.get(receipt)
        if known is None:
            known = tlog.read_proof(receipt.encode())
            _keep(self._receipts, receipt, known)
        return known

    def _read(self, envelope: str, index: int) -> Logged:
        """An entry that others rest on, and which of its signatures hold, is read once."""
        known = self._entries.get((index, envelope))
        if known is None:
            known = _logged.read(envelope.encode(), index)
            _keep(self._entries, (index, envelope), known)
        return known

    def _roles(self, support: tuple[Logged, ...]) -> Standings:
        standings = Standings(self._trust.governance, self._trust.governance_needed)
        for one in support:
            standings.admit(one)
        return standings


def _keep(kept: dict[Any, Any], key: object, value: object) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


def _check_not_retracted(case: _Case, standings: Standings, signers: tuple[Signer, ...]) -> None:
    """A retraction that the bundle itself shows ends the matter; that there is none elsewhere is not seen offline."""
    own = {signer.organisation for signer in signers}
    for one in case.support:
        said = one.statement.predicate
        if isinstance(said, record.Retract) and said.entry == case.entry.digest and said.organisation in own:
            _signers.check(one, standings)
            raise refuse(_steps.SIGNATURE, f"its signer retracted it at index {one.index}: {said.reason[:200]}")


@dataclass(frozen=True, slots=True)
class _Rest:
    """What steps 9 to 11 said, and what they did not look at."""

    said: tuple[str, str, str]
    unchecked: tuple[str, ...] = ()
    numbers: tuple[record.Number | record.NoNumber, ...] = ()


def _other(case: _Case) -> _Rest:
    """An entry that states no numbers."""
    if case.opened:
        raise refuse(_steps.OPENINGS, "there is nothing to open in an entry of this kind")
    return _Rest(("nothing to declare for this kind", "nothing to open", "nothing to compute"))


def _measured(
    case: _Case, said: record.Behaviour, declared: Logged, redone: _arithmetic.Redone, chosen: tuple[str, ...]
) -> _Rest:
    unchecked = ["that it was logged by the time that was declared: an index is no time"]
    if said.seq:
        unchecked.append(f"the {said.seq} earlier result(s) of this series")
    if len(case.opened) < said.count:
        unchecked.append(f"{said.count - len(case.opened)} of {said.count} graded transcripts stay closed")
    opened = f"{len(case.opened) or 'none'} of {said.count} graded transcripts opened"
    declared_at = f"declared at index {declared.index}, before the result at {case.entry.index}"
    return _Rest((declared_at, opened, redone.said), (*unchecked, *chosen, *redone.unchecked), said.numbers)


def _alone(needed: int) -> tuple[str, ...]:
    """One bundle is the word of one organisation; how many there have to be, who selects looks at."""
    said = f"that {needed} organisations say so, as the trust file wants: this is one statement"
    return (said,) if needed > 1 else ()


def _verified(case: _Case, signers: tuple[Signer, ...], subject: str, rest: _Rest, needed: int) -> Verified:
    head, entry = case.seen.checkpoint, case.entry
    names = ", ".join(name for name, _ in case.seen.cosigners)
    found = (
        f"{1 + len(case.support)} entries, each in its one form",
        "a log, a quorum of witnesses and governance keys are named",
        f"{head.origin} at size {head.size}, seen by {names}",
        f"entry {entry.index} and those it rests on are in that tree",
        f"a statement of kind {entry.statement.kind}",
        "governance signed every role that is shown",
        ", ".join(f"{s.organisation or 'governance'} ({s.role})" for s in signers),
        subject,
        *rest.said,
    )
    return Verified(
        statement=entry.statement,
        entry=entry.digest,
        signers=signers,
        origin=head.origin,
        index=entry.index,
        size=head.size,
        root=head.root.hex(),
        seen_by=case.seen.cosigners,
        numbers=rest.numbers,
        opened=len(case.opened),
        steps=tuple(Step(name=name, said=text) for name, text in zip(_steps.STEPS, found, strict=True)),
        unchecked=(*_steps.ALWAYS_UNCHECKED, *rest.unchecked, *_alone(needed)),
    )
