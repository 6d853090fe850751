"""Heads that the log signed and the watcher did not take: kept for the day when they prove something."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

from counterproof import errors
from counterproof.rely.watch._conflict import Head
from counterproof.rely.watch._mirror import keep

MOST = 8
"""A log can sign any number of heads; the first ones prove as much as the last."""


class Aside:
    """Heads beside the one that is held, in files, so that the next process has them too.

    Raises:
        StorageFailed: here and in every method: the folder cannot be used.
    """

    def __init__(self, folder: Path, opened: Callable[[bytes], Head]) -> None:
        self._folder = folder
        self._heads: dict[Path, Head] = {}
        try:
            places = sorted(folder.glob("head-*")) if folder.is_dir() else []
            found = [(place, place.read_bytes()) for place in places[:MOST]]
        except OSError as exc:
            raise _failed(folder, exc) from exc
        for place, data in found:
            with contextlib.suppress(errors.CounterproofError):  # of another log, or half of a head
                self._heads[place] = opened(data)

    @property
    def heads(self) -> tuple[Head, ...]:
        """Those that are kept."""
        return tuple(self._heads.values())

    def add(self, head: Head) -> None:
        """Keeps one more, unless it is kept already or there are enough."""
        if len(self._heads) < MOST and all(kept.checkpoint != head.checkpoint for kept in self._heads.values()):
            place = self._folder / f"head-{hashlib.sha256(head.checkpoint.body).hexdigest()[:16]}"
            keep(place, head.note)
            self._heads[place] = head

    def drop(self, head: Head) -> None:
        """Lets go of one that has said what it can say."""
        for place in [place for place, kept in self._heads.items() if kept is head]:
            try:
                place.unlink(missing_ok=True)
            except OSError as exc:
                raise _failed(place, exc) from exc
            del self._heads[place]


def _failed(place: Path, exc: OSError) -> errors.StorageFailed:
    return errors.StorageFailed(f"cannot be used ({exc.strerror or exc})", where=str(place), mend="make room or rights")
