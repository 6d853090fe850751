"""Conversations that were terminated: they stay so in every process of a gate, and after it starts again."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path

MAX_ENDED = 65_536
"""How many are remembered; beyond it the oldest may begin anew."""

_LINE = re.compile(rb"^[0-9a-f]{16}$", re.MULTILINE)
_LINE_BYTES = 18


class Ended:
    """The contexts' digests, in memory and, where a path is given, in a file that all processes of a gate append to.

    One write(2) for each, between two line feeds: what a full disk cuts short spoils no other. Where the file cannot
    be read or written, this process goes on alone. Callable from any thread.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._known: dict[str, None] = {}
        self._lock = threading.Lock()
        self._fd = self._read = -1
        if path is not None:
            with contextlib.suppress(OSError):
                self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._read = max(0, os.fstat(self._fd).st_size - MAX_ENDED * _LINE_BYTES)

    def __contains__(self, context: str) -> bool:
        if not context:
            return False
        with self._lock:
            self._refresh()
            return context in self._known

    def add(self, context: str) -> None:
        """Ends one."""
        with self._lock:
            self._refresh()
            if context in self._known:
                return
            self._remember(context)
            if self._fd >= 0:
                with contextlib.suppress(OSError):
                    os.write(self._fd, b"\n%b\n" % context.encode())

    def close(self) -> None:
        """Lets the file go."""
        with self._lock, contextlib.suppress(OSError):
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)

    def _refresh(self) -> None:
        """What the others added since; a line that is being written is read the next time."""
        if self._fd < 0:
            return
        with contextlib.suppress(OSError):
            size = os.fstat(self._fd).st_size
            if size <= self._read:
                return
            data = os.pread(self._fd, size - self._read, self._read)
            whole = data.rfind(b"\n") + 1
            for line in _LINE.findall(data[:whole]):
                self._remember(line.decode())
            self._read += whole

    def _remember(self, context: str) -> None:
        self._known[context] = None
        if len(self._known) > MAX_ENDED:
            del self._known[next(iter(self._known))]
