"""Good bundles with a byte or bit, or a whole stretch, that is not as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator

from counterproof import note, record, tlog
from counterproof.rely import verify
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.broken import GOOD, TRUST, Case


def mutated(count: int, seed: int = 0) -> Iterator[Case]:
    """Bundles with a byte or bit, or a whole stretch, that is not as it was."""
    draw = random.Random(seed)
    origins = [make() for make in GOOD.values()]
    for _ in range(count):
        data, trust, now_s = draw.choice(origins)
        in_trust = draw.random() < 0.1
        broken = bytearray(trust if in_trust else data)
        at = draw.randrange(len(broken))
        match draw.randrange(6):
            case 0 | 1:
                broken[at] ^= 1 << draw.randrange(8)
            case 2:
                broken[at] = draw.randrange(256)
            case 3:
                del broken[at : at + draw.choice((1, 1, 2, 30))]
            case 4:
                broken[at:at] = draw.choice((b"0", b" ", b"\\", b'"', b"A", b"\n", b"\x00", b"\xed\xa0\x80"))
            case _:
                other = draw.randrange(len(broken))
                broken[at], broken[other] = broken[other], broken[at]
        yield (data, bytes(broken), now_s) if in_trust else (bytes(broken), trust, now_s)


_PIECES = (
    b"0",
    b"-",
    b".",
    b"e",
    b"9" * 17,
    b'"',
    b"\\",
    b"\\u0000",
    b"\\n",
    b"\\u00e9",
    b" ",
    "\u00a0".encode(),
    "\ufeff".encode(),
    "\u0660".encode(),
    b"sha256:",
    b"true",
    b"null",
    b"{}",
    b"[]",
    b",",
    b'"a":"b",',
    b"A",
    b"at least ",
    b"\x7f",
    b"\xc2\x85",
    "\U0001f300".encode(),
    b"\xed\xa0\x80",
    b"x" * 401,
)
_OTHERS = ("evaluator-b", "stranger")
_SIGNERS = {
    s.verifier.keyid: s
    for s in (*w.GOVERNANCE, w.LAB_KEY, w.LAB_NEXT, w.EVALUATOR_KEY, w.EVALUATOR_NEXT, *map(w.key, _OTHERS))
}


def resealed(count: int, seed: int = 0) -> Iterator[Case]:
    """Statements with a piece of text that is not as it was, signed again by whoever had signed them, and logged so."""
    draw = random.Random(seed)
    origins = [verify.read_bundle(make()[0]) for make in GOOD.values()]
    for _ in range(count):
        bundle = draw.choice(origins)
        placed = sorted((bundle.entry, *bundle.support), key=lambda e: tlog.read_proof(e.receipt.encode()).index)
        log = w.Log([e.envelope.encode() for e in placed])
        at = draw.randrange(len(placed)) if draw.random() < 0.5 else placed.index(bundle.entry)
        envelope = note.unseal(log.entries[at])
        payload = bytearray(envelope.unverified_payload)
        start = draw.randrange(len(payload))
        if draw.random() < 0.7:  # at the beginning or the end of a text or a number
            edges = [i for i, byte in enumerate(payload) if byte in b'":,']
            start = draw.choice(edges) + draw.randrange(2)
        payload[start : start + draw.choice((0, 0, 1, 1, 2, 9))] = draw.choice(_PIECES)
        log.entries[at] = note.seal(bytes(payload), *(_SIGNERS[keyid] for keyid, _ in envelope.signatures))
        place = placed.index(bundle.entry)
        made = log.bundle(place, opened=bundle.opened)
        yield w.data(made), TRUST, w.NOW_S


_POLICY_PIECES = (
    " ",
    "\t",
    "\n",
    "\r",
    "#",
    "# x\n",
    "\u00a0",
    "\u2028",
    "\x85",
    "\x00",
    "any",
    "all",
    "none",
    "0",
    "5",
    "quorum w0\n",
    "group g any w0\n",
    "group g 2 w0 w1\n",
    "log ",
    "witness ",
    "w1",
    "+",
    "=",
    "\u0661",
    "\U0001f300",
    "x" * 300,
)


def repoliced(count: int, seed: int = 0) -> Iterator[Case]:
    """A good bundle under a policy with a piece of text too many or too few."""
    draw = random.Random(seed)
    data, _, now_s = broken.good()
    for _ in range(count):
        text = w.policy()
        starts = [0, *(i for i, char in enumerate(text) if char in " \n")]
        start = draw.choice(starts) + draw.randrange(2) if draw.random() < 0.7 else draw.randrange(len(text))
        changed = text[:start] + draw.choice(_POLICY_PIECES) + text[start + draw.choice((0, 0, 0, 1, 2, 4)) :]
        yield data, record.canonical_bytes(w.trust(policy=changed)), now_s
