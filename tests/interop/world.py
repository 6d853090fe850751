"""A log with its keys and witnesses, written to a folder by our code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from counterproof import note, quorum, tlog

ORIGIN = "log.example/interop"
NOW_S = 1_800_000_000


def signer(name: str, kind: note.Kind) -> note.Signer:
    return note.seeded(name, kind, hashlib.sha256(f"{name} {kind}".encode()).digest())


LOG = signer(ORIGIN, "ed25519")
WITNESS = signer("witness.example/one", "cosignature")
LARGE_WITNESS = signer("witness.example/two", "ml-dsa-44")
EVALUATOR = signer("evaluator.example/2026", "statement")


def text(*signers: note.Signer) -> list[str]:
    return [one.verifier.text for one in signers]


def entry(number: int) -> bytes:
    """Entries of many lengths, the empty one among them."""
    return hashlib.sha256(b"%d" % number).hexdigest().encode()[: number % 65]


def checkpoint(size: int, root: bytes, *cosigners: note.Signer) -> bytes:
    head = tlog.Checkpoint(ORIGIN, size, root)
    return note.append(note.sign(head.body, LOG), *(quorum.cosign(head, cosigner, NOW_S) for cosigner in cosigners))


GREASE = note.Line("grease.example/\u00e4", b"\1\2\3\4", b"anything at all").encode()


@dataclass(frozen=True)
class Folder:
    """A log's folder, its size and root, and hashes read from its tiles."""

    path: Path
    size: int
    root: bytes

    def read(self, tile: tlog.Tile) -> bytes:
        return (self.path / tile.path).read_bytes()

    @property
    def hashes(self) -> tlog.TileHashes:
        return tlog.TileHashes(self.read, self.size, self.root)

    def receipt(self, index: int, *cosigners: note.Signer, grease: bool = False) -> bytes:
        signed = checkpoint(self.size, self.root, *cosigners)
        whole = note.append(signed, GREASE) if grease else signed
        return tlog.Proof(index, tuple(tlog.prove_inclusion(index, self.size, self.hashes)), whole).encode()


def write_log(path: Path, size: int) -> Folder:
    entries = [entry(number) for number in range(size)]
    edge, bundles = tlog.Edge(), tlog.Bundles()
    for tile, data in [*edge.append(tlog.leaf_hashes(entries)), *bundles.append(entries)]:
        file = path / tile.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    signed = checkpoint(size, edge.root(), WITNESS)
    (path / "checkpoint").write_bytes(signed)
    return Folder(path, size, edge.root())
