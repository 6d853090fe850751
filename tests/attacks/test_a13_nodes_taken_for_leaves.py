"""Attack 13: an inner node is passed off as an entry or as a transcript, or two trees share a root."""

from __future__ import annotations

import json
from base64 import b64encode

from counterproof import record, tlog
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w


def test_an_inner_node_is_no_transcript() -> None:
    """Four leaves, the root over two nodes; the left node's text is offered as leaf 0 of a tree of two."""
    leaves, _ = broken.leaves(4)
    hashes = [tlog.leaf_hash(leaf) for leaf in leaves]
    left, right = tlog.root_of(hashes[:2]), tlog.root_of(hashes[2:])
    world = w.world(openings=leaves, count=2)
    assert world.result.transcripts == tlog.node_hash(left, right).hex()
    for text in (hashes[0] + hashes[1], b"\x01" + hashes[0] + hashes[1]):
        leaf = text.decode("latin-1")
        opened = record.Opened(index=0, leaf=leaf, proof=(b64encode(right).decode(),))
        case = (w.data(world.log.bundle(opened=(opened,))), broken.TRUST, w.NOW_S)
        assert broken.verdict(case) == "10 openings"


def test_a_leaf_is_not_found_where_its_node_stands() -> None:
    """The path from the parent upwards, for the leaf itself."""
    leaves, _ = broken.leaves(4)
    world = w.world(openings=leaves)
    one = w.opened(leaves, 0)
    for index in (0, 1):
        shorter = record.Opened(index=index, leaf=one.leaf, proof=one.proof[1:])
        case = (w.data(world.log.bundle(opened=(shorter,))), broken.TRUST, w.NOW_S)
        assert broken.verdict(case) == "10 openings"


def test_an_entry_that_spells_a_node_is_no_entry() -> None:
    """The second half of the log's hashes as text: a bundle carries texts, and its entries are envelopes."""
    made = json.loads(broken.good()[0])
    made["entry"]["envelope"] = "\x01" + "l" * 32 + "r" * 32
    data = json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    assert broken.verdict((data, broken.TRUST, w.NOW_S)) == "4 inclusion"


def test_an_entry_logged_in_the_form_of_a_node_is_no_statement() -> None:
    made = w.world()
    made.log.entries[-1] = b"\x01" + b"l" * 32 + b"r" * 32
    case = (w.data(made.log.bundle()), broken.TRUST, w.NOW_S)

    assert broken.verdict(case) == "5 statement"
