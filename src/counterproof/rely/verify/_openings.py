"""Step 10: that opened transcripts and grades are those under the root that was signed."""

from __future__ import annotations

import hashlib
import itertools
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TypeVar

import msgspec

from counterproof import chain, record, tlog
from counterproof.errors import BadBundle
from counterproof.rely.verify._steps import OPENINGS, refuse

T = TypeVar("T")
_NAMES = ("arm", "category", "item", "wording", "cluster", "budget")


def check(said: record.Behaviour, opened: tuple[record.Opened, ...]) -> list[record.Grade]:
    """The grades that were opened, in order.

    Raises:
        BadBundle: an opening breaks its format, or they are not in order.
        NotVerified: one is not under the root, or its transcript is not the one committed to.
    """
    if any(a.index >= b.index for a, b in itertools.pairwise(opened)):
        raise BadBundle("openings out of order, or twice", where=OPENINGS)
    root = bytes.fromhex(said.transcripts)
    return [_grade(one, said, root) for one in opened]


def check_chosen(
    said: record.Behaviour, declared: record.Predicate, opened: tuple[record.Opened, ...], beacon: str
) -> tuple[str, ...]:
    """What is left unchecked of the choice; nothing where all are open.

    Raises:
        NotVerified: something that the beacon chose stays closed.
    """
    opens = declared.opens if isinstance(declared, record.Prereg) else 0
    if len(opened) == said.count:
        return ()
    if not beacon:
        if not opens:
            return ("which were opened, the evaluator chose: no beacon was declared",) if opened else ()
        return (f"that the {opens} transcripts which the declared beacon chose are open: its value was not given",)
    if not opens:
        raise refuse(OPENINGS, "no choice by a beacon was declared", "verify without its value")
    there = {one.index for one in opened}
    if missing := set(chain.beacon_indexes(beacon, said.transcripts, said.count, opens)) - there:
        raise refuse(OPENINGS, f"the beacon chose {opens}, and {len(missing)} of them stay closed", "do not rely on it")
    return ("that nobody knew the beacon's value when this was logged: who did could salt until it chose what suits",)


def _grade(one: record.Opened, said: record.Behaviour, root: bytes) -> record.Grade:
    tlog.check_inclusion(
        [_hash(text) for text in one.proof], one.index, said.count, tlog.leaf_hash(one.leaf.encode()), root
    )
    leaf = _read(one.leaf, record.GradedLeaf, "leaf", one.index)
    grade = _read(leaf.grade, record.Grade, "grade", one.index)
    if grade.category != said.category:
        raise refuse(OPENINGS, f"the grade at {one.index} is of category {grade.category!r}")
    if one.transcript:
        _check_transcript(one, leaf, grade)
    return grade


def _check_transcript(one: record.Opened, leaf: record.GradedLeaf, grade: record.Grade) -> None:
    digest = hashlib.sha256(_salt(leaf.salt, one.index) + one.transcript.encode()).hexdigest()
    if leaf.transcript != f"sha256:{digest}":
        raise refuse(OPENINGS, f"the transcript at {one.index} is not the one committed to", "do not trust it")
    transcript = _read(one.transcript, record.Transcript, "transcript", one.index)
    if any(getattr(transcript, name) != getattr(grade, name) for name in _NAMES):
        raise refuse(OPENINGS, f"the grade at {one.index} is not of this transcript", "do not trust it")


def _read(text: str, kind: type[T], what: str, index: int) -> T:
    try:
        value = msgspec.json.decode(text, type=kind)
        if record.canonical_bytes(value) == text.encode():
            return value
        why = "it is not in canonical form"
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        why = str(exc)
    raise BadBundle(f"no {what} at opening {index}: {why}", where=OPENINGS, mend="do not trust it")


def _salt(text: str, index: int) -> bytes:
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return bytes.fromhex(text)
    raise BadBundle(f"no salt at opening {index}", where=OPENINGS)


def _hash(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        data = b""
    if len(data) != 32 or b64encode(data).decode() != text:
        raise BadBundle("a hash of a proof is not 32 bytes in base64", where=OPENINGS)
    return data
