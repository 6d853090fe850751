"""A whole gate while everything around it, and some of what is in it, fails: a sample of benchmarks/gate_faults.py."""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
from pathlib import Path

import pytest

from tests.faults.gate_campaign import Campaign, Result

REQUESTS = 2_000

# Connections are cut on both sides on purpose, thousands of them; which of them nobody has closed by the end is chance.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if shutil.which("redis-server") is None:
        pytest.fail("redis-server is needed: apt-get install redis-server")
    made = tmp_path / "campaign"
    made.mkdir()
    return made


async def ran(folder: Path, requests: int, faults: list[str] | None, control: str = "", share: float = 0.0) -> Result:
    """A campaign. What asyncio says of connections that are cut is what is meant here."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    one = Campaign(folder, 11, control=control, control_share=share)
    try:
        return await one.run(requests, faults)
    finally:
        one.close()
        gc.collect()  # what was left open is told here, and not in another test


@pytest.mark.slow
def test_nothing_blocked_passes_and_no_decision_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = asyncio.run(ran(folder, REQUESTS, None))
    with capsys.disabled():
        print(f"\n{done.requests} requests, {done.decisions} decisions, {dict(done.faults)}")  # noqa: T201 - the figures

    assert done.wrong == []
    assert done.blocked > REQUESTS // 20
    assert done.decisions > REQUESTS


@pytest.mark.slow
@pytest.mark.parametrize(("control", "share"), [("pass-through", 0.02), ("unrecorded", 0.02), ("leak", 0.3)])
def test_sabotage_is_found(folder: Path, control: str, share: float) -> None:
    done = asyncio.run(ran(folder, 400, [], control, share))

    assert done.harmful > 0
    assert done.caught == done.harmful, done.missed
    assert done.wrong == []
