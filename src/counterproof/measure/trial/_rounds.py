"""The lockstep: every live asker asks, the target answers them all in one batch, every asker hears.

A round's batch is a function of the replies so far, so a run that goes on from its record puts the very batches that an
uninterrupted run would have put: the same floating-point sums, the same replies, the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from counterproof import errors, record
from counterproof.measure.trial._faces import Opener, Seat, Target
from counterproof.measure.trial._folder import shard_path
from counterproof.measure.trial._lines import bodies, whole_lines
from counterproof.measure.trial._plan import End, Head, Plan, Round, Shard, Turn


@dataclass(frozen=True)
class News:
    """A line to keep (empty: nothing new, only replayed), the queries it cost, and the most that can still come."""

    body: bytes
    queries: int
    left_queries: int
    is_last: bool = False


def play(folder: Path, plan: Plan, shard: Shard, opener: Opener) -> Iterator[News]:
    """Plays one shard to its end, from wherever its file stands. Reads the file, never writes it.

    Raises:
        BadRunFolder: what was recorded is not what these askers would have asked.
        CounterproofError: the target failed, or did not give one reply per query.
    """
    path = shard_path(folder, shard)
    lines, _ = whole_lines(path)
    recorded = [body for _, body in bodies(lines, path)]
    target, seats = opener(folder, plan, shard)
    head = Head(shard=shard, plan=record.digest_of(plan), places=tuple(s.place for s in seats))
    left = sum(s.place.budget_queries for s in seats)
    if not recorded:
        yield News(record.canonical_bytes(head), 0, left)
    elif recorded[0] != head:
        raise _other(path, 1)
    table = _Table(seats)
    for number, body in enumerate(recorded[1:], 2):
        if not isinstance(body, Round) or not table.replay(body):
            raise _other(path, number)
    yield News(b"", 0, table.left_queries)
    while asks := table.asks():
        replies = _answers(target, shard, asks)
        number = table.rounds
        turns = table.hear(asks, replies)
        yield News(record.canonical_bytes(Round(round=number, turns=turns)), len(asks), table.left_queries)
    end = End(rounds=table.rounds, stopped=tuple(s.asker.stopped for s in seats))
    yield News(record.canonical_bytes(end), 0, 0, is_last=True)


def _other(path: Path, number: int) -> errors.BadRunFolder:
    return errors.BadRunFolder(
        "what was recorded is not what this run would have asked",
        where=f"{path}:{number}",
        mend="start anew in another folder",
    )


def _answers(target: Target, shard: Shard, asks: Sequence[tuple[int, record.Ask]]) -> list[record.Reply]:
    try:
        replies = target.answer([ask.query for _, ask in asks])
    except errors.CounterproofError:
        raise
    except Exception as exc:
        raise errors.CounterproofError(
            f"the target failed while answering ({type(exc).__name__}: {exc})",
            where=shard.name,
            mend="what was measured so far is kept; the same command resumes",
        ) from exc
    if len(replies) != len(asks):
        raise errors.CounterproofError(
            f"the target gave {len(replies)} replies to {len(asks)} queries", where=shard.name, mend="mend the target"
        )
    return [_writable(reply) for reply in replies]


def _writable(reply: record.Reply) -> record.Reply:
    """The reply as it can be kept: what UTF-8 cannot hold (lone surrogates, RFC 3629 section 3) is replaced."""
    words = {"text": reply.text, "stop": reply.stop, "detail": reply.detail}
    kept = {name: word.encode("utf-8", "replace").decode("utf-8") for name, word in words.items()}
    if kept == words:
        return reply
    note = "characters that UTF-8 cannot hold were replaced"
    kept["detail"] = f"{kept['detail']}; {note}" if kept["detail"] else note
    return msgspec.structs.replace(reply, **kept)


class _Table:
    """The seats of one shard, between rounds."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self._seats = seats
        self._live = list(range(len(seats)))
        self._spent = [0] * len(seats)
        self._committed: list[dict[str, str]] = [{} for _ in seats]
        self.rounds = 0

    @property
    def left_queries(self) -> int:
        return sum(max(0, self._seats[s].place.budget_queries - self._spent[s]) for s in self._live)

    def asks(self) -> list[tuple[int, record.Ask]]:
        """The next batch: seat and ask of everyone who still asks; who does not is never asked again."""
        asked = [(s, self._seats[s].asker.ask()) for s in self._live]
        asks = [(s, ask) for s, ask in asked if ask is not None]
        self._live = [s for s, _ in asks]
        return asks

    def hear(self, asks: Sequence[tuple[int, record.Ask]], replies: Sequence[record.Reply]) -> tuple[Turn, ...]:
        """Hands the replies out and says what is to be recorded of the round."""
        self.rounds += 1
        return tuple(self._turn(seat, ask, reply) for (seat, ask), reply in zip(asks, replies, strict=True))

    def _turn(self, seat: int, ask: record.Ask, reply: record.Reply) -> Turn:
        asker = self._seats[seat].asker
        asker.hear(reply)
        committed = dict(asker.committed)
        is_new = committed != self._committed[seat]
        self._committed[seat] = committed
        self._spent[seat] += 1
        return Turn(
            seat=seat,
            conversation=ask.conversation,
            turn=ask.turn,
            family=ask.family,
            asked=ask.query.messages[-1].text,
            prefill=ask.query.prefill,
            text=reply.text,
            stop=reply.stop,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            status=reply.status,
            detail=reply.detail,
            committed=committed if is_new else None,
        )

    def replay(self, recorded: Round) -> bool:
        """Goes through a recorded round again; whether the askers asked and concluded what the record says."""
        asks = self.asks()
        if [(s, a.query.messages[-1].text) for s, a in asks] != [(t.seat, t.asked) for t in recorded.turns]:
            return False
        return self.hear(asks, [t.reply for t in recorded.turns]) == recorded.turns
