"""One record, one line: a JSON array that ends in the hash of all that came before it and of itself.

`h_n = SHA-256(h_(n-1) || b_n)`, where `b_n` is line n up to the comma before the hash, and `h_(-1)` is 32 zero bytes
(spec/gate-trail.md, section 3). What is chained are bytes: nobody has to write the same JSON again to check it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, cast, get_args

import msgspec
from msgspec.structs import astuple

from counterproof import record
from counterproof.errors import BadTrail, StorageFailed
from counterproof.record import Answer, Decision, Outcome, RuleStatus, Sighting

FORMAT = "counterproof-gate-trail/1"
ROOT = bytes(32)
MAX_LINE_BYTES = 16 << 20

NoteKind = Literal["begin", "policy", "override", "shed", "merge", "fault", "appeal", "verdict", "end"]
NOTE_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)
Said: TypeAlias = "str | int | float | bool | Sequence[Said] | Mapping[str, Said]"

_TAIL = 68
"""`,"`, 64 hexadecimal digits, `"]`: the end of every line, the line feed left out."""


class KeptReadings(record.Readings, frozen=True, gc=False, kw_only=True, array_like=True):
    """Readings as an array."""


class KeptSighting(Sighting, frozen=True, kw_only=True, array_like=True):
    """A sighting as an array, in the order of its fields: `rely.gate` decides on it as on any other."""

    readings: KeptReadings = KeptReadings()


class KeptAnswer(Answer, frozen=True, kw_only=True, array_like=True):
    """An answer as an array."""


class KeptDecision(msgspec.Struct, frozen=True, array_like=True):
    """A decision without its words: `receipt` is the SHA-256 of the receipt, hexadecimal, or empty."""

    outcome: Outcome
    rules: tuple[str, ...]
    statuses: tuple[tuple[str, RuleStatus], ...]
    receipt: str
    spans: tuple[tuple[int, int, int, str], ...]


class DecisionLine(msgspec.Struct, frozen=True, array_like=True, tag="decision"):
    """One decision and all that it rests on besides the policy.

    `turn`: how many events had been looked at before this one, -1 where the memory was not asked; `seen_ms`: when.
    """

    n: int
    at_ms: int
    turn: int
    seen_ms: int
    sighting: KeptSighting
    answers: tuple[KeptAnswer, ...]
    decision: KeptDecision
    hash: str


class NoteLine(msgspec.Struct, frozen=True, array_like=True, tag="note"):
    """Anything else that happened to the gate."""

    n: int
    at_ms: int
    kind: NoteKind
    said: dict[str, object]
    hash: str


class HeadLine(msgspec.Struct, frozen=True, array_like=True, tag="head"):
    """A signed note (C2SP signed-note) over the chain so far, or the note's text where the gate has no key."""

    n: int
    at_ms: int
    note: str
    hash: str


Line: TypeAlias = DecisionLine | NoteLine | HeadLine

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def decision_body(
    n: int, at_ms: int, turn: int, seen_ms: int, sighting: Sighting, answers: tuple[Answer, ...], decision: Decision
) -> bytes:
    """The bytes `b_n` of a decision.

    Raises:
        StorageFailed: a number in it is not finite.
    """
    receipt = decision.receipt
    seen = list(astuple(sighting))
    seen[_READINGS] = astuple(sighting.readings)
    kept = (
        decision.outcome,
        decision.rules,
        decision.statuses,
        hashlib.sha256(receipt.encode("utf-8", "replace")).hexdigest() if receipt else "",
        decision.spans,
    )
    return _body(("decision", n, at_ms, turn, seen_ms, seen, [astuple(a) for a in answers] if answers else (), kept))


_READINGS = Sighting.__struct_fields__.index("readings")


def note_body(n: int, at_ms: int, kind: NoteKind, said: Mapping[str, Said]) -> bytes:
    """The bytes `b_n` of a note.

    Raises:
        StorageFailed: a number in it is not finite.
    """
    return _body(("note", n, at_ms, kind, dict(sorted(said.items()))))


def head_body(n: int, at_ms: int, note: str) -> bytes:
    """The bytes `b_n` of a head."""
    return _body(("head", n, at_ms, note))


def _body(value: tuple[object, ...]) -> bytes:
    try:
        data = _ENCODER.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair in a name: JSON in UTF-8 has no form for it
        data = _ENCODER.encode(_readable(value))
    # msgspec writes `null` for what is not finite, which no reader takes for a number
    if b"null" in data and not _is_finite(value):
        raise StorageFailed("a number that is not finite cannot be kept", where="a record of the trail")
    return data[:-1]


def _readable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_readable(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in cast("dict[object, object]", value).items()}
    return value


def _is_finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | tuple):
        return all(map(_is_finite, cast("list[object]", value)))
    if isinstance(value, dict):
        return all(map(_is_finite, cast("dict[object, object]", value).values()))
    return True


def closed(before: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The hash after a record, and the record's whole line with its line feed."""
    state = hashlib.sha256(before)
    state.update(body)
    return state.digest(), b'%b,"%b"]\n' % (body, state.hexdigest().encode())


def chained(before: bytes, line: bytes) -> bytes:
    """The hash after a line (its line feed left out), whatever hash the line itself states."""
    state = hashlib.sha256(before)
    state.update(memoryview(line)[:-_TAIL])
    return state.digest()


def read_line(line: bytes, where: str) -> Line:
    """What a line says, its hash not checked.

    Raises:
        BadTrail: it breaks the format.
    """
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadTrail(
            f"is no line of {FORMAT} ({error})",
            where=where,
            mend="the file was changed or damaged after it was written",
        ) from None
