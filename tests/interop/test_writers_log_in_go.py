"""What the writer of `publish.log` leaves on disk and answers, read by Go's sumdb."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from counterproof import note, quorum, tlog
from counterproof.publish import log
from tests.interop.programs import Program
from tests.interop.world import LARGE_WITNESS, LOG, NOW_S, ORIGIN, WITNESS, text

KEYS = text(LOG, WITNESS)
BATCHES = (1, 2, 252, 1, 1, 300, 40, 203)
POLICY = quorum.read_policy(
    f"log {LOG.verifier.text}\nwitness a {WITNESS.verifier.text}\nwitness b {LARGE_WITNESS.verifier.text}\n"
    "group both all a b\nquorum both\n"
)


def _gather(signed: bytes, _old: int, _proof: Sequence[bytes], _prove: log.Prove) -> bytes:
    checkpoint, _ = quorum.open_checkpoint(signed, LOG.verifier)
    return note.append(signed, *(quorum.cosign(checkpoint, one, NOW_S) for one in (WITNESS, LARGE_WITNESS)))


def _entry(number: int) -> bytes:
    return b"entry number %d" % number


Written = tuple[Path, list[bytes], list[bytes]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A folder of 800 entries in eight batches, all receipts, and every checkpoint on the way."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "log").mkdir()
    receipts: list[bytes] = []
    checkpoints: list[bytes] = []
    with closing(log.SqliteLock(folder / "lock")) as lock, closing(log.FolderStore(folder / "log")) as store:
        lock.create(ORIGIN)
        writer = log.Writer(store, lock, LOG, POLICY, _gather, clock=lambda: NOW_S)
        for size in BATCHES:
            receipts += writer.add([_entry(len(receipts) + number) for number in range(size)])
            checkpoints.append((folder / "log" / "checkpoint").read_bytes())
    return folder / "log", receipts, checkpoints


def test_every_entry_is_found_in_the_folder(go: Program, written: Written) -> None:
    folder, receipts, _ = written

    assert len(receipts) == sum(BATCHES)
    assert go.ask(op="log", folder=str(folder), keys=KEYS) == {"ok": True}
    some = [0, 2, 255, 256, 555, 799]
    assert go.ask(op="log", folder=str(folder), keys=KEYS, indexes=some, prove=True) == {"ok": True}


def test_the_tree_is_readable_at_every_published_checkpoint(go: Program, written: Written) -> None:
    """Its partial tiles may be gone: the full ones are there."""
    folder, _, checkpoints = written

    answers = go.ask_all(
        {"op": "log", "folder": str(folder), "keys": KEYS, "patch": {"checkpoint": one}} for one in checkpoints
    )

    assert [answer for answer in answers if not answer["ok"]] == []


def test_every_receipt_is_accepted_for_its_own_entry(go: Program, written: Written) -> None:
    _, receipts, _ = written
    requests: list[dict[str, object]] = [
        {"op": "receipt", "data": receipt, "entry": _entry(number), "keys": KEYS}
        for number, receipt in enumerate(receipts)
    ]

    assert [answer for answer in go.ask_all(requests) if not answer["ok"]] == []
    moved = [{**request, "entry": _entry(number + 1)} for number, request in enumerate(requests)]
    assert [answer for answer in go.ask_all(moved) if answer["ok"]] == []


def test_receipts_with_both_witnesses_are_accepted_in_node(node: Program, written: Written) -> None:
    _, receipts, _ = written
    keys = text(LOG, WITNESS, LARGE_WITNESS)

    answers = node.ask_all(
        {"op": "receipt", "data": receipts[number], "entry": _entry(number), "keys": keys}
        for number in range(0, 800, 50)
    )

    assert [answer for answer in answers if not answer["ok"]] == []


def test_each_checkpoint_goes_on_from_the_one_before(go: Program, written: Written) -> None:
    folder, _, checkpoints = written
    heads = [quorum.open_checkpoint(one, LOG.verifier)[0] for one in checkpoints]
    last = heads[-1]
    hashes = tlog.TileHashes(lambda tile: (folder / tile.path).read_bytes(), last.size, last.root)
    answers = go.ask_all(
        {
            "op": "consistency", "old": old.size, "new": new.size, "old_root": old.root, "new_root": new.root,
            "proof": tlog.prove_consistency(old.size, new.size, hashes),
        }
        for old in heads for new in heads if old.size <= new.size
    )  # fmt: skip

    assert len(answers) == 36
    assert [answer for answer in answers if not answer["ok"]] == []
