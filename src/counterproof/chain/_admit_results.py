"""Rules of results: said beforehand, kept to, numbered, and none left out."""

from __future__ import annotations

from counterproof import record
from counterproof.chain._admit_subjects import may_judge
from counterproof.chain._case import Case
from counterproof.chain._preregs import Declared, why_different
from counterproof.chain._series import Series
from counterproof.chain._state import State
from counterproof.chain._subjects import Subject

_EVALUATOR = ("evaluator",)


def prereg(state: State, case: Case, said: record.Prereg) -> None:
    """By an evaluator that may judge the subject, of a generation that is logged."""
    if not case.is_by(state.keys, _EVALUATOR, said.evaluator):
        return
    subject = _subject(state, case, said.subject, said.generation)
    # Its own result: others may name what is not logged yet, too.
    early = state.early.get((case.entry, said.evaluator))
    if early is not None:
        case.breach("prereg-late", f"it was logged after the result that names it, at entry {early[-1]}", *early)
    if subject is not None:
        may_judge(state, case, said.evaluator, subject)
    # It binds whoever signed it, whatever else is wrong with it: else a flaw put in on purpose would unbind.
    state.preregs.add(Declared(case.entry, case.index, said, (*case.shown_by, case.index), set(said.categories)))
    state.keep(case, said.evaluator)


def behaviour(state: State, case: Case, said: record.Behaviour) -> None:
    """Of a logged generation, as declared, next in its series, by somebody who may judge."""
    if _is_repeated(state, case, said):
        return
    if not case.is_by(state.keys, _EVALUATOR, said.evaluator):
        return
    number, series = state.series_of(said.evaluator, said.subject, said.category)
    if not _takes_place(state, case, said, number, series):
        return
    subject = _subject(state, case, said.subject, said.generation)
    if subject is not None and may_judge(state, case, said.evaluator, subject):
        state.judged.add(said.evaluator, subject.lab)
    _check_prereg(state, case, said)
    if series.add(said, case.index, case.raw, case.payload, {breach.rule for breach in case.breaches}):
        state.keep(case, said.evaluator, series=number, seq=said.seq)
    else:
        state.entries.add(case.raw, case.index, said.evaluator)


def _subject(state: State, case: Case, subject: str, generation: str) -> Subject | None:
    found = state.step(subject, generation)
    if found is None:
        case.breach("subject", "it speaks of a subject or a generation that was not logged before")
    return found[0] if found else state.subjects.get(subject)


def _is_repeated(state: State, case: Case, said: record.Behaviour) -> bool:
    """Whether its evaluator said the same before: whoever logs it again then, its key may be gone by now."""
    series = state.find_series(said.evaluator, said.subject, said.category)
    index = series.index_of(said.seq, case.payload) if series is not None else None
    if series is None or index is None:
        return False
    case.is_repeated = True
    number, _ = state.series_of(said.evaluator, said.subject, said.category)
    state.entries.add(case.raw, index, said.evaluator, number, said.seq)
    return True


def _takes_place(state: State, case: Case, said: record.Behaviour, number: int, series: Series) -> bool:
    """Whether it is new in its series, and contradicts nothing there."""
    before = state.known(said.prev) if said.prev else None
    is_linked = said.seq == 0 if before is None else (before.series, before.seq + 1) == (number, said.seq)
    place, at = series.place(said.seq, said.prev, case.payload, is_linked=is_linked)
    if place == "twice":
        series.is_twice = True
        says = f"{said.evaluator!r} said something else in the same place at entry {at}"
        shown = state.subjects[said.subject].shown_by if said.subject in state.subjects else ()
        case.breach("equivocation", says, at, *shown)
        state.entries.add(case.raw, case.index, said.evaluator)
        return False
    if place == "hole":
        after = f"does not follow on result {series.expected - 1}" if series.expected else "is not the first"
        case.breach("sequence", f"result {said.seq} {after} of its series, as logged: some were left out or come late")
    return True


def _check_prereg(state: State, case: Case, said: record.Behaviour) -> None:
    declared = state.preregs.get(said.prereg)
    if declared is None or declared.said.evaluator != said.evaluator:
        case.breach("prereg", "it names no preregistration of the same evaluator that was logged before")
        if declared is None:
            state.early.setdefault((said.prereg, said.evaluator), (*case.shown_by, case.index))
        return
    if why := why_different(said, declared.said):
        case.breach("prereg-differs", why, *declared.shown_by)
        return
    first = declared.results.get(said.category)
    if first is not None:
        says = f"its preregistration was closed for {said.category!r} at entry {first}"
        case.breach("prereg-used", says, *declared.shown_by, first)
        return
    if said.category not in declared.left:
        case.breach("prereg", f"its preregistration was abandoned at entry {declared.abandoned}", declared.abandoned)
    state.preregs.close(declared, said.category, case.index)


def abandon(state: State, case: Case, said: record.Abandon) -> None:
    """By the evaluator whose preregistration it is."""
    if not case.is_by(state.keys, _EVALUATOR, said.evaluator):
        return
    declared = state.preregs.get(said.prereg)
    if declared is None or declared.said.evaluator != said.evaluator:
        case.breach("reference", "it closes no preregistration of the same evaluator that was logged before")
        return
    state.preregs.abandon(declared, case.index)
    state.keep(case, said.evaluator)
