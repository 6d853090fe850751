"""Go's sumdb/note and sumdb/tlog, which we did not write, verify our log and refuse every tampered copy of it."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import NotVerified
from tests.interop.programs import Program
from tests.interop.world import EVALUATOR, LARGE_WITNESS, LOG, NOW_S, ORIGIN, WITNESS, Folder, checkpoint, entry, text

KEYS = text(LOG, WITNESS)


def _spread(size: int) -> list[int]:
    """Ends of the tree and of tiles, and places between."""
    some = {0, 1, 255, 256, 257, 65_535, 65_536, size - 44, size - 2, size - 1, *range(0, size, 1093)}
    return sorted(index for index in some if 0 <= index < size)


def test_every_entry_of_a_small_log_is_found(go: Program, small_log: Folder) -> None:
    assert go.ask(op="log", folder=str(small_log.path), keys=KEYS) == {"ok": True}


def test_entries_of_a_large_log_are_found_and_proved_from_our_tiles(go: Program, large_log: Folder) -> None:
    indexes = _spread(large_log.size)

    assert len(indexes) > 70
    assert go.ask(op="log", folder=str(large_log.path), keys=KEYS, indexes=indexes, prove=True) == {"ok": True}


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
def test_every_single_flipped_bit_of_a_small_log_is_refused(go: Program, small_log: Folder, path: str) -> None:
    """Attack 1. What differs in the unused bits of a signature's base64 alone is the same to Go, and refused by us."""
    data = (small_log.path / path).read_bytes()

    answer = go.ask(op="flip log", folder=str(small_log.path), path=path, keys=KEYS, indexes=list(range(256, 300)))

    assert answer["tried"] == len(data) * 8
    _check_are_spellings(data, answer.get("accepted", []))


def _check_are_spellings(data: bytes, bits: Sequence[int]) -> None:
    """The changed bits leave the note the same to a lax reader of base64; our own refuses them."""
    start = data.index(b"\n\n", data.index(b"\n\n") + 1 if data.startswith(b"c2sp") else 0) + 2 if bits else 0
    for bit in bits:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        assert bit // 8 > start
        assert _signatures(bytes(changed)[start:]) == _signatures(data[start:])
        with pytest.raises(ValueError, match="signature line"):
            note.split(bytes(changed[changed.index(b"log.example") :]))


def _signatures(lines: bytes) -> list[tuple[bytes, bytes]]:
    fields = [line.split(b" ") for line in lines.splitlines()]
    return [(name, base64.b64decode(signature)) for _, name, signature in fields]


def test_one_flipped_bit_in_any_tile_or_bundle_of_a_large_log_is_refused(
    go: Program, newer_go: Program, large_log: Folder
) -> None:
    """Attack 1, in breadth: one bit of each file, at random, with an entry that the file is about.

    Debian's x/mod does not look at every tile by itself (CVE-2026-56865), so there the inclusion proof has to tell.
    """
    requests = _one_bit_of_each_file(large_log)

    assert len(requests) > 550
    assert [answer for answer in newer_go.ask_all(requests) if answer["ok"]] == []
    assert [answer for answer in go.ask_all({**one, "prove": True} for one in requests) if answer["ok"]] == []


def _one_bit_of_each_file(large_log: Folder) -> list[dict[str, object]]:
    numbers = random.Random(1)
    requests: list[dict[str, object]] = []
    for file in sorted(p for p in large_log.path.rglob("*") if p.is_file() and p.name != "checkpoint"):
        path = str(file.relative_to(large_log.path))
        tile = tlog.read_tile_path(path)
        data = bytearray(file.read_bytes())
        if tile.level < 0:
            at = numbers.randrange(tile.width)
            index = tile.index * 256 + at
            if not entry(index):
                at, index = at + 1, index + 1
            start = sum(2 + len(entry(tile.index * 256 + i)) for i in range(at)) + 2
            where = numbers.randrange(start * 8, (start + len(entry(index))) * 8)
        else:
            where = numbers.randrange(len(data) * 8)
            index = min((tile.index * 256 + numbers.randrange(tile.width)) << tile.level * 8, large_log.size - 1)
        data[where // 8] ^= 1 << where % 8
        requests.append(
            {"op": "log", "folder": str(large_log.path), "keys": KEYS, "indexes": [index], "patch": {path: bytes(data)}}
        )
    return requests


@pytest.mark.parametrize("index", [0, 5, 300, 40_000, 65_535, 69_887])
def test_a_forged_entry_in_forged_tiles_is_refused(
    go: Program, newer_go: Program, large_log: Folder, index: int
) -> None:
    """CVE-2026-56865: with one or two levels of tiles forged to fit, a reader that trusts the tiles takes the entry."""
    forged = b"forged"
    bundle, leaves = index // 256, tlog.Tile(0, index // 256)
    entries = [entry(bundle * 256 + number) for number in range(256)]
    entries[index % 256] = forged
    low = bytearray(large_log.read(leaves))
    low[index % 256 * 32 : (index % 256 + 1) * 32] = tlog.leaf_hash(forged)
    patch = {tlog.Tile(tlog.ENTRIES, bundle).path: tlog.encode_entries(entries), leaves.path: bytes(low)}
    above = next(tile for tile in tlog.tiles_of(large_log.size, level=1) if tile.index == bundle // 256)
    high = bytearray(large_log.read(above))
    low_root = tlog.root_of([bytes(low[at : at + 32]) for at in range(0, 8192, 32)])
    high[bundle % 256 * 32 : (bundle % 256 + 1) * 32] = low_root
    for both in (patch, {**patch, above.path: bytes(high)}):
        request = {"op": "log", "folder": str(large_log.path), "keys": KEYS, "indexes": [index], "patch": both}
        read = _patched(large_log, both)

        assert not newer_go.ask(**request)["ok"]
        assert not go.ask(**request, prove=True)["ok"]
        with pytest.raises(NotVerified):
            tlog.TileHashes(read, large_log.size, large_log.root).hash_at(0, index)


def _patched(log: Folder, patch: dict[str, bytes]) -> Callable[[tlog.Tile], bytes]:
    return lambda tile: patch.get(tile.path) or log.read(tile)


def test_entries_in_another_order_are_refused(go: Program, small_log: Folder) -> None:
    swapped = [entry(number) for number in range(256, 300)]
    swapped[3], swapped[5] = swapped[5], swapped[3]
    patch = {"tile/entries/001.p/44": tlog.encode_entries(swapped)}

    answer = go.ask(op="log", folder=str(small_log.path), keys=KEYS, patch=patch, indexes=[259])

    assert "entry 259 is not the one of the tree" in answer["why"]


def test_a_tile_is_read_where_only_the_full_one_is_left(go: Program, small_log: Folder) -> None:
    """tlog-tiles, partial tiles: they may be removed once the full one is there."""
    root = tlog.tree_root(200, small_log.hashes)
    patch = {"checkpoint": checkpoint(200, root, WITNESS)}

    assert go.ask(op="log", folder=str(small_log.path), keys=KEYS, patch=patch, indexes=[0, 199]) == {"ok": True}


def test_our_consistency_proofs_are_accepted_and_tampered_ones_refused(go: Program, large_log: Folder) -> None:
    numbers = random.Random(2)
    hashes = large_log.hashes
    pairs = [(70_000, 70_123), (1, 70_123), (65_536, 70_123), (70_123, 70_123), (255, 256), (256, 257)]
    pairs += [(old, numbers.randint(old, 70_123)) for old in (numbers.randint(1, 70_123) for _ in range(60))]
    good: list[dict[str, object]] = []
    bad: list[dict[str, object]] = []
    for old, new in pairs:
        proof = tlog.prove_consistency(old, new, hashes)
        request: dict[str, object] = {
            "op": "consistency", "old": old, "new": new, "proof": proof,
            "old_root": tlog.tree_root(old, hashes), "new_root": tlog.tree_root(new, hashes),
        }  # fmt: skip
        good.append(request)
        for at, one in enumerate(proof):
            flipped = bytes([one[0] ^ 1]) + one[1:]
            bad.append({**request, "proof": [*proof[:at], flipped, *proof[at + 1 :]]})
            bad.append({**request, "proof": [*proof[:at], *proof[at + 1 :]]})
            bad.append({**request, "proof": [*proof[:at], one, *proof[at:]]})
        bad.append({**request, "old_root": bytes(32)})
        bad.append({**request, "new_root": bytes(32)})
        bad.append({**request, "proof": [*proof, bytes(32)]})

    assert [answer for answer in go.ask_all(good) if not answer["ok"]] == []
    assert len(bad) > 1000
    assert [answer for answer in go.ask_all(bad) if answer["ok"]] == []


def test_our_receipts_are_accepted_for_their_entry_alone(go: Program, large_log: Folder) -> None:
    """With grease and an ML-DSA-44 cosignature, which this reader does not know and passes over."""
    indexes = _spread(large_log.size)[::5]
    good: list[dict[str, object]] = [
        {
            "op": "receipt", "keys": KEYS, "entry": entry(index),
            "data": large_log.receipt(index, WITNESS, LARGE_WITNESS, grease=True),
        }
        for index in indexes
    ]  # fmt: skip

    assert [answer for answer in go.ask_all(good) if not answer["ok"]] == []
    others = [{**request, "entry": b"another"} for request in good]
    assert [answer for answer in go.ask_all(others) if answer["ok"]] == []


def test_every_single_flipped_bit_of_a_receipt_is_refused(go: Program, large_log: Folder) -> None:
    data = large_log.receipt(12_345, WITNESS)

    answer = go.ask(op="flip receipt", data=data, entry=entry(12_345), keys=KEYS)

    assert answer["tried"] == len(data) * 8
    _check_are_spellings(data, answer.get("accepted", []))


def test_go_opens_our_notes_and_names_who_signed(go: Program) -> None:
    signed = note.sign("Grüße\n\nund Zeilen\n".encode(), LOG)

    answer = go.ask(op="note", data=signed, keys=text(LOG))

    assert (answer["text"], answer["signers"]) == ("Grüße\n\nund Zeilen\n", [ORIGIN])


def test_we_open_gos_notes_signed_with_our_key_and_with_gos(go: Program) -> None:
    """Both ways with the secret's text form too: ours signs there, Go's is read here."""
    body = f"{ORIGIN}\n0\n{base64.b64encode(tlog.EMPTY_ROOT).decode()}\n"
    signed = go.ask(op="sign", text=body, signer_key=note.signer_text(LOG))["text"].encode()

    assert signed == note.sign(body.encode(), LOG)
    assert quorum.open_checkpoint(signed, LOG.verifier)[0].size == 0
    secret, public = go.ask(op="generate", text="go.example/key")["text"].split()
    assert note.read_signer(secret).verifier == note.read_verifier(public)
    again = go.ask(op="sign", text="text\n", signer_key=secret)["text"].encode()
    assert note.open(again, [note.read_verifier(public)]).text == b"text\n"


def test_go_takes_no_key_of_another_kind_for_a_logs(go: Program) -> None:
    for other in (LARGE_WITNESS, EVALUATOR):
        assert not go.ask(op="key", keys=text(other))["ok"]


def test_a_cosignature_of_another_time_or_tree_is_refused_by_go(go: Program) -> None:
    head = tlog.Checkpoint(ORIGIN, 1, bytes(32))
    line = note.split(note.append(note.sign(head.body, LOG), quorum.cosign(head, WITNESS, NOW_S)))[1][1]
    later = note.Line(line.name, line.key_id, (NOW_S + 1).to_bytes(8, "big") + line.signature[8:])
    other = tlog.Checkpoint(ORIGIN, 2, bytes(32))

    assert not go.ask(op="note", data=note.append(note.sign(head.body, LOG), later.encode()), keys=KEYS)["ok"]
    assert not go.ask(op="note", data=note.append(note.sign(other.body, LOG), line.encode()), keys=KEYS)["ok"]
    assert go.ask(op="note", data=note.append(note.sign(head.body, LOG), line.encode()), keys=KEYS)["ok"]
