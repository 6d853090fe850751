"""Who judges whom: praise that comes back round is no data."""

from __future__ import annotations


class Rings:
    """Organisations and whom each judged."""

    def __init__(self) -> None:
        self._judged: dict[str, set[str]] = {}

    def add(self, judge: str, judged: str) -> None:
        """One organisation judged another."""
        self._judged.setdefault(judge, set()).add(judged)

    def is_mutual(self, judge: str, judged: str) -> bool:
        """Whether the one that was judged judges back, directly or round a ring of others."""
        seen, ahead = {judged}, [judged]
        while ahead:
            at = ahead.pop()
            if at == judge:
                return True
            fresh = self._judged.get(at, set()) - seen
            seen |= fresh
            ahead += fresh
        return False

    def judges_of(self, judged: str) -> frozenset[str]:
        """Everybody who judged it, those in a ring with it left out."""
        direct = {judge for judge, whom in self._judged.items() if judged in whom}
        return frozenset(judge for judge in direct if not self.is_mutual(judge, judged))
