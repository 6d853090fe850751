"""A market in memory: systems, evaluators, a log that sums itself up; and the same without any log, for properties."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from msgspec import structs

from counterproof import chain, note, record, tlog
from counterproof.errors import CounterproofError
from counterproof.rely import select, verify
from tests.rely.verify import whole_log as w

SUITE, BUDGET = "sha256:" + "5" * 64, "40 queries"
STORM, EMBER = "storm", "ember"
JUDGES = ("Judge A", "Judge B", "Judge C")


def policy(**changes: Any) -> record.SelectionPolicy:  # noqa: ANN401 - any field of the record
    made = record.SelectionPolicy(
        categories=(EMBER, STORM), least_K="0.75", most_F="0.2", level="0.95", suites=(SUITE,), budgets=(BUDGET,),
        assurance=("third_party",), organisations=1, evaluators=(), subjects=(), max_age_s=3600, max_behind=4,
        reads="summary", bars=(), order=("K", "F"),
    )  # fmt: skip
    return structs.replace(made, **changes)


WHOLE = {"reads": "whole log", "bars": ("break", "dispute", "outdated", "retraction")}


def number(name: str, low: str, high: str, level: str = "0.95") -> record.Number:
    return record.Number(name=name, value=low, low=low, high=high, level=level, n=60, clusters=60, method="w")


def numbers(k: str, f: str, level: str = "0.95") -> tuple[record.Number | record.NoNumber, ...]:
    return (number("K_joint", k, "1", level), number("F_joint", "0", f, level))


def behaviour(subject: str, generation: str, category: str, judge: str, **changes: Any) -> record.Behaviour:  # noqa: ANN401 - any field of the record
    usual = {
        "evaluator": judge, "category": category, "suite": SUITE, "budget": BUDGET, "criteria": (),
        "numbers": numbers("0.8", "0.1"), "verdict": "contained",
    }  # fmt: skip
    return w.behaviour(subject, generation, w.NOTHING, **usual | changes)


# Without a log: statements as the verifier would hand them over.


def digest(text: str) -> str:
    return record.digest_bytes(text.encode())


def verified(predicate: record.Predicate, index: int, signer: tuple[str, str], **changes: Any) -> verify.Verified:  # noqa: ANN401 - any field
    statement = record.Statement(subject=(chain.named(predicate),), predicate=predicate)
    made: dict[str, Any] = {
        "statement": statement, "entry": record.digest_bytes(record.statement_bytes(statement)),
        "signers": (verify.Signer(key="k", organisation=signer[0], role=signer[1]),),
        "origin": w.ORIGIN, "index": index, "size": 100, "root": "ab" * 32,
        "seen_by": (("w0", w.NOW_S - 60), ("w1", w.NOW_S - 50)), "numbers": (), "opened": 0, "steps": (),
        "unchecked": (),
    }  # fmt: skip
    return verify.Verified(**made | changes)


def head_of(one: verify.Verified) -> record.Head:
    said = one.statement.predicate
    assert isinstance(said, record.Behaviour)
    return record.Head(
        subject=said.subject, category=said.category, evaluator=said.evaluator, seq=said.seq, index=one.index,
        entry=one.entry,
    )  # fmt: skip


def summary(leaves: Sequence[record.Head], size: int = 98, **changes: Any) -> verify.Verified:  # noqa: ANN401 - any field
    said = record.Heads(origin=w.ORIGIN, size=size, count=len(leaves), root=chain.heads_root(leaves))
    return verified(said, 99, ("Operator", "log"), **changes)


@dataclass(frozen=True)
class Shown:
    """All that is handed over at once."""

    results: tuple[verify.Verified, ...]
    leaves: tuple[record.Head, ...]
    log: select.WholeLog | None = None

    def decide(
        self,
        wanted: record.SelectionPolicy,
        results: Iterable[verify.Verified] | None = None,
        **changes: Any,  # noqa: ANN401 - of the summary
    ) -> record.Selection:
        given = self.results if results is None else tuple(results)
        return select.decide(wanted, given, summary(self.leaves, **changes), self.leaves, w.NOW_S, self.log)


def shown(*said: record.Behaviour) -> Shown:
    results = tuple(verified(one, index, (one.evaluator, "evaluator")) for index, one in enumerate(said))
    return Shown(results, tuple(map(head_of, results)))


def whole(made: Shown, **changes: Any) -> Shown:  # noqa: ANN401 - any field of the record
    """The same with a log in which nothing is contested."""
    subjects = {leaf.subject for leaf in made.leaves}
    usual: dict[str, Any] = {
        "size": 100, "root": "ab" * 32, "heads": made.leaves,
        "independent": frozenset((h.subject, h.category, h.evaluator) for h in made.leaves),
        "retracted": frozenset(), "disputed": {}, "generations": {s: {s: 0} for s in subjects}, "breaks": {},
    }  # fmt: skip
    return Shown(made.results, made.leaves, select.WholeLog(**usual | changes))


def allowed(found: record.Selection) -> dict[str, int]:
    """Who is allowed, and at which rank."""
    return {choice.subject: choice.rank for choice in found.choices if choice.decision == "allow"}


def reasons(found: record.Selection) -> str:
    return "\n".join(reason for choice in found.choices for reason in choice.reasons)


# With a log: everything signed, logged and cosigned.


@dataclass
class Market:
    """A log with a lab, judges, systems and the log's own role."""

    log: w.Log = field(default_factory=w.Log)
    systems: dict[str, str] = field(default_factory=dict[str, str])
    last: dict[tuple[str, str, str], tuple[int, str]] = field(
        default_factory=dict[tuple[str, str, str], tuple[int, str]]
    )
    results: list[int] = field(default_factory=list[int])

    @classmethod
    def opened(cls, *systems: str, judges: Sequence[str] = JUDGES) -> Market:
        made = cls()
        made.log.add(w.role(w.LAB_KEY, "lab", w.LAB), *w.GOVERNANCE)
        made.log.add(w.role(OPERATOR, "log", "Operator"), *w.GOVERNANCE)
        for judge in judges:
            made.log.add(w.role(key_of(judge), "evaluator", judge), *w.GOVERNANCE)
        for name in systems:
            made.systems[name] = made.log.add(w.genesis(subject=name, categories=(EMBER, STORM)), w.LAB_KEY)
        return made

    def measured(self, system: str, category: str, judge: str, *signers: note.Signer, **changes: Any) -> str:  # noqa: ANN401 - any field
        """A result, declared before; the next of its series."""
        subject, keys = self.systems[system], signers or (key_of(judge),)
        seq, prev = self.last.get((system, category, judge), (-1, ""))
        declared = self.log.add(
            w.prereg(
                subject, subject, evaluator=judge, categories=(category,), criteria={}, suite=SUITE, budget=BUDGET,
                seed=seq + 1,
            ),
            *keys,
        )  # fmt: skip
        made = {"prereg": declared, "seq": seq + 1, "prev": prev, "seed": seq + 1} | changes
        entry = self.log.add(behaviour(subject, subject, category, judge, **made), *keys)
        self.last[system, category, judge] = (seq + 1, entry)
        self.results.append(len(self.log.entries) - 1)
        return entry

    def everything(self, **changes: Any) -> None:  # noqa: ANN401 - any field of a behaviour
        """Every system, by the first judge, in both categories."""
        for system in self.systems:
            for category in (EMBER, STORM):
                self.measured(system, category, JUDGES[0], **changes)

    def summed_up(self) -> Counter:
        """The log's own summary is added; what a reader takes from it."""
        rules = chain.Rules(w.trust())
        for index, entry in enumerate(self.log.entries):
            rules.admit(index, entry)
        size = len(self.log.entries)
        leaves = rules.heads(size)
        said = record.Heads(origin=w.ORIGIN, size=size, count=len(leaves), root=chain.heads_root(leaves))
        self.log.add(said, OPERATOR)
        return Counter(w.Log([*self.log.entries]), leaves, {h.index for h in leaves})


OPERATOR = w.key("operator")


def key_of(organisation: str) -> note.Signer:
    """Names of keys hold no spaces."""
    return w.key(organisation.replace(" ", "-"))


@dataclass
class Counter:
    """What lies on the table: bundles under one head, and the leaves of the summary."""

    log: w.Log
    leaves: tuple[record.Head, ...]
    latest: set[int]

    def support(self, index: int) -> tuple[int, ...]:
        digest_ = record.digest_bytes(self.log.entries[index])
        return verify.needed(self.log.entries, digest_, w.trust())[1]

    def bundle(self, index: int, support: Iterable[int] | None = None) -> bytes:
        rests_on = self.support(index) if support is None else tuple(support)
        return w.data(self.log.bundle(index, support=rests_on))

    @cached_property
    def bundles(self) -> Mapping[int, bytes]:
        return {index: self.bundle(index) for index in sorted(self.latest)}

    @cached_property
    def heads(self) -> bytes:
        return self.bundle(len(self.log.entries) - 1)

    def whole(self, entries: Sequence[bytes] | None = None) -> select.WholeLog:
        root = tlog.root_of(tlog.leaf_hashes(self.log.entries))
        return select.read_log(self.log.entries if entries is None else entries, w.trust(), root, w.NOW_S)

    def decide(
        self, wanted: record.SelectionPolicy, bundles: Iterable[bytes] | None = None, log: select.WholeLog | None = None
    ) -> record.Selection:
        checker = verify.Checker(w.trust())
        given = self.bundles.values() if bundles is None else bundles
        results = list(_verified(checker, given))
        return select.decide(wanted, results, checker.bundle(self.heads, w.NOW_S), self.leaves, w.NOW_S, log)


def _verified(checker: verify.Checker, bundles: Iterable[bytes]) -> Iterator[verify.Verified]:
    """As the command does: what is refused is as if it were not there."""
    for data in bundles:
        with contextlib.suppress(CounterproofError):
            yield checker.bundle(data, w.NOW_S)
