"""Heads: how long a worker's chain is, where it stands and what is counted in it, signed (C2SP signed-note)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from counterproof import note, record
from counterproof.errors import BadTrail
from counterproof.rely.trail._line import DecisionLine, HeadLine, Line

HEAD_FORMAT = "counterproof-gate-head/1"
MAX_SHED = 1 << 53
"""For how many events one note stands at most: whatever reads JSON reads such a number exactly."""

_FIRST = HEAD_FORMAT.encode() + b"\n"


class Counts(msgspec.Struct, kw_only=True):
    """What is counted in a chain from its first record on; no count ever falls.

    `outcomes`: decisions by outcome. `overrides`: held events that a person decided. `sheds`: events that were refused
    unseen. `timeouts`: prompt policies without an answer in time. `failures`: by rule, how often it could not be
    evaluated. `upheld`, `denied`: verdicts on appeals.
    """

    outcomes: dict[str, int] = {}
    failures: dict[str, int] = {}
    overrides: int = 0
    sheds: int = 0
    timeouts: int = 0
    faults: int = 0
    appeals: int = 0
    upheld: int = 0
    denied: int = 0

    def add(self, line: Line) -> None:
        """Counts one record."""
        if isinstance(line, DecisionLine):
            late = sum(answer.status == "timed out" for answer in line.answers)
            failed = [name for name, status in line.decision.statuses if status == "failed"]
            self.decided(line.decision.outcome, failed, late, is_shed=line.sighting.is_shed)
        elif not isinstance(line, HeadLine):
            self.noted(line.kind, line.said)

    def decided(self, outcome: str, failed: Sequence[str], late: int, *, is_shed: bool) -> None:
        """Counts one decision: `failed` rules could not be evaluated, `late` answers came too late."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        for name in failed:
            self.failures[name] = self.failures.get(name, 0) + 1
        self.sheds += is_shed
        self.timeouts += late

    def noted(self, kind: str, said: Mapping[str, object]) -> None:
        """Counts one note. A `shed` note may stand for several events: its `count`."""
        match kind:
            case "override":
                self.overrides += said.get("said") != "nobody came"
            case "fault":
                self.faults += 1
            case "appeal":
                self.appeals += 1
            case "shed":
                self.sheds += shed_count(said) or 1
            case "verdict":
                self.upheld += said.get("upheld") is True
                self.denied += said.get("upheld") is False
            case _:
                pass

    def facts(self) -> dict[str, object]:
        """The same, with what was counted by name in one order."""
        return {**msgspec.structs.asdict(self), "outcomes": _sorted(self.outcomes), "failures": _sorted(self.failures)}


def shed_count(said: Mapping[str, object]) -> int:
    """For how many events a `shed` note stands; 0: it says nothing that could be counted."""
    count = said.get("count", 1)
    return count if type(count) is int and 0 < count <= MAX_SHED else 0


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


class ChainHead(record.Record, frozen=True, kw_only=True):
    """What a head says. `n` records precede it, the last of which has `hash`; `policy`: digest of the one in force.

    `starts_ms`, `ends_ms`: time of the first record and of the head, as the worker's clock had them.
    """

    gate: str
    worker: str
    n: int
    hash: str
    policy: str
    starts_ms: int
    ends_ms: int
    counts: Counts


_DECODER = msgspec.json.Decoder(ChainHead)


def head_note(head: ChainHead, signer: note.Signer | None) -> str:
    """The note: a first line with the format, a second with the head as canonical JSON, and the signature if any.

    Raises:
        BadKey: the key does not sign notes.
    """
    text = _FIRST + record.canonical_bytes(head) + b"\n"
    return (note.sign(text, signer) if signer else text).decode()


def read_head(text: str, where: str) -> ChainHead:
    """What a head's note says, *no signature of it verified*.

    Raises:
        BadTrail: it is none.
    """
    first, _, rest = text.encode("utf-8", "replace").partition(b"\n")
    said = rest.partition(b"\n")[0]
    try:
        head = _DECODER.decode(said)
    except (ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
        raise BadTrail(f"is no head ({error})", where=where, mend="the file was changed after it was written") from None
    if first + b"\n" != _FIRST or record.canonical_bytes(head) != said:
        raise BadTrail(f"is not in the form of {HEAD_FORMAT}", where=where, mend="the file was changed")
    return head


def signers_of(text: str, keys: Sequence[note.Verifier]) -> tuple[str, ...]:
    """The names of the keys, of these, whose signature of a head's note holds; none where it has no signature.

    Raises:
        BadNote: it is no note.
        NotVerified: a signature by one of these keys does not hold.
    """
    if "\n\n" not in text or not keys:
        return ()
    data = text.encode("utf-8", "surrogatepass")
    _, lines = note.split(data)
    if not {(k.name, k.key_id) for k in keys} & {(line.name, line.key_id) for line in lines}:
        return ()
    return tuple(s.verifier.keyid for s in note.open(data, keys).signatures)
