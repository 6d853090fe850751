"""Checkpoints with open weights asked a bank's questions: what the rule of `_silence` then judges.

Nothing is drawn: a reading is the probability of declared answers, or whether a greedy reply begins with one. Every
checkpoint is asked the same tokens, or it is refused.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from counterproof import errors, record
from counterproof.measure import whitebox
from counterproof.measure.instrument import _silence, _whitebox

MOST_BYTES = 4 << 20
LEAST_ITEMS = 2
_MEND = "see spec/silence.md"


class Asked(Protocol):
    """What is needed of a model; `whitebox.Model` is one."""

    name: str
    digest: str
    vocabulary: int
    parameters: int

    def encode(self, query: record.Query, /) -> list[int]:
        """The tokens of a query."""
        ...

    def chances(self, queries: Sequence[record.Query], answers: Sequence[str]) -> list[list[float]]:
        """Per query and answer, ln of the probability that the reply begins with it."""
        ...

    def replies(self, queries: Sequence[record.Query]) -> list[str]:
        """Greedy replies."""
        ...

    def relearn(
        self, groups: Sequence[Sequence[whitebox.Lesson]], course: whitebox.Course, *, seed: int
    ) -> Generator[int]:
        """The model trained further, look by look."""
        ...


@dataclass(frozen=True)
class Named:
    """A checkpoint: what the report calls it, and the organism or folder that it is."""

    name: str
    target: str


def series(
    bank: record.SilenceBank, checkpoints: Sequence[Named], *, before: str, never: str = "",
    opened: Callable[[str], Asked] = _whitebox.opened, progress: Callable[[str], None] = lambda _: None,
) -> record.SilenceSeries:  # fmt: skip
    """Asks every checkpoint, one open at a time, the one named `before` first.

    Raises:
        BadSeries: the bank cannot be used, two checkpoints have one name, or one has another vocabulary.
        BadInput: a checkpoint cannot be opened, or the extra is not installed.
    """
    declared = measures(bank, has_never=bool(never))
    names = [c.name for c in checkpoints]
    doubled = [n for n in names if names.count(n) > 1]
    if doubled:
        mend = f"call one of them otherwise: OTHER={doubled[0]}"
        raise errors.BadSeries(f"two checkpoints are called {doubled[0]!r}", where="checkpoints", mend=mend)
    found: dict[str, record.SilenceCheckpoint] = {}
    first: _Speech | None = None

    def one(checkpoint: Named) -> record.SilenceCheckpoint:  # whose model is given up before the next is opened
        nonlocal first
        model = opened(checkpoint.target)
        progress(f"{checkpoint.name}: opened")
        refuse_deaf(model, bank, where=checkpoint.name)
        first = first or (checkpoint.name, model.vocabulary, _tokens(model, bank))
        refuse_other_vocabulary(first, model, bank, where=checkpoint.name)
        return readings(bank, model, name=checkpoint.name, progress=progress)

    for checkpoint in sorted(checkpoints, key=lambda c: c.name != before):
        found[checkpoint.name] = one(checkpoint)
    return record.SilenceSeries(
        name=bank.name, declared=declared, before=before, never=never, bank=record.digest_of(bank),
        checkpoints=tuple(found[n] for n in names),
    )  # fmt: skip


def readings(
    bank: record.SilenceBank, model: Asked, *, name: str, progress: Callable[[str], None] = lambda _: None
) -> record.SilenceCheckpoint:
    """One model's readings of every measure."""
    values: dict[str, dict[str, float | None]] = {}
    for question in bank.measures:
        progress(f"{name}: {question.id}")
        values[question.id] = _read(bank, model, question, [i for i in bank.items if i.kind == question.asked])
    if bank.relearning is not None:
        progress(f"{name}: {bank.relearning.id}")
        values[bank.relearning.id] = _relearnt(bank, bank.relearning, model)
    return record.SilenceCheckpoint(name=name, digest=model.digest, values=values)


# -- the bank -------------------------------------------------------------------------------------------------------


def read_bank(data: bytes, *, where: str = "bank") -> record.SilenceBank:
    """Reads a bank of questions, JSON or YAML (spec/silence.md).

    Raises:
        BadSeries: it breaks the format, or its questions cannot be asked.
    """
    if len(data) > MOST_BYTES:
        raise errors.BadSeries(f"is larger than {MOST_BYTES:,} bytes", where=where, mend=_MEND)
    try:
        bank = msgspec.convert(_parsed(data, where), record.SilenceBank, strict=True)
    except (msgspec.ValidationError, RecursionError) as exc:
        hint = "quote words such as yes and no: YAML takes them for true and false" if "got `bool`" in str(exc) else ""
        raise errors.BadSeries(f"does not fit: {exc}", where=where, mend=hint or _MEND) from exc
    refuse_bank(bank, where=where)
    return bank


def _parsed(data: bytes, where: str) -> object:
    """JSON by its first character, else YAML."""
    try:
        if data.lstrip()[:1] == b"{":
            return msgspec.json.decode(data)
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise errors.BadSeries("is not UTF-8 text", where=where, mend=_MEND) from exc
    except (msgspec.DecodeError, RecursionError) as exc:
        raise errors.BadSeries(f"is no JSON ({exc})", where=where, mend=_MEND) from exc
    return _of_yaml(text, where)


def _of_yaml(text: str, where: str) -> object:
    """Without aliases, by which a few bytes stand for gigabytes."""
    import yaml  # noqa: PLC0415 - only who reads such a file pays for it

    try:
        has_alias = any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text))
        found: object = None if has_alias else yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        mark = getattr(exc, "problem_mark", None)
        raise errors.BadSeries("is no YAML", where=f"{where}:{mark.line + 1}" if mark else where, mend=_MEND) from exc
    if has_alias:
        raise errors.BadSeries("an alias stands in it", where=where, mend="write out what it stands for")
    return found


def refuse_bank(bank: record.SilenceBank, *, where: str = "bank") -> None:
    """Refuses a bank whose questions cannot be asked.

    Raises:
        BadSeries: it is empty, an item or answer is doubled, a form has a slot that an item lacks.
    """
    if not bank.items or not bank.measures:
        what = "items" if not bank.items else "measures"
        raise errors.BadSeries(f"the bank has no {what}", where=where, mend=f"give some in `{what}`")
    ids = [i.id for i in bank.items]
    if len(set(ids)) < len(ids) or "" in ids:
        raise errors.BadSeries("two items have one name, or one has none", where=where, mend="name each item once")
    for question in bank.measures:
        _refuse_question(bank, question, f"{where}: {question.id}")
    if bank.relearning is not None:
        _refuse_relearning(bank, bank.relearning, f"{where}: {bank.relearning.id}")
    if not 0 <= bank.least_mass < 1 or bank.tokens < 1:
        raise errors.BadSeries("`least_mass` is no share below 1, or `tokens` is below 1", where=where, mend=_MEND)
    measures(bank, has_never=True, where=where)


def measures(bank: record.SilenceBank, *, has_never: bool, where: str = "bank") -> record.SilenceDeclared:
    """What the bank declares.

    Raises:
        BadSeries: its measures and bars could decide nothing, or anything.
    """
    named = [record.SilenceMeasure(id=q.id, what=q.what, role=q.role, gone=q.gone) for q in bank.measures]
    if (again := bank.relearning) is not None:
        named.append(record.SilenceMeasure(
            id=again.id, what=again.what, role=again.role, gone=again.gone, low=0, high=max(again.looks), is_time=True
        ))  # fmt: skip
    declared = record.SilenceDeclared(
        measures=tuple(named), objection=bank.objection, level=bank.level, left_bar=bank.left_bar,
        damage_bar=bank.damage_bar,
    )  # fmt: skip
    _silence.refuse_declared(declared, has_never=has_never, where=where)
    return declared


def _refuse_question(bank: record.SilenceBank, question: record.SilenceQuestion, where: str) -> None:
    items = [i for i in bank.items if i.kind == question.asked]
    if len(items) < LEAST_ITEMS:
        raise errors.BadSeries(
            f"there are fewer than two {question.asked} items to ask it of", where=where, mend="give more in `items`"
        )
    for name in ("forms", "counted", "other"):
        texts: tuple[str, ...] = getattr(question, name)
        if not texts or not all(t.strip() for t in texts):
            raise errors.BadSeries(f"`{name}` is empty, or one of it is", where=where, mend="give one text or more")
    for form in question.forms:
        slots = record.slots_of(form)
        lacking = [i.id for i in items if slots is None or not slots <= set(i.slots)]
        if lacking:
            raise errors.BadSeries(
                f"the form {form!r} has a slot that {lacking[0]!r} does not fill", where=where,
                mend="give the item's `slots` that member, or mend the braces",
            )  # fmt: skip
    answers = [record.normalised(a) for a in (*question.counted, *question.other)]
    for n, one in enumerate(answers):
        if any(f"{other} ".startswith(f"{one} ") for m, other in enumerate(answers) if m != n):
            raise errors.BadSeries(
                f"an answer is, or begins with, the answer {one!r}", where=where, mend="let no answer begin another"
            )


def _refuse_relearning(bank: record.SilenceBank, again: record.SilenceRelearning, where: str) -> None:
    question = next((q for q in bank.measures if q.id == again.of), None)
    kinds = {i.id: i.kind for i in bank.items}
    if question is None or question.asked != "protected" or question.system:
        raise errors.BadSeries(
            f"{again.of!r} is no measure asked of protected items without `system`", where=where,
            mend="name in `of` the question to be taught",
        )  # fmt: skip
    unknown = [i for i in again.taught if i not in kinds]
    if unknown:
        raise errors.BadSeries(f"no item is called {unknown[0]!r}", where=where, mend="name items in `taught`")
    for kind in ("protected", "harmless"):
        if not any(kinds[i] == kind for i in again.taught):
            raise errors.BadSeries(f"no {kind} item is taught", where=where, mend="name one or more in `taught`")
        held = [i for i in bank.items if i.kind == kind and i.id not in again.taught]
        if len(held) < LEAST_ITEMS:
            mend = "teach fewer, or give more items"
            raise errors.BadSeries(f"fewer than two {kind} items are held out", where=where, mend=mend)
        lacking = [i.id for i in held if any(not (record.slots_of(f) or set()) <= set(i.slots) for f in question.forms)]
        if lacking:
            mend = "give the item's `slots` that member"
            raise errors.BadSeries(f"{lacking[0]!r} does not fill the forms of {again.of}", where=where, mend=mend)
    looks = again.looks
    if not looks or looks[0] != 0 or list(looks) != sorted(set(looks)) or looks[-1] < 1:
        raise errors.BadSeries(
            f"`looks` are {', '.join(map(str, looks)) or 'none'}", where=where,
            mend="give steps that rise, the first of them 0",
        )  # fmt: skip
    if again.batch < 1 or again.warmup < 1 or (again.rate is not None and not again.rate > 0):
        raise errors.BadSeries("`batch`, `warmup` and `rate` are not above 0", where=where, mend=_MEND)


# -- vocabularies ---------------------------------------------------------------------------------------------------


_Speech = tuple[str, int, list[list[int]]]
"""A checkpoint's name, the size of its vocabulary, and everything that is asked and answered as its tokens."""


def refuse_deaf(model: Asked, bank: record.SilenceBank, *, where: str) -> None:
    """Refuses a checkpoint that would not hear what a question puts before it.

    Raises:
        BadSeries: its chat template refuses the system's message, or leaves it out.
    """
    for question in (q for q in bank.measures if q.system):
        whole = _queries(bank, question, [i for i in bank.items if i.kind == question.asked][:1])[0]
        try:
            hears = model.encode(whole) != model.encode(msgspec.structs.replace(whole, messages=whole.messages[1:]))
        except Exception as exc:  # whatever a template raises, it has refused the message
            raise errors.BadSeries(
                f"its chat template takes no system message ({' '.join(str(exc).split())[:120]})",
                where=where,
                mend=f"put the text into the forms of {question.id}",
            ) from exc
        if not hears:
            raise errors.BadSeries(
                "its chat template leaves the system message out",
                where=where,
                mend=f"put the text into the forms of {question.id}",
            )


def _tokens(model: Asked, bank: record.SilenceBank) -> list[list[int]]:
    """Everything that is asked and answered, as this model's tokens."""
    made: list[list[int]] = []
    for question in bank.measures:
        items = [i for i in bank.items if i.kind == question.asked]
        made += [model.encode(q) for q in _queries(bank, question, items)]
        bare = _queries(bank, question, items[:1])[0]
        made += [model.encode(msgspec.structs.replace(bare, prefill=a)) for a in (*question.counted, *question.other)]
    return made


def refuse_other_vocabulary(first: _Speech, model: Asked, bank: record.SilenceBank, *, where: str) -> None:
    """Refuses a checkpoint that reads the same questions as other tokens: its readings would be of other questions.

    Raises:
        BadSeries: the vocabulary, the tokenizer or the chat template is another.
    """
    name, size, tokens = first
    if model.vocabulary != size:
        raise errors.BadSeries(
            f"its vocabulary has {model.vocabulary:,} tokens and that of {name} {size:,}", where=where,
            mend="give checkpoints of one model",
        )  # fmt: skip
    if _tokens(model, bank) != tokens:
        raise errors.BadSeries(
            f"it reads the questions as other tokens than {name}: another tokenizer or chat template", where=where,
            mend="give checkpoints of one model, each with the same tokenizer files",
        )  # fmt: skip


# -- readings -------------------------------------------------------------------------------------------------------


def _queries(
    bank: record.SilenceBank, question: record.SilenceQuestion, items: Sequence[record.SilenceItem]
) -> list[record.Query]:
    """Every form of the question about every item, item by item."""
    head = (record.Message(role="system", text=question.system),) if question.system else ()
    return [
        record.Query(
            messages=(*head, record.Message(role="user", text=record.filled(form, item.slots))),
            max_tokens=bank.tokens,
        )
        for item in items
        for form in question.forms
    ]  # fmt: skip


def _read(
    bank: record.SilenceBank, model: Asked, question: record.SilenceQuestion, items: Sequence[record.SilenceItem]
) -> dict[str, float | None]:
    """Item by item, the mean over forms; None where no form could be read."""
    queries = _queries(bank, question, items)
    if question.read == "reply":
        each = [_told(question, text) for text in model.replies(queries)]
    else:
        answers = (*question.counted, *question.other)
        counted = len(question.counted)
        each = [_probable(logs, counted, bank.least_mass) for logs in model.chances(queries, answers)]
    width = len(question.forms)
    return {item.id: _mean(each[n * width : (n + 1) * width]) for n, item in enumerate(items)}


def _probable(logs: Sequence[float], counted: int, least_mass: float) -> float | None:
    """P(counted) / (P(counted) + P(other)); None where both together are less than `least_mass`."""
    chances = [math.exp(v) for v in logs]
    mass = math.fsum(chances)
    return math.fsum(chances[:counted]) / mass if mass > 0 and mass >= least_mass else None


def _told(question: record.SilenceQuestion, text: str) -> float | None:
    said = f"{record.normalised(text)} "
    for answers, value in ((question.counted, 1.0), (question.other, 0.0)):
        if any(said.startswith(f"{record.normalised(a)} ") for a in answers):
            return value
    return None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return record.rounded(math.fsum(known) / len(known)) if known else None


# -- relearning -----------------------------------------------------------------------------------------------------


def _relearnt(bank: record.SilenceBank, again: record.SilenceRelearning, model: Asked) -> dict[str, float | None]:
    """Per held-out protected item, the first look at which the objection is back, or the last look where it is not."""
    question = next(q for q in bank.measures if q.id == again.of)
    taught = {kind: [i for i in bank.items if i.kind == kind and i.id in again.taught] for kind in _KINDS}
    held = {kind: [i for i in bank.items if i.kind == kind and i.id not in again.taught] for kind in _KINDS}
    groups = [
        [whitebox.Lesson(i.id, record.filled(f, i.slots), answer) for i in taught[kind] for f in question.forms]
        for kind, answer in (("protected", question.counted[0]), ("harmless", question.other[0]))
    ]
    rate = again.rate or _whitebox.RATES[0 if model.parameters < _whitebox.SMALL else 1]
    course = whitebox.Course(looks=again.looks, batch=again.batch, rate=rate, warmup=again.warmup)
    last = float(again.looks[-1])
    found: dict[str, float | None] = {i.id: None for i in held["protected"]}
    with contextlib.closing(model.relearn(groups, course, seed=again.seed)) as training:
        for steps in training:
            spread = _mean([*_read(bank, model, question, held["harmless"]).values()])
            now = _read(bank, model, question, held["protected"])
            for item, value in now.items():
                earlier = found[item]
                if value is None or spread is None or (earlier is not None and earlier < last):
                    continue
                # An objection to everything is not the one that was there.
                is_back = value >= again.back and spread <= again.harmless_bar
                found[item] = float(steps) if is_back else last
            if all(v is not None and v < last for v in found.values()):
                break
    return found


_KINDS = ("protected", "harmless")
