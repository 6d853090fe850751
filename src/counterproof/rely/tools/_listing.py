"""Lists of tools: each tool is looked at by itself, and held against what it was when it was first seen."""

from __future__ import annotations

from collections import OrderedDict
from typing import cast

import msgspec

from counterproof.rely.tools import _rpc
from counterproof.rely.tools._pins import CHANGED, Pins

MAX_WITHHELD = 4096
"""How many names of refused tools are remembered; the oldest are forgotten (and their calls decided on as any)."""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """One tool of a list, as a list of its own, with what is doubtful about it."""

    name: str
    definition: object
    message: _rpc.Message
    doubts: tuple[str, ...]


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A list without its tools, and the tools."""

    rest: _rpc.Message
    tools: tuple[Tool, ...]


class Listing:
    """What is known of a server's tools; shared by all exchanges with it.

    Raises:
        StorageFailed: from `accept`, where the pins have a file that cannot be written.
    """

    def __init__(self, pins: Pins | None = None) -> None:
        self._pins = pins or Pins()
        self._withheld: OrderedDict[str, None] = OrderedDict()

    @property
    def withheld(self) -> OrderedDict[str, None]:
        """Names of tools that were left out of a list."""
        return self._withheld

    def split(self, message: _rpc.Message) -> Split:
        """A list taken apart. What is no list of tools stays whole in `rest`, and is read as it is."""
        result = _rpc.mapping(message.value.get("result"))
        tools = result.get("tools")
        if not isinstance(tools, list):
            return Split(rest=message, tools=())
        named: set[str] = set()
        found: list[Tool] = []
        for index, tool in enumerate(cast("list[object]", tools)):
            name = _rpc.mapping(tool).get("name")
            name = name if isinstance(name, str) else ""
            found.append(self._tool(message, index, name, tool, is_second=name in named))
            named.add(name)
        return Split(rest=_with_tools(message, []), tools=tuple(found))

    def _tool(self, message: _rpc.Message, index: int, name: str, tool: object, *, is_second: bool) -> Tool:
        doubts: list[str] = []
        if not name:
            doubts.append(f"result.tools[{index}]: has no name")
        elif is_second:
            doubts.append(f"result.tools[{index}]: {name} is listed twice")
        elif self._pins.is_changed(name, tool):
            doubts.append(f"result.tools[{index}]: {name}: {CHANGED}")
        return Tool(name=name, definition=tool, message=_with_tools(message, [tool]), doubts=tuple(doubts))

    def accept(self, tool: Tool) -> None:
        """Remembers a tool that passed, where it is seen for the first time."""
        self._withheld.pop(tool.name, None)
        if tool.name:
            self._pins.add(tool.name, tool.definition)

    def withhold(self, tool: Tool) -> None:
        """Remembers that a tool was left out."""
        self._withheld[tool.name] = None
        if len(self._withheld) > MAX_WITHHELD:
            self._withheld.popitem(last=False)

    @staticmethod
    def tools_of(value: object) -> list[object]:
        """The tools of a list."""
        tools = _rpc.mapping(_rpc.mapping(value).get("result")).get("tools")
        return cast("list[object]", tools) if isinstance(tools, list) else []

    @staticmethod
    def joined(value: object, tools: list[object]) -> object:
        """A list with these tools in it; what is no list of tools, as it is."""
        whole = _rpc.mapping(value)
        result = _rpc.mapping(whole.get("result"))
        return {**whole, "result": {**result, "tools": tools}} if isinstance(result.get("tools"), list) else value


def _with_tools(message: _rpc.Message, tools: list[object]) -> _rpc.Message:
    result = {**_rpc.mapping(message.value.get("result")), "tools": tools}
    if tools:
        result = {"tools": tools}  # the rest of the list is read by itself
    value = {**message.value, "result": result}
    return msgspec.structs.replace(message, value=value, raw=_rpc.encode(value))
