"""What appealing costs, how long it is possible, and how much is kept."""

from __future__ import annotations

from dataclasses import dataclass

from counterproof.errors import BadOption


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of a book of appeals.

    `bits`: what proof of work costs when it is quiet, in leading zero bits of a SHA-256; one more whenever the appeals
    of the last `epoch_s` double beyond `quiet`, up to `most_bits`. `text_chars`: the longest text taken. `cases`: the
    most appeals that wait at once. `days`: how long a refusal can be appealed, and a verdict looked up.

    Raises:
        BadOption: a number makes no sense.
    """

    bits: int = 18
    most_bits: int = 28
    quiet: int = 50
    epoch_s: int = 600
    text_chars: int = 4_000
    cases: int = 20_000
    days: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.bits <= self.most_bits <= 40:
            raise BadOption("work is from 0 bits, which is none, to 40", where="appeals bits")
        if min(self.quiet, self.epoch_s, self.text_chars, self.cases, self.days) < 1:
            raise BadOption("a number of these terms is not more than nothing", where="appeals")
