"""The map, the tests and the citation name what exists: documents that drift are worse than none."""

from __future__ import annotations

import re
import tomllib
from collections import Counter

import counterproof
from tests.house.source_tree import ROOT, rooms, tracked

NO_MIRROR = {
    "house", "refusals", "attacks", "organisms", "benchmarks", "fuzz", "train", "inspect", "peers", "scale", "interop",
    "faults", "backends", "experiments", "tune",
}  # fmt: skip
"""Test folders about the whole, about programs outside the package, or of another environment."""


def test_the_map_lists_exactly_the_rooms_that_exist() -> None:
    mapped = re.findall(r"^\| `([a-z_./]+)/` \|", (ROOT / "MAP.md").read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert sorted(mapped) == sorted(name.replace(".", "/") for name in rooms())


def test_tests_mirror_the_rooms() -> None:
    folders = {p.parent.relative_to(ROOT / "tests") for p in tracked("tests/**/test_*.py")}
    tested = {".".join(f.parts) for f in folders if f.parts and f.parts[0] not in NO_MIRROR}

    assert tested - set(rooms()) == set(), "tests of rooms that do not exist"
    assert set(rooms()) - tested == set(), "rooms without tests"


def test_test_files_have_names_of_their_own() -> None:
    names = Counter(p.stem for p in tracked("tests/**/test_*.py"))

    assert [name for name, count in names.items() if count > 1] == []


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert cited
    assert {project["version"], cited[1]} == {counterproof.__version__}
