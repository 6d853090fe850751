"""One JSON-RPC message: read strictly, and written anew, so that the other side gets what the gate understood."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

import msgspec

from counterproof import errors

Id: TypeAlias = int | str
Kind: TypeAlias = Literal["request", "notification", "response"]

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
PARSE_ERROR, INVALID_REQUEST = -32700, -32600
SERVER_GONE, NO_ANSWER, REFUSED = -32000, -32001, -32010
"""Codes of errors (JSON-RPC 2.0 §5.1): -32000 to -32019 are an implementation's own (MCP 2026-07-28, basic)."""

_MODERN = "io.modelcontextprotocol/protocolVersion"
_LONGEST_ID = 256
_LARGEST_ID = 2**53 - 1
"""Beyond it two numbers are one to many readers (RFC 8259, section 6)."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it was understood. `raw` is what stood on the wire: it is read again, and never passed on."""

    kind: Kind
    raw: bytes
    value: dict[str, object]
    id: Id | None = None
    method: str = ""

    @property
    def params(self) -> dict[str, object]:
        """The parameters; empty where there are none, or where they are no object."""
        return mapping(self.value.get("params"))

    @property
    def is_modern(self) -> bool:
        """Whether it names its protocol in itself (MCP 2026-07-28): its results say that they are complete."""
        return _MODERN in mapping(self.params.get("_meta"))


def mapping(value: object) -> dict[str, object]:
    """The value where it is an object, otherwise an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def read(raw: bytes) -> Message:
    """A message from the bytes of one (JSON-RPC 2.0; MCP 2025-06-18, 2025-11-25 and 2026-07-28, "Messages").

    Raises:
        BadInput: it is no JSON in UTF-8, a batch, or no request, notification or response. `where` is the JSON-RPC
            code that says so.
    """
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError) as exc:
        raise errors.BadInput(f"no JSON that can be read: {exc}", where=str(PARSE_ERROR)) from exc
    if isinstance(value, list):
        raise _invalid("batches are no part of MCP since 2025-06-18")
    if not isinstance(value, dict):
        raise _invalid("no object")
    found = cast("dict[str, object]", value)
    if found.get("jsonrpc") != "2.0":
        raise _invalid("not of JSON-RPC 2.0")
    return _request(raw, found) if "method" in found else _response(raw, found)


def _request(raw: bytes, value: dict[str, object]) -> Message:
    method = value["method"]
    if not isinstance(method, str) or not method or "result" in value or "error" in value:
        raise _invalid("a method that is no name, or a request that answers")
    if not isinstance(value.get("params", {}), dict):
        raise _invalid("parameters that are no object")
    if "id" not in value:
        return Message(kind="notification", raw=raw, value=value, method=method)
    return Message(kind="request", raw=raw, value=value, id=_id(value["id"]), method=method)


def _response(raw: bytes, value: dict[str, object]) -> Message:
    if ("result" in value) == ("error" in value):
        raise _invalid("neither a request nor a response, or both a result and an error")
    if "id" not in value or value["id"] is None:  # an error about a message of which no id could be read
        if "error" not in value:
            raise _invalid("a result of nothing")
        return Message(kind="response", raw=raw, value=value)
    return Message(kind="response", raw=raw, value=value, id=_id(value["id"]))


def _id(value: object) -> Id:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _invalid("an id that is neither a whole number nor a short text")
    if len(value) > _LONGEST_ID if isinstance(value, str) else abs(value) > _LARGEST_ID:
        raise _invalid("an id that not every reader tells apart from others")
    return value


def _invalid(what: str) -> errors.BadInput:
    return errors.BadInput(what, where=str(INVALID_REQUEST))


def decoded(data: bytes) -> object:
    """What a message of our own says."""
    return msgspec.json.decode(data)


def encode(value: object) -> bytes:
    """A message's bytes, on one line."""
    return msgspec.json.encode(value)


def error(asked: Id | None, code: int, says: str, receipt: str = "") -> bytes:
    """An error in answer to a request, or to what had no id that could be read."""
    told: dict[str, object] = {"code": code, "message": says}
    if receipt:
        told["data"] = {"receipt": receipt}
    return encode({"jsonrpc": "2.0", "id": asked, "error": told})


def tool_result(asked: Id, says: str, receipt: str = "", *, is_modern: bool = False) -> bytes:
    """A tool's result that says why there is none (MCP, "Tools", "Error Handling": `isError`)."""
    text = f"{says} Receipt: {receipt}" if receipt else says
    result: dict[str, object] = {"content": [{"type": "text", "text": text}], "isError": True}
    if is_modern:
        result["resultType"] = "complete"
    return encode({"jsonrpc": "2.0", "id": asked, "result": result})


def cancelled(asked: Id, why: str) -> bytes:
    """The notice that nobody waits for an answer any more (MCP, "Cancellation")."""
    params = {"requestId": asked, "reason": why}
    return encode({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
