"""The machine fails at a system call: the process is killed, or the disk says that it cannot. Then all must still hold.

Every fourth point by default; all of them with FAULTS=all (`make faults`). A point is a system call, its number and a
fault: KILL and EIO at every call, ENOSPC where room is taken.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.faults import appeal_case, campaign, strace, trail_case, witness_case, writer_case

IS_WHOLE = os.environ.get("FAULTS") == "all"
EVERY = 1 if IS_WHOLE else 4
SAMPLED, WHOLE = 400, 1_000
CASES: tuple[campaign.Case, ...] = (*writer_case.CASES, *witness_case.CASES, *appeal_case.CASES, *trail_case.CASES)
CONTROLS: tuple[campaign.Case, ...] = (
    writer_case.CONTROL, witness_case.CONTROL, appeal_case.CONTROL, trail_case.CONTROL,
)  # fmt: skip

_done: dict[str, campaign.Campaign] = {}


def run(case: campaign.Case) -> campaign.Campaign:
    try:
        _done[case.name] = campaign.run(case, EVERY)
    except strace.CannotTrace as why:
        pytest.fail(f"no fault can be injected: {why}")
    return _done[case.name]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_signed_twice_and_nothing_acknowledged_lost(
    case: campaign.Case, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(case)
    with capsys.disabled():
        print(f"\n{done}")  # noqa: T201 - the figures are what one runs it for

    assert done.wrong == []
    assert done.injected >= len(done.results) * 9 // 10, "faults that did not come about"


@pytest.mark.slow
@pytest.mark.parametrize("case", CONTROLS, ids=lambda case: case.name)
def test_what_is_deliberately_wrong_is_caught(case: campaign.Case, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(case)
    with capsys.disabled():
        print(f"\n{done}; caught as it must be")  # noqa: T201 - same

    assert len(done.wrong) >= len(done.results) // 50, "the look afterwards has no power"


def test_there_were_enough_of_them() -> None:
    honest = sum(_done[case.name].injected for case in CASES if case.name in _done)

    assert honest >= (WHOLE if IS_WHOLE else SAMPLED)


def test_where_nothing_may_be_traced_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: str) -> None:
        return None

    def found(_: str) -> str:
        return str(tmp_path / "strace")

    with monkeypatch.context() as without:
        without.setattr(shutil, "which", none)
        with pytest.raises(strace.CannotTrace, match="apt-get install strace"):
            strace.baseline(lambda _: None, tmp_path)
    refusing = tmp_path / "strace"
    said = "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted"
    refusing.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(shutil, "which", found)
    with pytest.raises(strace.CannotTrace, match=r"Operation not permitted.*SYS_PTRACE"):
        strace.baseline(lambda _: None, tmp_path)
