"""The secret of a gate is made once, whoever else makes it at the same moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from counterproof.rely import guard


def test_two_that_begin_at_once_have_one_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers both may be process number 1."""
    fsync: Callable[[int], None] = os.fsync
    other: list[bytes] = []

    def meanwhile(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        other.append(guard.secret_of(tmp_path))
        fsync(descriptor)

    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(os, "fsync", meanwhile)

    assert [guard.secret_of(tmp_path)] == other
    assert guard.secret_of(tmp_path) == other[0]
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
