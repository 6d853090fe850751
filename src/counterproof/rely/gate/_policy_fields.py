"""The members of a mapping, asked for one by one: of the right type, none left over, each refusal with its line."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from counterproof import errors
from counterproof.rely.gate._policy_yaml import MEND, At

MOST_FILE_BYTES = 4_000_000
MOST_BYTES = 16_000_000


class Folder:
    """The files of a policy: read through this, none from elsewhere, and not too much."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = Path(os.path.realpath(path))
        self._read = 0

    def text(self, name: str, where: str) -> str:
        """A file's text.

        Raises:
            BadGate: it lies outside the folder, cannot be read, is too large, or is not UTF-8.
        """
        path = Path(os.path.realpath(self._root / name))
        if not path.is_relative_to(self._root) or "\x00" in name or Path(name).is_absolute():
            raise errors.BadGate(f"names a file outside the policy's folder: {name[:200]!r}", where=where, mend=MEND)
        try:
            with path.open("rb") as file:
                data = file.read(MOST_FILE_BYTES + 1)
        except OSError as exc:
            what = f"names a file that cannot be read: {name[:200]!r} ({exc.strerror})"
            raise errors.BadGate(what, where=where, mend="put it into the folder") from exc
        self._read += len(data)
        if len(data) > MOST_FILE_BYTES or self._read > MOST_BYTES:
            what = f"is larger than {MOST_FILE_BYTES:,} bytes, or all files together than {MOST_BYTES:,}"
            raise errors.BadGate(what, where=str(self.path / name), mend="split the policy")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            line = data[: exc.start].count(b"\n") + 1
            raise errors.BadGate("is not UTF-8 text", where=f"{self.path / name}:{line}", mend="convert it") from exc


class Fields:
    """A mapping's members. `done` refuses those that nobody asked for."""

    def __init__(self, at: At, file: str, what: str) -> None:
        self.file, self.what, self.line = file, what, at.line
        if not isinstance(at.value, dict):
            raise self.bad("is no mapping")
        self._left: dict[str, At] = dict(at.value)
        self._lines = {name: member.line for name, member in at.value.items()}

    def bad(self, what: str, name: str = "", mend: str = MEND) -> errors.BadGate:
        """The refusal of this mapping, or of one of its members."""
        line = self._lines.get(name, self.line) if name else self.line
        return errors.BadGate(what, where=f"{self.file}:{line} {self.what}".rstrip(), mend=mend)

    def place(self, name: str) -> str:
        """File and line of a member."""
        return f"{self.file}:{self._lines.get(name, self.line)} {self.what}".rstrip()

    def has(self, name: str) -> bool:
        """Whether it is said and was not asked for yet."""
        return name in self._left

    def take(self, name: str) -> At | None:
        """A member as it is."""
        return self._left.pop(name, None)

    def text(self, name: str, default: str | None = None) -> str:
        """A member that is text, not empty unless its default is."""
        at = self._left.pop(name, None)
        if at is None:
            if default is None:
                raise self.bad(f"lacks {name!r}")
            return default
        if not isinstance(at.value, str) or (not at.value.strip() and default != ""):
            raise self.bad(f"has {name!r} that is no text (put it in quotation marks)", name)
        return at.value

    def number(self, name: str, default: float | None, low: float, high: float) -> float:
        """A member that is a number in a range."""
        at = self._left.pop(name, None)
        if at is None:
            if default is None:
                raise self.bad(f"lacks {name!r}")
            return default
        if isinstance(at.value, bool) or not isinstance(at.value, int | float) or not math.isfinite(at.value):
            raise self.bad(f"has {name!r} that is no number", name)
        if not low <= at.value <= high:
            raise self.bad(f"has {name!r} that is not between {low:g} and {high:g}", name)
        return at.value

    def whole(self, name: str, default: int | None, low: int, high: int) -> int:
        """A member that is a whole number in a range."""
        number = self.number(name, default, low, high)
        if not isinstance(number, int):
            raise self.bad(f"has {name!r} that is no whole number", name)
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        """A member that is true or false."""
        at = self._left.pop(name, None)
        if at is not None and not isinstance(at.value, bool):
            raise self.bad(f"has {name!r} that is neither true nor false", name)
        return default if at is None else bool(at.value)

    def choice(self, name: str, known: Collection[str], default: str | None) -> str:
        """A member that is one of a few words."""
        said = self.text(name, default)
        if said not in known:
            raise self.bad(f"has {name!r} {said[:80]!r}; known are {', '.join(known)}", name)
        return said

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A member that is a list of texts, none twice; None where it is not said."""
        at = self._left.pop(name, None)
        if at is None:
            return None
        items = at.value if isinstance(at.value, list) else []
        said = tuple(item.value for item in items if isinstance(item.value, str) and item.value)
        if not said or len(said) != len(items):
            raise self.bad(f"has {name!r} that is no list of texts (or an empty one)", name)
        for number, text in enumerate(said):
            if text in said[:number]:
                where = f"{self.file}:{items[number].line} {self.what}".rstrip()
                raise errors.BadGate(f"lists {text[:80]!r} twice in {name!r}", where=where, mend="keep one of them")
        return said

    def choices(self, name: str, known: Collection[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """A member that is a list of a few words."""
        said = self.texts(name)
        if said is None:
            return default
        for word in said:
            if word not in known:
                raise self.bad(f"lists {word[:80]!r} in {name!r}; known are {', '.join(known)}", name)
        return said

    def members(self, name: str) -> Mapping[str, At]:
        """A member that is a mapping; empty where it is not said."""
        at = self._left.pop(name, None)
        if at is None:
            return {}
        if not isinstance(at.value, dict):
            raise self.bad(f"has {name!r} that is no mapping", name)
        return at.value

    def done(self) -> None:
        """Refuses what is left.

        Raises:
            BadGate: a member that means nothing here.
        """
        for name in self._left:
            raise self.bad(f"has an unknown member {name[:80]!r}", name)
