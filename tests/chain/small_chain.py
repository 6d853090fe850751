"""A chain in memory with everybody's keys: what is logged is ruled on at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from counterproof import chain, note, record, tlog
from counterproof.publish import attest

ORIGIN = "log.example/chain"
LAB, EVALUATOR, SECOND, THIRD = "Lab A", "Evaluator E", "Evaluator F", "Evaluator G"
CLOSES_BY = "2026-12-01T00:00:00Z"
CLOSES_S = 1_796_083_200
NOTHING = "sha256:" + "0" * 64


def key(name: str, kind: note.Kind = "statement") -> note.Signer:
    """The same key for the same name, always."""
    return note.unsafe_seeded(name, kind, hashlib.sha256(f"{name}/{kind}".encode()).digest())


GOVERNANCE = tuple(key(f"governance-{number}.example") for number in range(3))
LOG = key(ORIGIN, "ed25519")
WITNESS = key("witness.example", "cosignature")
LAB_KEY, LAB_NEXT, LAB_AFTER = key("lab-1.example"), key("lab-2.example"), key("lab-3.example")
KEYS = {name: key(f"{name[-1].lower()}-1.example") for name in (EVALUATOR, SECOND, THIRD)}
NEXT = {name: key(f"{name[-1].lower()}-2.example") for name in (EVALUATOR, SECOND, THIRD)}
EVALUATOR_KEY, SECOND_KEY = KEYS[EVALUATOR], KEYS[SECOND]


def text(signer: note.Signer) -> str:
    return signer.verifier.text


def digest(*signers: note.Signer) -> str:
    return chain.next_keys_digest(text(one) for one in signers)


def trust(needed: int = 2) -> record.Trust:
    return record.Trust(
        policy=f"log {text(LOG)}\nwitness w {text(WITNESS)}\nquorum w\n", governance=tuple(map(text, GOVERNANCE)),
        governance_needed=needed,
    )  # fmt: skip


def sealed(said: record.Predicate, *signers: note.Signer) -> bytes:
    return chain.seal(attest.statement(said), *signers)


def role(signer: note.Signer, name: record.RoleName, organisation: str, **changes: Any) -> record.Role:  # noqa: ANN401 - any field
    made = record.Role(
        key=text(signer), role=name, organisation=organisation, conflicts=(), relies_on=(), next_key=""
    )
    return msgspec.structs.replace(made, **changes)


@dataclass
class Chain:
    """Entries in order with their rulings. Methods log something that breaks no rule, unless the test changes it."""

    entries: list[bytes] = field(default_factory=list[bytes])
    rulings: list[chain.Ruling] = field(default_factory=list[chain.Ruling])
    rules: chain.Rules = field(default_factory=lambda: chain.Rules(trust()))
    subject: str = ""
    generation: str = ""

    @classmethod
    def begun(cls, *evaluators: str) -> Chain:
        """Roles, a genesis and its first generation."""
        made = cls()
        for name in evaluators or (EVALUATOR, SECOND):
            said = role(KEYS[name], "evaluator", name, next_key=digest(NEXT[name]))
            assert made.add(said, *GOVERNANCE[:2]).does_count
        for signer in (LAB_KEY, LAB_NEXT, LAB_AFTER):
            assert made.add(role(signer, "lab", LAB), *GOVERNANCE[:2]).does_count
        made.subject = made.add(made.genesis(), LAB_KEY).entry
        made.generation = made.add(made.next_generation(), LAB_KEY).entry
        assert not made.broken
        return made

    @property
    def broken(self) -> list[str]:
        """The rules that were broken, in order."""
        return [breach.rule for ruling in self.rulings for breach in ruling.breaches]

    def log(self, entry: bytes) -> chain.Ruling:
        self.entries.append(entry)
        self.rulings.append(self.rules.admit(len(self.rulings), entry))
        return self.rulings[-1]

    def add(self, said: record.Predicate, *signers: note.Signer) -> chain.Ruling:
        return self.log(sealed(said, *signers))

    def genesis(self, **changes: Any) -> record.SubjectGenesis:  # noqa: ANN401 - any field
        made = record.SubjectGenesis(
            lab=LAB, subject="System S", keys=(text(LAB_KEY),), next_keys=digest(LAB_NEXT), commitments={},
            categories=("storm", "hush"),
        )  # fmt: skip
        return msgspec.structs.replace(made, **changes)

    def next_generation(self, **changes: Any) -> record.Generation:  # noqa: ANN401 - any field
        found = self.rules.subject(self.subject)
        assert found is not None
        made = record.Generation(
            subject=self.subject, number=found.last.number + 1, previous=found.last.entry, keys=found.last.keys,
            next_keys=found.last.next_keys, changed="more data", commitments={},
        )  # fmt: skip
        return msgspec.structs.replace(made, **changes)

    def prereg(self, name: str = EVALUATOR, **changes: Any) -> record.Prereg:  # noqa: ANN401 - any field
        made = record.Prereg(
            evaluator=name, subject=self.subject, generation=self.generation, categories=("storm",),
            instrument="containment", suite=NOTHING, budget="40q", seed=0, criteria={"K_joint": "at least 0.75"},
            opens=0, beacon="", closes_by=CLOSES_BY,
        )  # fmt: skip
        return msgspec.structs.replace(made, **changes)

    def behaviour(self, declared: str, name: str = EVALUATOR, **changes: Any) -> record.Behaviour:  # noqa: ANN401 - any field
        head = self.rules.head(name, self.subject, changes.get("category", "storm"))
        made = record.Behaviour(
            evaluator=name, subject=self.subject, generation=self.generation, category="storm", prereg=declared,
            seq=head.seq + 1 if head else 0, prev=head.entry if head else "", instrument="containment",
            grader="exact/2", report=NOTHING, target=NOTHING, suite=NOTHING, budget="40q", seed=0, version="0.1.0",
            numbers=(number("K_joint", "0.8"),),
            criteria=(
                record.Criterion(metric="K_joint", comparator="at least", threshold="0.75", passed="yes"),
            ), verdict="contained", count=0, transcripts=tlog.EMPTY_ROOT.hex(), categories=1, assurance="third_party",
        )  # fmt: skip
        return msgspec.structs.replace(made, **changes)

    def measured(self, name: str = EVALUATOR, **changes: Any) -> chain.Ruling:  # noqa: ANN401 - any field of the result
        """A preregistration and its result; the result's ruling."""
        category = changes.get("category", "storm")
        declared = self.add(self.prereg(name, categories=(category,), seed=len(self.entries)), KEYS[name])
        said = self.behaviour(declared.entry, name, seed=len(self.entries) - 1, **changes)
        return self.add(said, KEYS[name])

    def independent(self, category: str = "storm") -> frozenset[str]:
        return self.rules.independent(self.subject, category)


def number(name: str, value: str) -> record.Number:
    return record.Number(name=name, value=value, low=value, high="1", level="0.95", n=60, clusters=60, method="wilson")


def rules_of(ruling: chain.Ruling) -> list[str]:
    return [breach.rule for breach in ruling.breaches]


def proves(made: Chain, breach: chain.Breach) -> bool:
    """Whether the breach's evidence shows it to somebody who was shown nothing else."""
    fresh = chain.Rules(trust())
    said = [one for at in breach.evidence for one in fresh.admit(at, made.entries[at]).breaches]
    return breach.rule in chain.PROVABLE and any((one.rule, one.index) == (breach.rule, breach.index) for one in said)
