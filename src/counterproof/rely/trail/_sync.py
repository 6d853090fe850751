"""Waits for the disk in a thread of its own, so that decisions do not."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from counterproof.rely.trail._files import let_go, sync_folder


class Syncer:
    """fdatasync(2) every `every_s` seconds; 0: whoever writes does it each time, and there is no thread.

    Attributes:
        n: how many records are written. The writer says so.
        trouble: why what was written may not survive a loss of power; None where nothing is known against it.
        is_each: whether the writer syncs each record itself.
    """

    def __init__(self, fd: int, every_s: float, n: int) -> None:
        self.n = self._synced = n
        self.trouble: str | None = None
        self.is_each = every_s == 0
        self._fd, self._every_s = fd, every_s
        self._old: list[int] = []
        self._folder: Path | None = None
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if not self.is_each:
            self._thread = threading.Thread(target=self._run, name="trail-sync", daemon=True)
            self._thread.start()

    def turn(self, fd: int, folder: Path) -> None:
        """From here on another file is written; the one before is synced once more, then closed."""
        with self._busy:
            if self.is_each:
                let_go(self._fd)
            else:
                self._old.append(self._fd)
                self._folder = folder
            self._fd = fd

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.finish()
            except OSError as error:
                self.trouble = error.strerror or str(error)

    def finish(self) -> None:
        """Everything that is written is on the disk when this returns.

        Raises:
            OSError: it is not.
        """
        with self._busy:
            n = self.n
            if n == self._synced and not self._old:
                return
            while self._old:
                os.fdatasync(self._old[0])
                let_go(self._old.pop(0))
            os.fdatasync(self._fd)
            if os.fstat(self._fd).st_nlink == 0:
                raise OSError(2, "the file was removed while the gate was writing it")
            if self._folder is not None:
                sync_folder(self._folder)
                self._folder = None
            self._synced = n

    def again(self) -> tuple[int, str] | None:
        """After trouble: tries again. The first record of which nobody can say whether it is on the disk, and why.

        Raises:
            OSError: the disk still refuses.
        """
        if self.trouble is None:
            return None
        first, why = self._synced, self.trouble
        self.finish()
        self.trouble = None
        return first, why

    def stop(self) -> None:
        """Ends the thread. The file that is written stays open: it is the writer's."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)
        for fd in self._old:
            let_go(fd)
        self._old.clear()
