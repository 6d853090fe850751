"""Attack 15: a signature made for one thing is shown for another; worst, by one secret used for everything."""

from __future__ import annotations

import hashlib

import pytest

from counterproof import chain, note, quorum, record, tlog
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.broken import Case

SEED = hashlib.sha256(b"one secret for everything").digest()
ED25519: tuple[note.Kind, ...] = ("ed25519", "cosignature", "statement")


def _result_signed(signature: bytes, keyid: str) -> Case:
    made = w.world()
    payload = note.unseal(made.log.entries[-1]).unverified_payload
    made.log.entries[-1] = note.Envelope(payload, ((keyid, signature),)).encode()
    return w.data(made.log.bundle()), broken.TRUST, w.NOW_S


def _seen_with(line: bytes) -> Case:
    """Two witnesses, and a third whose line is made of something else."""
    made = w.world()
    checkpoint = made.log.checkpoint(witnesses=w.WITNESSES[:2]) + line
    return w.data(made.log.bundle(checkpoint=checkpoint)), broken.TRUST, w.NOW_S


def test_the_witness_who_is_missing_would_have_been_enough() -> None:
    made = w.world()
    head = tlog.read_checkpoint(note.split(made.log.checkpoint())[0])

    assert broken.verdict(_seen_with(quorum.cosign(head, w.WITNESSES[2], w.NOW_S - 60))) == ""


def test_a_cosignature_does_not_sign_a_statement() -> None:
    head = tlog.read_checkpoint(note.split(w.world().log.checkpoint())[0])
    signer = note.unsafe_seeded("evaluator-1", "cosignature", hashlib.sha256(b"evaluator-1/statement").digest())
    assert signer.verifier.public == w.EVALUATOR_KEY.verifier.public
    line = note.split(note.sign(head.body, w.LOG) + quorum.cosign(head, signer, w.NOW_S))[1][-1]

    case = _result_signed(line.signature[8:], w.EVALUATOR_KEY.verifier.keyid)

    assert broken.verdict(case) == "7 signature"


def test_a_statement_does_not_sign_a_checkpoint() -> None:
    """The log's secret also signs statements; no such signature is one of the log's, of a witness, or the reverse."""
    secret = hashlib.sha256(f"{w.WITNESSES[2].verifier.name}/cosignature".encode()).digest()
    shared = note.unsafe_seeded(w.WITNESSES[2].verifier.name, "statement", secret)
    ((_, signature),) = note.unseal(w.entry(w.genesis(), shared)).signatures
    stamp = (w.NOW_S - 60).to_bytes(8, "big")
    witness = w.WITNESSES[2].verifier

    assert shared.verifier.public == witness.public
    for held in (signature, stamp + signature, stamp + bytes(64)):
        case = _seen_with(note.Line(witness.name, witness.key_id, held).encode())
        assert broken.verdict(case) == "3 checkpoint"


@pytest.mark.parametrize("kind", ["ed25519", "cosignature"])
def test_a_key_of_another_kind_is_no_governance_and_has_no_role(kind: note.Kind) -> None:
    other = note.unsafe_seeded("evaluator-1", kind, SEED).verifier.text
    trusted = (broken.good()[0], record.canonical_bytes(w.trust(governance=(other,), governance_needed=1)), w.NOW_S)
    made = w.world()
    payload = note.unseal(made.log.entries[1]).unverified_payload
    made.log.entries[1] = note.seal(
        payload.replace(w.EVALUATOR_KEY.verifier.text.encode(), other.encode()), *w.GOVERNANCE
    )

    assert broken.verdict(trusted) == "2 trust"
    assert broken.verdict((w.data(made.log.bundle()), broken.TRUST, w.NOW_S)) == "5 statement"


def test_one_secret_is_three_keys() -> None:
    names = {note.unsafe_seeded("x", kind, SEED).verifier.keyid for kind in ED25519}

    assert len(names) == len(ED25519)


def test_a_role_is_not_a_role_of_somebody_else() -> None:
    """Governance's signature under one role, moved to an entry that says another."""
    made = w.world()
    envelope = note.unseal(made.log.entries[1])
    said = w.role(w.EVALUATOR_KEY, "evaluator", "Somebody else")
    other = record.statement_bytes(record.Statement(subject=(chain.named(said),), predicate=said))
    made.log.entries[1] = note.Envelope(other, envelope.signatures).encode()

    assert broken.verdict((w.data(made.log.bundle()), broken.TRUST, w.NOW_S)) == "6 roles"
