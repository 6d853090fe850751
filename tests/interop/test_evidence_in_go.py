"""Attack 2, offline and by others: Go's note.Open verifies both heads in the evidence that our witness keeps."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from counterproof import note, record
from counterproof.publish import witness
from counterproof.rely import watch
from tests.interop.programs import Program
from tests.publish.witness.toy_log import Clock, ToyLog, request, unlimited


class _File(msgspec.Struct):
    """What a reader who has none of our code takes from the file."""

    checkpoints: list[str]


@pytest.fixture
def kept(tmp_path: Path) -> tuple[str, bytes]:
    """The key of a log that signed two trees of size 7, and the file of evidence."""
    log, other = ToyLog(), ToyLog(fork=4)
    witness.new(tmp_path / "w", "witness.example/w")
    seer = witness.load(tmp_path / "w", [log.verifier], clock_s=Clock(), limit=unlimited())
    assert seer.add_checkpoint(log.request(0, 7)).status == 200
    assert seer.add_checkpoint(request(7, [], other.signed(7))).status == 422
    seer.close()
    (proof,) = (tmp_path / "w" / "evidence").rglob("*.json")
    return log.verifier.text, proof.read_bytes()


def test_both_heads_of_a_fork_are_the_logs_to_go_and_to_us(go: Program, kept: tuple[str, bytes]) -> None:
    key, data = kept
    one, other = msgspec.json.decode(data, type=_File).checkpoints

    for head in (one, other):
        answer = go.ask(op="note", data=head.encode(), keys=[key])
        assert answer["ok"], answer
        assert answer["signers"] == [key.partition("+")[0]]
    assert one.split("\n")[:2] == other.split("\n")[:2], "one origin and size"
    assert one.split("\n")[2] != other.split("\n")[2], "two roots"
    seer = note.unsafe_seeded("witness.example/w", "cosignature", bytes(range(7, 20)) + bytes(range(90, 109)))
    governance = note.unsafe_seeded("governance.example", "statement", bytes(range(3, 35)))
    policy = f"log {key}\nwitness w {seer.verifier.text}\nquorum w\n"
    proven = watch.evidence(data, record.Trust(policy=policy, governance=(governance.verifier.text,)))
    assert (proven.kind, proven.origin) == ("same-size", one.split("\n")[0])


def test_heads_that_somebody_changed_are_nobodys(go: Program, kept: tuple[str, bytes]) -> None:
    key, data = kept
    one, other = (head.split("\n") for head in msgspec.json.decode(data, type=_File).checkpoints)
    swapped = "\n".join([*one[:2], other[2], *one[3:]]).encode()
    stranger = note.unsafe_seeded(one[0], "ed25519", bytes(range(40, 72))).verifier.text

    assert not go.ask(op="note", data=swapped, keys=[key])["ok"]
    assert not go.ask(op="note", data="\n".join(one).encode(), keys=[stranger])["ok"]
