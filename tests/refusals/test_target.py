"""Every way in which an organism is refused: a name nobody has, a file that is missing, or is not what it should be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from counterproof import errors
from counterproof.measure import target

NAME = "base"
ENTRY = target.manifest().organisms[0]
SHARED = target.manifest().tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of one organism's files."""
    for file in ("manifest.json", ENTRY.file, SHARED.file, SHARED.characters_file):
        shutil.copy(target.FOLDER / file, tmp_path / file)
    return tmp_path


def test_the_copy_itself_opens(folder: Path) -> None:
    assert target.open_organism(NAME, folder).name == target.open_organism(NAME).name


@pytest.mark.parametrize(
    ("name", "close"),
    [("surfce", "'surface'"), ("depmax", "'deep-max'"), ("base:7", "'base"), ("filterd", "'filtered'")],
)
def test_unknown_organism_names_the_close_match_and_the_list(name: str, close: str) -> None:
    with pytest.raises(errors.BadOption, match="no organism is called") as refusal:
        target.open_organism(name)

    assert f"did you mean {close}" in str(refusal.value)
    assert str(refusal.value).endswith("there are " + ", ".join(target.names()))
    assert refusal.value.exit_code == 2


def test_unknown_organism_like_no_other_names_the_list() -> None:
    with pytest.raises(errors.BadOption) as refusal:
        target.open_organism("30 parsecs")

    assert str(refusal.value) == "organism: no organism is called '30 parsecs'; there are " + ", ".join(target.names())


@pytest.mark.parametrize("file", [ENTRY.file, SHARED.file, SHARED.characters_file])
@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_one_flipped_bit_is_refused(folder: Path, file: str, place: float) -> None:
    path = folder / file
    data = bytearray(path.read_bytes())
    at = int(place * len(data)) if place > 0 else int(place)
    data[at] ^= 1
    path.write_bytes(data)

    with pytest.raises(errors.BadWeights) as refusal:
        target.open_organism(NAME, folder)

    stated = {ENTRY.file: ENTRY.sha256, SHARED.file: SHARED.sha256, SHARED.characters_file: SHARED.characters_sha256}
    assert refusal.value.where == str(path)
    assert f"the manifest states sha256 {stated[file]}, the file has " in str(refusal.value)
    assert "reinstall counterproof" in refusal.value.mend
    assert refusal.value.exit_code == 2


def test_half_a_file_is_refused(folder: Path) -> None:
    path = folder / ENTRY.file
    path.write_bytes(path.read_bytes()[: ENTRY.bytes // 2])

    with pytest.raises(errors.BadWeights, match=ENTRY.sha256):
        target.open_organism(NAME, folder)


@pytest.mark.parametrize("file", [ENTRY.file, SHARED.file, SHARED.characters_file, "manifest.json"])
def test_missing_file_is_refused(folder: Path, file: str) -> None:
    (folder / file).unlink()

    with pytest.raises(errors.BadWeights, match="cannot be read") as refusal:
        target.open_organism(NAME, folder)

    assert refusal.value.where == str(folder / file)
    assert "reinstall counterproof" in refusal.value.mend


def test_missing_truth_is_refused(folder: Path) -> None:
    with pytest.raises(errors.BadWeights, match="the truth cannot be read"):
        target.truth_bytes(NAME, folder)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format":"counterproof-organisms/2"}', "\udcff"])
def test_manifest_that_breaks_its_format_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(errors.BadWeights, match="breaks its format"):
        target.names(folder)


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["organisms"][0]["shape"]["width"] = 64
    path.write_text(json.dumps(manifest), "utf-8")

    with pytest.raises(errors.BadWeights, match="shape"):
        target.open_organism(NAME, folder)
