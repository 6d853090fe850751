"""A witness of two keys for one log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from counterproof.publish import witness
from tests.publish.witness.toy_log import Clock, ToyLog, unlimited


@pytest.fixture
def log() -> ToyLog:
    return ToyLog()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    witness.new(tmp_path / "w", "witness.example/w", has_ml_dsa=True)
    return tmp_path / "w"


@pytest.fixture
def seer(folder: Path, log: ToyLog, clock: Clock) -> Iterator[witness.Witness]:
    made = witness.load(folder, [log.verifier], clock_s=clock, limit=unlimited())
    yield made
    made.close()
