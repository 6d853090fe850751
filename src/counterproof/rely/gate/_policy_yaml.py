"""YAML with the line of everything, and nothing of YAML that surprises: no aliases, tags, merges, nor `on` as true.

Plain words are read as in YAML 1.2's core schema, less what is rarely meant: null, true, false, decimal numbers, and
text. So the member `on` of a rule is the word, not the truth value that YAML 1.1 makes of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias, cast

from counterproof import errors

MOST_DEPTH = 12
MEND = "see spec/gate-policy.md for what the file holds"
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_BROKEN = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30})?(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


class At(NamedTuple):
    """A value and the line it begins on."""

    value: Value
    line: int


Value: TypeAlias = "dict[str, At] | list[At] | str | int | float | bool | None"


def read(text: str, where: str) -> At:
    """What a file says.

    Raises:
        BadGate: it is no YAML, holds a member twice, an alias, a tag, or is nested too deep.
    """
    import yaml  # noqa: PLC0415 - only who reads a policy pays for it

    try:
        _check_events(yaml.parse(text, Loader=yaml.SafeLoader), where)
        node = cast("object", yaml.compose(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        if isinstance(exc, errors.BadGate):
            raise
        mark = getattr(exc, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise errors.BadGate("is no YAML", where=f"{where}{line}", mend=MEND) from exc
    return _value(node, where)


def _check_events(events: object, where: str) -> None:
    import yaml  # noqa: PLC0415 - same

    depth = documents = 0
    for event in cast("list[yaml.Event]", events):
        line = f"{where}:{event.start_mark.line + 1}" if event.start_mark else where
        if isinstance(event, yaml.AliasEvent):
            raise errors.BadGate("holds an alias (*name)", where=line, mend="write it out")
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise errors.BadGate("holds an anchor (&name) or a tag (!name)", where=line, mend="leave it out")
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH or documents > 1:
            raise errors.BadGate("is nested too deep, or holds several documents", where=line, mend=MEND)


def _value(node: object, where: str) -> At:
    import yaml  # noqa: PLC0415 - same

    if not isinstance(node, yaml.Node):
        return At(None, 1)
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return At([_value(item, where) for item in cast("list[object]", node.value)], line)
    if isinstance(node, yaml.MappingNode):
        return At(_members(cast("list[tuple[object, object]]", node.value), where), line)
    text = cast("str", node.value)
    is_plain = isinstance(node, yaml.ScalarNode) and not node.style
    return At(_plain(text) if is_plain else text, line)


def _members(pairs: list[tuple[object, object]], where: str) -> dict[str, At]:
    import yaml  # noqa: PLC0415 - same

    members: dict[str, At] = {}
    for key, value in pairs:
        line = f"{where}:{cast('yaml.Node', key).start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise errors.BadGate("has a member whose name is no text", where=line, mend=MEND)
        name = cast("str", key.value)
        if name in members:
            raise errors.BadGate(f"says {name[:80]!r} twice", where=line, mend="keep one of them")
        members[name] = _value(value, where)
    return members


def _plain(text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _BROKEN.fullmatch(text) else text
