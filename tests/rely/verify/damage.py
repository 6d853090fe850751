"""Small ways to spoil a text or a head."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from msgspec import structs

from counterproof import note, quorum, record, tlog
from tests.rely.verify import whole_log as w


def other_log(made: w.World) -> bytes:
    head = tlog.Checkpoint("other.example/log", 6, tlog.read_checkpoint(note.split(made.log.checkpoint())[0]).root)
    return note.sign(head.body, w.key("other.example/log", "ed25519"))


def two_roots(made: w.World) -> bytes:
    head = tlog.Checkpoint(w.ORIGIN, 6, bytes(32))
    return note.append(note.sign(head.body, w.LOG), *(quorum.cosign(head, x, w.NOW_S) for x in w.WITNESSES))


def flip(text: str, at: int) -> str:
    """Another character of base64 in its place."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def replaced(text: str, old: str, new: str) -> str:
    assert old in text, (old, text[:200])
    return text.replace(old, new, 1)


HASH, HASH_OF_31 = b64encode(bytes(32)).decode(), b64encode(bytes(31)).decode()


def numbered(**changes: Any) -> tuple[record.Number | record.NoNumber, ...]:  # noqa: ANN401 - any field of a number
    """One number, under a name of no bar; the bar's own is not measured."""
    number = record.Number(name="S", value="", low="0.2", high="0.9", level="0.95", n=60, clusters=60, method="w")
    return structs.replace(number, **changes), record.NoNumber(name="K", reason="none")
