from __future__ import annotations

import hashlib

import hypothesis.strategies as st
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given

from counterproof import note, quorum, tlog
from counterproof.errors import BadNote, NotVerified

ROOT = hashlib.sha256(b"root").digest()
CHECKPOINT = tlog.Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
SMALL = note.generate("witness.example.com/w1", "cosignature")
LARGE = note.generate("witness.example.com/w2", "ml-dsa-44")


def _line(data: bytes) -> note.Line:
    return note.split(CHECKPOINT.body + b"\n" + data)[1][0]


def test_an_ed25519_cosignature_byte_for_byte() -> None:
    """tlog-cosignature, Format and Ed25519 signed message, with the specification's own time."""
    line = _line(quorum.cosign(CHECKPOINT, SMALL, 1679315147))

    assert line.key_id == hashlib.sha256(b"witness.example.com/w1\n\x04" + SMALL.verifier.public).digest()[:4]
    assert line.signature[:8].hex() == "00000000641850cb"
    Ed25519PublicKey.from_public_bytes(SMALL.verifier.public).verify(
        line.signature[8:], b"cosignature/v1\ntime 1679315147\n" + CHECKPOINT.body
    )


def test_an_ml_dsa_44_cosignature_byte_for_byte() -> None:
    """tlog-cosignature, ML-DSA-44 signed message."""
    line = _line(quorum.cosign(CHECKPOINT, LARGE, 1679315147))

    assert line.key_id == hashlib.sha256(b"witness.example.com/w2\n\x06" + LARGE.verifier.public).digest()[:4]
    assert len(line.signature) == 8 + 2420
    message = bytes.fromhex("737562747265652f76310a00") + b"\x16witness.example.com/w2"
    message += bytes.fromhex("00000000641850cb") + b"\x1bexample.com/behind-the-sofa"
    message += bytes(8) + bytes.fromhex("00000000013e2dc3") + ROOT
    MLDSA44PublicKey.from_public_bytes(LARGE.verifier.public).verify(line.signature[8:], message)


@pytest.mark.parametrize("signer", [SMALL, LARGE], ids=["ed25519", "ml-dsa-44"])
def test_a_cosignature_gives_back_its_time(signer: note.Signer) -> None:
    for time_s in (1, 1679315147, 2**63 - 1):
        line = _line(quorum.cosign(CHECKPOINT, signer, time_s))
        assert quorum.cosigned_at(CHECKPOINT, line, signer.verifier) == time_s


@pytest.mark.parametrize("signer", [SMALL, LARGE], ids=["ed25519", "ml-dsa-44"])
@pytest.mark.parametrize(
    "other",
    [
        tlog.Checkpoint("example.com/behind-the-sofa", 20852164, ROOT),
        tlog.Checkpoint("example.com/behind-the-chair", 20852163, ROOT),
        tlog.Checkpoint("example.com/behind-the-sofa", 20852163, ROOT[::-1]),
    ],
)
def test_a_cosignature_holds_for_no_other_checkpoint(signer: note.Signer, other: tlog.Checkpoint) -> None:
    line = _line(quorum.cosign(CHECKPOINT, signer, 1))

    with pytest.raises(NotVerified):
        quorum.cosigned_at(other, line, signer.verifier)


@given(data=st.data(), signer=st.sampled_from([SMALL, LARGE]))
def test_one_changed_bit_is_refused(data: st.DataObject, signer: note.Signer) -> None:
    """The time's bits too: a witness of another byte order is refused."""
    line = _line(quorum.cosign(CHECKPOINT, signer, 1679315147))
    changed = bytearray(line.signature)
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(NotVerified):
        quorum.cosigned_at(CHECKPOINT, note.Line(line.name, line.key_id, bytes(changed)), signer.verifier)


def test_a_time_in_another_byte_order_is_refused() -> None:
    line = _line(quorum.cosign(CHECKPOINT, SMALL, 1679315147))
    turned = note.Line(line.name, line.key_id, line.signature[7::-1] + line.signature[8:])

    with pytest.raises(NotVerified):
        quorum.cosigned_at(CHECKPOINT, turned, SMALL.verifier)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 71, 73, 64])
def test_a_cosignature_of_another_length_is_refused(length: int) -> None:
    line = _line(quorum.cosign(CHECKPOINT, SMALL, 1679315147))

    with pytest.raises(NotVerified):
        quorum.cosigned_at(
            CHECKPOINT, note.Line(line.name, line.key_id, line.signature.ljust(80)[:length]), SMALL.verifier
        )


def test_a_cosignature_under_another_name_is_refused() -> None:
    line = _line(quorum.cosign(CHECKPOINT, LARGE, 1))
    renamed = note.Verifier("witness.example.com/w3", "ml-dsa-44", LARGE.verifier.public)

    with pytest.raises(NotVerified):
        quorum.cosigned_at(CHECKPOINT, note.Line(renamed.name, renamed.key_id, line.signature), renamed)


@pytest.mark.parametrize("time_s", [0, -1, 2**63])
def test_a_time_that_says_nothing_is_not_signed(time_s: int) -> None:
    with pytest.raises(BadNote, match="time"):
        quorum.cosign(CHECKPOINT, SMALL, time_s)
