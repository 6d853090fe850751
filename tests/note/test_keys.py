from __future__ import annotations

import hashlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from counterproof import note, record
from counterproof.errors import BadKey

SEED = hashlib.sha256(b"a seed for tests").digest()
SEEN = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"], exclude_characters="+")
NAMES = st.text(SEEN, min_size=1)


@pytest.fixture(params=note.KINDS)
def signer(request: pytest.FixtureRequest) -> note.Signer:
    kind: note.Kind = request.param
    return note.generate("example.org/key", kind)


def test_both_halves_are_read_from_the_text_that_they_give(signer: note.Signer) -> None:
    assert note.read_verifier(signer.verifier.text) == signer.verifier
    assert note.read_signer(note.signer_text(signer)) == signer


def test_a_key_of_the_go_checksum_database_reads_as_written() -> None:
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    verifier = note.read_verifier(text)

    assert (verifier.name, verifier.kind, verifier.text) == ("sum.golang.org", "ed25519", text)


def test_first_vector_of_rfc_8032() -> None:
    """Section 7.1, test 1, whose empty message a log key signs like any other."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = note.seeded("rfc8032", "ed25519", seed)

    assert signer.verifier.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


def test_an_identifier_is_the_hash_of_name_type_and_key(signer: note.Signer) -> None:
    """signed-note, Signatures; the types of tlog-cosignature and our own (spec/keys.md)."""
    types: dict[note.Kind, bytes] = {
        "ed25519": b"\x01",
        "cosignature": b"\x04",
        "ml-dsa-44": b"\x06",
        "statement": b"\xffurn:counterproof:dsse-ed25519:1",
    }
    verifier = signer.verifier

    hashed = verifier.name.encode() + b"\n" + types[verifier.kind] + verifier.public

    assert verifier.key_id == hashlib.sha256(hashed).digest()[:4]


def test_the_same_secret_has_another_identifier_as_another_kind() -> None:
    verifiers = [note.seeded("example.org/key", kind, SEED).verifier for kind in note.KINDS]

    assert len({verifier.key_id for verifier in verifiers}) == len(note.KINDS)


def test_what_is_signed_verifies_and_nothing_else(signer: note.Signer) -> None:
    message = {
        "ed25519": b"a text\n",
        "cosignature": b"cosignature/v1\ntime 1\n",
        "ml-dsa-44": b"subtree/v1\n\0",
        "statement": b"DSSEv1 1",
    }[signer.verifier.kind]

    signature = signer.sign(message)

    assert signer.verifier.verify(message, signature)
    assert not signer.verifier.verify(message + b"x", signature)
    assert not signer.verifier.verify(message, signature[:-1])
    assert not signer.verifier.verify(message, signature + b"\0")
    assert not signer.verifier.verify(message, bytes([signature[0] ^ 1]) + signature[1:])
    assert not note.generate("example.org/key", signer.verifier.kind).verifier.verify(message, signature)


def test_the_secret_is_not_printed(signer: note.Signer) -> None:
    assert repr(signer.unsafe_seed) not in repr(signer)
    assert signer.unsafe_seed.hex() not in repr(signer)


def test_no_two_generated_keys_are_the_same() -> None:
    assert len({note.generate("k", "ed25519").unsafe_seed for _ in range(50)}) == 50


@given(name=NAMES.filter(lambda name: len(name.encode()) <= 255), kind=st.sampled_from(note.KINDS[:2]))
def test_every_name_that_may_be_comes_back(name: str, kind: note.Kind) -> None:
    verifier = note.seeded(name, kind, SEED).verifier

    assert note.read_verifier(verifier.text) == verifier


@given(text=st.text() | st.from_regex(r"[a-z.]{1,9}\+[0-9a-f]{8}\+A[QQ][A-Za-z0-9+/]{42}={0,2}"))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        verifier = note.read_verifier(text)
    except BadKey:
        return
    assert verifier.text == text


def test_envelopes_carry_the_type_of_what_is_logged() -> None:
    assert note.PAYLOAD_TYPE == record.PAYLOAD_TYPE
