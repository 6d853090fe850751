"""How much a judge shows, reads and waits for."""

from __future__ import annotations

from dataclasses import dataclass, fields

from counterproof.errors import BadOption


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds that hold for every question.

    `window_chars`: how much of an event one question shows; longer events are put in several, of which each repeats the
    last `overlap_chars` of the one before. `windows`: the most of them; an event that needs more is not judged, and
    the answer is `shed`. `fragment_chars`, `fragments`: how much of what was remembered is shown beside it; the middle
    of a longer fragment is left out, which is said in its place. `reply_bytes`: the longest reply that is read.
    `reply_tokens`: the longest that is asked for, reasoning included. `waiting`: how many may wait for one of a
    model's places, as a multiple of its places. `failures`: so many in a row, and the model is let alone for
    `rest_ms`, doubled up to `longest_rest_ms` while it does not recover.

    Raises:
        BadOption: a bound is not positive, or windows would not advance.
    """

    window_chars: int = 24_000
    overlap_chars: int = 400
    windows: int = 8
    fragment_chars: int = 2_000
    fragments: int = 12
    reply_bytes: int = 1 << 20
    reply_tokens: int = 2_048
    waiting: int = 8
    failures: int = 5
    rest_ms: int = 1_000
    longest_rest_ms: int = 30_000

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise BadOption("is not more than nothing", where=f"judge {field.name}", mend="give a positive number")
        if self.overlap_chars * 2 > self.window_chars or self.fragment_chars < 64:
            raise BadOption("windows would not advance, or fragments vanish", where="judge window_chars")
        if self.longest_rest_ms < self.rest_ms:
            raise BadOption("is shorter than the first rest", where="judge longest_rest_ms")
