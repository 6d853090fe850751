"""What only the whole log shows: newer results, rules that were broken, retractions, disputes, breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from counterproof import chain, record, tlog
from counterproof.errors import NotVerified

Series = tuple[str, str, str]
"""Subject, category, evaluator."""


@dataclass(frozen=True, slots=True)
class Break:
    """An organisation's last word on two generations is that they do not behave the same; equal: as it is served."""

    organisation: str
    before: int
    after: int
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLog:
    """What follows from all entries of a log up to a head.

    `independent`: series whose latest result counts. `disputed`: entry to who contests it. `generations`: subject to
    entry digest and number, 0 for the genesis. `breaks`: by subject.
    """

    size: int
    root: str
    heads: tuple[record.Head, ...]
    independent: frozenset[Series]
    retracted: frozenset[str]
    disputed: Mapping[str, tuple[str, ...]]
    generations: Mapping[str, Mapping[str, int]]
    breaks: Mapping[str, tuple[Break, ...]]


@dataclass(slots=True)
class _Compared:
    """Who last said what of which generations."""

    last: dict[tuple[str, str, str, str], tuple[str, str]] = field(
        default_factory=dict[tuple[str, str, str, str], tuple[str, str]]
    )

    def add(self, ruling: chain.Ruling) -> None:
        said = ruling.statement.predicate if ruling.statement else None
        if isinstance(said, record.Continuity) and ruling.does_count and not ruling.is_repeated:
            for organisation in sorted({s.organisation for s in ruling.signers if s.role == "evaluator"}):
                self.last[said.subject, said.before, said.after, organisation] = (said.verdict, ruling.entry)


def read_log(entries: Iterable[bytes], trust: record.Trust, root: bytes, at_s: int) -> WholeLog:
    """Holds every entry of a log against the rules of the chain. `at_s`: the time of its head, as witnesses state it.

    Raises:
        BadPolicy, BadKey: the trust file cannot be used.
        NotVerified: these entries are not those under the head whose root is given.
    """
    rules, compared, hashes = chain.Rules(trust), _Compared(), list[bytes]()
    for index, entry in enumerate(entries):
        hashes.append(tlog.leaf_hash(entry))
        compared.add(rules.admit(index, entry))
    if tlog.root_of(hashes) != root:
        raise NotVerified(
            f"these {len(hashes)} entries are not those under the head", where="log", mend="read the log again"
        )
    rules.overdue(at_s)
    heads = rules.heads(len(hashes))
    places = {(h.subject, h.category) for h in heads}
    return WholeLog(
        size=len(hashes),
        root=root.hex(),
        heads=heads,
        independent=frozenset((*place, judge) for place in places for judge in rules.independent(*place)),
        retracted=frozenset(h.entry for h in heads if rules.is_retracted(h.entry)),
        disputed={h.entry: tuple(sorted(by)) for h in heads if (by := rules.disputed_by(h.entry))},
        generations=_generations(rules, heads),
        breaks=_breaks(rules, compared),
    )


def _generations(rules: chain.Rules, heads: Iterable[record.Head]) -> dict[str, dict[str, int]]:
    found = {h.subject: rules.subject(h.subject) for h in heads}
    return {one: {d: step.number for d, step in s.steps.items()} for one, s in found.items() if s is not None}


def _breaks(rules: chain.Rules, compared: _Compared) -> dict[str, tuple[Break, ...]]:
    found: dict[str, list[Break]] = {}
    for (name, before, after, organisation), (verdict, entry) in compared.last.items():
        subject = rules.subject(name)
        if verdict != "break" or subject is None:
            continue
        numbers = (subject.steps[before].number, subject.steps[after].number)
        found.setdefault(subject.id, []).append(Break(organisation, min(numbers), max(numbers), entry))
    return {name: tuple(sorted(all_, key=lambda b: (b.entry, b.organisation))) for name, all_ in found.items()}
