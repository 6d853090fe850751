from __future__ import annotations

import base64
import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from counterproof import note
from counterproof.errors import BadKey, BadNote, NotVerified

EVE = note.generate("evaluator.example/2026", "statement")
ODD = note.generate('od"d\\.example', "statement")
PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'
_ENVELOPE = note.seal(PAYLOAD, EVE)


def test_an_envelope_gives_its_payload_and_its_signers() -> None:
    data = note.seal(PAYLOAD, EVE, ODD)

    assert note.unseal(data).verify([ODD.verifier, EVE.verifier]) == (PAYLOAD, (EVE.verifier, ODD.verifier))


def test_the_form_is_compact_json_in_one_order() -> None:
    said = json.loads(note.seal(PAYLOAD, ODD))

    assert list(said) == ["payload", "payloadType", "signatures"]
    assert base64.b64decode(said["payload"]) == PAYLOAD
    assert said["signatures"][0]["keyid"] == ODD.verifier.keyid
    assert note.seal(PAYLOAD, ODD) == json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def test_what_is_signed_is_the_encoding_of_dsse() -> None:
    """The Python of DSSE's protocol document, written anew: lengths in ASCII before type and body."""
    signed = f"DSSEv1 {len(note.PAYLOAD_TYPE)} {note.PAYLOAD_TYPE} {len(PAYLOAD)} ".encode() + PAYLOAD
    ((_, signature),) = note.unseal(_ENVELOPE).signatures

    assert EVE.verifier.verify(signed, signature)


def test_signatures_by_unknown_keys_are_passed_over() -> None:
    payload, signers = note.unseal(note.seal(PAYLOAD, ODD, EVE)).verify([EVE.verifier])

    assert (payload, signers) == (PAYLOAD, (EVE.verifier,))


def test_a_known_key_whose_signature_fails_refuses_the_whole() -> None:
    signatures = note.unseal(note.seal(PAYLOAD, EVE)).signatures
    (_, other) = note.unseal(note.seal(PAYLOAD + b" ", ODD)).signatures[0]
    mixed = note.Envelope(PAYLOAD, (*signatures, (ODD.verifier.keyid, other)))

    with pytest.raises(NotVerified, match="does not hold"):
        note.unseal(mixed.encode()).verify([EVE.verifier, ODD.verifier])


def test_nobody_known_is_nobody() -> None:
    with pytest.raises(NotVerified, match="not signed"):
        note.unseal(_ENVELOPE).verify([ODD.verifier])
    with pytest.raises(NotVerified, match="not signed"):
        note.unseal(_ENVELOPE).verify([])


@pytest.mark.parametrize("kind", ["ed25519", "cosignature", "ml-dsa-44"])
def test_other_kinds_of_keys_neither_seal_nor_verify(kind: note.Kind) -> None:
    other = note.generate("example.org/other", kind)

    with pytest.raises(BadKey, match="does not sign statements"):
        note.seal(PAYLOAD, other)
    with pytest.raises(BadKey, match="does not sign statements"):
        note.unseal(_ENVELOPE).verify([other.verifier])


@given(payload=st.binary(max_size=2000))
def test_every_payload_comes_back(payload: bytes) -> None:
    assert note.unseal(note.seal(payload, EVE)).verify([EVE.verifier])[0] == payload


@given(st.data())
def test_one_changed_byte_of_an_envelope_is_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(_ENVELOPE) - 1))
    changed = bytearray(_ENVELOPE)
    changed[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != _ENVELOPE[at]))

    with pytest.raises((BadNote, NotVerified)):
        note.unseal(bytes(changed)).verify([EVE.verifier])


@given(data=st.binary() | st.text().map(str.encode) | st.integers(0, len(_ENVELOPE)).map(lambda n: _ENVELOPE[:n]))
def test_any_bytes_are_an_envelope_in_canonical_form_or_refused(data: bytes) -> None:
    try:
        envelope = note.unseal(data)
    except BadNote:
        return
    assert envelope.encode() == data


def test_the_longest_entry_of_a_log_can_be_sealed_and_nothing_longer() -> None:
    room = note.MAX_ENVELOPE_BYTES - len(note.seal(b"", EVE))
    longest = room // 4 * 3

    assert len(note.seal(bytes(longest), EVE)) <= note.MAX_ENVELOPE_BYTES
    with pytest.raises(BadNote, match="bytes"):
        note.seal(bytes(longest + 3), EVE)
