from __future__ import annotations

import stat
from pathlib import Path

import pytest

from counterproof import note
from counterproof.errors import BadKey, StorageFailed

KEY = note.generate("example.org/key", "statement")


def test_a_key_is_kept_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    note.write_key(tmp_path / "key", KEY)

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert note.read_key(tmp_path / "key") == KEY


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    note.write_key(tmp_path / "key", KEY)

    with pytest.raises(BadKey, match="already"):
        note.write_key(tmp_path / "key", note.generate("example.org/other", "statement"))
    assert note.read_key(tmp_path / "key") == KEY


def test_a_folder_that_is_not_there_is_storage_that_failed(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot be written"):
        note.write_key(tmp_path / "nowhere" / "key", KEY)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    note.write_key(tmp_path / "key", KEY)
    (tmp_path / "key").chmod(mode)

    with pytest.raises(BadKey, match="chmod 600"):
        note.read_key(tmp_path / "key")


@pytest.mark.parametrize("data", [b"", b"\n", b"x\n", b"\xff\n", note.signer_text(KEY).encode(), b"A" * 5000 + b"\n"])
def test_a_file_that_holds_no_secret_key_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key").write_bytes(data)
    (tmp_path / "key").chmod(0o600)

    with pytest.raises(BadKey):
        note.read_key(tmp_path / "key")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="cannot be read"):
        note.read_key(tmp_path / "key")


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="cannot be read"):
        note.read_key(tmp_path)
