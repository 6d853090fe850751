"""One test for each way in which what a log gives is refused: one sentence with the place and the mend."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from counterproof import errors, tlog

ROOT = tlog.leaf_hash(b"")
NOTE = b"note\n"


def says(refusal: errors.CounterproofError, what: str, where: str) -> None:
    """Checks the sentence: what, where and how to mend it, on one line."""
    assert re.search(what, refusal.what), refusal.what
    assert refusal.where == where
    assert refusal.mend
    assert "\n" not in str(refusal)


def bad(call: Callable[[], object], what: str, where: str) -> None:
    with pytest.raises(errors.BadNote) as caught:
        call()
    says(caught.value, what, where)


def unverified(call: Callable[[], object], what: str, where: str) -> None:
    with pytest.raises(errors.NotVerified) as caught:
        call()
    says(caught.value, what, where)
    assert caught.value.exit_code == 5


CHECKPOINTS: list[tuple[bytes, str, str]] = [
    (b"x\n05\n%s\n", "'05' is no tree size", "tree size"),
    (b"x\n+5\n%s\n", r"'\+5' is no tree size", "tree size"),
    (b"x\n-5\n%s\n", "'-5' is no tree size", "tree size"),
    (b"x\n1_0\n%s\n", "'1_0' is no tree size", "tree size"),
    (b"x\n 5\n%s\n", "' 5' is no tree size", "tree size"),
    (b"x\n\xd9\xa5\n%s\n", "is no tree size", "tree size"),
    (b"x\n9223372036854775808\n%s\n", "'9223372036854775808' is no tree size", "tree size"),
    (b"x\n5\r\n%s\n", r"'5\\r' is no tree size", "tree size"),
    (b"x\n\x0b5\n%s\n", r"'\\x0b5' is no tree size", "tree size"),
    (b"x\n5\nAAAA\n", "32 bytes, not 3", "root hash"),
    (b"x\n5\n%s \n", "not base64 in its one form", "root hash"),
    (b"x\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", "not base64 in its one form", "root hash"),
    (b"x\n0\n%s\n", "without leaves has another root", "root hash"),
    (b"x\n5\n%s\nextension\n", "has three lines", "checkpoint"),
    (b"x\n5\n%s\n\n", "has three lines", "checkpoint"),
    (b"x\n5\n%s", "has three lines", "checkpoint"),
    (b"\n5\n%s\n", "has 0 bytes", "origin"),
    (b"x" * 256 + b"\n5\n%s\n", "has 256 bytes", "origin"),
    (b"x\r\n5\n%s\n", "a control character", "origin"),
    (b"\xff\n5\n%s\n", "not UTF-8", "origin"),
]


@pytest.mark.parametrize(("body", "what", "where"), CHECKPOINTS, ids=[f"{b[:20]!r} {w}" for b, w, _ in CHECKPOINTS])
def test_a_checkpoint_that_breaks_its_format(body: bytes, what: str, where: str) -> None:
    whole = tlog.Checkpoint("x", 5, ROOT).body.split(b"\n")[2]

    bad(lambda: tlog.read_checkpoint(body.replace(b"%s", whole)), what, where)


def test_an_origin_that_cannot_be_written() -> None:
    bad(lambda: tlog.Checkpoint("\ud800", 5, ROOT), "not Unicode", "origin")


def test_a_checkpoint_of_a_size_that_no_tree_has() -> None:
    bad(lambda: tlog.Checkpoint("x", 2**63, ROOT), "no tree has 9223372036854775808 leaves", "tree size")


def test_a_checkpoint_with_half_a_root() -> None:
    bad(lambda: tlog.Checkpoint("x", 5, ROOT[:16]), "32 bytes, not 16", "root hash")


def test_a_tile_that_no_log_has() -> None:
    bad(lambda: tlog.Tile(0, 0, 0), "no log has a tile of level 0, number 0, width 0", "tile")


def test_a_path_of_no_tile() -> None:
    bad(lambda: tlog.read_tile_path("tile/0/x000/067"), "is no path of a tile", "tile path")


def test_a_bundle_with_too_many_entries() -> None:
    bad(lambda: tlog.encode_entries([b""] * 257), "holds 1 to 256 entries, not 257", "bundle")


def test_a_bundle_that_is_said_to_hold_none() -> None:
    bad(lambda: tlog.read_entries(b"", 0), "holds 1 to 256 entries, not 0", "bundle")


def test_a_bundle_that_ends_within_an_entry() -> None:
    bad(lambda: tlog.read_entries(b"\x00\x02x", 1), "ends within an entry", "bundle")


def test_a_bundle_with_another_number_of_entries() -> None:
    bad(lambda: tlog.read_entries(b"\x00\x01x", 2), "holds 1 entries, not 2", "bundle")


def test_an_entry_that_is_too_long() -> None:
    bad(lambda: tlog.encode_entries([bytes(65_536)]), "longer than 65,535 bytes", "bundle")


def test_a_last_bundle_of_another_size() -> None:
    bad(lambda: tlog.Bundles(3, []), "3 entries leave 3 in the last bundle, not 0", "bundle")


def test_entries_appended_as_if_they_were_hashes() -> None:
    bad(lambda: tlog.Edge().append([b"entry"]), "a leaf hash has 32 bytes", "append")


def test_a_log_that_is_full() -> None:
    """The largest tree, all of whose tiles hold zeros."""

    class Zeros:
        def hash_at(self, level: int, index: int) -> bytes:
            assert index >= 0
            return tlog.root_of([bytes(32)] * (1 << level % 8))

    size = tlog.MAX_SIZE - 1
    edge = tlog.Edge.read(lambda tile: bytes(tile.width * 32), size, tlog.tree_root(size, Zeros()))
    edge.append([bytes(32)])

    assert edge.root() == tlog.tree_root(tlog.MAX_SIZE, Zeros())
    bad(lambda: edge.append([ROOT]), "more than 2", "append")


RECEIPTS: list[tuple[bytes, str, str]] = [
    (b"c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n", "does not begin with", "receipt"),
    (b"c2sp.org/tlog-proof@v1\nindex 0\n", "has no checkpoint", "receipt"),
    (b"c2sp.org/tlog-proof@v1\nindex 00\n\nnote\n", "'00' is no index", "index"),
    (b"c2sp.org/tlog-proof@v1\nindex 9223372036854775807\n\nnote\n", "no log has an entry number", "index"),
    (b"c2sp.org/tlog-proof@v1\n\nnote\n", "no line with the index", "index"),
    (b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nnote\n", "nothing after `extra`", "extra"),
    (b"c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\nnote\n", "not base64", "extra"),
    (b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote\n", "32 bytes, not 3", "path"),
    (b"c2sp.org/tlog-proof@v1\nindex 0\n" + b"A\n" * 64 + b"\nnote\n", "at most 63 hashes", "path"),
    (b"c2sp.org/tlog-proof@v1\nindex 0\n\nnote", "does not end in a line feed", "checkpoint"),
    (b"x" * 1_000_001, "longer than 1,000,000 bytes", "receipt"),
]


@pytest.mark.parametrize(("data", "what", "where"), RECEIPTS, ids=[what for _, what, _ in RECEIPTS])
def test_a_receipt_that_breaks_its_format(data: bytes, what: str, where: str) -> None:
    bad(lambda: tlog.read_proof(data), what, where)


def test_a_receipt_that_cannot_be_written() -> None:
    bad(lambda: tlog.Proof(0, (b"short",), NOTE), "at most 63 hashes of 32 bytes", "path")
    bad(lambda: tlog.Proof(0, (), NOTE, bytes(800_000)), "longer than 1,000,000 bytes", "receipt")


def test_a_leaf_that_the_tree_does_not_have() -> None:
    unverified(lambda: tlog.check_inclusion([], 1, 1, ROOT, ROOT), "a tree of 1 leaves has no leaf 1", "inclusion")


def test_a_path_that_is_too_short_or_too_long() -> None:
    unverified(lambda: tlog.check_inclusion([], 0, 2, ROOT, ROOT), "needs a path of 1 hashes, not 0", "inclusion")
    unverified(lambda: tlog.check_inclusion([ROOT], 0, 1, ROOT, ROOT), "a path of 0 hashes, not 1", "inclusion")


def test_a_path_with_a_short_hash() -> None:
    unverified(lambda: tlog.check_inclusion([b""], 0, 2, ROOT, ROOT), "not 32 bytes", "inclusion")
    unverified(lambda: tlog.check_inclusion([b""], 1, 2, ROOT, ROOT), "not 32 bytes", "inclusion")
    unverified(lambda: tlog.check_inclusion([ROOT, b""], 2, 3, ROOT, ROOT), "a path of 1 hashes, not 2", "inclusion")
    unverified(lambda: tlog.check_inclusion([b""], 2, 3, ROOT, ROOT), "not 32 bytes", "inclusion")


def test_a_path_to_another_root() -> None:
    unverified(lambda: tlog.check_inclusion([ROOT], 0, 2, ROOT, ROOT), "does not lead to the root", "inclusion")


def test_a_leaf_hash_that_is_none() -> None:
    unverified(lambda: tlog.check_inclusion([], 0, 1, b"", b""), "does not lead to the root", "inclusion")


def test_a_log_that_shrinks() -> None:
    unverified(lambda: tlog.check_consistency([], 2, 1, ROOT, ROOT), "cannot go on from one of 2", "consistency")


def test_a_consistency_proof_with_a_short_hash() -> None:
    unverified(lambda: tlog.check_consistency([b""], 1, 2, ROOT, ROOT), "not 32 bytes", "consistency")


def test_two_roots_for_one_size() -> None:
    unverified(lambda: tlog.check_consistency([], 1, 1, ROOT, bytes(32)), "two roots .* size 1", "consistency")


def test_a_proof_where_nothing_is_to_be_proved() -> None:
    unverified(lambda: tlog.check_consistency([ROOT], 1, 1, ROOT, ROOT), "nothing is to be proved", "consistency")


def test_an_empty_tree_with_a_root() -> None:
    unverified(lambda: tlog.check_consistency([], 0, 1, ROOT, ROOT), "without leaves has another", "consistency")


def test_a_consistency_proof_of_another_length() -> None:
    unverified(lambda: tlog.check_consistency([], 1, 2, ROOT, ROOT), "needs 1 hashes, not 0", "consistency")
    unverified(lambda: tlog.check_consistency([], 3, 4, ROOT, ROOT), "needs 3 hashes, not 0", "consistency")


def test_a_consistency_proof_to_another_old_root() -> None:
    unverified(
        lambda: tlog.check_consistency([ROOT] * 3, 3, 4, bytes(32), ROOT), "the root of the tree of 3", "consistency"
    )


def test_a_consistency_proof_to_another_new_root() -> None:
    unverified(lambda: tlog.check_consistency([ROOT], 1, 2, ROOT, ROOT), "the root of the tree of 2", "consistency")


def test_a_tile_of_another_length() -> None:
    unverified(lambda: tlog.Edge.read(lambda _: b"x", 1, ROOT), "has 1 bytes, not 32", "tiles")


def test_an_edge_of_another_tree() -> None:
    unverified(lambda: tlog.Edge.read(lambda _: bytes(32), 1, ROOT), "do not lead to its root", "tiles")


def test_a_tile_of_another_tree() -> None:
    edge = tlog.Edge()
    files = dict(edge.append([ROOT] * 256))
    hashes = tlog.TileHashes(lambda tile: files[tile] if tile.level else bytes(8_192), 256, edge.root())

    unverified(lambda: hashes.hash_at(0, 0), "tile/0/000 is not the tile of this tree", "tiles")


def test_an_entry_of_another_tree() -> None:
    edge = tlog.Edge()
    files = dict(edge.append([tlog.leaf_hash(b"a")]))
    hashes = tlog.TileHashes(files.__getitem__, 1, edge.root())

    unverified(lambda: hashes.entries(0, tlog.encode_entries([b"b"])), "not the one of the tree", "entries")


def test_a_subtree_that_is_not_there() -> None:
    hashes = tlog.TileHashes(lambda _: ROOT, 1, ROOT)

    unverified(lambda: hashes.hash_at(0, 1), "a tree of 1 leaves has no complete subtree", "tiles")
