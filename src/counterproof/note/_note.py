"""Notes: a text, an empty line, and a line for each signature (C2SP signed-note v1.0.0)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from counterproof.errors import BadKey, BadNote, NotVerified
from counterproof.note._keys import Signer, Verifier
from counterproof.note._text import from_base64, is_name, to_base64

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
"""signed-note, Format: a verifier should have a limit and must accept 16. Go's reader has these same two."""

_DASH = "\u2014 "
_CONTROL = frozenset(chr(code) for code in range(32)) - {"\n"}


@dataclass(frozen=True)
class Line:
    """A signature line as it stands in a note, verified by nobody yet. A cosignature begins with its time."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        """The line's bytes, line feed included."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n".encode()


@dataclass(frozen=True)
class Signature:
    """A signature that holds."""

    verifier: Verifier
    signature: bytes


@dataclass(frozen=True)
class Opened:
    """A text that at least one known key has signed; `unverified_count` lines are by keys nobody asked about."""

    text: bytes
    signatures: tuple[Signature, ...]
    unverified_count: int


def _decoded(data: bytes, what: str) -> str:
    if len(data) > MAX_NOTE_BYTES:
        raise BadNote(f"{what} is longer than {MAX_NOTE_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadNote(f"{what} is not UTF-8 at byte {error.start}") from None
    if not _CONTROL.isdisjoint(text):
        raise BadNote(f"{what} has a control character")
    return text


def _read_line(text: str, number: int) -> Line:
    name, space, encoded = text.removeprefix(_DASH).partition(" ")
    data = from_base64(encoded)
    if not text.startswith(_DASH) or not space or not is_name(name) or data is None or len(data) < 5:
        raise BadNote("not a signature line", where=f"signature line {number}")
    return Line(name, data[:4], data[4:])


def split(data: bytes) -> tuple[bytes, tuple[Line, ...]]:
    """The text of a note and its signature lines, *nothing of it verified*.

    Raises:
        BadNote: the bytes are no signed note, are longer than `MAX_NOTE_BYTES` or have over `MAX_SIGNATURES` lines.
    """
    text, gap, block = _decoded(data, "a note").rpartition("\n\n")
    if not gap or not block.endswith("\n"):
        raise BadNote("not a signed note: a text, an empty line and signature lines")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise BadNote(f"a note with over {MAX_SIGNATURES} signatures")
    return (text + "\n").encode(), tuple(_read_line(line, number) for number, line in enumerate(lines, 1))


def _checked_text(text: bytes) -> bytes:
    if not _decoded(text, "a note's text").endswith("\n"):
        raise BadNote("a note's text does not end in a line feed")
    return text


def sign(text: bytes, *signers: Signer) -> bytes:
    """A note of this text, signed with log keys (kind `ed25519`).

    Raises:
        BadNote: the text is none of a note, nobody signs, or a key is of another kind.
    """
    _checked_text(text)
    for signer in signers:
        _must_sign_notes(signer.verifier)
    lines = [Line(s.verifier.name, s.verifier.key_id, s.sign(text)).encode() for s in signers]
    return _closed(text, text + b"\n" + b"".join(lines))


def append(data: bytes, *lines: bytes) -> bytes:
    """A note with further signature lines (each with its line feed), unverified.

    Raises:
        BadNote: the bytes are no note, or what is added are no signature lines.
    """
    text, _ = split(data)
    return _closed(text, data + b"".join(lines))


def _closed(text: bytes, data: bytes) -> bytes:
    if split(data)[0] != text:
        raise BadNote("what is added to a note changes its text")
    return data


def _must_sign_notes(verifier: Verifier) -> None:
    if verifier.kind != "ed25519":
        raise BadKey(f"a key of kind {verifier.kind!r} does not sign notes", where=verifier.name)


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Opened:
    """What a note says and which of these keys (kind `ed25519`) signed it. Lines by other keys are ignored.

    Raises:
        BadNote: the bytes are no note, or one of these keys signed twice.
        BadKey: a key is of another kind, or two share a name and an identifier.
        NotVerified: the signature of one of these keys does not hold, or none of them signed.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        _must_sign_notes(verifier)
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise BadKey("two keys share a name and an identifier", where=verifier.keyid)
    text, lines = split(data)
    held: dict[Verifier, Signature] = {}
    for line in lines:
        found = known.get((line.name, line.key_id))
        if found is None:
            continue
        if found in held:
            raise BadNote("one key signed twice", where=found.keyid)
        if not found.verify(text, line.signature):
            raise NotVerified(f"the signature by {found.keyid} does not hold", where="signatures")
        held[found] = Signature(found, line.signature)
    if not held:
        names = ", ".join(sorted(v.keyid for v in known.values())) or "nobody"
        raise NotVerified(f"not signed by {names}", where="signatures")
    return Opened(text, tuple(held.values()), len(lines) - len(held))
