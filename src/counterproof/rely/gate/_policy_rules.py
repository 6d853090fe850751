"""One rule of a policy file: which of the four it is, and what it must say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from counterproof import errors, record
from counterproof.rely.gate import _patterns_syntax as syntax
from counterproof.rely.gate import _policy_examples
from counterproof.rely.gate._condition import VARIABLES, condition, threshold
from counterproof.rely.gate._hold import MAX_MATCH_CHARS
from counterproof.rely.gate._policy_fields import Fields, Folder

MOST_DEADLINE_MS = 600_000
OUTCOMES = tuple(outcome for outcome in record.OUTCOMES if outcome != "modify")
"""What a rule without a place in a text can lead to: nothing to put another text into."""
_ACTIONS = (*record.OUTCOMES, "signal")
_KINDS = ("patterns", "patterns_file", "threshold", "when", "prompt")


class Around(NamedTuple):
    """What a rule stands among. `before`: rules that are looked at before it, whatever their kind."""

    folder: Folder
    names: Collection[str]
    counted: Collection[str]
    before: Collection[str]
    models: Mapping[str, record.SafetyModel]
    remembers: bool
    holds_all: bool


def kind_of(fields: Fields) -> str:
    """Which member says what kind of rule it is.

    Raises:
        BadGate: none, or several.
    """
    said = [name for name in _KINDS if fields.has(name)]
    if len(said) != 1:
        many = f"has {' and '.join(said)}" if said else "says nothing to look for"
        raise fields.bad(f"{many}; a rule has one of patterns, patterns_file, threshold, when, prompt")
    return said[0]


def rule(fields: Fields, kind: str, name: str, around: Around) -> record.GateRule:
    """The rule.

    Raises:
        BadGate: something about it cannot be used.
        MissingExtra: it needs a pattern engine, and none is installed.
    """
    made = _MAKERS[kind](fields, name, around)
    fields.done()
    return made


def _common(fields: Fields, name: str, outcomes: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "on": fields.choices("on", record.EVENT_KINDS, record.EVENT_KINDS),
        "action": fields.choice("action", outcomes, "reject"),
        "reason": fields.text("reason", ""),
        "on_failure": fields.choice("on_failure", OUTCOMES, "reject"),
    }


def _patterns(fields: Fields, name: str, around: Around) -> record.GateRule:
    member = "patterns_file" if fields.has("patterns_file") else "patterns"
    found = _listed(fields, around.folder) if member == "patterns_file" else [
        (text, fields.place("patterns")) for text in fields.texts("patterns") or ()
    ]  # fmt: skip
    made = record.PatternRule(
        **_common(fields, name, _ACTIONS),
        patterns=tuple(text for text, _ in found),
        roles=fields.choices("roles", record.PIECE_ROLES, ()),  # type: ignore[arg-type]  # checked words
        weight=float(fields.number("weight", 1.0, 0, 1e6)),
        replacement=fields.text("replacement", ""),
        holds_reply=fields.flag("holds_reply", default=False),
    )
    if made.replacement and made.action != "modify":
        raise fields.bad("has a replacement, and replaces nothing", mend="set action: modify")
    for text, where in found:
        _check_pattern(text, where, made, around)
    return made


def _listed(fields: Fields, folder: Folder) -> list[tuple[str, str]]:
    """Patterns of a file, one per line; a line that begins with `#`, and an empty one, is none."""
    place = fields.place("patterns_file")
    name = fields.text("patterns_file")
    seen: dict[str, str] = {}
    for number, line in enumerate(folder.text(name, place).split("\n"), 1):
        text = line.removesuffix("\r")
        if not text.strip() or text.startswith("#"):
            continue
        where = f"{folder.path / name}:{number}"
        if text in seen:
            raise errors.BadGate(f"holds {text[:80]!r} twice", where=where, mend="keep one of them")
        seen[text] = where
    if not seen:
        raise fields.bad(f"names a file without patterns: {name[:200]!r}", "patterns_file")
    return list(seen.items())


def _check_pattern(text: str, where: str, made: record.PatternRule, around: Around) -> None:
    node = syntax.parse(text, where)
    least, most = syntax.width(node)
    if least == 0:
        what = f"has the pattern {text[:80]!r}, which the empty text has too"
        raise errors.BadGate(what, where=where, mend="say what must be there at least")
    speaks = not made.roles or "assistant" in made.roles
    bears = "span" in made.on and speaks and made.action not in ("allow", "signal")
    if bears and not made.holds_reply and not around.holds_all and (most is None or most > MAX_MATCH_CHARS):
        length = "has no longest match" if most is None else f"can match {most:,} characters"
        what = f"has the pattern {text[:80]!r}, which {length}; a streamed reply is held back by {MAX_MATCH_CHARS:,}"
        mend = "bound its repeats ({0,40} for *), set holds_reply: true, or leave `span` out of `on`"
        raise errors.BadGate(what, where=where, mend=mend)


def _threshold(fields: Fields, name: str, around: Around) -> record.GateRule:
    place, of = fields.place("threshold"), fields.text("threshold")
    above = float(fields.number("above", None, -1e18, 1e18))
    threshold(of, above, where=place)
    _check_memory(of, place, around)
    return record.ThresholdRule(**_common(fields, name, OUTCOMES), of=of, above=above)


def _condition(fields: Fields, name: str, around: Around) -> record.GateRule:
    when = _expression(fields, "when", "", around)
    return record.ConditionRule(**_common(fields, name, OUTCOMES), when=when)


def _expression(fields: Fields, member: str, default: str, around: Around) -> str:
    place = fields.place(member)
    text = fields.text(member, default or None)
    condition(text, around.names, counted=around.counted, where=place)
    try:
        condition(text, around.before, counted=around.counted, where=place)
    except errors.BadGate as exc:
        mend = "put that rule first (patterns are always first)"
        raise errors.BadGate("speaks of a rule that is looked at after it", where=place, mend=mend) from exc
    _check_memory(text, place, around)
    return text


def _check_memory(text: str, place: str, around: Around) -> None:
    if not around.remembers and any(name in text for name in VARIABLES if name.startswith("memory.")):
        what = "speaks of the memory, and nothing is remembered"
        raise errors.BadGate(what, where=place, mend="set memory: {window_s: ...}")


def _prompt(fields: Fields, name: str, around: Around) -> record.GateRule:
    place = fields.place("prompt")
    text = around.folder.text(fields.text("prompt"), place)
    if not text.strip():
        raise errors.BadGate("names a prompt policy that is empty", where=place, mend="write it")
    model = fields.text("model")
    if model not in around.models:
        raise fields.bad(f"names the model {model[:80]!r}, which is not under `models`", "model")
    labels = _labels(fields)
    if not fields.has("on_failure"):
        raise fields.bad("lacks 'on_failure': what happens where the model says nothing usable in time")
    examples: list[tuple[str, str]] = []
    place = fields.place("examples")
    for file in fields.texts("examples") or ():
        table = around.folder.text(file, place)
        examples += _policy_examples.labelled(table, str(around.folder.path / file), list(labels))
    return record.PromptRule(
        name=name, text=text, model=model, labels=labels, examples=tuple(examples),  # type: ignore[arg-type]  # checked words
        on=fields.choices("on", record.EVENT_KINDS, record.EVENT_KINDS),  # type: ignore[arg-type]  # same
        on_failure=fields.choice("on_failure", OUTCOMES, None),  # type: ignore[arg-type]  # same
        deadline_ms=fields.whole("deadline_ms", None, 1, MOST_DEADLINE_MS),
        asks_when=_expression(fields, "asks_when", "true", around), reason=fields.text("reason", ""),
    )  # fmt: skip


def _labels(fields: Fields) -> dict[str, str]:
    labels: dict[str, str] = {}
    for label, at in fields.members("labels").items():
        if at.value not in OUTCOMES or not label.strip() or len(label) > 100:
            what = f"has a label without an outcome: {label[:80]!r}"
            raise errors.BadGate(
                what, where=f"{fields.file}:{at.line} {fields.what}", mend=f"use one of {', '.join(OUTCOMES)}"
            )
        labels[label] = str(at.value)
    if len(labels) < 2 or set(labels.values()) == {"allow"}:
        raise fields.bad("has no labels that tell what is allowed from what is not", "labels")
    return labels


_MAKERS: dict[str, Callable[[Fields, str, Around], record.GateRule]] = {
    "patterns": _patterns, "patterns_file": _patterns, "threshold": _threshold, "when": _condition, "prompt": _prompt,
}  # fmt: skip
