"""The tree and its files: tiles, checkpoints, proofs.

Takes: entries, hashes and files of a log (C2SP tlog-tiles, tlog-checkpoint, tlog-proof; RFC 6962 hashing).
Gives: roots, tiles, proofs, or a refusal: `BadNote` where bytes break a format, `NotVerified` where they do not hold.
Never: signs, opens a file or a socket, knows what an entry says.
"""

from counterproof.tlog._checkpoint import MAX_ORIGIN_BYTES, Checkpoint, read_checkpoint
from counterproof.tlog._edge import Bundles, Edge
from counterproof.tlog._hash import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_SIZE,
    leaf_hash,
    leaf_hashes,
    node_hash,
    root_of,
)
from counterproof.tlog._proof import (
    MAX_PROOF_HASHES,
    Hashes,
    check_consistency,
    check_inclusion,
    prove_consistency,
    prove_inclusion,
    tree_root,
)
from counterproof.tlog._receipt import MAX_RECEIPT_BYTES, Proof, read_proof
from counterproof.tlog._tile import (
    ENTRIES,
    MAX_ENTRY_BYTES,
    TILE_WIDTH,
    Tile,
    edge_tiles,
    encode_entries,
    read_entries,
    read_tile_path,
    split_entries,
    tiles_of,
)
from counterproof.tlog._tile_hashes import TileHashes

__all__ = [
    "EMPTY_ROOT",
    "ENTRIES",
    "HASH_BYTES",
    "MAX_ENTRY_BYTES",
    "MAX_ORIGIN_BYTES",
    "MAX_PROOF_HASHES",
    "MAX_RECEIPT_BYTES",
    "MAX_SIZE",
    "TILE_WIDTH",
    "Bundles",
    "Checkpoint",
    "Edge",
    "Hashes",
    "Proof",
    "Tile",
    "TileHashes",
    "check_consistency",
    "check_inclusion",
    "edge_tiles",
    "encode_entries",
    "leaf_hash",
    "leaf_hashes",
    "node_hash",
    "prove_consistency",
    "prove_inclusion",
    "read_checkpoint",
    "read_entries",
    "read_proof",
    "read_tile_path",
    "root_of",
    "split_entries",
    "tiles_of",
    "tree_root",
]
