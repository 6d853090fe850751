"""Other people's readers of C2SP logs: tlog-scales (tiles, signatures, proofs; it writes too), proofbundle."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from counterproof import errors, note, quorum, tlog
from tests.house.source_tree import ROOT
from tests.peers.questions import peer

SIZE = 66_000
"""Tiles of three levels."""
OLD = 65_500
NOW_S = 1_800_000_000
INDICES = (0, 1, 255, 256, 12_345, 65_535, 65_536, SIZE - 1)


def key(name: str, kind: note.Kind) -> note.Signer:
    return note.unsafe_seeded(name, kind, sha256(f"{name} {kind}".encode()).digest())


LOG = key("log.example/peers", "ed25519")
WITNESSES = (key("a.example", "cosignature"), key("b.example", "ml-dsa-44"))


class Folder:
    """A log as we write it, in a folder, with a cosigned checkpoint."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self.entries = [b"entry %d" % n for n in range(SIZE)]
        self.leaves = tlog.leaf_hashes(self.entries)
        edge, bundles = tlog.Edge(), tlog.Bundles()
        for begin, end in ((0, OLD), (OLD, SIZE)):
            grown = [*edge.append(self.leaves[begin:end]), *bundles.append(self.entries[begin:end])]
            for tile, data in grown:
                self.put(tile.path, data)
        self.head = tlog.Checkpoint(LOG.verifier.name, SIZE, edge.root())
        cosigned = [quorum.cosign(self.head, witness, NOW_S) for witness in WITNESSES]
        self.checkpoint = note.append(note.sign(self.head.body, LOG), *cosigned)
        self.put("checkpoint", self.checkpoint)

    def put(self, path: str, data: bytes) -> None:
        file = self.at / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def hashes(self) -> tlog.TileHashes:
        return tlog.TileHashes(lambda tile: (self.at / tile.path).read_bytes(), SIZE, self.head.root)


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:  # pyright: ignore[reportUnusedFunction] - pytest uses it
    return Folder(tmp_path_factory.mktemp("log"))


def scales_reader(at: Path) -> Any:  # noqa: ANN401 - as `peer`
    reader = peer("tlog_scales.reader").TilesReader(peer("tlog_scales.backend").LocalBackend(at))
    reader.get_checkpoint()
    return reader


def test_tlog_scales_reads_our_folder(folder: Folder) -> None:
    reader = scales_reader(folder.at)

    assert reader.size == SIZE
    assert reader.calculate_root_hash() == folder.head.root
    assert [reader.get_entry(index) for index in INDICES] == [folder.entries[index] for index in INDICES]


def test_tlog_scales_and_we_make_the_same_proofs(folder: Folder) -> None:
    reader, hashes = scales_reader(folder.at), folder.hashes()

    for index in INDICES:
        theirs = reader.get_inclusion_proof(index, SIZE)
        assert theirs.node_hashes == tlog.prove_inclusion(index, SIZE, hashes)
        theirs.check(folder.leaves[index], folder.head.root)
    for old in (1, 2, 255, 256, OLD, 65_536, SIZE):
        theirs = reader.get_consistency_proof(old, SIZE)
        assert theirs.node_hashes == tlog.prove_consistency(old, SIZE, hashes)
        theirs.check(tlog.tree_root(old, hashes), folder.head.root)


def test_tlog_scales_verifies_our_signatures(folder: Folder) -> None:
    read = peer("tlog_scales.tlog").Checkpoint.from_text(folder.checkpoint.decode())
    vkey = peer("tlog_scales.signing").Vkey

    for signer in (LOG, *WITNESSES):
        read.verify(vkey.from_string(signer.verifier.text))
    with pytest.raises(RuntimeError):
        read.verify(vkey.from_string(key("c.example", "cosignature").verifier.text))


def test_we_read_what_tlog_scales_writes(tmp_path: Path) -> None:
    signing, writer = peer("tlog_scales.signing"), peer("tlog_scales.writer")
    signer = signing.PlainEd25519Signer("log.example/theirs", bytes(range(32)))
    log = writer.TilesWriter.create(tmp_path / "log", "log.example/theirs")
    entries = [b"theirs %d" % n for n in range(700)]
    for cut in (entries[:300], entries[300:]):
        for entry in cut:
            log.add_leaf(entry)
        log.commit([signer])
    ours = note.unsafe_seeded("log.example/theirs", "ed25519", bytes(range(32))).verifier

    head, _ = quorum.open_checkpoint((tmp_path / "log" / "checkpoint").read_bytes(), ours)
    assert head.size == 700
    hashes = tlog.TileHashes(lambda tile: (tmp_path / "log" / tile.path).read_bytes(), 700, head.root)
    read = [
        entry
        for tile in tlog.tiles_of(700, level=tlog.ENTRIES)
        for entry in hashes.entries(tile.index, (tmp_path / "log" / tile.path).read_bytes())
    ]
    assert read == entries


@pytest.mark.parametrize("index", INDICES)
def test_proofbundle_verifies_our_receipts(folder: Folder, index: int) -> None:
    path = tuple(tlog.prove_inclusion(index, SIZE, folder.hashes()))
    receipt = tlog.Proof(index, path, folder.checkpoint).encode().decode()
    witnesses = [witness.verifier.text for witness in WITNESSES]

    def verdict(text: str, entry: bytes) -> dict[str, Any]:
        said: dict[str, Any] = peer("proofbundle.tlogproof").verify_tlog_proof(
            text, entry, LOG.verifier.text, witnesses, threshold=2, expected_origin=LOG.verifier.name
        )
        return said

    assert verdict(receipt, folder.entries[index])["ok"] is True
    assert verdict(receipt, folder.entries[index] + b"!")["ok"] is False
    assert verdict(receipt.replace(f"index {index}\n", f"index {index ^ 1}\n"), folder.entries[index])["ok"] is False


def scales_accepts(kind: str, case: dict[str, Any]) -> bool:
    """What tlog-scales says of one of our vectors."""
    theirs = peer("tlog_scales.tlog")
    proof = [bytes.fromhex(text) for text in case["proof"]]
    try:
        if kind == "inclusion":
            theirs.InclusionProof(int(case["index"]), int(case["size"]), proof).check(
                bytes.fromhex(case["leaf"]), bytes.fromhex(case["root"])
            )
        else:
            theirs.ConsistencyProof(int(case["old"]), int(case["new"]), proof).check(
                bytes.fromhex(case["old_root"]), bytes.fromhex(case["new_root"])
            )
    except (theirs.InclusionProofInvalid, theirs.ConsistencyProofInvalid):
        return False
    return True


LAXER = {
    "inclusion": {"said to be -1 of 1", "said to be -1 of 2", "said to be -1 of 4", "said to be -1 of 8"},
    "consistency": {"a size of 2^63", "from nothing to nothing"},
}
"""It knows no largest size, and looks at no sign; two empty trees need equal roots there, whichever they are."""


@pytest.mark.parametrize("kind", LAXER)
def test_tlog_scales_judges_our_vectors_as_we_do(kind: str) -> None:
    """It refuses nothing that we accept, and accepts nothing that we refuse but what is known."""
    cases = json.loads((ROOT / "vectors" / "tlog" / "vectors.json").read_text(encoding="utf-8"))[kind]
    differ = [case for case in cases if scales_accepts(kind, case) is not case["ok"]]

    assert [case for case in differ if case["ok"]] == []
    assert {case["what"] for case in differ} == LAXER[kind]


def test_a_checkpoint_that_they_take_and_we_refuse() -> None:
    """tlog-scales reads numbers with `int`; a signature over such a text is what a strict reader must not follow."""
    text = "log.example/theirs\n-5\nAAAA\n\n\u2014 x AAAAAAAAAAA=\n"

    assert peer("tlog_scales.tlog").Checkpoint.from_text(text).size == -5
    with pytest.raises(errors.BadNote):
        tlog.read_checkpoint(text.partition("\n\n")[0].encode() + b"\n")
