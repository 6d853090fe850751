"""Server-sent events are read as WHATWG HTML 9.2 has it, wherever the bytes are cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.rely.gate._sse import SseEvent, SseReader, framed
from tests.rely.gate.stream_bodies import cut


def read(*parts: bytes, max_bytes: int = 1 << 20) -> list[SseEvent]:
    reader = SseReader(max_bytes)
    return [event for part in parts for event in reader.feed(part)]


def by_the_book(raw: bytes) -> list[SseEvent]:
    """The algorithm of 9.2.6 on the whole of it, step by step."""
    lines = re.split(rb"\r\n|\r|\n", raw.removeprefix(b"\xef\xbb\xbf"))[:-1]
    events, data, name, last_id = list[SseEvent](), b"", b"", b""
    for line in lines:
        if not line:
            if data:
                events.append(SseEvent(data.removesuffix(b"\n"), name, last_id))
            data, name, last_id = b"", b"", b""
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data += value + b"\n"
        elif field == b"event":
            name = value
        elif field == b"id" and b"\0" not in value:
            last_id = value
    return events


PIECES = [
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"data:", b"data", b"data: ", b"event: x", b"id: 7", b": note"),
    *(b"retry: 3", b"{", b" ", "é漢".encode(), b"\xef\xbb\xbf", b"\xff"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join), st.lists(st.integers(0, 200), max_size=12))
def test_events_do_not_depend_on_where_they_are_cut(raw: bytes, places: list[int]) -> None:
    # A carriage return at the very end is a line's end at once: whether a line feed follows changes nothing.
    assert read(*cut(raw, places)) == by_the_book(raw)


@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join))
def test_one_byte_at_a_time(raw: bytes) -> None:
    assert read(*(raw[at : at + 1] for at in range(len(raw)))) == by_the_book(raw)


@given(st.binary(max_size=40))
def test_what_is_written_is_read_again(data: bytes) -> None:
    (event,) = read(framed(data, b"name", b"id-1"))
    assert (event.data, event.name, event.id) == (re.sub(rb"\r\n|\r", b"\n", data), b"name", b"id-1")


@pytest.mark.parametrize("name", [b"two words", b"line\nfeed", b"x" * 300, "é".encode()])
def test_a_name_that_is_no_word_is_left_away(name: bytes) -> None:
    assert framed(b"x", name, name) == b"data: x\n\n"


@pytest.mark.parametrize(
    "parts",
    [
        [b"data: " + b"x" * 200],
        [b"data: ", *[b"x"] * 200],
        [b"data: x\n"] * 60,
        [b"x" * 120 + b"\n", *[b"data: xxxxxxxx\n"] * 12],
        [b": " + b"x" * 200],
    ],
)
def test_an_event_that_outgrows_the_limit_ends_the_reading(parts: list[bytes]) -> None:
    reader = SseReader(100)
    for part in parts:
        assert reader.feed(part) == []
    assert reader.is_too_long
    assert reader.feed(b"\n\ndata: y\n\n") == []


def test_an_event_without_its_end_is_none() -> None:
    assert read(b"data: x\n\ndata: y\n") == [SseEvent(b"x")]
