"""securesystemslib reads our envelopes and in-toto-attestation our statements: neither is code of ours."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from counterproof import note, record
from tests.interop.world import EVALUATOR, signer

# Imported so, because the type checkers run where these are not installed.
json_format: Any = import_module("google.protobuf.json_format")
in_toto: Any = import_module("in_toto_attestation.v1.statement")
dsse: Any = import_module("securesystemslib.dsse")
keys: Any = import_module("securesystemslib.signer")
RefusedThere: type[Exception] = import_module("securesystemslib.exceptions").VerificationError

STATEMENT = record.Statement(
    subject=(record.Named(name="system", digest={"sha256": "ab" * 32}),),
    predicate=record.Retract(organisation="evaluator.example", entry="sha256:" + "cd" * 32, reason="an error of ours"),
)
PAYLOAD = record.statement_bytes(STATEMENT)


def _key(verifier: note.Verifier) -> Any:  # noqa: ANN401 - a class of a package that the type checkers do not have
    return keys.SSlibKey(verifier.keyid, "ed25519", "ed25519", {"public": verifier.public.hex()})


def _read(data: bytes) -> Any:  # noqa: ANN401 - same
    return dsse.Envelope.from_dict(json.loads(data))


def test_an_envelope_of_ours_is_verified_there() -> None:
    second = signer("second.example", "statement")
    envelope = _read(note.seal(PAYLOAD, EVALUATOR, second))

    held = envelope.verify([_key(EVALUATOR.verifier), _key(second.verifier)], threshold=2)

    assert envelope.payload == PAYLOAD
    assert envelope.payload_type == note.PAYLOAD_TYPE
    assert set(held) == {EVALUATOR.verifier.keyid, second.verifier.keyid}


def test_what_is_signed_is_the_same_bytes_there() -> None:
    envelope = _read(note.seal(PAYLOAD, EVALUATOR))

    assert EVALUATOR.verifier.verify(envelope.pae(), note.unseal(note.seal(PAYLOAD, EVALUATOR)).signatures[0][1])


@pytest.mark.parametrize("at", range(0, len(PAYLOAD), 11))
def test_a_changed_payload_is_refused_there(at: int) -> None:
    signatures = note.unseal(note.seal(PAYLOAD, EVALUATOR)).signatures
    changed = bytearray(PAYLOAD)
    changed[at] ^= 1

    with pytest.raises(RefusedThere):
        _read(note.Envelope(bytes(changed), signatures).encode()).verify([_key(EVALUATOR.verifier)], threshold=1)


def test_a_stranger_is_refused_there() -> None:
    with pytest.raises(RefusedThere):
        _read(note.seal(PAYLOAD, EVALUATOR)).verify([_key(signer("second.example", "statement").verifier)], threshold=1)


def test_a_statement_of_ours_is_one_of_in_toto() -> None:
    parsed = json_format.Parse(PAYLOAD, in_toto.Statement([], "", {}).pb)
    statement = in_toto.Statement.copy_from_pb(parsed)

    statement.validate()

    assert statement.pb.predicate_type == "urn:counterproof:retract:1"
    assert statement.pb.subject[0].digest["sha256"] == "ab" * 32
    assert statement.pb.predicate["reason"] == "an error of ours"
