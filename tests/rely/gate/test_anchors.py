from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import record
from counterproof.rely import gate

KEY = b"k" * 32
ALL = record.ANCHOR_KINDS


def anchors(*kinds: record.AnchorKind, key: bytes = KEY, rotates_s: int = 100) -> gate.Anchors:
    return gate.Anchors(record.MemoryPolicy(window_s=60, anchors=kinds or ALL, rotates_s=rotates_s), key)


def message(*texts: str, identity: str = "", is_new: bool = True) -> record.Event:
    pieces = tuple(record.Piece(text, is_new=is_new) for text in texts)
    return record.Event(kind="message", door="test", pieces=pieces, identity=identity)


def of(text: str, *kinds: record.AnchorKind) -> set[str]:
    return set(anchors(*kinds).of(message(text)))


def test_an_anchor_is_a_letter_and_a_keyed_digest() -> None:
    found = anchors().of(message("fetch https://a.example/x then report_9.pdf about zirconium", identity="me"))

    assert {a[0] for a in found} == set("taci")
    assert all(a[1] == ":" and re.fullmatch("[0-9a-f]{16}", a[2:]) for a in found)
    assert not set(found) & set(anchors(key=b"x" * 32).of(message("https://a.example/x", identity="me")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("how is boothix stored?", "Tell me about the colour of BOOTHIX"),
        ("see https://a.example/x/y?q=1 please", "what stands at https://a.example/x/y#part"),
        ("is 10.1.2.3 up or evil.example.org", "who owns evil.example.org ?"),
        ("write to some.one@host.example", "ask some.one@host.example again"),
        ("read /etc/ssl/private.key now", "and delete /etc/ssl/private.key"),
        ("what does fold_protein_v2 do", "rewrite fold_protein_v2"),
        ("sample 9f86d081884c7d659a2feaa0c55ad015 is bad", "where is 9f86d081884c7d659a2feaa0c55ad015"),
        ("is CVE-2024-31337 fixed", "write it for cve-2024-31337"),
        ("folio 6 page 9 , give the first step", "read me the last one on folio 6 page 9"),
        ("folio 6 page 9 , give the first step", "kaizik 6 dudo 9 hoo brak"),
        ("der Stoff Äthylenoxyd", "STOFF ÄTHYLENOXYD"),
    ],
)
def test_two_ways_to_speak_of_one_thing_share_an_anchor(one: str, other: str) -> None:
    assert of(one) & of(other)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("target", "https://a.example/x"),
        ("target", "host.example.org"),
        ("target", "/etc/ssl/private.key"),
        ("target", "folio 6 page 9"),
        ("artefact", "report_final.pdf"),
        ("artefact", "abc123def456"),
        ("content", "zirconium"),
    ],
)
def test_what_is_named_is_of_its_kind(kind: record.AnchorKind, text: str) -> None:
    assert of(f"please look at {text} for me", kind)


def test_what_says_nothing_is_no_anchor() -> None:
    assert of("Could you please tell me how to do this thing again?") == set()


def test_a_call_is_known_by_its_arguments() -> None:
    def call(tool: str, *values: str) -> set[str]:
        pieces = tuple(record.Piece(v) for v in values)
        event = record.Event(kind="call", door="test", pieces=pieces, tool=tool)
        return set(anchors("argument").of(event))

    assert call("send", "acct 77") & call("send", "something else", "acct 77")
    assert not call("send", "acct 77") & call("show", "acct 77")
    assert not anchors("argument").of(message("acct 77"))


def test_identities_are_named_under_a_key_that_rotates() -> None:
    find = anchors("identity", rotates_s=100)
    event, other = message("hello", identity="me"), message("hello", identity="you")

    assert find.of(event, 10.0) == find.of(event, 99.0) != find.of(event, 101.0)
    assert find.of(event, 10.0) != find.of(other, 10.0)
    assert find.of(message("hello"), 10.0) == ()


def test_what_a_rule_found_is_an_anchor_however_much_is_said_around_it() -> None:
    stuffing = " ".join(f"fillerword{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(300))
    plain = anchors().of(message("boothix"), named=["boothix"])
    stuffed = anchors().of(message(stuffing + " BOOTHIX"), named=["BOOTHIX"])

    assert set(plain) & set(stuffed)


def test_only_new_pieces_count() -> None:
    assert anchors().of(message("boothix", is_new=False)) == ()


def test_only_the_kinds_asked_for_are_found() -> None:
    text = "https://a.example/x report_9.pdf zirconium"

    assert {a[0] for a in anchors("content").of(message(text, identity="me"))} == {"c"}
    assert gate.Anchors(record.MemoryPolicy(window_s=0), KEY).of(message(text)) == ()


@pytest.mark.parametrize("before", [0, 5_000, 12_000])
def test_a_passage_leads_to_the_same_anchors_wherever_it_stands(before: int) -> None:
    passage = "Aardvark zymurgy proceeds beneath the quixotic borogove."
    filler = "Those which were there are the same ones as before. " * 300
    text = f"{filler[:before]}. {passage} {filler[before:14_000]}"

    assert of(text) & of(passage)


@given(st.text(max_size=3_000), st.text(max_size=50))
def test_any_text_has_at_most_sixteen_anchors_and_always_the_same(text: str, named: str) -> None:
    event = message(text, text[::-1])

    found = anchors().of(event, 5.0, [named])

    assert len(found) <= 16
    assert found == anchors().of(event, 5.0, [named])


def test_lone_surrogates_and_binary_are_no_error() -> None:
    assert len(anchors().of(message("\ud800 zirconium \x00\uffff" * 600))) <= 16
