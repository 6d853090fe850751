"""What a user may write for a value, and the sentence that answers anything else."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from counterproof import errors

_SHARE = re.compile(r"0|1|0?\.[0-9]+|[01]\.[0-9]*")
_AMOUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([a-z]+)")
_TIME_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_TOKEN_UNITS = {"t": 1, "kt": 1_000, "mt": 1_000_000}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Foreign text without control characters, which could move the cursor or turn the reading direction."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def time_ms(where: str, text: str) -> int:
    """A time in milliseconds, from such as 90s or 2m.

    Raises:
        BadOption: it is anything else, or nothing.
    """
    return _amount_of(where, text, _TIME_UNITS, "write a time such as 90s or 2m")


def tokens(where: str, text: str) -> int:
    """A number of tokens, such as 500kt or 2mt.

    Raises:
        BadOption: it is anything else.
    """
    return _amount_of(where, text, _TOKEN_UNITS, "write a number of tokens such as 500kt or 2mt")


def address(where: str, text: str) -> tuple[str, int]:
    """Host and port, from such as 127.0.0.1:8080 or [::1]:0.

    Raises:
        BadOption: it is anything else.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > 65_535:
        raise errors.BadOption(f"{text[:80]!r} is no HOST:PORT", where=where, mend="give one, such as [::1]:8081")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def key(where: str, variable: str) -> str:
    """The key that an environment variable holds; empty where none is named.

    Raises:
        BadOption: there is no such variable, or it holds no key.
    """
    if not variable:
        return ""
    found = os.environ.get(variable, "")
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        what = f"the environment has no variable {printable(variable)!r} that holds a key"
        raise errors.BadOption(what, where=where, mend="set it to the key alone")
    return found


def _amount_of(where: str, text: str, units: dict[str, int], mend: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] not in units or not (amount := int(float(found[1]) * units[found[2]])):
        raise errors.BadOption(f"{printable(text)!r} is no such amount", where=where, mend=mend)
    return amount


def share(where: str, text: str) -> float:
    """A share from 0 to 1, in plain decimals.

    Raises:
        BadOption: it is anything else.
    """
    if not _SHARE.fullmatch(text) or not 0 <= float(text) <= 1:
        raise errors.BadOption(f"{printable(text)!r} is no share", where=where, mend="write a number from 0 to 1")
    return float(text)


def claims(texts: Sequence[str]) -> dict[str, float]:
    """`storm=0.99` claims that 99 % of the category's goals are contained.

    Raises:
        BadOption: one of them is anything else, or a category is claimed twice.
    """
    found: dict[str, float] = {}
    for text in texts:
        category, equals, value = text.rpartition("=")
        if not equals or not category or category in found:
            raise errors.BadOption(
                f"{printable(text)!r} is no claim, or the second of its category",
                where="--claim",
                mend="write CATEGORY=SHARE once per category, such as storm=0.99, or *=0.99 for all together",
            )
        found[category] = share("--claim", value)
    return found
