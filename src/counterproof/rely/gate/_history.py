"""Which earlier turns were really said before: a client sends the whole conversation each time, and may invent it."""

from __future__ import annotations

from collections import OrderedDict

from msgspec.structs import replace

from counterproof.record import Event, Piece

MAX_KNOWN = 200_000
"""How many texts are known at once; the one that was met longest ago is forgotten first."""


class History:
    """What was said through this gate, by the texts' hashes: a state that is handed in, bounded.

    Python's hash of a text is SipHash under a key of the process (PEP 456): nobody outside can make two collide. So the
    hashes mean nothing in another process, and after a restart every conversation is new once.
    """

    def __init__(self, max_known: int = MAX_KNOWN) -> None:
        self._known: OrderedDict[int, None] = OrderedDict()  # a plain one is slow to give up what was put in first
        self._max = max_known

    def __len__(self) -> int:
        return len(self._known)

    def heard(self, event: Event) -> Event:
        """The event; an earlier turn that never went through here is new, a system prompt that did is not."""
        known, changed = self._known, None
        for at, piece in enumerate(event.pieces):
            name = hash((piece.role, piece.text))
            is_known = name in known
            if is_known:
                known.move_to_end(name)
            else:
                known[name] = None
            is_new = not is_known if not piece.is_new else not (is_known and piece.role == "system")
            if is_new != piece.is_new:
                changed = changed or list(event.pieces)
                changed[at] = Piece(piece.text, piece.role, piece.where, is_new)
        while len(known) > self._max:
            known.popitem(last=False)
        return event if changed is None else replace(event, pieces=tuple(changed))
