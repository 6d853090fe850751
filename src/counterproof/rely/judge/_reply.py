"""What a model said, read strictly: exactly one label of the rule's, or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Final, cast

_FENCE: Final = re.compile(r"```(?:json)?[ \t]*\n(.*)\n```", re.DOTALL)
_MARKS: Final = ("`", '"', "'", "**")


class _TwiceError(ValueError):
    """A member of an object stands there twice."""


def read_reply(body: bytes, labels: Collection[str]) -> str | None:
    """The one label that a body of `/chat/completions` gives; None where it gives none, two, or anything else.

    Taken is a reply of one choice that ended by itself (`finish_reason` `stop`), with no refusal and no tool call,
    whose text is a JSON object with a member `label`, or ends in a line that is a label and names no other before.
    What it reasoned (`reasoning_content` and the like) is not read.
    """
    try:
        value: object = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    text = _text(value)
    return None if text is None else label_in(text, labels)


def label_in(text: str, labels: Collection[str]) -> str | None:
    """The one label that a reply's text gives, by the two forms that `read_reply` names."""
    text = text.strip()
    if fenced := _FENCE.fullmatch(text):
        text = fenced[1].strip()
    if text.startswith("{"):
        return _in_object(text, labels)
    lines = text.splitlines()
    label = _bare(lines[-1]) if lines else ""
    if label not in labels:
        return None
    before = "\n".join(lines[:-1])
    return None if any(_names(before, other) for other in labels if other != label) else label


def _in_object(text: str, labels: Collection[str]) -> str | None:
    try:
        said = _members(json.loads(text, object_pairs_hook=_once)).get("label")
    except (ValueError, RecursionError):
        return None
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    return said if isinstance(said, str) and said in labels else None


def _bare(line: str) -> str:
    line = line.strip()
    for mark in _MARKS:
        if len(line) > 2 * len(mark) and line.startswith(mark) and line.endswith(mark):
            return line[len(mark) : -len(mark)]
    return line


def _names(text: str, label: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text) is not None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _TwiceError
    return made


def _members(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """The text of the only choice, where it ended by itself and is nothing but text."""
    choices = _members(value).get("choices")
    if not isinstance(choices, list) or len(cast("list[object]", choices)) != 1:
        return None
    choice = _members(cast("list[object]", choices)[0])
    message = _members(choice.get("message"))
    if choice.get("finish_reason") != "stop" or message.get("role", "assistant") != "assistant":
        return None
    if message.get("refusal") or message.get("tool_calls") or message.get("function_call"):
        return None
    text = message.get("content")
    return text if isinstance(text, str) else None
