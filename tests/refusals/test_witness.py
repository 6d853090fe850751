"""One test for each way in which a witness's folder, its file of logs or its options are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from counterproof import errors, note
from counterproof.cli import main
from counterproof.publish import witness

LOG = note.unsafe_seeded("log.example/one", "ed25519", b"1" * 32).verifier
COSIGNER = note.unsafe_seeded("witness.example/w", "cosignature", b"2" * 32).verifier


def made(path: Path, *, has_ml_dsa: bool = False) -> Path:
    witness.new(path, "witness.example/w", has_ml_dsa=has_ml_dsa)
    return path


def test_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    made(tmp_path / "w")
    with pytest.raises(errors.BadLog, match="not empty"):
        made(tmp_path / "w")


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(errors.BadKey, match="no space"):
        witness.new(tmp_path / "w", "a b")
    assert not (tmp_path / "w").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.StorageFailed, match="cannot be made"):
        made(tmp_path / "file" / "w")


def test_a_record_that_is_lost(tmp_path: Path) -> None:
    (made(tmp_path / "w") / "witness.sqlite").unlink()
    with pytest.raises(errors.BadLog, match=r"no record of what was cosigned.*retire the key"):
        witness.load(tmp_path / "w", [LOG])


def test_a_record_that_is_damaged(tmp_path: Path) -> None:
    path = made(tmp_path / "w") / "witness.sqlite"
    path.write_bytes(b"junk" * 5000)
    with pytest.raises(errors.StorageFailed, match="not a database"):
        witness.load(tmp_path / "w", [LOG])


def test_a_record_of_other_keys(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one"), made(tmp_path / "two")
    (two / "ed25519.key").replace(one / "ed25519.key")
    with pytest.raises(errors.BadLog, match="belongs to other keys"):
        witness.load(one, [LOG])


def test_a_key_that_is_lost(tmp_path: Path) -> None:
    (made(tmp_path / "w", has_ml_dsa=True) / "ml-dsa-44.key").unlink()
    with pytest.raises(errors.BadLog, match="belongs to other keys"):
        witness.load(tmp_path / "w", [LOG])


def test_a_key_that_others_can_read(tmp_path: Path) -> None:
    (made(tmp_path / "w") / "ed25519.key").chmod(0o644)
    with pytest.raises(errors.BadKey, match="others may read"):
        witness.load(tmp_path / "w", [LOG])


def test_a_log_whose_key_is_no_logs(tmp_path: Path) -> None:
    with pytest.raises(errors.BadKey, match="'cosignature' is no log's"):
        witness.load(made(tmp_path / "w"), [COSIGNER])


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("", "no log", "file of logs"),
        ("# nothing\n\n", "no log", "file of logs"),
        (f"{LOG.text}\njunk\n", "no verifier key", "line 2"),
        (f"{COSIGNER.text}\n", "'cosignature' is no log's", "line 1"),
        (f"{LOG.text}\n{LOG.text}\n", "a second time", "line 2"),
    ],
)
def test_a_file_of_logs(text: str, what: str, where: str) -> None:
    with pytest.raises(errors.BadPolicy, match=what) as caught:
        witness.read_logs(text)
    assert where in caught.value.where
    assert caught.value.mend


@pytest.mark.parametrize("listen", ["8081", "x:", "x:y", "x:65536", "x:-1", "x:\u0661"])
def test_an_address_to_listen_at(tmp_path: Path, listen: str) -> None:
    made(tmp_path / "w")
    (tmp_path / "logs").write_text(LOG.text + "\n")
    command = ["witness", "serve", str(tmp_path / "w"), "--logs", str(tmp_path / "logs"), "--listen", listen]

    result = CliRunner().invoke(main, command)

    assert result.exit_code == 2
    assert "is no HOST:PORT" in result.output


def test_a_file_of_logs_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["witness", "serve", str(made(tmp_path / "w")), "--logs", str(tmp_path / "no")])

    assert result.exit_code == 2
    assert "cannot be read" in result.output
