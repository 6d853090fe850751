"""Cases that somebody else wrote, and those of a generator that shares no code with us (vectors/tlog/README.md)."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from typing import Any

import pytest

from counterproof import errors, tlog
from tests.house.source_tree import ROOT

VECTORS = ROOT / "vectors" / "tlog"
CASES: dict[str, list[dict[str, Any]]] = json.loads((VECTORS / "vectors.json").read_text(encoding="utf-8"))
PUBLISHED: dict[str, Any] = json.loads((VECTORS / "published.json").read_text(encoding="utf-8"))
OF_CT: dict[str, Any] = PUBLISHED["certificate-transparency"]
LEAVES: list[bytes] = [tlog.leaf_hash(bytes.fromhex(leaf)) for leaf in OF_CT["leaves"]]
ROOTS: list[bytes] = [bytes.fromhex(root) for root in OF_CT["roots"]]


class Row:
    """The hashes of a small tree, from its leaves."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def hash_at(self, level: int, index: int) -> bytes:
        leaves = self.leaves[index << level : index + 1 << level]
        assert len(leaves) == 1 << level
        return tlog.root_of(leaves)


def hashes(texts: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def inclusion(case: dict[str, Any]) -> None:
    index, size = int(case["index"]), int(case["size"])
    leaf, root = hashes([case["leaf"], case["root"]])
    tlog.check_inclusion(hashes(case["proof"]), index, size, leaf, root)


def consistency(case: dict[str, Any]) -> None:
    old, new = int(case["old"]), int(case["new"])
    tlog.check_consistency(hashes(case["proof"]), old, new, *hashes([case["old_root"], case["new_root"]]))


def checkpoint(case: dict[str, Any]) -> None:
    said = case["text"].encode()
    assert tlog.read_checkpoint(said).body == said


def tile_path(case: dict[str, Any]) -> None:
    assert tlog.read_tile_path(case["text"]).path == case["text"]


def receipt(case: dict[str, Any]) -> None:
    said = case["text"].encode()
    assert tlog.read_proof(said).encode() == said


def bundle(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["data"])
    assert tlog.encode_entries(tlog.read_entries(data, int(case["count"]))) == data


CHECKS: dict[str, tuple[Callable[[dict[str, Any]], None], type[errors.CounterproofError]]] = {
    "inclusion": (inclusion, errors.NotVerified),
    "consistency": (consistency, errors.NotVerified),
    "checkpoint": (checkpoint, errors.BadNote),
    "tile path": (tile_path, errors.BadNote),
    "receipt": (receipt, errors.BadNote),
    "bundle": (bundle, errors.BadNote),
}


@pytest.mark.parametrize("kind", CHECKS)
def test_what_is_right_is_accepted_and_what_is_wrong_refused(kind: str) -> None:
    check, refusal = CHECKS[kind]
    verdicts: dict[bool, int] = {True: 0, False: 0}
    for case in CASES[kind]:
        try:
            check(case)
        except refusal:
            accepted = False
        else:
            accepted = True
        assert accepted is case["ok"], case
        verdicts[accepted] += 1

    assert min(verdicts.values()) >= 4


def test_every_kind_of_case_is_checked() -> None:
    assert set(CASES) == set(CHECKS)


def test_the_file_is_what_its_generator_writes() -> None:
    spec = importlib.util.spec_from_file_location("generate_tlog_vectors", VECTORS / "generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)

    assert generate.text() == (VECTORS / "vectors.json").read_text(encoding="utf-8")
    assert "counterproof" not in (VECTORS / "generate.py").read_text(encoding="utf-8")


def test_the_roots_that_certificate_transparency_publishes() -> None:
    assert [tlog.root_of(LEAVES[: n + 1]) for n in range(8)] == ROOTS


@pytest.mark.parametrize("case", OF_CT["inclusion"] + PUBLISHED["merkle"]["inclusion"], ids=str)
def test_inclusion_proofs_that_others_publish(case: dict[str, Any]) -> None:
    index: int = case["index"]
    size: int = case["size"]
    proof = hashes(case["proof"])

    assert bytes.fromhex(case.get("root", ROOTS[size - 1].hex())) == ROOTS[size - 1]
    assert tlog.prove_inclusion(index, size, Row(LEAVES)) == proof
    tlog.check_inclusion(proof, index, size, LEAVES[index], ROOTS[size - 1])


@pytest.mark.parametrize("case", OF_CT["consistency"] + PUBLISHED["merkle"]["consistency"], ids=str)
def test_consistency_proofs_that_others_publish(case: dict[str, Any]) -> None:
    old: int = case["old"]
    new: int = case["new"]
    proof = hashes(case["proof"])

    assert case.get("old_root", ROOTS[old - 1].hex()) == ROOTS[old - 1].hex()
    assert case.get("new_root", ROOTS[new - 1].hex()) == ROOTS[new - 1].hex()
    assert tlog.prove_consistency(old, new, Row(LEAVES)) == proof
    tlog.check_consistency(proof, old, new, ROOTS[old - 1], ROOTS[new - 1])


def test_the_example_of_the_standard() -> None:
    """C2SP tlog-checkpoint, the example's three lines."""
    body = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    read = tlog.read_checkpoint(body)

    assert (read.origin, read.size, read.body) == ("example.com/behind-the-sofa", 20_852_163, body)


def test_vectors_are_written_down() -> None:
    """The page beside them says how many there are."""
    page = (VECTORS / "README.md").read_text(encoding="utf-8")

    for kind, cases in CASES.items():
        accepted = sum(case["ok"] for case in cases)
        assert f"| {kind} | {accepted} | {len(cases) - accepted} |" in page
