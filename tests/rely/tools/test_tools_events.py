"""Server-sent events: the same however they were cut, and none where none ended."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import errors
from counterproof.rely.tools import _sse

STREAM = (
    b'\xef\xbb\xbf: hello\nid: 1\ndata:\n\nevent: message\r\nid: 2\r\ndata: {"a":\r\ndata: 1}\r\n\r\n'
    b"retry: 50\r\rdata:x\rdata\r\r\nevent: other\ndata: y\n\nid: \xc3\xa9\ndata: z\n\nfoo: bar\n\ndata: cut"
)  # fmt: skip


def _read(*chunks: bytes) -> list[_sse.Sent]:
    reader = _sse.Reader(1000)
    return [sent for chunk in chunks for sent in reader.feed(chunk)]


def test_what_a_stream_says() -> None:
    assert _read(STREAM) == [
        _sse.Sent(id=b"1", has_data=True),
        _sse.Sent(id=b"2", name=b"message", data=b'{"a":\n1}', has_data=True),
        _sse.Sent(retry_ms=50),
        _sse.Sent(data=b"x\n", has_data=True),
        _sse.Sent(name=b"other", data=b"y", has_data=True),
        _sse.Sent(id="é".encode(), data=b"z", has_data=True),
    ]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]

    assert _read(*(STREAM[a:b] for a, b in itertools.pairwise(places))) == _read(STREAM)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    assert _read(data) == _read(*(data[i : i + 1] for i in range(len(data))))


@pytest.mark.parametrize("data", [b"data: " + b"x" * 2000, b"data: 0123456789\n" * 200, b": " + b"x" * 2000])
def test_one_that_is_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(errors.BadInput, match="too long"):
        _read(data)


@given(
    st.lists(
        st.tuples(st.sampled_from([None, b"", b"4"]), st.binary(max_size=9).map(lambda b: b"{" + b.hex().encode()))
    )
)
def test_what_is_written_is_read_again(events: list[tuple[bytes | None, bytes]]) -> None:
    sent = [_sse.Sent(id=name, retry_ms=7) for name, _ in events]

    found = _read(*(_sse.written(s, data) for s, (_, data) in zip(sent, events, strict=True)))

    assert [(s.id, s.data, s.retry_ms) for s in found] == [(name, data, 7) for name, data in events]
