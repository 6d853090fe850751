"""One test for each way in which a log's making, folder or options are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from counterproof import errors, note
from counterproof.cli import main
from counterproof.publish import log
from tests.publish.log.parts import POLICY_TEXT, SIGNER, make_folder, real_gather


def begin(at: Path, policy: str = POLICY_TEXT, signer: note.Signer = SIGNER, **more: str) -> log.Folder:
    note.write_key(at / "key", signer)
    return log.new(at / "log", at / "key", policy.encode(), None, **more)


def test_a_folder_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log/file").write_text("")
    with pytest.raises(errors.BadLog, match="something here already"):
        begin(tmp_path)


def test_a_log_that_was_begun(tmp_path: Path) -> None:
    make_folder(tmp_path / "log")
    with pytest.raises(errors.BadLog, match="something here already"):
        make_folder(tmp_path / "log")


def test_a_key_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(errors.BadOption, match="signs with a key of kind ed25519"):
        begin(tmp_path, signer=note.generate("x", "statement"))


def test_a_policy_that_does_not_name_the_log(tmp_path: Path) -> None:
    with pytest.raises(errors.BadPolicy, match="does not name this log"):
        begin(tmp_path, signer=note.generate("log.example/other", "ed25519"))


def test_a_policy_without_witnesses(tmp_path: Path) -> None:
    with pytest.raises(errors.BadPolicy, match="publishes nothing without a quorum"):
        begin(tmp_path, f"log {SIGNER.verifier.text}\nquorum none\n")


def test_a_policy_that_is_not_text(tmp_path: Path) -> None:
    note.write_key(tmp_path / "key", SIGNER)
    with pytest.raises(errors.BadPolicy, match="not UTF-8"):
        log.new(tmp_path / "log", tmp_path / "key", b"\xff", None)


@pytest.mark.parametrize(
    ("store", "lock", "why"),
    [("s3://b/p", "", "go together"), ("", "store", "go together"), ("s3://b/p", "redis://x", "no such kind of lock"),
     ("s3://b/p", "postgres://u:secret@h/d", "a password would be kept")],
)  # fmt: skip
def test_stores_and_locks_that_do_not_fit(store: str, lock: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(errors.BadOption, match=why):
        begin(tmp_path, store=store, lock=lock)
    assert not (tmp_path / "log").exists()


def test_a_folder_without_a_log(tmp_path: Path) -> None:
    with pytest.raises(errors.BadLog, match="no log was begun here"):
        log.read_folder(tmp_path)
    with pytest.raises(errors.BadLog, match="no such folder"):
        log.FolderStore(tmp_path / "none")


@pytest.mark.parametrize("data", [b"", b"{}", b'{"format":"counterproof-log/2"}', b"\xff"])
def test_settings_that_are_damaged(data: bytes, tmp_path: Path) -> None:
    make_folder(tmp_path / "log")
    settings = tmp_path / "log/.writer/log.json"
    settings.unlink()
    settings.write_bytes(data)
    with pytest.raises(errors.BadLog, match="settings are damaged"):
        log.read_folder(tmp_path / "log")


def test_another_key_than_the_log_began_with(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "log")
    (tmp_path / "log.key").unlink()
    note.write_key(tmp_path / "log.key", note.generate(SIGNER.verifier.name, "ed25519"))
    with pytest.raises(errors.BadLog, match="not this log's"):
        log.open_writer(made, real_gather)


def test_a_lost_lock_is_never_begun_again(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "log")
    writer = log.open_writer(made, real_gather)
    writer.add([b"one"])
    writer.close()
    (tmp_path / "log/.writer/lock.sqlite").unlink()
    with pytest.raises(errors.BadLog, match="do NOT begin it again"):
        log.open_writer(made, real_gather)


def invoke(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("more", "why"),
    [([], "say who may add"), (["--open", "--trust", "x"], "say who may add"),
     (["--open", "--origin", "other"], "a log is named as its key")],
)  # fmt: skip
def test_options_of_new_that_do_not_fit(more: list[str], why: str, tmp_path: Path) -> None:
    note.write_key(tmp_path / "key", SIGNER)
    (tmp_path / "policy").write_text(POLICY_TEXT)
    code, said = invoke(
        "log", "new", tmp_path / "log", "--key", tmp_path / "key", "--policy", tmp_path / "policy", *more
    )
    assert code == 2
    assert why in said


@pytest.mark.parametrize("listen", ["8080", "x:y", "127.0.0.1:99999", "127.0.0.1:-1"])
def test_an_address_to_listen_at_that_is_none(listen: str, tmp_path: Path) -> None:
    make_folder(tmp_path / "log")
    code, said = invoke("log", "serve", tmp_path / "log", "--listen", listen)
    assert code == 2
    assert "HOST:PORT" in said


def test_an_address_to_send_to_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "entry").write_bytes(b"x")
    code, said = invoke("log", "add", "ftp://log.example", tmp_path / "entry")
    assert code == 2
    assert "no http address" in said
