"""The shapes that a door sees, and which of them a request's address has."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Shape: TypeAlias = Literal[
    "openai.chat.request", "openai.chat.reply", "openai.responses.request", "openai.responses.reply",
    "openai.completions.request", "openai.completions.reply", "anthropic.messages.request", "anthropic.messages.reply",
    "mcp.request", "mcp.reply", "python.message", "python.call", "python.result",
]  # fmt: skip
SHAPES: tuple[Shape, ...] = get_args(Shape)

_ENDS: tuple[tuple[str, Shape], ...] = (
    ("/chat/completions", "openai.chat.request"),
    ("/responses", "openai.responses.request"),
    ("/completions", "openai.completions.request"),
    ("/messages", "anthropic.messages.request"),
    ("/messages/count_tokens", "anthropic.messages.request"),
    ("/responses/input_tokens", "openai.responses.request"),
    ("/mcp", "mcp.request"),
)
_REPLIES: dict[Shape, Shape] = {
    shape: reply
    for shape in SHAPES
    for reply in SHAPES
    if shape.endswith(".request") and reply == shape.removesuffix("request") + "reply"
}


def shape_of(method: str, path: str) -> Shape | None:
    """The shape of a request's body by its method and path, whatever stands before it; None: not known."""
    if method != "POST":
        return None
    end = path.partition("?")[0].rstrip("/")
    return next((shape for last, shape in _ENDS if end.endswith(last)), None)


def reply_shape(shape: Shape) -> Shape | None:
    """The shape of the reply to a request of that shape; None: it has none of its own."""
    return _REPLIES.get(shape)
