"""Killed at random points and resumed, a run ends with the bytes of one that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from counterproof import record
from counterproof.measure import trial
from tests.measure.trial import gossip


def result(folder: Path) -> bytes:
    """Everything a run leaves that counts: the transcripts and the files of the shards."""
    said = b"\n".join(record.canonical_bytes(t) for t in trial.transcripts(folder, "g"))
    return said + b"".join(p.read_bytes() for p in sorted((folder / "shards").iterdir()))


def undisturbed(folder: Path) -> bytes:
    trial.run(gossip.plan(), folder, gossip.open_shard)
    return result(folder)


def start(folder: Path, processes: int, pause_s: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, gossip.__file__, str(folder), str(processes)]
    environment = {**os.environ, "GOSSIP_PAUSE_S": str(pause_s)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr.decode()


def kill_at_random(folder: Path, processes: int, rng: random.Random) -> bool:
    """One life of the program; whether it was killed before it was done."""
    process = start(folder, processes, 0.02)
    time.sleep(rng.uniform(0.05, 0.7))
    process.kill()
    code, _ = finish(process)
    return code == -signal.SIGKILL


def test_fifty_kills_at_random_points_change_no_byte(tmp_path: Path) -> None:
    expected, rng, kills, folders = undisturbed(tmp_path / "calm"), random.Random("kills"), 0, 0
    while kills < 50:
        folder = tmp_path / f"killed-{folders}"
        processes = 1 + folders % 2
        while kill_at_random(folder, processes, rng):
            kills += 1
        trial.run(gossip.plan(), folder, gossip.open_shard)

        assert result(folder) == expected
        folders += 1


def test_every_torn_length_of_a_last_line_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    expected = undisturbed(tmp_path / "run")
    path = tmp_path / "run" / "shards" / "g.transfer.jsonl"
    whole = path.read_bytes()
    rng = random.Random("torn")
    for cut in sorted({0, 1, len(whole) - 1, *rng.sample(range(len(whole)), 60)}):
        path.write_bytes(whole[:cut])
        trial.run(gossip.plan(), tmp_path / "run", gossip.open_shard)

        assert result(tmp_path / "run") == expected


def test_two_processes_leave_the_bytes_of_one(tmp_path: Path) -> None:
    code, stderr = finish(start(tmp_path / "two", 2, 0.0))

    assert (code, stderr) == (0, "")
    assert result(tmp_path / "two") == undisturbed(tmp_path / "one")


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path / "run", 2, 0.05)
    while not (children := children_of(process.pid)) or not list((tmp_path / "run" / "shards").glob("*.jsonl")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait(timeout=10)
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    finish(process)


def children_of(pid: int) -> list[int]:
    return [int(p) for f in Path(f"/proc/{pid}/task").glob("*/children") for p in f.read_text().split()]


def test_ctrl_c_says_how_to_resume_and_loses_nothing(tmp_path: Path) -> None:
    for processes in (1, 2):
        folder = tmp_path / f"run-{processes}"
        process = start(folder, processes, 0.05)
        while not list((folder / "shards").glob("*.jsonl")):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        code, stderr = finish(process)

        assert code == 130
        assert stderr == f"{folder}: stopped by hand, nothing is lost; the same command goes on where it stopped\n"
        trial.run(gossip.plan(), folder, gossip.open_shard)
        assert result(folder) == undisturbed(tmp_path / f"calm-{processes}")


def test_a_second_process_is_told_that_the_folder_is_in_use(tmp_path: Path) -> None:
    first = start(tmp_path / "run", 1, 0.2)
    while not list((tmp_path / "run" / "shards").glob("*.jsonl")):
        assert first.poll() is None
        time.sleep(0.01)
    code, stderr = finish(start(tmp_path / "run", 1, 0.0))
    first.kill()
    finish(first)

    assert code == 2
    assert stderr == (
        f"{tmp_path / 'run'}: another process is working on this run; wait for it, or name another folder\n"
    )
