"""Evidence: kept when there is proof, whatever the answer; never for junk; and it convinces others."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import msgspec
import pytest

from counterproof import note, quorum, record, tlog
from counterproof.publish.witness import Witness, _evidence
from tests.publish.witness.toy_log import ToyLog, hashed, request


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "evidence").rglob("*.json"))


def read(path: Path) -> record.Evidence:
    """By spec/evidence.md: canonical JSON and a line feed, named by its own digest."""
    data = path.read_bytes()
    found = msgspec.json.decode(data, type=record.Evidence)
    assert record.canonical_bytes(found) + b"\n" == data
    assert path.name == f"{found.kind}-{record.digest_bytes(data).removeprefix('sha256:')[:16]}.json"
    return found


@pytest.mark.parametrize("old", [0, 3, 5])
def test_two_trees_of_one_size_are_kept_whatever_the_answer(
    folder: Path, seer: Witness, log: ToyLog, old: int
) -> None:
    fork = ToyLog(fork=2)
    seer.add_checkpoint(log.request(0, 5))

    assert seer.add_checkpoint(fork.request(old, 5)).status == (422 if old == 5 else 409)

    (path,) = kept(folder)
    assert path.parent.name == hashed(log.origin)
    assert seer.kept == (path,)
    found = read(path)
    heads = [quorum.open_checkpoint(text.encode(), log.verifier)[0] for text in found.checkpoints]
    assert found.kind == "same-size"
    assert {head.root for head in heads} == {log.checkpoint(5).root, fork.checkpoint(5).root}
    assert {head.size for head in heads} == {5}
    assert all(len(note.split(text.encode())[1]) == 1 for text in found.checkpoints), "no cosignature goes in"


@pytest.mark.parametrize(("at", "to", "begins"), [(5, 9, 2), (7, 8, 0), (6, 300, 5), (255, 256, 254), (300, 777, 12)])
def test_a_fork_that_grows_gives_itself_away_by_its_own_proof(
    folder: Path, seer: Witness, log: ToyLog, at: int, to: int, begins: int
) -> None:
    fork = ToyLog(fork=begins)
    seer.add_checkpoint(log.request(0, at))

    assert seer.add_checkpoint(fork.request(at, to)).status == 422

    found = read(kept(folder)[0])
    small, large = (quorum.open_checkpoint(text.encode(), log.verifier)[0] for text in found.checkpoints)
    root, proof = b64decode(found.root), [b64decode(beside) for beside in found.consistency]
    assert found.kind == "prefix"
    assert (small, large) == (log.checkpoint(at), fork.checkpoint(to))
    assert root == fork.checkpoint(at).root != small.root
    tlog.check_consistency(proof, small.size, large.size, root, large.root)


def test_junk_proves_nothing(folder: Path, seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 5))
    fork = ToyLog(fork=2)
    for proof in ([], [b"x" * 32], [b"x" * 32] * 4, log.proof(5, 9), fork.proof(5, 9)[:-1], fork.proof(4, 9)):
        assert seer.add_checkpoint(request(5, proof, fork.signed(9))).status == 422
    assert seer.add_checkpoint(request(5, [b"x" * 32, *log.proof(5, 9)[1:]], log.signed(9))).status == 422
    seer.add_checkpoint(fork.request(3, 4))

    assert kept(folder) == []


def test_a_power_of_two_is_in_no_proof(folder: Path, seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 4))

    assert seer.add_checkpoint(ToyLog(fork=2).request(4, 9)).status == 422
    assert kept(folder) == []


def test_one_fork_is_one_file_however_often_it_is_shown(folder: Path, seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 5))
    for number in range(4):
        grease = note.Line("grease.example", b"abcd", bytes([number]) * 64).encode()
        seer.add_checkpoint(log.request(5, 5))
        seer.add_checkpoint(request(5, [], note.append(ToyLog(fork=2).signed(5), grease)))
    (path,) = kept(folder)
    path.write_bytes(b"somebody wrote here")
    seer.add_checkpoint(ToyLog(fork=2).request(5, 5))

    assert path.read_bytes() == b"somebody wrote here", "never written over"


def test_a_log_cannot_fill_the_disk(
    folder: Path, seer: Witness, log: ToyLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_evidence, "MOST_FILES", 3)
    seer.add_checkpoint(log.request(0, 9))
    for fork in range(6):
        assert seer.add_checkpoint(ToyLog(fork=fork).request(9, 9)).status == 422

    assert len(kept(folder)) == 3
    assert [path.name for path in folder.rglob(".*")] == []
