"""The writer's edge and the reader's tiles: the same tree however it was cut into batches, and no bit of it changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import errors, tlog
from tests.tlog.tlog_trees import Store, entries_of, naive_root, store_of

WIDE = 66_000
"""Beyond 65,536, so that tiles of three levels are there."""

batches = st.lists(st.integers(0, 600), max_size=8)


@pytest.fixture(scope="module", name="wide")
def _wide() -> tuple[Store, list[bytes]]:  # pyright: ignore[reportUnusedFunction] -- the fixture is asked for by name
    return store_of(WIDE, batch=5_000)


@given(batches=batches)
def test_batches_do_not_matter(batches: list[int]) -> None:
    entries = entries_of(sum(batches))
    store, at = Store(), 0
    for width in batches:
        store.add(entries[at : at + width])
        at += width
        assert store.edge.root() == naive_root(tlog.leaf_hashes(entries[:at]))
    whole = Store()
    whole.add(entries)

    assert store.edge.size == store.bundles.size == len(entries)
    assert whole.files.items() <= store.files.items()
    assert {path for path in store.files if ".p/" not in path} == {path for path in whole.files if ".p/" not in path}


@given(batches=batches)
def test_every_head_that_was_published_can_be_read(batches: list[int]) -> None:
    """C2SP tlog-tiles, partial tiles: those of every published size are there."""
    store, heads = Store(), [(0, tlog.EMPTY_ROOT)]
    for width in batches:
        store.add([b"%d" % n for n in range(width)])
        heads.append((store.edge.size, store.edge.root()))
    for size, root in heads:
        assert tlog.Edge.read(store.read, size, root).root() == root
        for tile in tlog.tiles_of(size, level=tlog.ENTRIES):
            entries = tlog.TileHashes(store.read, size, root).entries(tile.index, store.files[tile.path])
            assert len(entries) == tile.width


def test_a_wide_tree(wide: tuple[Store, list[bytes]]) -> None:
    store, leaves = wide
    hashes = store.hashes()

    assert {tile.level for tile in tlog.edge_tiles(WIDE)} == {0, 1, 2}
    assert store.edge.root() == tlog.root_of(leaves) == tlog.tree_root(WIDE, hashes)
    for index in (0, 1, 255, 256, 65_535, 65_536, WIDE - 1):
        tlog.check_inclusion(tlog.prove_inclusion(index, WIDE, hashes), index, WIDE, leaves[index], store.edge.root())
    for old in (1, 255, 256, 257, 65_535, 65_536, 65_537, WIDE):
        proof = tlog.prove_consistency(old, WIDE, hashes)
        tlog.check_consistency(proof, old, WIDE, tlog.root_of(leaves[:old]), store.edge.root())


def test_an_edge_goes_on_where_another_left_off(wide: tuple[Store, list[bytes]]) -> None:
    store, leaves = wide
    edge = tlog.Edge.read(store.read, WIDE, store.edge.root())
    more = tlog.leaf_hashes(entries_of(300))

    assert edge.append(more) == store.edge.copy().append(more)
    assert edge.root() == tlog.root_of([*leaves, *more])
    assert store.edge.size == WIDE, "a copy is appended to, not the edge itself"


def test_an_edge_holds_at_most_255_hashes_a_level(wide: tuple[Store, list[bytes]]) -> None:
    edge = wide[0].edge.copy()
    for width in (4_096, 255, 1, 700, 65_536):
        edge.append([bytes(32)] * width)

        assert [(tile, len(raw) // 32) for tile, raw in edge.tiles()] == [
            (tile, tile.width) for tile in tlog.edge_tiles(edge.size)
        ]


def test_a_full_tile_stands_in_for_a_partial_one() -> None:
    """C2SP tlog-tiles, partial tiles: the full one may be read in their place."""
    store, leaves = store_of(300)
    store.add(entries_of(300))
    root = tlog.root_of(leaves)
    hashes = tlog.TileHashes(lambda tile: store.files.get(tile.full.path, store.files.get(tile.path, b"")), 300, root)

    assert tlog.tree_root(300, hashes) == root
    assert hashes.tile(0, 1) == leaves[256:300]
    assert hashes.entries(1, store.files["tile/entries/001"]) == entries_of(300)[256:]
    assert hashes.entries(1, store.files["tile/entries/001.p/44"]) == entries_of(300)[256:]
    with pytest.raises(errors.BadNote, match="holds 43 entries, not 44"):
        hashes.entries(1, tlog.encode_entries(entries_of(300)[256:299]))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_changed_bit_of_a_tile_is_noticed(wide: tuple[Store, list[bytes]], data: st.DataObject) -> None:
    """Attack and accident: any bit of any tile on the way of a proof, changed in storage."""
    store, leaves = wide
    index = data.draw(st.integers(0, WIDE - 1))
    used: list[tlog.Tile] = []

    def read(tile: tlog.Tile) -> bytes:
        used.append(tile)
        return store.read(tile)

    root = store.edge.root()
    tlog.prove_inclusion(index, WIDE, tlog.TileHashes(read, WIDE, root))
    bad = data.draw(st.sampled_from(used))
    bit = data.draw(st.integers(0, bad.width * 256 - 1))

    def damaged(tile: tlog.Tile) -> bytes:
        raw = store.read(tile)
        return (int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw)) if tile == bad else raw

    with pytest.raises(errors.NotVerified) as refused:
        tlog.prove_inclusion(index, WIDE, tlog.TileHashes(damaged, WIDE, root))
    assert refused.value.where == "tiles"
    assert leaves[index] in tlog.TileHashes(store.read, WIDE, root).tile(0, index // 256)


@settings(max_examples=60)
@given(number=st.integers(0, WIDE // 256), data=st.data())
def test_one_changed_bit_of_a_bundle_is_noticed(
    wide: tuple[Store, list[bytes]], number: int, data: st.DataObject
) -> None:
    store, _ = wide
    hashes = store.hashes()
    tile = next(t for t in tlog.tiles_of(WIDE, level=tlog.ENTRIES) if t.index == number)
    raw = store.read(tile)
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))

    assert len(hashes.entries(number, raw)) == tile.width
    with pytest.raises((errors.NotVerified, errors.BadNote)):
        hashes.entries(number, (int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw)))


def test_tiles_are_read_once_and_few_are_kept() -> None:
    size = 256 * 400
    store = Store()
    for tile, raw in store.edge.append([b"%032d" % n for n in range(size)]):
        store.files[tile.path] = raw
    reads: list[str] = []

    def read(tile: tlog.Tile) -> bytes:
        reads.append(tile.path)
        return store.read(tile)

    hashes = tlog.TileHashes(read, size, store.edge.root())
    for index in range(0, size, 64):
        hashes.hash_at(0, index)

    assert sum(path.startswith("tile/0/") for path in reads) == 400
    assert hashes.tile(0, 399) == [b"%032d" % n for n in range(399 * 256, size)]
    assert reads.count("tile/0/399") == 1, "the last ones read are kept"
    hashes.hash_at(0, 0)
    assert reads.count("tile/0/000") == 2, "the first ones have made room"


@pytest.mark.parametrize(("level", "index"), [(0, 300), (0, -1), (8, 1), (9, 0), (3, 37), (64, 0), (-1, 0), (16, 0)])
def test_a_subtree_that_is_not_complete_is_refused(level: int, index: int) -> None:
    store, _ = store_of(300)

    with pytest.raises(errors.NotVerified, match="has no complete subtree"):
        store.hashes().hash_at(level, index)


def test_a_batch_that_is_refused_changes_nothing() -> None:
    store, _ = store_of(300)
    before = store.edge.root()

    with pytest.raises(errors.BadNote, match="32 bytes"):
        store.edge.append([bytes(32), bytes(31)])
    with pytest.raises(errors.BadNote, match="32 bytes"):
        store.edge.append([bytes(31), bytes(33)])
    with pytest.raises(errors.BadNote, match="longer than 65,535"):
        store.bundles.append([b"fine", bytes(65_536)])

    assert (store.edge.root(), store.edge.size, store.bundles.size) == (before, 300, 300)
    assert store.bundles.append([b"x"])[0][0] == tlog.Tile(tlog.ENTRIES, 1, 45)


def test_bundles_go_on_from_the_last_one() -> None:
    store, _ = store_of(300)
    last = tlog.read_entries(store.files["tile/entries/001.p/44"], 44)
    more = entries_of(500)

    assert tlog.Bundles(300, last).append(more) == store.bundles.copy().append(more)
    with pytest.raises(errors.BadNote, match="leave 44 in the last bundle, not 43"):
        tlog.Bundles(300, last[1:])
