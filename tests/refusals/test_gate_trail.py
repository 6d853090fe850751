"""Every way in which a trail is refused, by its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof import errors, note, record
from counterproof.rely import trail
from tests.rely.trail.small_trail import GATE, NOW_MS, Worker, opened, segments


@pytest.fixture
def made(tmp_path: Path) -> Path:
    with opened(tmp_path, pace=trail.Pace(segment_bytes=1_000, head_every=5)) as kept:
        Worker(kept).decide(20)
    with opened(tmp_path) as kept:
        Worker(kept).decide(20)
    return tmp_path


@pytest.mark.parametrize("worker", ["", "a/b", "..", ".", "-a", "a b", "a" * 65, "\u00e4"])
def test_a_worker_without_a_name(tmp_path: Path, worker: str) -> None:
    with pytest.raises(errors.BadOption, match="names no worker"):
        trail.Trail(tmp_path, worker, GATE)


@pytest.mark.parametrize("gate", ["", "a\nb", "x" * 201])
def test_a_gate_without_a_name(tmp_path: Path, gate: str) -> None:
    with pytest.raises(errors.BadOption, match="names no gate"):
        trail.Trail(tmp_path, "a", gate)


def test_a_record_of_another_gate(made: Path) -> None:
    with pytest.raises(errors.BadTrail, match="is the record of gate 'front door'"):
        trail.Trail(made, "a", "back door")


def test_a_record_that_is_damaged_is_not_gone_on_with(made: Path) -> None:
    path = segments(made)[-1]
    path.write_bytes(path.read_bytes().replace(b'"bash"', b'"dash"', 1))

    with pytest.raises(errors.BadTrail, match=r"its bytes give"):
        opened(made)


def test_a_file_that_does_not_begin_with_a_head(made: Path) -> None:
    path = segments(made)[-1]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))

    with pytest.raises(errors.BadTrail, match="does not begin with a head"):
        opened(made)


def test_a_file_that_was_renamed(made: Path) -> None:
    path = segments(made)[-1]
    path.rename(path.with_name(f"{int(path.stem) + 1:012d}.jsonl"))

    with pytest.raises(errors.BadTrail, match="begins with a head of"):
        opened(made)


def test_a_folder_that_is_no_trail(tmp_path: Path) -> None:
    with pytest.raises(errors.BadTrail, match="is no trail"):
        trail.audit(tmp_path)
    (tmp_path / "workers").mkdir()
    with pytest.raises(errors.BadTrail, match="holds no worker's record"):
        trail.audit(tmp_path)
    with pytest.raises(errors.BadTrail, match="does not say of which gate"):
        trail.gate_of(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(errors.StorageFailed, match="cannot be written"):
        trail.Trail(tmp_path / "file", "a", GATE)


def test_a_key_that_signs_no_heads(tmp_path: Path) -> None:
    statement = note.unsafe_seeded("x.example", "statement", b"x" * 32)

    with pytest.raises(errors.BadKey, match="does not sign notes"):
        trail.Trail(tmp_path, "a", GATE, now_ms=NOW_MS, signer=statement)
    opened(tmp_path).close(NOW_MS)  # nothing holds the folder


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "counterproof-gate-head/1\n",
        "counterproof-gate-head/1\n{}\n",
        "\ud800",
        "counterproof-gate-head/1\n[[" * 9,
    ],
)
def test_what_is_no_head(text: str) -> None:
    with pytest.raises(errors.BadTrail, match="is no head"):
        trail.read_head(text, "x")


def test_a_head_in_another_form(made: Path) -> None:
    with opened(made) as kept:
        head = kept.head(NOW_MS)
    good = f"counterproof-gate-head/1\n{record.canonical_bytes(head).decode()}\n"
    assert trail.read_head(good, "x") == head

    for text in (good.replace("head/1", "head/2"), good.replace(":", ": ", 1)):
        with pytest.raises(errors.BadTrail, match="is not in the form"):
            trail.read_head(text, "x")


@pytest.mark.parametrize("data", [b"", b"[]", b'{"policy":"x"}', b'{"policy":"x","numbers":[1]}', b"\xff"])
def test_what_are_no_error_rates(data: bytes) -> None:
    with pytest.raises(errors.BadOption, match="holds no error rates"):
        trail.read_rates(data, "x")


def test_a_policy_of_another_kind(made: Path) -> None:
    data = b"[]"
    digest = record.digest_bytes(data)
    (made / "policies" / f"{digest[7:]}.json").write_bytes(data)

    with pytest.raises(errors.BadTrail, match="is no policy"):
        trail.read_kept_policy(made, digest)
