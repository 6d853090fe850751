"""@noble's curves and Node's own cryptography verify every kind of signature we make, and refuse what was changed."""

from __future__ import annotations

import random

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import BadKey
from counterproof.note import _curve
from tests.interop.programs import Program
from tests.interop.world import (
    EVALUATOR,
    GREASE,
    LARGE_WITNESS,
    LOG,
    ORIGIN,
    WITNESS,
    Folder,
    checkpoint,
    entry,
    signer,
)
from tests.interop.world import text as keys_of

ROOT = bytes(range(32))
SIGNED = checkpoint(20_852_163, ROOT, WITNESS, LARGE_WITNESS)
SECOND = signer('od"d\\.example/\u00fc', "statement")
ENVELOPE = note.seal(b'{"_type":"https://in-toto.io/Statement/v1"}', EVALUATOR, SECOND)


def test_all_three_signatures_of_a_checkpoint_hold_there(node: Program) -> None:
    answer = node.ask(op="note", data=note.append(SIGNED, GREASE), keys=keys_of(LOG, WITNESS, LARGE_WITNESS))

    assert answer["signers"] == [ORIGIN, "witness.example/one", "witness.example/two"]


def test_our_envelopes_hold_there(node: Program) -> None:
    answer = node.ask(op="envelope", data=ENVELOPE, keys=keys_of(EVALUATOR, SECOND))

    assert answer["signers"] == [EVALUATOR.verifier.name, SECOND.verifier.name]
    assert answer["text"] == '{"_type":"https://in-toto.io/Statement/v1"}'


def test_every_single_flipped_bit_of_a_checkpoint_is_refused(node: Program) -> None:
    data = checkpoint(7, ROOT, WITNESS)

    answer = node.ask(op="flip checkpoint", data=data, keys=keys_of(LOG, WITNESS))

    assert answer["accepted"] == []
    assert answer["tried"] == len(data) * 8


def test_flipped_bits_of_an_ml_dsa_44_cosignature_are_refused(node: Program) -> None:
    """300 of its 26,000 bits, at random."""
    data = checkpoint(7, ROOT, LARGE_WITNESS)
    bits = random.Random(3).sample(range(data.rindex(b"two") * 8, len(data) * 8), 300)

    answer = node.ask(op="flip checkpoint", data=data, keys=keys_of(LOG, LARGE_WITNESS), bits=bits)

    assert answer["accepted"] == []
    assert answer["tried"] == 300


def test_every_single_flipped_bit_of_an_envelope_is_refused(node: Program) -> None:
    """With one signature: under two, a bit of a key's name makes that line an unknown one's."""
    data = note.seal(b"{}", EVALUATOR)

    answer = node.ask(op="flip envelope", data=data, keys=keys_of(EVALUATOR))

    assert answer["accepted"] == []
    assert answer["tried"] == len(data) * 8


def test_receipts_hold_there_and_changed_ones_do_not(node: Program, large_log: Folder) -> None:
    keys = keys_of(LOG, WITNESS, LARGE_WITNESS)
    indexes = [0, 255, 256, 12_345, 65_536, 70_122]
    receipts = {index: large_log.receipt(index, WITNESS, LARGE_WITNESS, grease=True) for index in indexes}

    answers = node.ask_all(
        {"op": "receipt", "data": data, "entry": entry(index), "keys": keys} for index, data in receipts.items()
    )

    assert [answer for answer in answers if not answer["ok"]] == []
    data = large_log.receipt(12_345, WITNESS)
    bits = random.Random(4).sample(range(len(data) * 8), 1500)
    changed = node.ask(op="flip receipt", data=data, entry=entry(12_345), keys=keys_of(LOG, WITNESS), bits=bits)
    assert changed["accepted"] == []


_FIELD, _SIGN = _curve.FIELD, 1 << 255
_EIGHTH = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_SMALL = [1, _FIELD - 1, 0, _SIGN, _EIGHTH, _EIGHTH | _SIGN, _FIELD - _EIGHTH, (_FIELD - _EIGHTH) | _SIGN]
_NOT_CANONICAL = [(_FIELD + y) | sign for y in range(19) for sign in (0, _SIGN)] + [1 | _SIGN, (_FIELD - 1) | _SIGN]


def _mixed(public: bytes) -> bytes:
    """The key plus a point of order eight."""
    points: list[tuple[int, int, int, int]] = []
    for number in (int.from_bytes(public, "little"), _EIGHTH):
        y = number % _SIGN
        x = _curve.x_of(y, number >> 255)
        assert x is not None
        points.append((x, y, 1, x * y % _FIELD))
    total = _curve.add(*points)
    inverse = pow(total[2], _FIELD - 2, _FIELD)
    return (total[1] * inverse % _FIELD | (total[0] * inverse % _FIELD & 1) << 255).to_bytes(32, "little")


def _is_registered(public: bytes) -> bool:
    try:
        note.Verifier("edge.example", "ed25519", public)
    except BadKey:
        return False
    return True


def test_the_same_keys_are_registered_there_as_here(node: Program) -> None:
    """Attack 14: small order, not canonical, with a part of small order, no point at all, and good ones."""
    good = [signer(f"{number}.example", "ed25519").verifier.public for number in range(20)]
    other = [number.to_bytes(32, "little") for number in [*_SMALL, *_NOT_CANONICAL]] + [_mixed(key) for key in good]
    chance = random.Random(5)
    keys = [*good, *other, *(chance.randbytes(32) for _ in range(60))]
    nothing = {"message": b"", "signature": bytes(64)}

    answers = node.ask_all({"op": "edge", "key": key, **nothing} for key in keys)

    assert [answer["registered"] for answer in answers] == [_is_registered(key) for key in keys]
    assert [_is_registered(key) for key in good] == [True] * len(good)
    assert [_is_registered(key) for key in other] == [False] * len(other)


def test_a_key_of_small_order_shows_why_it_must_not_get_in(node: Program) -> None:
    """Control: under the identity one library says yes by ZIP 215 and no by RFC 8032, and OpenSSL's releases differ."""
    forged = {"key": (1).to_bytes(32, "little"), "message": b"anything", "signature": (1).to_bytes(64, "little")}

    answer = node.ask(op="edge", **forged)

    assert not answer["registered"]
    assert (answer["noble"], answer["zip215"]) == (False, True)


def test_a_signature_with_the_order_added_is_refused_by_all(node: Program) -> None:
    signature = LOG.sign(b"text\n")
    moved = signature[:32] + (int.from_bytes(signature[32:], "little") + _curve.ORDER).to_bytes(32, "little")
    key = LOG.verifier.public

    same = {"op": "edge", "key": key, "message": b"text\n"}
    good, bad = node.ask_all({**same, "signature": one} for one in (signature, moved))

    assert good == {"ok": True, "registered": True, "openssl": True, "noble": True, "zip215": True}
    assert bad == {"ok": True, "registered": True, "openssl": False, "noble": False, "zip215": False}
    assert not LOG.verifier.verify(b"text\n", moved)


@pytest.mark.parametrize("other", [WITNESS, LARGE_WITNESS, EVALUATOR])
def test_no_signature_passes_as_a_logs_there(node: Program, other: note.Signer) -> None:
    """Attack 15, from outside: a line under another kind's identifier."""
    head = tlog.Checkpoint(ORIGIN, 7, ROOT)
    signed = note.sign(head.body, LOG)
    kind = other.verifier.kind
    signature = note.unseal(note.seal(head.body, other)).signatures[0][1] if kind == "statement" else None
    signature = signature or note.split(note.append(signed, quorum.cosign(head, other, 1)))[1][1].signature
    moved = head.body + b"\n" + note.Line(ORIGIN, LOG.verifier.key_id, signature).encode()

    assert not node.ask(op="note", data=moved, keys=keys_of(LOG))["ok"]
