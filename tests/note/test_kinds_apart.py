"""A signature of one kind never holds as another, not even under the same secret (every pair of kinds)."""

from __future__ import annotations

import hashlib
import itertools

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import BadKey, BadNote, NotVerified

SEED = hashlib.sha256(b"one secret for everything").digest()
NAME = "example.org/log"
PAIRS = list(itertools.permutations(note.KINDS, 2))
SIGNERS = {kind: note.seeded(NAME, kind, SEED) for kind in note.KINDS}
CHECKPOINT = tlog.Checkpoint(NAME, 3, bytes(range(32)))
PAYLOAD = CHECKPOINT.body


def _made(kind: note.Kind) -> tuple[bytes, bytes]:
    """What a key of this kind signs in its own protocol, and the signature without what stands around it."""
    signer = SIGNERS[kind]
    if kind == "ed25519":
        return CHECKPOINT.body, note.split(note.sign(CHECKPOINT.body, signer))[1][0].signature
    if kind == "statement":
        signature = note.unseal(note.seal(PAYLOAD, signer)).signatures[0][1]
        return b"DSSEv1 28 " + note.PAYLOAD_TYPE.encode() + b" %d " % len(PAYLOAD) + PAYLOAD, signature
    signed = note.sign(CHECKPOINT.body, SIGNERS["ed25519"])
    line = note.split(note.append(signed, quorum.cosign(CHECKPOINT, signer, 1)))[1][1]
    time = (1).to_bytes(8, "big")
    if kind == "cosignature":
        return b"cosignature/v1\ntime 1\n" + CHECKPOINT.body, line.signature[8:]
    name = len(NAME).to_bytes(1, "big") + NAME.encode()
    message = b"subtree/v1\n\0" + name + time + name + bytes(8) + (3).to_bytes(8, "big") + CHECKPOINT.root
    return message, line.signature[8:]


@pytest.mark.parametrize("kind", note.KINDS)
def test_each_signature_holds_for_its_own_message(kind: note.Kind) -> None:
    message, signature = _made(kind)

    assert SIGNERS[kind].verifier.verify(message, signature)


@pytest.mark.parametrize(("kind", "other"), PAIRS)
def test_a_signature_never_holds_under_another_kind(kind: note.Kind, other: note.Kind) -> None:
    message, signature = _made(kind)

    assert not SIGNERS[other].verifier.verify(message, signature)


@pytest.mark.parametrize(("kind", "other"), PAIRS)
def test_a_key_does_not_sign_the_messages_of_another_kind(kind: note.Kind, other: note.Kind) -> None:
    message, _ = _made(kind)

    with pytest.raises(BadNote, match="does not sign this"):
        SIGNERS[other].sign(message)


@pytest.mark.parametrize("start", ["cosignature/v1\ntime 1\n", "DSSEv1 28 application/vnd.in-toto+json 1 x"])
def test_a_log_key_signs_no_note_that_reads_as_another_kinds_message(start: str) -> None:
    with pytest.raises(BadNote, match="does not sign this"):
        note.sign(f"{start}\n".encode(), SIGNERS["ed25519"])


@pytest.mark.parametrize(("kind", "other"), PAIRS)
def test_a_line_of_one_kind_moved_under_another_kinds_identifier_is_refused(kind: note.Kind, other: note.Kind) -> None:
    """The attacker writes the victim's identifier over a signature that the same secret made for something else."""
    _, signature = _made(kind)
    stamped = (1).to_bytes(8, "big") + signature
    verifier = SIGNERS[other].verifier
    log = note.generate("another.example/log", "ed25519")
    checkpoint = tlog.Checkpoint(log.verifier.name, 3, CHECKPOINT.root)
    signed = note.sign(checkpoint.body, log)

    if other == "statement":
        moved = note.Envelope(PAYLOAD, ((verifier.keyid, signature[:64].ljust(64)),)).encode()
        with pytest.raises(NotVerified):
            note.unseal(moved).verify([verifier])
    elif other == "ed25519":
        moved = note.append(signed, note.Line(NAME, verifier.key_id, signature).encode())
        with pytest.raises(NotVerified):
            note.open(moved, [log.verifier, verifier])
    else:
        policy = quorum.read_policy(f"log {log.verifier.text}\nwitness w {verifier.text}\nquorum w\n")
        moved = note.append(signed, note.Line(NAME, verifier.key_id, stamped).encode())
        with pytest.raises(NotVerified, match="does not hold"):
            quorum.check(moved, policy)


@pytest.mark.parametrize("kind", ["ed25519", "statement"])
def test_keys_of_logs_and_statements_do_not_cosign(kind: note.Kind) -> None:
    with pytest.raises(BadKey, match="does not cosign"):
        quorum.cosign(CHECKPOINT, SIGNERS[kind], 1)
