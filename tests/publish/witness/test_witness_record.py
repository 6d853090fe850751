"""What a witness remembers: across restarts, against its own program, and not at all where the file was touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from counterproof import errors, note, quorum
from counterproof.publish.witness import Witness, load, new
from tests.publish.witness.toy_log import Clock, ToyLog, database, hashed, request


def again(folder: Path, log: ToyLog, clock: Clock | None = None) -> Witness:
    return load(folder, [log.verifier], clock_s=clock or Clock())


def touched(folder: Path, statement: str, *values: object) -> None:
    """Changes the file as somebody would who has no keys and does not heed the triggers."""
    with sqlite3.connect(folder / "witness.sqlite") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(statement, values)
    db.close()


def test_a_restart_forgets_nothing(folder: Path, seer: Witness, log: ToyLog, clock: Clock) -> None:
    seer.add_checkpoint(log.request(0, 7))
    before = seer.latest(hashed(log.origin))
    seer.close()

    after = again(folder, log, clock)

    assert after.latest(hashed(log.origin)) == before
    assert after.add_checkpoint(ToyLog(fork=3).request(7, 7)).status == 422
    assert after.add_checkpoint(log.request(0, 9)).body == b"7\n"
    assert after.add_checkpoint(log.request(7, 9)).status == 200
    after.close()


def test_what_another_process_kept_is_seen_at_once(folder: Path, seer: Witness, log: ToyLog, clock: Clock) -> None:
    other = again(folder, log, clock)
    seer.add_checkpoint(log.request(0, 7))

    assert other.add_checkpoint(log.request(0, 9)).body == b"7\n"
    assert other.add_checkpoint(log.request(7, 9)).status == 200
    assert seer.add_checkpoint(log.request(7, 8)).body == b"9\n"
    other.close()


def test_a_process_that_keeps_the_file_makes_others_say_503(
    folder: Path, seer: Witness, log: ToyLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    database(seer).execute("PRAGMA busy_timeout = 20")
    holder = sqlite3.connect(folder / "witness.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    assert seer.add_checkpoint(log.request(0, 7)).status == 503
    holder.execute("ROLLBACK")
    assert seer.add_checkpoint(log.request(0, 7)).status == 200
    holder.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE seen SET size = 6",
        "UPDATE seen SET root = x'00'",
        "UPDATE seen SET issued_s = issued_s - 1",
        "UPDATE seen SET origin = 'x'",
        "DELETE FROM seen",
    ],
)
def test_the_file_itself_refuses_to_go_back(folder: Path, seer: Witness, log: ToyLog, statement: str) -> None:
    seer.add_checkpoint(log.request(0, 7))
    db = sqlite3.connect(folder / "witness.sqlite")

    with pytest.raises(sqlite3.IntegrityError, match="a witness does not"):
        db.execute(statement)
    db.close()


def test_a_row_that_the_keys_did_not_sign_stops_the_start(folder: Path, seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 7))
    kept = seer.latest(hashed(log.origin)).body
    seer.close()
    smaller = log.checkpoint(5)
    stranger = note.unsafe_seeded("witness.example/w", "cosignature", b"8" * 32)
    line = quorum.cosign(smaller, stranger, 1_800_000_000)
    forged = [
        (5, smaller.root, log.signed(5)),
        (5, smaller.root, note.append(log.signed(5), line)),
        (5, smaller.root, kept),
        (7, log.checkpoint(7).root, kept.replace(b"\n7\n", b"\n6\n")),
    ]
    for size, root, signed in forged:
        touched(folder, "UPDATE seen SET size = ?, root = ?, signed = ?", size, root, signed)
        with pytest.raises(errors.BadLog):
            again(folder, log)
    touched(folder, "UPDATE seen SET size = 7, root = ?, signed = ?", log.checkpoint(7).root, kept)
    again(folder, log).close()
    touched(folder, "UPDATE seen SET issued_s = 1")
    with pytest.raises(errors.BadLog, match="not what these keys signed"):
        again(folder, log)


def test_a_log_that_is_no_longer_configured_is_kept(folder: Path, seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 7))
    seer.close()
    other = ToyLog("log.example/two")
    without = load(folder, [other.verifier])
    assert without.add_checkpoint(log.request(7, 9)).status == 404
    without.close()

    back = again(folder, log)
    assert back.add_checkpoint(log.request(0, 9)).body == b"7\n"
    back.close()


def test_a_log_with_a_new_key_goes_on_and_its_fork_is_refused(folder: Path, seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 7))
    seer.close()
    renewed, forked = ToyLog(seed=b"5" * 32), ToyLog(seed=b"5" * 32, fork=3)
    after = load(folder, [renewed.verifier], clock_s=Clock())

    assert after.add_checkpoint(forked.request(7, 7)).status == 422
    assert after.add_checkpoint(renewed.request(7, 9)).status == 200
    after.close()


def test_a_disk_that_fails_ends_the_witness(seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 7))
    database(seer).execute("PRAGMA query_only = ON")

    for _ in range(2):
        with pytest.raises(errors.StorageFailed, match="cannot be kept"):
            seer.add_checkpoint(log.request(7, 9))
    with pytest.raises(errors.StorageFailed):
        seer.latest(hashed(log.origin))


def test_a_commit_syncs_the_write_ahead_log(seer: Witness) -> None:
    db = database(seer)

    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_folder_of_one_key_cosigns_with_one(tmp_path: Path, log: ToyLog) -> None:
    (only,) = new(tmp_path / "one", "witness.example/one")
    seer = again(tmp_path / "one", log)

    answer = seer.add_checkpoint(request(0, [], log.signed(4)))

    assert answer.body.count(b"\n") == 1
    assert quorum.cosigned_at(log.checkpoint(4), note.split(b"x\n\n" + answer.body)[1][0], only)
    assert oct((tmp_path / "one" / "ed25519.key").stat().st_mode)[-3:] == "600"
    seer.close()
