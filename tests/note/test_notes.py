from __future__ import annotations

import base64

import hypothesis.strategies as st
import pytest
from hypothesis import given

from counterproof import note
from counterproof.errors import BadKey, BadNote, NotVerified

ALICE = note.generate("example.org/alice", "ed25519")
BOB = note.generate("example.org/bob", "ed25519")
TEXT = "Ein Text\n\nmit einer leeren Zeile und Umlauten: äöü\n".encode()
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32)])).map(
    lambda text: f"{text}\n".encode()
)


def test_a_note_opens_to_what_was_signed_and_by_whom() -> None:
    data = note.sign(TEXT, ALICE, BOB)

    opened = note.open(data, [BOB.verifier, ALICE.verifier])

    assert opened.text == TEXT
    assert [held.verifier for held in opened.signatures] == [ALICE.verifier, BOB.verifier]
    assert opened.unverified_count == 0


def test_the_form_is_text_empty_line_and_signature_lines() -> None:
    data = note.sign(TEXT, ALICE)
    signature = base64.b64encode(ALICE.verifier.key_id + ALICE.sign(TEXT)).decode()

    assert data == TEXT + f"\n\u2014 example.org/alice {signature}\n".encode()


def test_lines_by_unknown_keys_are_ignored_whatever_they_hold() -> None:
    """Grease: another type's length, the known name with another identifier, the known identifier with another name."""
    greased = note.append(
        note.sign(TEXT, ALICE),
        note.Line("grease.example", b"\1\2\3\4", b"x").encode(),
        note.Line(ALICE.verifier.name, b"\1\2\3\4", b"x" * 64).encode(),
        note.Line("other.example", ALICE.verifier.key_id, b"x" * 64).encode(),
        note.Line("grease.example", b"\1\2\3\4", b"x").encode(),
    )

    opened = note.open(greased, [ALICE.verifier])

    assert len(opened.signatures) == 1
    assert opened.unverified_count == 4


def test_a_note_may_have_a_hundred_signatures() -> None:
    """signed-note, Format: at least 16 MUST be accepted."""
    grease = [note.Line(f"grease.example/{n}", b"\0\0\0\1", bytes(2428)).encode() for n in range(100)]

    data = note.append(note.sign(TEXT, ALICE), *grease[:99])

    assert note.open(data, [ALICE.verifier]).unverified_count == 99
    with pytest.raises(BadNote, match="over 100"):
        note.append(data, grease[99])


def test_the_order_of_signatures_does_not_matter() -> None:
    text, lines = note.split(note.sign(TEXT, ALICE, BOB))

    turned = text + b"\n" + b"".join(line.encode() for line in reversed(lines))

    assert {s.verifier for s in note.open(turned, [ALICE.verifier, BOB.verifier]).signatures} == {
        ALICE.verifier,
        BOB.verifier,
    }


def test_two_keys_of_one_name_are_told_apart_by_identifier() -> None:
    second = note.generate(ALICE.verifier.name, "ed25519")

    opened = note.open(note.sign(TEXT, ALICE, second), [ALICE.verifier, second.verifier])

    assert len(opened.signatures) == 2


@given(text=TEXTS)
def test_every_text_comes_back(text: bytes) -> None:
    assert note.open(note.sign(text, ALICE), [ALICE.verifier]).text == text


@given(data=st.binary() | TEXTS.map(lambda t: t + b"\n" + "\u2014 a AAAAAAA=\n".encode()))
def test_any_bytes_split_into_what_makes_them_again_or_are_refused(data: bytes) -> None:
    try:
        text, lines = note.split(data)
    except BadNote:
        return
    assert text + b"\n" + b"".join(line.encode() for line in lines) == data


_NOTE = note.sign(TEXT, ALICE)


@given(st.data())
def test_one_changed_byte_is_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(_NOTE) - 1))
    changed = bytearray(_NOTE)
    changed[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != _NOTE[at]))

    with pytest.raises((BadNote, NotVerified)):
        note.open(bytes(changed), [ALICE.verifier])


@given(st.integers(0, len(_NOTE) - 1))
def test_a_note_cut_short_is_refused(length: int) -> None:
    with pytest.raises((BadNote, NotVerified)):
        note.open(_NOTE[:length], [ALICE.verifier])


@pytest.mark.parametrize("kind", ["cosignature", "ml-dsa-44", "statement"])
def test_other_kinds_of_keys_neither_sign_nor_open_notes(kind: note.Kind) -> None:
    other = note.generate("example.org/other", kind)

    with pytest.raises(BadKey, match="does not sign notes"):
        note.sign(TEXT, other)
    with pytest.raises(BadKey, match="does not sign notes"):
        note.open(_NOTE, [other.verifier])
