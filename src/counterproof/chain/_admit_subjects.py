"""Rules of subjects: who may begin one, who may carry it on, who may compare its generations."""

from __future__ import annotations

from counterproof import record
from counterproof.chain._case import Case
from counterproof.chain._state import State
from counterproof.chain._subjects import Step, Subject, begun, why_hijacked

_LAB, _EVALUATOR = ("lab",), ("evaluator",)


def genesis(state: State, case: Case, said: record.SubjectGenesis) -> None:
    """By a key that governance named the lab's, and by one of the subject's own."""
    is_by_lab = case.is_by(state.keys, _LAB, said.lab)
    if not any(key in case.held and state.keys.retired(key) is None for key in said.keys):
        case.breach("genesis", "a genesis is not signed with one of its own keys")
    elif is_by_lab:
        subject = begun(said, case.entry, case.payload, (*case.shown_by, case.index))
        state.subjects[case.entry] = subject
        state.keep(case, said.lab)


def generation(state: State, case: Case, said: record.Generation) -> None:
    """Next in number, by keys that the one before committed to; one only after each."""
    found = state.step(said.subject, said.previous)
    if found is None:
        case.breach("subject", "it follows a generation, or speaks of a subject, that was not logged before")
        return
    subject, before = found
    is_by_lab = case.is_by(state.keys, _LAB, subject.lab, are_lost_told=False)
    if why := why_hijacked(said, before, case.held, state.keys):
        case.breach("hijack", why, *before.shown_by)
    elif said.number != before.number + 1:
        case.breach("generation", f"generation {said.number} follows generation {before.number}", *before.shown_by)
    elif is_by_lab:
        shown = tuple(sorted({*before.shown_by, *case.shown_by, case.index}))
        step = Step(case.entry, case.payload, said.number, said.keys, said.next_keys, shown)
        _follow(state, case, subject, step)


def _follow(state: State, case: Case, subject: Subject, step: Step) -> None:
    other = subject.after.get(step.number)
    if other is not None:
        says = f"a second generation {step.number}, other than the one at entry {other.shown_by[-1]}"
        case.breach("generation-fork", says, *other.shown_by, *step.shown_by)
        return
    subject.add(step)
    state.keep(case, subject.lab)


def may_judge(state: State, case: Case, organisation: str, subject: Subject) -> bool:
    """Whether an organisation is independent of a subject's lab, as far as it is declared."""
    if organisation == subject.lab:
        case.breach("self-attestation", f"{organisation!r} judges a system of its own", *subject.shown_by)
        return False
    if why := state.why_dependent(organisation, subject):
        case.breach("conflict", why, *subject.shown_by)
        return False
    return True


def continuity(state: State, case: Case, said: record.Continuity) -> None:
    """By evaluators that may judge the subject, of two of its generations."""
    if not case.is_by(state.keys, _EVALUATOR):
        return
    before, after = state.step(said.subject, said.before), state.step(said.subject, said.after)
    if before is None or after is None:
        case.breach("subject", "it compares generations that were not logged before")
        return
    if (said.compares == "generations") == (before[1].entry == after[1].entry):
        case.breach("subject", f"it compares {said.compares}, but names {'one' if before == after else 'two'}")
        return
    judges = {one.organisation for one in case.signers if one.role == "evaluator"}
    refused = [one for one in sorted(judges) if not may_judge(state, case, one, before[0])]
    if not refused:
        key = (before[0].id, before[1].entry, after[1].entry)
        state.continuity.setdefault(key, {}).update(dict.fromkeys(judges, said.verdict))
        state.keep(case, min(judges))
