"""A guard once per process, policy and record: Inspect makes an approver per task, and asks nobody to close it."""

from __future__ import annotations

import atexit
import contextlib
import functools
from pathlib import Path

from counterproof.rely import guard


@functools.cache
def opened(policy: Path, folder: Path, name: str) -> guard.Guard:
    """The guard under a policy, with its record in a folder; the record is closed when the process ends.

    Raises:
        BadGate: the policy cannot be used.
        BadTrail: the record is damaged or another gate's.
        StorageFailed: the record cannot be written.
    """
    stack = contextlib.ExitStack()
    ready = stack.enter_context(guard.opened(policy, folder, worker="inspect*", name=name))
    atexit.register(stack.close)
    return ready.guard
