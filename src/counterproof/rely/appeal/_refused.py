"""What appeals need of a gate's record: its refusals (spec/gate-trail.md). Whether it is whole, an audit says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from counterproof.errors import BadTrail

_COUNTED: Final = ("message", "call")


class _Decision(msgspec.Struct, array_like=True, tag="decision"):
    n: int
    at_ms: int
    turn: int
    seen_ms: int
    sighting: msgspec.Raw
    answers: msgspec.Raw
    decision: tuple[str, msgspec.Raw, msgspec.Raw, str, msgspec.Raw]
    hash: str


class _Note(msgspec.Struct, array_like=True, tag="note"):
    n: int
    at_ms: int
    kind: str
    said: dict[str, object]
    hash: str


class _Head(msgspec.Struct, array_like=True, tag="head"):
    n: int
    at_ms: int
    note: str
    hash: str


class _Kind(msgspec.Struct, array_like=True):
    kind: str


@dataclass
class Refused:
    """A gate's record as appeals see it, since some time.

    `receipts`: digests of the receipts of what was refused and not let through by a person afterwards. `passed`:
    messages and calls that were let through. `heard`, `ruled`: digests of receipts of which the record says, at any
    time, that an appeal was heard or decided.
    """

    gate: str = ""
    receipts: set[str] = field(default_factory=set[str])
    passed: int = 0
    heard: set[str] = field(default_factory=set[str])
    ruled: set[str] = field(default_factory=set[str])


def read_refused(trail: Path, since_ms: int = 0) -> Refused:
    """The refusals in the record of a gate, of all its workers; a line that is being written is not read.

    Raises:
        BadTrail: there is no record, it cannot be read, or a line has another form.
    """
    found, released = Refused(), set[str]()
    files = sorted(trail.glob("workers/*/*.jsonl"))
    if not files:
        raise BadTrail("holds no record of a gate", where=str(trail), mend="name the folder that the gate keeps it in")
    for path in files:
        for number, line in enumerate(_lines(path), 1):
            try:
                _take(found, released, msgspec.json.decode(line, type=_Decision | _Note | _Head), since_ms)
            except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
                raise BadTrail("is no line of a record", where=f"{path}:{number}", mend="audit it") from exc
    found.passed += len(found.receipts & released)
    found.receipts -= released
    return found


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except OSError as exc:
        raise BadTrail(f"cannot be read: {exc.strerror}", where=str(path)) from exc


def _take(found: Refused, released: set[str], line: _Decision | _Note | _Head, since_ms: int) -> None:
    match line:
        case _Decision() if line.at_ms >= since_ms:
            outcome, receipt = line.decision[0], line.decision[3]
            if receipt:
                found.receipts.add(receipt)
            elif outcome in ("allow", "modify"):
                found.passed += msgspec.json.decode(line.sighting, type=_Kind).kind in _COUNTED
        case _Note():
            receipt = str(line.said.get("receipt", ""))
            match line.kind:
                case "begin":
                    found.gate = str(line.said.get("gate", "")) or found.gate
                case "override" if line.said.get("said") == "allow":
                    released.add(receipt)
                case "appeal":
                    found.heard.add(receipt)
                case "verdict":
                    found.ruled.add(receipt)
                case _:
                    pass
        case _:
            pass
