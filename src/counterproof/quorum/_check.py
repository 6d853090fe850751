"""Whether a signed checkpoint is one that the policy lets a reader rely on."""

from __future__ import annotations

from dataclasses import dataclass

from counterproof import note, tlog
from counterproof.errors import BadNote, BadPolicy, NotVerified
from counterproof.quorum._cosignature import cosigned_at
from counterproof.quorum._policy import Policy

MAX_SKEW_S = 300
"""How far ahead of the reader's clock a witness's may be before its cosignature is not counted."""


@dataclass(frozen=True)
class Seen:
    """A checkpoint that a known log signed and enough witnesses saw: their names in the policy, and when (seconds)."""

    checkpoint: tlog.Checkpoint
    log: note.Verifier
    cosigners: tuple[tuple[str, int], ...]


def open_checkpoint(data: bytes, log_verifier: note.Verifier) -> tuple[tlog.Checkpoint, note.Opened]:
    """The checkpoint that this log signed. Says nothing of witnesses: for them, see `check`.

    Raises:
        BadNote: the bytes are no note, or its text is no checkpoint.
        NotVerified: it is not signed by this log's key, or speaks of another log.
    """
    opened = note.open(data, [log_verifier])
    checkpoint = tlog.read_checkpoint(opened.text)
    if checkpoint.origin != log_verifier.name:
        raise NotVerified(f"{log_verifier.name!r} signed a checkpoint of {checkpoint.origin!r}", where="log")
    return checkpoint, opened


def check(data: bytes, policy: Policy, now_s: int | None = None, max_age_s: int = 0) -> Seen:
    """The checkpoint, if a log of the policy signed it and the policy's quorum of witnesses saw it.

    `now_s`: the reader's clock; with it cosignatures from over `MAX_SKEW_S` ahead do not count. `max_age_s`: with it
    older ones do not count either; 0 for any age, and it needs `now_s`.

    Raises:
        BadNote: the bytes are no signed checkpoint, or one key signed twice.
        BadPolicy: the policy knows no log, or an age is asked for without a clock.
        NotVerified: no log of the policy signed, a signature of a known key does not hold, or witnesses are missing.
    """
    if not policy.logs:
        raise BadPolicy("a policy that knows no log", mend="add a line: log KEY")
    if max_age_s and now_s is None:
        raise BadPolicy("an age to check and no clock to check it by", where="max_age_s")
    text, lines = note.split(data)
    # 1. Signed by a log of the policy, about itself.
    origin = text.split(b"\n", 1)[0].decode()
    logs = [verifier for verifier in policy.logs if verifier.name == origin]
    if not logs:
        raise NotVerified(f"the policy knows no log {origin[:80]!r}", where="log")
    signed = note.open(data, policy.logs).signatures
    log = next((held.verifier for held in signed if held.verifier in logs), None)
    if log is None:
        raise NotVerified(f"not signed by the log {origin!r} itself", where="log")
    # 2. In form.
    checkpoint = tlog.read_checkpoint(text)
    # 3. What witnesses of the policy say holds.
    cosigners = _cosigners(checkpoint, lines, policy)
    # 4. Enough of them, recently.
    counted = [(name, at) for name, at in cosigners if _is_timely(at, now_s, max_age_s)]
    if missing := policy.missing(name for name, _ in counted):
        late = sorted({name for name, _ in cosigners} - {name for name, _ in counted})
        raise NotVerified(missing + (f"; too old or ahead of time: {', '.join(late)}" if late else ""), where="quorum")
    return Seen(checkpoint, log, tuple(counted))


def _cosigners(
    checkpoint: tlog.Checkpoint, lines: tuple[note.Line, ...], policy: Policy
) -> tuple[tuple[str, int], ...]:
    """Every known witness whose line holds; a known witness whose line does not refuses the whole."""
    known = {(verifier.name, verifier.key_id): name for name, verifier in policy.witnesses.items()}
    found: dict[str, int] = {}
    for line in lines:
        name = known.get((line.name, line.key_id))
        if name is None:
            continue
        if name in found:
            raise BadNote("one witness cosigned twice", where=name)
        found[name] = cosigned_at(checkpoint, line, policy.witnesses[name])
    return tuple(found.items())


def _is_timely(at_s: int, now_s: int | None, max_age_s: int) -> bool:
    if now_s is None:
        return True
    return at_s <= now_s + MAX_SKEW_S and (not max_age_s or at_s >= now_s - max_age_s)
