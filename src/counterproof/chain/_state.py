"""What the rules remember of the entries before."""

from __future__ import annotations

from counterproof import quorum, record
from counterproof.chain._announced import Announcements
from counterproof.chain._case import Case
from counterproof.chain._entries import NOWHERE, Entries, Known
from counterproof.chain._gates import Gates
from counterproof.chain._keys import Keys
from counterproof.chain._preregs import Preregs
from counterproof.chain._rings import Rings
from counterproof.chain._series import Series
from counterproof.chain._subjects import Step, Subject


class State:
    """Keys, subjects, series, preregistrations and who judged whom, up to one place in the log."""

    def __init__(self, trust: record.Trust) -> None:
        self.keys = Keys(trust.governance, trust.governance_needed)
        self.needed = trust.governance_needed
        self.origins = frozenset(log.name for log in quorum.read_policy(trust.policy).logs)
        self.entries, self.preregs = Entries(), Preregs()
        self.audits, self.judged = Rings(), Rings()
        self.subjects: dict[str, Subject] = {}
        self.tokens = Announcements()
        self.gates = Gates()
        self.series: list[Series] = []
        self._series_at: dict[tuple[str, str, str], int] = {}
        self._said: dict[bytes, str] = {}
        self.early: dict[tuple[str, str], tuple[int, ...]] = {}
        self.retracted: set[str] = set()
        self.disputed: dict[str, set[str]] = {}
        self.late: set[tuple[str, str]] = set()
        self.continuity: dict[tuple[str, str, str], dict[str, str]] = {}

    def known(self, entry: str) -> Known | None:
        """An entry that was said before by somebody who may."""
        return self.entries.get(bytes.fromhex(entry.removeprefix("sha256:")))

    def step(self, subject: str, entry: str) -> tuple[Subject, Step] | None:
        """A subject and its genesis or generation."""
        found = self.subjects.get(subject)
        step = found.steps.get(entry) if found else None
        return (found, step) if found and step else None

    def id_of(self, subject: str) -> str:
        """The one name of a subject: its genesis may lie in the log in more than one envelope."""
        found = self.subjects.get(subject)
        return found.id if found else subject

    def series_of(self, evaluator: str, subject: str, category: str) -> tuple[int, Series]:
        """The series, and its number."""
        key = (evaluator, self.id_of(subject), category)
        at = self._series_at.setdefault(key, len(self.series))
        if at == len(self.series):
            self.series.append(Series(*key))
        return at, self.series[at]

    def find_series(self, evaluator: str, subject: str, category: str) -> Series | None:
        """The series, if there is one."""
        at = self._series_at.get((evaluator, self.id_of(subject), category))
        return None if at is None else self.series[at]

    def keep(self, case: Case, organisation: str, *, series: int = NOWHERE, seq: int = 0) -> None:
        """From here on the entry can be pointed to, and saying the same again says nothing."""
        self.entries.add(case.raw, case.index, organisation, series, seq)
        if series == NOWHERE:
            self._said[case.payload] = case.entry

    def is_repeated(self, case: Case) -> bool:
        """Whether the same statement counted before: it says nothing new, but its digest may be pointed to."""
        first = self._said.get(case.payload)
        if first is None:
            return False
        self.alias(case, first)
        declared = self.preregs.get(first)
        if declared is not None:
            self.preregs.also(case.entry, declared)
        subject = self.subjects.get(first) or self.subjects.get(getattr(case.opened.statement.predicate, "subject", ""))
        if subject is not None and first in subject.steps:
            subject.steps.setdefault(case.entry, subject.steps[first])
            if first == subject.id:
                self.subjects.setdefault(case.entry, subject)
        return True

    def alias(self, case: Case, first: str) -> None:
        """The entry is another envelope of one that is known."""
        found = self.known(first)
        if found is not None:
            self.entries.add(case.raw, found.index, found.organisation, found.series, found.seq)

    def why_dependent(self, organisation: str, subject: Subject) -> str:
        """Why an organisation may not judge a subject by what it declared, under whichever key; empty if it may."""
        for standing in self.keys.of(organisation):
            role = standing.role
            if subject.lab in role.conflicts:
                return f"{organisation!r} declared that it may not judge systems of {subject.lab!r}"
            if subject.id in {self.id_of(one) for one in role.relies_on}:
                return f"{organisation!r} declared that it relies on this system itself"
        return ""
