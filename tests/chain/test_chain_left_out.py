"""Whatever is left out of a log, the rest convicts nobody whom the whole log does not convict."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeVar

import msgspec
import pytest

from counterproof import chain, note, record, tlog
from counterproof.publish import attest
from tests.chain import small_chain, small_gates
from tests.chain.small_chain import EVALUATOR, LAB, NOTHING, SECOND, digest, role, text

T = TypeVar("T")
ORGANISATIONS = (LAB, EVALUATOR, SECOND)
GOVERNANCE = small_chain.GOVERNANCE[:2]
HANDS = tuple(small_chain.key(f"hand-{number}.example") for number in range(5))
EVERYBODY = (*HANDS, *GOVERNANCE)
TRUST = msgspec.structs.replace(small_chain.trust(1), governance=tuple(map(text, GOVERNANCE)))


@cache
def _sealed(payload: bytes, signers: tuple[int, ...]) -> bytes:
    return note.seal(payload, *(EVERYBODY[at] for at in signers))


def _signers(entry: bytes) -> list[note.Signer]:
    keyids = {keyid for keyid, _ in chain.open_entry(entry).signatures}
    return [one for one in EVERYBODY if one.verifier.keyid in keyids]


class Town:
    """A log at random: most things as they should be, each with some chance of being wrong, many said again."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.entries: list[bytes] = []
        self.rules = chain.Rules(TRUST)
        self._known: dict[str, list[str]] = {}
        begin: tuple[tuple[note.Signer, record.RoleName, str], ...] = (
            (HANDS[0], "lab", LAB),
            (HANDS[1], "evaluator", self._one(ORGANISATIONS)),
            (HANDS[3], "evaluator", EVALUATOR),
        )
        for hand, name, organisation in begin:
            self._add(role(hand, name, organisation, next_key=digest(self._one(HANDS))), GOVERNANCE[0])
        self.genesis()
        steps = (
            self.role, self.rotate, self.compromise, self.genesis, self.generation, self.prereg, self.abandon,
            self.audit, self.again, self.again, *[self.behaviour] * 5, self.gate_policy, self.gate_head, self.gate_head,
        )  # fmt: skip
        for _ in range(self._random.randrange(3, 16)):
            self._one(steps)()

    def _one(self, things: Iterable[T]) -> T:
        return self._random.choice(list(things))

    def _is_rare(self, one_in: int = 5) -> bool:
        return self._random.randrange(one_in) == 0

    def _add(self, said: record.Predicate, *signers: note.Signer) -> str:
        payload = record.statement_bytes(attest.statement(said))
        return self._log(_sealed(payload, tuple(dict.fromkeys(map(EVERYBODY.index, signers)))))

    def _log(self, entry: bytes) -> str:
        ruling = self.rules.admit(len(self.entries), entry)
        self.entries.append(entry)
        kind = ruling.statement.kind if ruling.statement else ""
        self._known.setdefault(kind, []).append(ruling.entry)
        return ruling.entry

    def _any(self, *kinds: str) -> str:
        return self._one([entry for kind in kinds for entry in self._known.get(kind, ())] or [NOTHING])

    def _holder(self, name: str, organisation: str) -> note.Signer:
        held = [(hand, self.rules.standing(text(hand))) for hand in HANDS]
        fits = [h for h, s in held if s and (s.role.role, s.role.organisation) == (name, organisation)]
        return self._one(HANDS if self._is_rare() or not fits else fits)

    def role(self) -> None:
        name: record.RoleName = self._one(("evaluator", "evaluator", "lab", "relying"))
        conflicts = self._one(((), (), (LAB,)))
        said = role(self._one(HANDS), name, self._one(ORGANISATIONS), next_key=digest(self._one(HANDS)))
        signer = self._one(EVERYBODY if self._is_rare() else GOVERNANCE)
        self._add(msgspec.structs.replace(said, conflicts=conflicts), signer)

    def rotate(self) -> None:
        held = [(hand, standing) for hand in HANDS if (standing := self.rules.standing(text(hand)))]
        old, standing = self._one(held) if held else (HANDS[0], None)
        if standing is None:
            return
        new = next((hand for hand in HANDS if digest(hand) == standing.role.next_key), HANDS[0])
        if new is not old:
            said = record.KeyRotate(
                organisation=standing.role.organisation, old=text(old), new=text(new), next_key=digest(self._one(HANDS))
            )
            self._add(said, old, new)

    def compromise(self) -> None:
        key = self._one(EVERYBODY)
        said = record.KeyCompromise(organisation=LAB, key=text(key), reason="lost")
        self._add(said, self._one((key, *GOVERNANCE)))

    def genesis(self) -> None:
        hand = self._one(HANDS[:2])
        said = record.SubjectGenesis(
            lab=self._one((LAB, LAB, EVALUATOR)), subject="S", keys=(text(hand),),
            next_keys=digest(self._one(HANDS[:3])), commitments={}, categories=("storm",),
        )  # fmt: skip
        self._add(said, hand)

    def generation(self) -> None:
        subject = self.rules.subject(self._any("subject-genesis"))
        if subject is None:
            return
        before = self._one(subject.steps.values())
        hands = [hand for hand in HANDS if text(hand) in before.keys]
        new = [hand for hand in HANDS if digest(hand) == before.next_keys] if self._is_rare(2) else hands
        said = record.Generation(
            subject=subject.id, number=before.number + 1, previous=before.entry, keys=tuple(map(text, new or hands)),
            next_keys=digest(self._one(HANDS[:3])), changed=self._one("ab"), commitments={},
        )  # fmt: skip
        self._add(said, *hands, *new, self._holder("lab", subject.lab))

    def _declared(self) -> record.Prereg:
        subject = self.rules.subject(self._any("subject-genesis"))
        generations = list(subject.steps) if subject else [NOTHING]
        return record.Prereg(
            evaluator=self._one(ORGANISATIONS), subject=subject.id if subject else NOTHING,
            generation=self._one(generations), categories=("storm",), instrument="containment", suite=NOTHING,
            budget="40q", seed=self._one((0, 0, 1)), criteria={"K_joint": "at least 0.75"}, opens=0, beacon="",
            closes_by=small_chain.CLOSES_BY,
        )  # fmt: skip

    def prereg(self) -> None:
        said = self._declared()
        self._add(said, self._holder("evaluator", said.evaluator))

    def behaviour(self) -> None:
        found = self._any("prereg")
        at = next((e for e in self.entries if record.digest_bytes(e) == found), b"")
        declared = chain.open_entry(at).statement.predicate if at and not self._is_rare(2) else self._declared()
        assert isinstance(declared, record.Prereg)
        hand, seq = self._holder("evaluator", declared.evaluator), self._one((0, 0, 1, 2))
        entry = _sealed(record.statement_bytes(attest.statement(declared)), (EVERYBODY.index(hand),))
        is_late = self._is_rare()
        named = self._log(entry) if not is_late else record.digest_bytes(entry)
        said = record.Behaviour(
            evaluator=declared.evaluator, subject=declared.subject, generation=declared.generation, category="storm",
            prereg=self._one((named, found)), seq=seq, prev=self._any("behaviour") if seq else "",
            instrument="containment", grader="exact/2", report=NOTHING, target=NOTHING, suite=NOTHING,
            budget=self._one(("40q", "40q", "4q")), seed=declared.seed, version="0.1.0",
            numbers=(small_chain.number("K_joint", self._one(("0.8", "0.9"))),),
            criteria=(record.Criterion(metric="K_joint", comparator="at least", threshold="0.75", passed="yes"),),
            verdict="contained", count=0, transcripts=tlog.EMPTY_ROOT.hex(), categories=1, assurance="third_party",
        )  # fmt: skip
        self._add(said, hand)
        if is_late:
            self._log(entry)

    def abandon(self) -> None:
        said = record.Abandon(evaluator=self._one(ORGANISATIONS), prereg=self._any("prereg"), reason="x")
        self._add(said, self._holder("evaluator", said.evaluator))

    def audit(self) -> None:
        said = record.VerifierAudit(
            auditor=self._one(ORGANISATIONS), evaluator=self._one(ORGANISATIONS), planted=0, planted_right=0,
            repeated=0, repeated_agreeing=0, evidence="",
        )  # fmt: skip
        self._add(said, self._holder("evaluator", said.auditor))

    def gate_policy(self) -> None:
        said = small_gates.policy(organisation=LAB, unscanned={"call": self._one(("reject", "reject", "allow"))})
        self._add(said, self._holder("lab", LAB))

    def gate_head(self) -> None:
        seq, n = self._one(range(3)), self._one((5, 10, 20))
        worker = record.WorkerHead(worker="w", n=n, hash=self._one(("0" * 64, "1" * 64)))
        said = small_gates.head(
            organisation=LAB, seq=seq, prev=self._any("gate-head") if seq else "", workers=(worker,), allowed=n,
        )  # fmt: skip
        self._add(said, self._holder("lab", LAB))

    def again(self) -> None:
        """Anybody can log another's words again, as they are or with a signature beside."""
        entry = self._one(self.entries)
        signers = [*_signers(entry), *([self._one(EVERYBODY)] if self._is_rare(2) else [])]
        payload = chain.open_entry(entry).envelope.unverified_payload
        self._log(_sealed(payload, tuple(dict.fromkeys(map(EVERYBODY.index, signers)))))


def _ruled(entries: Sequence[bytes], places: Iterable[int]) -> list[chain.Ruling]:
    rules = chain.Rules(TRUST)
    return [rules.admit(at, entries[at]) for at in places]


def _convictions(rulings: Iterable[chain.Ruling]) -> list[chain.Breach]:
    return [breach for one in rulings for breach in one.breaches if breach.rule in chain.PROVABLE]


def _words(entry: bytes) -> bytes:
    """What was signed, whoever signed beside."""
    return chain.open_entry(entry).envelope.unverified_payload


def _ended(entry: bytes) -> set[str]:
    """The keys that an entry takes something from."""
    match chain.open_entry(entry).statement.predicate:
        case record.KeyRotate() as said:
            return {said.old, said.new}
        case record.KeyCompromise() | record.Role() as said:
            return {said.key}
        case _:
            return set()


def _has_an_answer(entries: Sequence[bytes], left_out: Iterable[int], breach: chain.Breach) -> bool:
    """Whether something before it was left out by which a key had lost its role: the one answer that is open."""
    keys = {text(one) for at in breach.evidence for one in _signers(entries[at])}
    keys |= {key for at in breach.evidence for key in _ended(entries[at])}
    return any(_ended(entries[at]) & keys for at in left_out if at < breach.index)


def _is_true_in_any_order(entries: Sequence[bytes], breach: chain.Breach) -> bool:
    """Whether what was signed cannot both be, wherever it was logged: one result and what it names, or two of one."""
    words = {record.digest_bytes(entry): _words(entry) for entry in entries}
    shown = [chain.open_entry(entries[at]).statement.predicate for at in breach.evidence]
    said = chain.open_entry(entries[breach.index]).statement.predicate
    if isinstance(said, record.GateHead):
        return any(_cannot_both_be(said, one) for one in shown if isinstance(one, record.GateHead) and one != said)
    if not isinstance(said, record.Behaviour):
        return False
    declared = [one for one in shown if isinstance(one, record.Prereg)]
    twice = [one for one in shown if isinstance(one, record.Behaviour) and one != said]
    is_second = any(words.get(one.prereg) == words.get(said.prereg, b"") for one in twice)
    return is_second or any(chain.why_different(said, one) for one in declared)


def _cannot_both_be(one: record.GateHead, other: record.GateHead) -> bool:
    """Whether no record that only grows has both heads; here each has one worker, with as many records as allowed."""
    before, after = sorted((one, other), key=lambda head: head.seq)
    n, then = before.workers[0], after.workers[0]
    return before.seq == after.seq or then.n < n.n or (then.n == n.n and then.hash != n.hash)


def _check(seeds: Iterable[int]) -> set[str]:
    """No words convict in what is left of these logs that are innocent in the whole; the rules that were broken."""
    used: set[str] = set()
    for seed in seeds:
        entries, pick = Town(seed).entries, random.Random(seed)
        whole = _convictions(_ruled(entries, range(len(entries))))
        guilty = {_words(entries[at]) for breach in whole for at in breach.evidence}
        for _ in range(6):
            left_out = set(pick.sample(range(len(entries)), pick.randrange(1, 5)))
            for breach in _convictions(_ruled(entries, [at for at in range(len(entries)) if at not in left_out])):
                used.add(breach.rule)
                is_guilty = _words(entries[breach.index]) in guilty or _is_true_in_any_order(entries, breach)
                assert is_guilty or _has_an_answer(entries, left_out, breach), (seed, left_out, breach)
    return used


def test_nobody_is_convicted_by_leaving_something_out() -> None:
    assert _check(range(60)) >= {"self-attestation", "equivocation", "prereg-used"}


@pytest.mark.slow
def test_nobody_is_convicted_in_many_logs_either() -> None:
    assert _check(range(100, 1500)) >= chain.PROVABLE - {"token-key"}
