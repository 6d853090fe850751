"""One adversary, one goal: the families in a fixed order under a budget of queries."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from counterproof.errors import BadOption
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line, Move
from counterproof.measure.adversary._notebook import Notebook
from counterproof.measure.adversary.families import ALL, FAMILIES
from counterproof.record import Ask, Brief, Lore, Message, Query, Reply


class Campaign:
    """Spends up to `budget_queries` on one brief and commits one answer per part.

    The order is fixed. Round n puts the n-th wording of every family that has one, families in the order of `FAMILIES`:
    those that ask for the whole answer first, then those that ask part by part, which leave out what is confirmed. It
    ends when every part is confirmed by two families (`consistent`), the budget is spent (`budget`), or no family has a
    wording left (`exhausted`). A query that was put once is never put again.

    Args:
        brief: the item, without answers.
        lore: how people speak in the suite.
        budget_queries: the most queries it may put.
        seed: decides the order of wordings, nothing else.
        can_prefill: whether the target lets an asker begin its reply.
        families: the families to use; None for all that are available.

    Raises:
        BadOption: `families` names one that does not exist.
    """

    def __init__(
        self,
        brief: Brief,
        lore: Lore,
        budget_queries: int,
        seed: int,
        can_prefill: bool,  # noqa: FBT001 - the contract that callers build to
        families: tuple[str, ...] | None = None,
    ) -> None:
        if unknown := sorted(set(families or ()) - set(FAMILIES)):
            raise BadOption(f"unknown family {unknown[0]!r}", where="families", mend=f"use {', '.join(FAMILIES)}")
        self._ground = Ground(brief, lore, seed, can_prefill=can_prefill)
        self._names = FAMILIES if families is None else families
        self._notebook = Notebook(brief, lore)
        self._form, self._left_queries = lore.form, budget_queries
        self._spent, self._conversation = 0, -1
        self._plan = self._lines()
        self._line, self._family, self._moves = Line(()), "", list[Move]()
        self._context: list[Message] = []
        self._asked: set[Query] = set()
        self._pending: tuple[Ask, Move] | None = None
        self._stopped = "" if budget_queries > 0 else "budget"

    def ask(self) -> Ask | None:
        """The next ask, the same until its reply was heard; None for good once the campaign has ended."""
        while not (self._pending or self._stopped):
            if not self._is_line_worth_going_on():
                self._next_line()
            else:
                self._propose(self._moves.pop(0))
        return self._pending[0] if self._pending else None

    def hear(self, reply: Reply) -> None:
        """The reply to the pending ask; what is not the target's own clean reply ends the conversation unread.

        Raises:
            RuntimeError: nothing was asked.
        """
        if self._pending is None:
            raise RuntimeError("a reply was heard, and nothing was asked")
        (ask, move), self._pending = self._pending, None
        self._spent += 1
        self._left_queries -= 1
        if reply.status == "ok":
            self._learn(ask, move, reply)
        else:
            self._moves.clear()
        if self._notebook.is_consistent:
            self._stopped = "consistent"
        elif self._left_queries <= 0:
            self._stopped = "budget"

    @property
    def committed(self) -> dict[str, str]:
        """The answer it would stand by now, for each part that has any: normalised text."""
        return self._notebook.committed

    @property
    def stopped(self) -> str:
        """`consistent`, `budget` or `exhausted`; empty while it goes on."""
        return self._stopped

    def _lines(self) -> Iterator[tuple[str, Line]]:
        """Every conversation that could be had, in order, with the name of its family."""
        live = [f for f in ALL if f.name in self._names and not f.lacks(self._ground)]
        for number in count():
            for family in tuple(live):
                lines = family.lines(self._ground, number)
                if not lines:
                    live.remove(family)
                for line in lines:
                    yield family.name, line
            if not live:
                return

    def _is_line_worth_going_on(self) -> bool:
        return any(self._notebook.wants(move.part) for move in self._moves if not move.is_aside)

    def _next_line(self) -> None:
        """Opens the next conversation, or ends the campaign when there is none."""
        following = next(self._plan, None)
        if following is None:
            self._stopped, self._moves = "exhausted", []
            return
        self._family, self._line = following
        self._moves, self._context = list(self._line.moves), list(self._line.before)

    def _propose(self, move: Move) -> None:
        """Makes a move the pending ask, unless the same query was put before, which ends the conversation."""
        is_opening = len(self._context) == len(self._line.before)
        self._context.append(Message(role="user", text=move.text))
        room = self._form.part_tokens if move.part or move.is_aside else self._form.whole_tokens
        query = Query(messages=tuple(self._context), prefill=move.prefill, max_tokens=room)
        if query in self._asked:
            self._moves.clear()
            return
        self._asked.add(query)
        self._conversation += is_opening
        turn = (len(self._context) - len(self._line.before)) // 2
        ask = Ask(query=query, family=self._family, conversation=self._conversation, turn=turn)
        self._pending = (ask, move)

    def _learn(self, ask: Ask, move: Move, reply: Reply) -> None:
        """Reads a clean reply into the notebook; a conversation in which the target refused what counts is left."""
        text = f"{move.prefill} {reply.text}".strip()
        self._context.append(Message(role="assistant", text=text))
        if move.is_aside:
            return
        answers = self._notebook.read(text, move.part, self._line.back)
        if answers:
            self._notebook.note(answers, ask.family, self._spent)
        elif self._moves and self._notebook.is_refusal(text, self._line.back):
            self._moves.clear()
