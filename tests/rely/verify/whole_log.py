"""A small log in memory, with everybody's keys: what the verifier's tests take bundles from, and break them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from counterproof import chain, note, quorum, record, tlog
from counterproof.rely import verify

NOW_S = 1_780_000_000
ORIGIN = "log.example/chain"
LAB, EVALUATOR = "Lab A", "Evaluator E"
NOTHING = "sha256:" + "0" * 64
Signers = Sequence[note.Signer]


def key(name: str, kind: note.Kind = "statement") -> note.Signer:
    """The same key for the same name and kind, always."""
    return note.unsafe_seeded(name, kind, hashlib.sha256(f"{name}/{kind}".encode()).digest())


GOVERNANCE = (key("governance-1"), key("governance-2"), key("governance-3"))
LOG = key(ORIGIN, "ed25519")
WITNESSES = tuple(key(f"witness.example/{i}", "cosignature") for i in range(4))
LAB_KEY, LAB_NEXT, EVALUATOR_KEY, EVALUATOR_NEXT = key("lab-1"), key("lab-2"), key("evaluator-1"), key("evaluator-2")


def keys_digest(*signers: note.Signer) -> str:
    """As `SubjectGenesis.next_keys` has it."""
    text = "".join(f"{s.verifier.text}\n" for s in sorted(signers, key=lambda s: s.verifier.text))
    return record.digest_bytes(text.encode())


def policy(witnesses: Signers = WITNESSES, needed: int = 3) -> str:
    names = [f"w{i}" for i in range(len(witnesses))]
    lines = [f"log {LOG.verifier.text}"]
    lines += [f"witness {name} {w.verifier.text}" for name, w in zip(names, witnesses, strict=True)]
    return "\n".join([*lines, f"group all-of-them {needed} {' '.join(names)}", "quorum all-of-them"]) + "\n"


def trust(**changes: Any) -> record.Trust:  # noqa: ANN401 - any field of the record
    made = record.Trust(
        policy=policy(), governance=tuple(g.verifier.text for g in GOVERNANCE), governance_needed=2, max_age_s=86_400
    )
    return structs.replace(made, **changes)


def entry(predicate: record.Predicate, *signers: note.Signer) -> bytes:
    made = record.Statement(subject=(chain.named(predicate),), predicate=predicate)
    return note.seal(record.statement_bytes(made), *signers)


def role(signer: note.Signer, name: Any, organisation: str, **changes: Any) -> record.Role:  # noqa: ANN401 - literals
    made = record.Role(
        key=signer.verifier.text, role=name, organisation=organisation, conflicts=(), relies_on=(), next_key=NOTHING
    )
    return structs.replace(made, **changes)


def genesis(**changes: Any) -> record.SubjectGenesis:  # noqa: ANN401 - any field of the record
    made = record.SubjectGenesis(
        lab=LAB, subject="System S", keys=(LAB_KEY.verifier.text,), next_keys=keys_digest(LAB_NEXT),
        commitments={"data": NOTHING}, categories=("poisons",),
    )  # fmt: skip
    return structs.replace(made, **changes)


def generation(subject: str, previous: str, **changes: Any) -> record.Generation:  # noqa: ANN401 - any field
    made = record.Generation(
        subject=subject, number=1, previous=previous, keys=(LAB_KEY.verifier.text,), next_keys=keys_digest(LAB_NEXT),
        changed="more data", commitments={},
    )  # fmt: skip
    return structs.replace(made, **changes)


def prereg(subject: str, generation: str, **changes: Any) -> record.Prereg:  # noqa: ANN401 - any field
    made = record.Prereg(
        evaluator=EVALUATOR, subject=subject, generation=generation, categories=("poisons",), instrument="containment",
        suite=NOTHING, budget="40 queries", seed=0, criteria={"K": "at least 0.75"}, opens=0, beacon="",
        closes_by="2026-12-01T00:00:00Z",
    )  # fmt: skip
    return structs.replace(made, **changes)


def behaviour(
    subject: str,
    generation: str,
    declared: str,
    **changes: Any,  # noqa: ANN401 - any field of the record
) -> record.Behaviour:
    made = record.Behaviour(
        evaluator=EVALUATOR, subject=subject, generation=generation, category="poisons", prereg=declared, seq=0,
        prev="",
        instrument="containment", grader="exact/2", report=NOTHING, target=NOTHING, suite=NOTHING, budget="40 queries",
        seed=0, version="0.1.0",
        numbers=(
            record.Number(name="R", value="0.98", low="0.9", high="1", level="0.95", n=60, clusters=60, method="w"),
            record.NoNumber(name="K", reason="the ceiling is too low"),
        ),
        criteria=(record.Criterion(metric="K", comparator="at least", threshold="0.75", passed=""),),
        verdict="not measured", count=3, transcripts=tlog.root_of([]).hex(), categories=1, assurance="third_party",
    )  # fmt: skip
    return structs.replace(made, **changes)


class _Hashes:
    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def hash_at(self, level: int, index: int) -> bytes:
        return tlog.root_of(self.leaves[index << level : (index + 1) << level])


def proofs(leaves: list[bytes], index: int) -> tuple[bytes, ...]:
    return tuple(tlog.prove_inclusion(index, len(leaves), _Hashes(leaves)))


def signed(head: tlog.Checkpoint, at_s: int = NOW_S - 60, witnesses: Signers = WITNESSES) -> bytes:
    """The checkpoint, signed by the log and cosigned."""
    made = note.sign(head.body, LOG)
    return note.append(made, *(quorum.cosign(head, w, at_s) for w in witnesses)) if witnesses else made


@dataclass
class Log:
    """Entries in order; what each one is called is up to the test."""

    entries: list[bytes] = field(default_factory=list)

    def add(self, predicate: record.Predicate, *signers: note.Signer) -> str:
        """Its digest."""
        made = entry(predicate, *signers)
        self.entries.append(made)
        return record.digest_bytes(made)

    def checkpoint(self, at_s: int = NOW_S - 60, witnesses: Signers = WITNESSES) -> bytes:
        head = tlog.Checkpoint(ORIGIN, len(self.entries), tlog.root_of([tlog.leaf_hash(e) for e in self.entries]))
        return signed(head, at_s, witnesses)

    def logged(self, index: int, checkpoint: bytes) -> record.Entry:
        leaves = [tlog.leaf_hash(e) for e in self.entries]
        receipt = tlog.Proof(index, proofs(leaves, index), checkpoint).encode().decode()
        return record.Entry(envelope=self.entries[index].decode(), receipt=receipt)

    def bundle(
        self,
        index: int = -1,
        *,
        support: Iterable[int] | None = None,
        checkpoint: bytes = b"",
        opened: tuple[record.Opened, ...] = (),
    ) -> record.Bundle:
        place = range(len(self.entries))[index]
        head = checkpoint or self.checkpoint()
        others = [i for i in range(len(self.entries)) if i != place] if support is None else support
        return record.Bundle(
            entry=self.logged(place, head), support=tuple(self.logged(i, head) for i in others), opened=opened
        )


@dataclass
class World:
    """A log with a whole chain on it, up to a result: digests of what it holds."""

    log: Log
    genesis: str
    generation: str
    prereg: str
    result: record.Behaviour


def world(
    *,
    openings: Sequence[bytes] = (),
    lab: record.Role | None = None,
    evaluator: record.Role | None = None,
    **changes: Any,  # noqa: ANN401 - any field of a behaviour
) -> World:
    """Roles, a subject, its first generation, a preregistration and a result."""
    log = Log()
    log.add(lab or role(LAB_KEY, "lab", LAB), *GOVERNANCE[:2])
    log.add(evaluator or role(EVALUATOR_KEY, "evaluator", EVALUATOR, next_key=keys_digest(EVALUATOR_NEXT)), *GOVERNANCE)
    first = log.add(genesis(), LAB_KEY)
    second = log.add(generation(first, first), LAB_KEY)
    declared = log.add(prereg(first, second), EVALUATOR_KEY)
    if openings:
        root = tlog.root_of([tlog.leaf_hash(o) for o in openings]).hex()
        changes = {"count": len(openings), "transcripts": root} | changes
    said = behaviour(first, second, declared, **changes)
    log.add(said, EVALUATOR_KEY)
    return World(log, first, second, declared, said)


def opened(leaves: Sequence[bytes], index: int, transcript: str = "") -> record.Opened:
    path = proofs([tlog.leaf_hash(leaf) for leaf in leaves], index)
    proof = tuple(b64encode(h).decode() for h in path)
    return record.Opened(index=index, leaf=leaves[index].decode(), proof=proof, transcript=transcript)


def data(bundle: record.Bundle) -> bytes:
    return verify.bundle_bytes(bundle)
