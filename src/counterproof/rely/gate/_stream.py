"""A streamed reply taken apart as it comes: what may leave at once, and what somebody has to decide first."""

from __future__ import annotations

from collections.abc import Mapping

from counterproof.errors import BadOption
from counterproof.rely.gate._hold import HoldbackPlan
from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._sse import SseReader
from counterproof.rely.gate._stream_chat import ChatStream
from counterproof.rely.gate._stream_completions import CompletionsStream
from counterproof.rely.gate._stream_mcp import McpStream
from counterproof.rely.gate._stream_messages import MessagesStream
from counterproof.rely.gate._stream_parts import Dialect, Ready, Step
from counterproof.rely.gate._stream_responses import ResponsesStream

_DIALECTS: Mapping[Shape, type[Dialect]] = {
    "openai.chat.reply": ChatStream,
    "openai.completions.reply": CompletionsStream,
    "openai.responses.reply": ResponsesStream,
    "anthropic.messages.reply": MessagesStream,
    "mcp.reply": McpStream,
}


class Stream:
    """One streamed reply. Bytes in as they come, steps out, to be done in order: `Ready` leaves, `Ask` is decided.

    Whoever drives it writes `ask.if_allowed` (or `ask.modified(...)`) after a decision that lets it pass, and otherwise
    `ask.refused(...)`, and then is done with the stream: nothing else of it may leave, whatever stands behind it.

    Raises:
        BadOption: replies of this shape are not streamed.
    """

    def __init__(
        self, shape: Shape, plan: HoldbackPlan, *, door: str = "", context: str = "", identity: str = ""
    ) -> None:
        if shape not in _DIALECTS:
            raise BadOption(f"a reply of the shape {shape!r} is not streamed", mend=f"one of {', '.join(_DIALECTS)}")
        self._reader = SseReader()
        self._dialect = _DIALECTS[shape](plan, door or shape.rpartition(".")[0], context, identity)
        self._is_over = False

    def feed(self, data: bytes) -> list[Step]:
        """What is to be done now that `data` has come."""
        if self._is_over:
            return []
        for event in self._reader.feed(data):
            if not self._dialect.is_done:
                self._dialect.take(event)
        if self._reader.is_too_long:
            self._is_over = True
            self._dialect.ask(unscanned=("data: an event longer than is kept",))
        return self._steps()

    def finish(self) -> list[Step]:
        """What is to be done now that nothing more will come, whether the reply was whole or not."""
        if self._is_over or self._dialect.is_done:
            return []
        self._is_over = True
        self._dialect.finish()
        return self._steps()

    def refuse(self, says: str = "", receipt: str = "") -> bytes:
        """The end of the stream in its shape, after everything of the last steps left: for a refusal from elsewhere."""
        return self._dialect.ending()(says, receipt)

    @property
    def is_whole(self) -> bool:
        """The reply came to the end that its shape has."""
        return self._dialect.is_done

    def _steps(self) -> list[Step]:
        steps: list[Step] = []
        for step in self._dialect.out:
            last = steps[-1] if steps else None
            if isinstance(step, Ready) and isinstance(last, Ready) and step.is_fixed and last.is_fixed:
                steps[-1] = Ready(last.data + step.data)
            else:
                steps.append(step)
        self._dialect.out = []
        return steps


def is_streamed(shape: Shape) -> bool:
    """Whether there are streamed replies of this shape."""
    return shape in _DIALECTS
