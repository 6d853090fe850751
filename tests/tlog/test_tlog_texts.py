"""Checkpoints, paths, bundles and receipts: what is written is read back, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import errors, tlog

roots = st.binary(min_size=32, max_size=32)
letters = st.characters(codec="utf-8", min_codepoint=32)
origins = st.text(letters, min_size=1, max_size=60)
checkpoints = st.builds(tlog.Checkpoint, origins, st.integers(1, tlog.MAX_SIZE), roots)
receipts = st.builds(
    tlog.Proof,
    st.integers(0, tlog.MAX_SIZE - 1),
    st.lists(roots, max_size=63).map(tuple),
    st.binary(max_size=200).map(lambda raw: raw + b"\n"),
    st.binary(max_size=50),
)


@st.composite
def tiles(draw: st.DrawFn) -> tlog.Tile:
    level = draw(st.integers(-1, 6))
    highest = (tlog.MAX_SIZE >> max(level, 0) * 8) // 256 - 1
    return tlog.Tile(level, draw(st.integers(0, highest)), draw(st.integers(1, 256)))


@given(checkpoint=checkpoints)
def test_a_checkpoint_is_read_back(checkpoint: tlog.Checkpoint) -> None:
    assert tlog.read_checkpoint(checkpoint.body) == checkpoint


@given(tile=tiles())
def test_a_path_is_read_back(tile: tlog.Tile) -> None:
    assert tlog.read_tile_path(tile.path) == tile


@given(receipt=receipts)
def test_a_receipt_is_read_back(receipt: tlog.Proof) -> None:
    assert tlog.read_proof(receipt.encode()) == receipt


@given(entries=st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    assert tlog.read_entries(tlog.encode_entries(entries), len(entries)) == entries


@pytest.mark.parametrize(("extra", "hashes"), [(b"", 0), (b"x", 1), (b"xy", 2), (b"xyz", 63)])
def test_the_longest_receipt_is_read_back(extra: bytes, hashes: int) -> None:
    path = (bytes(32),) * hashes
    spare = tlog.MAX_RECEIPT_BYTES - len(tlog.Proof(12_345, path, b"\n", extra).encode())
    longest = tlog.Proof(12_345, path, b"x" * spare + b"\n", extra)

    assert len(longest.encode()) == tlog.MAX_RECEIPT_BYTES
    assert tlog.read_proof(longest.encode()) == longest
    with pytest.raises(errors.BadNote, match="longer than 1,000,000"):
        tlog.Proof(12_345, path, b"x" * spare + b"x\n", extra)


def test_the_longest_entry_is_read_back() -> None:
    longest = bytes(tlog.MAX_ENTRY_BYTES)

    assert tlog.read_entries(tlog.encode_entries([longest, b"", longest]), 3) == [longest, b"", longest]


def unchanged(data: bytes, read: Callable[[bytes], bytes]) -> bool:
    """Whether the bytes are refused, or are just what would have been written."""
    try:
        return read(data) == data
    except errors.BadNote:
        return True


@given(checkpoint=checkpoints, data=st.data())
def test_a_changed_checkpoint_is_refused_or_one_of_ours(checkpoint: tlog.Checkpoint, data: st.DataObject) -> None:
    body = bytearray(checkpoint.body)
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))

    assert unchanged(bytes(body), lambda raw: tlog.read_checkpoint(raw).body)


@given(receipt=receipts, data=st.data())
def test_a_changed_receipt_is_refused_or_one_of_ours(receipt: tlog.Proof, data: st.DataObject) -> None:
    text = receipt.encode()
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.binary(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]

    assert unchanged(changed, lambda raw: tlog.read_proof(raw).encode())


@given(data=st.binary(max_size=40), count=st.integers(-1, 300))
def test_any_bytes_are_a_bundle_or_refused(data: bytes, count: int) -> None:
    assert unchanged(data, lambda raw: tlog.encode_entries(tlog.read_entries(raw, count)))


def test_a_tree_of_70000_leaves_has_these_tiles() -> None:
    """The example of C2SP tlog-tiles, partial tiles."""
    found = [tile for level in range(3) for tile in tlog.tiles_of(70_000, level=level)]
    by_level = [[t for t in found if t.level == level] for level in range(3)]

    assert [sum(t.is_full for t in of_level) for of_level in by_level] == [273, 1, 0]
    assert [t.width for t in found if not t.is_full] == [112, 17, 1]
    assert tlog.edge_tiles(70_000) == [t for t in found if not t.is_full]
    assert [t.path for t in tlog.edge_tiles(256)] == ["tile/1/000.p/1"]
    assert [t.path for t in tlog.tiles_of(300)] == ["tile/0/000", "tile/0/001.p/44"]
    assert [t.path for t in tlog.tiles_of(300, level=tlog.ENTRIES)] == ["tile/entries/000", "tile/entries/001.p/44"]
    assert tlog.edge_tiles(0) == list(tlog.tiles_of(0)) == []


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (tlog.Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (tlog.Tile(1, 999, 255), "tile/1/999.p/255"),
        (tlog.Tile(tlog.ENTRIES, 1_000, 1), "tile/entries/x001/000.p/1"),
    ],
)
def test_paths_go_in_groups_of_three_digits(tile: tlog.Tile, path: str) -> None:
    assert tile.path == path
    assert tile.full.path == path.partition(".p/")[0]
