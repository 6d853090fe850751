"""One worker's chain, read through: every head, policy, decision, reading and count of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from counterproof import note as notes
from counterproof import record
from counterproof.errors import BadGate, BadNote, BadTrail, NotVerified
from counterproof.record import GateHead, GatePolicy
from counterproof.rely import gate
from counterproof.rely.trail._files import read_kept_policy, worker_folder
from counterproof.rely.trail._head import Counts, read_head, shed_count, signers_of
from counterproof.rely.trail._line import DecisionLine, HeadLine, NoteLine
from counterproof.rely.trail._read import Chain, read_chain
from counterproof.rely.trail._replay import Decisions, Memories, Settles

MAX_MISMATCHES = 1000
"""How many are told one by one; all are counted."""

Marks: TypeAlias = dict[int, list[tuple[GateHead, str]]]
"""By number of records: the heads that were published of that place, and the hash that each states."""


class Mismatch(record.Record, frozen=True, kw_only=True):
    """One thing that does not agree: where (file and line), in which record (-1: none), what, and both sides."""

    where: str
    n: int
    what: str
    recorded: str
    computed: str


class WorkerAudit(record.Record, frozen=True, kw_only=True):
    """What was found in one worker's chain.

    `settled`: decisions computed again. `read`: readings of the memory computed again; `unread`: how many could not be,
    and `why_unread`; `apart`: decisions in which the memory took no part. `heads`, `signed`: heads in the chain, and
    how many of them a given key signed. `unsigned`, `unpublished`: how many records came after the last of these, and
    after the place that the newest published head names: they rest on nobody's word but the owner's. `crashes`: how
    often the worker began again without having ended. `torn_bytes`: of a last record whose write never returned.
    """

    worker: str
    records: int
    decisions: int
    settled: int
    read: int
    unread: int
    apart: int
    why_unread: str
    heads: int
    signed: int
    unsigned: int
    unpublished: int
    crashes: int
    torn_bytes: int
    hash: str
    counts: dict[str, int]


class Told:
    """Collects what does not agree."""

    def __init__(self) -> None:
        self.first: list[Mismatch] = []
        self.count = 0
        self.n = -1

    def __call__(self, where: str, what: str, recorded: str, computed: str) -> None:
        """One more. `n`, where it is set, is the record at hand."""
        self.count += 1
        if len(self.first) < MAX_MISMATCHES:
            self.first.append(Mismatch(where=where, n=self.n, what=what, recorded=recorded, computed=computed))


class Policies:
    """The policies that are kept beside the record, each read once and made ready to decide."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, GatePolicy] = {}
        self._ready: dict[str, Settles] = {}

    @property
    def used(self) -> tuple[str, ...]:
        """The digests of those that decisions were made by."""
        return tuple(sorted(self._read))

    def policy(self, digest: str) -> GatePolicy:
        """The policy.

        Raises:
            BadTrail: it is not there, or is another.
        """
        if digest not in self._read:
            self._read[digest] = read_kept_policy(self._folder, digest)
        return self._read[digest]

    def ready(self, digest: str) -> Settles:
        """What decides by it.

        Raises:
            BadTrail: it is not there, or is another.
            BadGate: nothing can be decided by it.
        """
        if digest not in self._ready:
            self._ready[digest] = gate.Settlement(self.policy(digest))
        return self._ready[digest]


class Auditor:
    """Reads one worker's chain.

    Attributes:
        gate: the gate that it says it is of.
        snapshots: the counts at every place that a published head names.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        policies: Policies,
        told: Told,
        keys: Sequence[notes.Verifier],
        marks: Marks,
        between_ms: tuple[int, int] | None,
    ) -> None:
        self.name, self.gate = name, ""
        self.snapshots: dict[int, Counts] = {}
        self._own, self._policies, self._told, self._keys = worker_folder(folder, name), policies, told, keys
        self._marks, self._between_ms = marks, between_ms
        self._chain = Chain()
        self._decisions, self._memories = Decisions(policies.ready), Memories()
        self._in_force: list[tuple[int, str]] = []
        self._decided = self._heads = self._signed = self._crashes = self._signed_n = 0
        self._held = set[str]()
        self._is_running = False

    def read(self) -> None:
        """Reads it through, as far as it is whole."""
        chain, told, marks = self._chain, self._told, self._marks
        try:
            for line, place in read_chain(self._own, chain):
                told.n = chain.n
                if chain.n in marks:
                    self._published()
                if isinstance(line, DecisionLine):
                    self._decision(line, place)
                elif isinstance(line, NoteLine):
                    self._note(line, str(place))
                else:
                    self._head(line, str(place))
        except BadTrail as error:
            told(error.where, f"the chain of {self.name!r} is not whole from here on", error.what, "")
        told.n = -1
        if self._keys and self._decided and not self._heads:  # an unsigned one is told where it stands
            told(str(self._own), "none of its decisions stands under a head signed by a given key", "", "")
        self._published()
        self._memories.end()
        for n in sorted(n for n in marks if n > chain.n):
            for head, _ in marks[n]:
                told(f"published head {head.seq}", f"worker {self.name!r} had more records", str(n), str(chain.n))

    @property
    def audit(self) -> WorkerAudit:
        """What was found."""
        chain, memories = self._chain, self._memories
        counts = chain.counts.facts()
        flat = {name: value for name, value in counts.items() if isinstance(value, int)}
        return WorkerAudit(
            worker=self.name, records=chain.n, decisions=self._decided, settled=self._decisions.replayed,
            read=memories.compared, unread=memories.missed, apart=memories.apart, why_unread=memories.why,
            heads=self._heads, signed=self._signed, unsigned=chain.n - self._signed_n,
            unpublished=chain.n - max((n for n in self._marks if n <= chain.n), default=0), crashes=self._crashes,
            torn_bytes=chain.torn_bytes, hash=chain.hash.hex(), counts={**flat, **chain.counts.outcomes},
        )  # fmt: skip

    def policies_between(self, after: int, until: int) -> set[str]:
        """The policies in force at record `after`, or that came into force since, before record `until`."""
        earlier = [digest for n, digest in self._in_force if n < after]
        since = {digest for n, digest in self._in_force if after <= n < until}
        return {digest for digest in (since | set(earlier[-1:])) if digest}

    def _published(self) -> None:
        """Holds the place at hand against what was published of it."""
        chain = self._chain
        if chain.n not in self._marks:
            return
        self.snapshots[chain.n] = msgspec.convert(chain.counts.facts(), Counts)
        for head, digest in self._marks[chain.n]:
            if digest != chain.hash.hex():
                self._told(
                    f"published head {head.seq}", f"the first {chain.n} records of {self.name!r} are others",
                    digest, chain.hash.hex(),
                )  # fmt: skip

    def _decision(self, line: DecisionLine, place: object) -> None:
        self._decided += 1
        between = self._between_ms
        if between is None or between[0] <= line.at_ms < between[1]:
            self._decisions.check(line, place, self._told)
        self._memories.take(line, place, self._told)
        if line.decision.outcome in ("hold", "escalate") and line.decision.receipt:
            self._held.add(line.decision.receipt)

    def _note(self, line: NoteLine, where: str) -> None:
        match line.kind:
            case "begin":
                self._begin(line, where)
            case "end":
                self._is_running = False
            case "merge":
                self._memories.merge(line, where, self._told)
            case "override":
                self._override(str(line.said.get("receipt", "")), where)
            case "shed" if not shed_count(line.said):
                self._told(where, "it counts no events", str(line.said.get("count")), "")
            case "policy":
                self._policy(str(line.said.get("digest", "")), line, where)
            case _:
                pass

    def _override(self, receipt: str, where: str) -> None:
        """A person's word, or that nobody came, belongs to one event that this process held."""
        if receipt not in self._held:
            self._told(where, "a person's word about what was not held, or a second one", receipt, "")
        self._held.discard(receipt)

    def _begin(self, line: NoteLine, where: str) -> None:
        name, worker = line.said.get("gate"), line.said.get("worker")
        if worker != self.name or (self.gate and name != self.gate):
            self._told(where, "another gate or worker began", f"{name} {worker}", f"{self.gate} {self.name}")
        self.gate = self.gate or str(name)
        self._crashes += self._is_running
        self._is_running = True
        self._in_force.append((line.n, ""))
        self._held.clear()
        self._decisions.end()
        self._memories.begin()

    def _policy(self, digest: str, line: NoteLine, where: str) -> None:
        self._in_force.append((line.n, digest))
        try:
            self._decisions.change(digest)
            self._memories.change(self._policies.policy(digest))
        except (BadTrail, BadGate) as error:
            self._told(where, "the policy that came into force is not known", digest, str(error))

    def _head(self, line: HeadLine, where: str) -> None:
        self._heads += 1
        chain = self._chain
        try:
            head = read_head(line.note, where)
            signed = signers_of(line.note, self._keys)
        except (BadTrail, BadNote, NotVerified) as error:
            self._told(where, "a head does not hold", str(error), "")
            return
        if signed:
            self._signed, self._signed_n = self._signed + 1, chain.n + 1
        if self._keys and not signed:
            self._told(where, "a head is signed by none of the given keys", "", ", ".join(k.name for k in self._keys))
        stated = (head.gate, head.worker, head.n, head.hash, head.policy, head.starts_ms, head.counts.facts())
        computed = (
            self.gate, self.name, chain.n, chain.hash.hex(), chain.policy, chain.starts_ms, chain.counts.facts(),
        )  # fmt: skip
        names = ("gate", "worker", "number of records", "hash", "policy", "time of the first record", "counts")
        for name, one, other in zip(names, stated, computed, strict=True):
            if one != other:
                self._told(where, f"a head states another {name}", str(one), str(other))
