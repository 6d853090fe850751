"""Go's crypto/mldsa verifies our ML-DSA-44 cosignatures and refuses what was changed."""

from __future__ import annotations

import random

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import BadKey
from tests.interop.programs import Program
from tests.interop.world import GREASE, LARGE_WITNESS, LOG, NOW_S, ORIGIN, WITNESS, checkpoint, signer
from tests.note.forged import forged_under_zero

KEY = LARGE_WITNESS.verifier.text
ROOT = bytes(range(32))


def _ask(program: Program, *notes: bytes, key: str = KEY) -> list[bool]:
    return [bool(answer["ok"]) for answer in program.ask_all({"key": key, "data": one} for one in notes)]


def test_our_cosignatures_hold_there(mldsa: Program) -> None:
    notes = [checkpoint(size, ROOT, WITNESS, LARGE_WITNESS) for size in (1, 255, 20_852_163, 2**63 - 1)]
    empty = checkpoint(0, tlog.EMPTY_ROOT, LARGE_WITNESS)

    assert _ask(mldsa, *notes, empty, note.append(notes[0], GREASE)) == [True] * 6


def test_fifty_keys_and_times_hold_there(mldsa: Program) -> None:
    """ML-DSA's signing draws at random and tries again, so once says little."""
    head = tlog.Checkpoint(ORIGIN, 7, ROOT)
    numbers = random.Random(7)
    for number in range(50):
        witness = signer(f"w{number}.example/\u00e4", "ml-dsa-44")
        line = quorum.cosign(head, witness, numbers.randrange(1, 2**63))
        assert _ask(mldsa, note.append(note.sign(head.body, LOG), line), key=witness.verifier.text) == [True]


def test_what_was_changed_is_refused_there(mldsa: Program) -> None:
    signed = checkpoint(7, ROOT, LARGE_WITNESS)
    text, (log, line) = note.split(signed)
    numbers = random.Random(8)
    changed: list[bytes] = []
    for _ in range(300):
        raw = bytearray(line.signature)
        bit = numbers.randrange(len(raw) * 8)
        raw[bit // 8] ^= 1 << bit % 8
        moved = note.Line(line.name, line.key_id, bytes(raw))
        changed.append(text + b"\n" + log.encode() + moved.encode())
    changed += [
        signed.replace(b"\n7\n", b"\n8\n", 1),
        signed.replace(ORIGIN.encode(), b"log.example/Interop", 1),
        signed.replace(b"AAEC", b"AAED", 1),
    ]

    assert _ask(mldsa, *changed) == [False] * len(changed)


def test_a_key_for_which_anybody_can_sign_is_taken_there_and_refused_here(mldsa: Program) -> None:
    """A key whose t1 is zero: FIPS 204 asks nobody to look, so two libraries accept the same forgery."""
    public = random.Random(1).randbytes(32) + bytes(1280)
    message = b"subtree/v1\n\0 whatever"

    assert mldsa.ask(public=public, message=message, signature=forged_under_zero(public, message)) == {"ok": True}
    with pytest.raises(BadKey, match="anybody might sign"):
        note.Verifier("example.org/weak", "ml-dsa-44", public)


def test_the_time_is_where_the_specification_has_it(mldsa: Program) -> None:
    signed = checkpoint(7, ROOT, LARGE_WITNESS)
    text, (log, line) = note.split(signed)
    turned = note.Line(line.name, line.key_id, line.signature[7::-1] + line.signature[8:])

    assert line.signature[:8] == NOW_S.to_bytes(8, "big")
    assert _ask(mldsa, text + b"\n" + log.encode() + turned.encode()) == [False]
