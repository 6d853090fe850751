"""What was terminated stays so: in the process next door, after a restart, and whatever happens to the file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from counterproof.record import Event, Piece
from counterproof.rely import gate, guard
from counterproof.rely.guard import _ended

POLICY = """format: counterproof-gate-policy/1
name: p
says: No.
rules:
  - name: bombs
    patterns: [bomb]
    action: terminate
"""


def said(text: str, context: str) -> Event:
    return Event(kind="message", door="python", pieces=(Piece(text=text),), context=context)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "gate.yaml").write_text(POLICY, encoding="utf-8")
    return policy, tmp_path / "trail"


def test_the_next_request_may_reach_another_process(folders: tuple[Path, Path]) -> None:
    with (
        guard.opened(*folders, worker="w0", name="g") as one,
        guard.opened(*folders, worker="w1", name="g") as other,
    ):
        assert other.guard.decide(said("cake", "c")).outcome == "allow"
        assert one.guard.decide(said("a bomb", "c")).outcome == "terminate"

        decision = other.guard.decide(said("cake", "c"))
        assert (decision.outcome, decision.rules) == ("terminate", (gate.TERMINATED,))
        assert other.guard.decide(said("cake", "d")).outcome == "allow"
        assert other.guard.decide(said("cake", "")).outcome == "allow"


def test_a_restart_lets_nobody_go_on(folders: tuple[Path, Path]) -> None:
    with guard.opened(*folders, worker="w0", name="g") as one:
        one.guard.decide(said("a bomb", "c"))

    with guard.opened(*folders, worker="w0", name="g") as again:
        assert again.guard.decide(said("cake", "c")).outcome == "terminate"
        assert again.guard.decide(said("cake", "d")).outcome == "allow"


def test_the_file_is_its_owners_alone_and_holds_digests(folders: tuple[Path, Path]) -> None:
    with guard.opened(*folders, worker="w0", name="g") as one:
        one.guard.decide(said("a bomb", "a conversation"))
    path = folders[1] / "terminated"

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 18
    assert b"conv" not in path.read_bytes()


def test_what_was_cut_short_or_damaged_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"\n" + b"a" * 16 + b"\n\n0123\nxyz\n\n" + b"b" * 16 + b"\n\n0123456")
    found = _ended.Ended(path)

    assert "a" * 16 in found
    assert "b" * 16 in found
    assert "0123" not in found
    found.add("c" * 16)
    assert "c" * 16 in _ended.Ended(path)


def test_a_file_that_cannot_be_had_leaves_the_process_alone(tmp_path: Path) -> None:
    found = _ended.Ended(tmp_path / "nowhere" / "f")
    found.add("a" * 16)

    assert "a" * 16 in found
    found.close()
    found.close()
    assert "a" * 16 in found


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ended, "MAX_ENDED", 3)
    found = _ended.Ended(tmp_path / "f")
    for n in range(5):
        found.add(f"{n:016x}")

    again = _ended.Ended(tmp_path / "f")
    for one in (found, again):
        assert [f"{n:016x}" in one for n in range(5)] == [False, False, True, True, True]


def test_many_threads_and_two_holders_lose_none(tmp_path: Path) -> None:
    holders = [_ended.Ended(tmp_path / "f") for _ in range(2)]

    def work(start: int) -> None:
        for n in range(start, 400, 4):
            holders[n % 2].add(f"{n:016x}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(f"{n:016x}" in one for n in range(400) for one in holders)
    assert (tmp_path / "f").stat().st_size == 400 * 18
