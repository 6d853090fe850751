"""Undoes content codings (RFC 9110 §8.4) under a bound: what unfolds to more is refused before it is unfolded."""

from __future__ import annotations

import zlib
from typing import Any

from counterproof.rely.wire._head import Refused
from counterproof.rely.wire._need import need

_STEP_BYTES = 65_536
CODINGS = ("gzip", "deflate", "br", "zstd")


def coding_of(value: bytes) -> str:
    """The one content coding that was applied, by the header content-encoding; empty where none was.

    Raises:
        Refused: (415) several were applied, or one that is not known here.
    """
    said = value.strip().lower()
    if said in (b"", b"identity"):
        return ""
    coding = "gzip" if said == b"x-gzip" else said.decode("latin-1")
    if coding not in CODINGS:
        raise Refused(
            415, "Of content codings, one of gzip, deflate, br and zstd is known here, and only one at a time."
        )
    return coding


def decoded(coding: str, body: bytes, limit_bytes: int) -> bytes:
    """The body without its content coding, which must end where the body ends.

    Raises:
        Refused: (400) it is damaged, incomplete or followed by something; (413) it unfolds to more than the limit.
        MissingExtra: the coding's library is not installed.
    """
    if coding == "br":
        whole, is_whole = _brotli(body, limit_bytes)
    elif coding == "zstd":
        whole, is_whole = _zstd(body, limit_bytes)
    else:
        whole, is_whole = _zlib(coding, body, limit_bytes)
    if len(whole) > limit_bytes:
        raise Refused(413, f"The body unfolds to more than {limit_bytes} bytes.")
    if not is_whole:
        raise Refused(400, f"The body is not one whole piece in the coding {coding}.")
    return whole


def _zlib(coding: str, body: bytes, limit_bytes: int) -> tuple[bytes, bool]:
    # `deflate` is the zlib format (RFC 9110 §8.4.1.2); some senders leave its two bytes of header out.
    is_bare = coding == "deflate" and (len(body) < 2 or body[0] & 15 != 8 or int.from_bytes(body[:2]) % 31 != 0)
    maker = zlib.decompressobj(31 if coding == "gzip" else -15 if is_bare else 15)
    try:
        whole = maker.decompress(body, limit_bytes + 1)
    except zlib.error:
        return b"", False
    return whole, maker.eof and not maker.unused_data


def _brotli(body: bytes, limit_bytes: int) -> tuple[bytes, bool]:
    library: Any = need("brotli")
    maker = library.Decompressor()
    pieces: list[bytes] = []
    size, given = 0, body
    try:
        while size <= limit_bytes:
            piece: bytes = maker.process(given, output_buffer_limit=_STEP_BYTES)
            given = b""
            pieces.append(piece)
            size += len(piece)
            if maker.is_finished() or (not piece and maker.can_accept_more_data()):
                break
    except library.error:
        return b"", False
    return b"".join(pieces), bool(maker.is_finished())


def _zstd(body: bytes, limit_bytes: int) -> tuple[bytes, bool]:
    library: Any = need("zstandard")
    # A window of 8 MiB is what RFC 8878 §3.1.1.1.2 asks a receiver to bear.
    maker = library.ZstdDecompressor(max_window_size=8 * 2**20)
    size = 0
    try:
        # The reader bounds what comes out but not what is missing; the object tells the end but has no bound.
        with maker.stream_reader(body, read_across_frames=False) as reader:
            while size <= limit_bytes and (piece := reader.read(_STEP_BYTES)):
                size += len(piece)
        if size > limit_bytes:
            return bytes(limit_bytes + 1), True
        whole = maker.decompressobj()
        text: bytes = whole.decompress(body)
    except library.ZstdError:
        return b"", False
    return text, bool(whole.eof and not whole.unused_data)
