"""What is remembered across contexts: a state that is handed in, bounded, and a function of the calls made of it.

No clock is read: time is what the caller says it is, and a caller's clock may jump. The memory keeps a time of its own,
which goes on with the caller's, stands still where that goes back, and where it leaps forward follows by at most a
quarter of the window per event. So one wrong reading ages what is remembered by a quarter of the window and no more,
and a pause, however long, has been caught up with after five events.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from math import isfinite

from counterproof.errors import BadGate
from counterproof.record import MemoryPolicy, Readings
from counterproof.rely.gate import _sketch
from counterproof.rely.gate._memory_delta import (
    MAX_ANCHORS_TOLD,
    MAX_FRAGMENTS_TOLD,
    Delta,
    Serials,
    Signal,
    Told,
    decoded,
    encoded,
)
from counterproof.rely.gate._memory_held import LIVES, Held, fresh_at, ripeness

DELTA_FORMAT = "counterproof-gate-delta/1"
MAX_WEIGHT = 1e6
MAX_LINKED = 8
"""Anchors of a conversation that its later events, the replies among them, count for as well."""

_KEPT_LIVES = 4 * LIVES
_STEP = LIVES / 4
_LOOKED_AT = 8
_TEXT_CHARS = 16_000_000


class Memory:
    """What a gate remembers of anchors. Each call costs the same however much is remembered.

    `policy.window_s` 0: nothing is remembered, and each event reads as if it were the only one. `len()`: anchors held.
    """

    def __init__(self, policy: MemoryPolicy) -> None:
        self._policy = policy
        self._life_s = policy.window_s / LIVES
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._links: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._chars = self._entries = 0
        self._at = self._owed = 0.0
        self._seen_s: float | None = None
        self._all = fresh_at(0.0)
        self._taken = Serials()
        self._news: dict[str, None] | None = None
        self._signals: list[tuple[str, float, float, tuple[str, ...]]] = []
        self._told_events, self._told_weight, self._serial = 0, 0.0, 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def policy(self) -> MemoryPolicy:
        """What it was made for."""
        return self._policy

    def add(
        self,
        anchors: Sequence[str],
        weight: float,
        context: str,
        identity: str,
        fragment: str,
        now_s: float,
        text: str = "",
    ) -> Readings:
        """Remembers an event, and gives the readings of its anchors with it.

        `weight`: its signal, 0 to `MAX_WEIGHT`. `context`, `identity`, `fragment`: digests, empty where there is none;
        two events with one fragment count as one signal. `text`: what of the event is kept for a judge, never shared.
        """
        weight = min(weight, MAX_WEIGHT) if weight > 0.0 else 0.0
        if not self._life_s:
            return _alone(weight, context, identity)
        at = self._advance(now_s)
        self._all.age_to(at)
        self._all.events += 1.0
        context_bit, identity_bit = _sketch.bit(context), _sketch.bit(identity)
        k = self._policy.fragments if fragment else 0
        held_by = self._held
        found: list[Held] = []
        for anchor in anchors:
            held = held_by.get(anchor)
            if held is None:
                held = held_by[anchor] = fresh_at(at)
            else:
                held_by.move_to_end(anchor)
                if held.at < at:
                    self._entries -= held.age_to(at)
            found.append(held)
            held.events += 1.0
            held.fresh += 1
            held.contexts |= context_bit
            held.identities |= identity_bit
            if weight and k:
                self._entries += held.keep(fragment, weight, at, k)
        if weight and text:
            self._keep_text(fragment, text)
        if self._news is not None:
            self._note(self._news, tuple(anchors), weight, fragment, at)
        self._make_room(at)
        return self._readings(found, self._all, at)

    def read(self, anchors: Sequence[str], now_s: float) -> Readings:
        """The readings of anchors; changes nothing."""
        if not self._life_s:
            return Readings()
        at = self._at + min(self._owing(now_s), _STEP)
        found = [held.aged(at) for a in anchors if (held := self._held.get(a)) is not None]
        return self._readings(found, self._all.aged(at), at)

    def joined(self, anchors: tuple[str, ...], context: str, *, is_asked: bool) -> tuple[str, ...]:
        """The anchors, and after them those of the same conversation: what a reply gives counts for what was asked.

        `is_asked`: the event is a message or a call, whose own anchors are to be carried on.
        """
        if not context or not self._life_s:
            return anchors
        before = self._links.get(context, ())
        joined = (*anchors, *(a for a in before if a not in anchors)) if before else anchors
        if is_asked and anchors:
            self._links[context] = joined[:MAX_LINKED]
            self._links.move_to_end(context)
            if len(self._links) > self._policy.max_anchors:
                self._links.popitem(last=False)
        return joined

    @property
    def chars(self) -> int:
        """How many characters of texts are kept for judges."""
        return self._chars

    def share(self) -> None:
        """From now on it is noted what is added, to be told by `delta`."""
        if self._news is None:
            self._news = {}

    def delta(self, origin: str) -> bytes:
        """What was added here since last told, for the memories of others; empty if nothing is worth telling.

        Told are anchors that carried a signal or were seen in more than one context, at most `MAX_ANCHORS_TOLD` of
        them; what others told is not told on. Changes no reading.
        """
        if not self._news:
            return b""
        anchors = [a for a in self._news if a in self._held]
        place = {a: n for n, a in enumerate(anchors)}
        told = [
            Told(a, (held := self._held[a]).fresh, _sketch.packed(held.contexts), _sketch.packed(held.identities))
            for a in anchors
        ]
        signals = [
            Signal(f, w, (self._at - at) * self._life_s, tuple(place[a] for a in of if a in place))
            for f, w, at, of in self._signals
        ]
        delta = Delta(
            DELTA_FORMAT, origin, self._serial, self._policy.window_s, self._told_events, self._told_weight,
            tuple(told), tuple(signals),
        )  # fmt: skip
        for anchor in anchors:
            self._held[anchor].fresh = 0
        self._news, self._signals, self._serial = {}, [], self._serial + 1
        self._told_events, self._told_weight = 0, 0.0
        return encoded(delta)

    def merge(self, data: bytes, now_s: float, older_s: float = 0.0, where: str = "") -> bool:
        """Takes what another memory told `older_s` ago; whether it was new.

        The order of deltas and telling one twice change nothing, as long as no bound is reached: then what is weakest
        is forgotten, and which that is hangs on order.

        Raises:
            BadGate: this is no delta, or one of a memory with another window.
        """
        delta = decoded(data, where)
        if delta.window_s != self._policy.window_s:
            what = f"a memory of {delta.window_s} s cannot be shared with one of {self._policy.window_s} s"
            raise BadGate(what, where=where, mend="give all gates that share a store the same policy")
        if not self._life_s or not self._taken.take(delta.origin, delta.serial):
            return False
        at = self._advance(now_s)
        older = max(0.0, older_s) / self._life_s if isfinite(older_s) else 0.0
        if older > LIVES:
            return True
        self._merge_counts(delta, at, older)
        self._merge_signals(delta, at, older)
        self._make_room(at)
        return True

    def _merge_counts(self, delta: Delta, at: float, older: float) -> None:
        kept = 0.5**older
        self._all.age_to(at)
        self._all.events += delta.events * kept
        for told in delta.anchors:
            held = self._touched(told.anchor, at)
            held.events += told.events * kept
            contexts, identities = int.from_bytes(told.contexts, "little"), int.from_bytes(told.identities, "little")
            if older < 1.0:
                held.contexts |= contexts
                held.identities |= identities
            else:
                held.old_contexts |= contexts
                held.old_identities |= identities

    def _merge_signals(self, delta: Delta, at: float, older: float) -> None:
        for signal in delta.signals:
            born = at - older - min(signal.age_s / self._life_s, 2 * LIVES)
            if born < at - LIVES:
                continue
            for place in signal.anchors:
                held = self._held.get(delta.anchors[place].anchor)
                if held is not None:
                    weight = min(signal.weight, MAX_WEIGHT)
                    self._entries += held.keep(signal.fragment, weight, born, self._policy.fragments)

    def _touched(self, anchor: str, at: float) -> Held:
        held = self._held.get(anchor)
        if held is None:
            held = self._held[anchor] = fresh_at(at)
        else:
            self._held.move_to_end(anchor)
            self._entries -= held.age_to(at)
        return held

    def _note(self, news: dict[str, None], anchors: tuple[str, ...], weight: float, fragment: str, at: float) -> None:
        self._told_events += 1
        self._told_weight += weight
        if weight and fragment and len(self._signals) < MAX_FRAGMENTS_TOLD:
            self._signals.append((fragment, weight, at, anchors[:64]))
        room = MAX_ANCHORS_TOLD if weight else MAX_ANCHORS_TOLD // 4  # what carries a signal goes first
        if len(news) + len(anchors) <= room:
            for anchor in anchors:
                held = self._held[anchor]
                if weight or held.contexts & (held.contexts - 1):
                    news[anchor] = None

    def fragments(self, anchors: Iterable[str]) -> tuple[str, ...]:
        """The texts of the K highest-signal fragments of all these anchors together, the highest first."""
        best: dict[str, float] = {}
        for anchor in anchors:
            held = self._held.get(anchor)
            for place, _, fragment in (held.heap if held is not None else None) or ():
                best[fragment] = max(place, best.get(fragment, place))
        highest = sorted(best, key=lambda f: (-best[f], f))[: self._policy.fragments]
        return tuple(self._texts[f] for f in highest if f in self._texts)

    def _owing(self, now_s: float) -> float:
        """How far the memory's time is behind the caller's, in half lives; no more than makes everything forgotten."""
        if self._seen_s is None or not isfinite(now_s):
            return self._owed
        return min(max(0.0, self._owed + (now_s - self._seen_s) / self._life_s), LIVES + _STEP)

    def _advance(self, now_s: float) -> float:
        owing = self._owing(now_s)
        step = min(owing, _STEP)
        self._owed = owing - step
        self._at += step
        if isfinite(now_s):
            self._seen_s = now_s
        return self._at

    def _readings(self, found: Sequence[Held], every: Held, at: float) -> Readings:
        most = every.events
        if not found:
            return Readings(events=0.0)
        events = [held.events for held in found]
        contexts = max([(held.contexts | held.old_contexts).bit_count() for held in found])
        identities = max([(held.identities | held.old_identities).bit_count() for held in found])
        signal, lift, fragments = 0.0, 1.0, 0
        if heaps := [held.heap for held in found if held.heap is not None]:
            ripe = ripeness(at)
            fragments = max(map(len, heaps))
            signal = max([0.0, *[held.total for held in found if held.heap is not None]])
            lift = max([1.0, *[held.lift(ripe) for held in found if held.heap is not None]])
        return Readings(
            signal=signal,
            events=max(0.0, *events),
            contexts=_sketch.of_bits(contexts),
            identities=_sketch.of_bits(identities),
            fragments=fragments,
            rarity=1.0 - min(most, *events) / most if most else 1.0,
            lift=1.0 + (lift - 1.0) * min(1.0, at / LIVES),
        )

    def _keep_text(self, fragment: str, text: str) -> None:
        if fragment in self._texts:
            return
        self._texts[fragment] = text
        self._chars += len(text)
        while self._chars > _TEXT_CHARS:
            self._chars -= len(self._texts.popitem(last=False)[1])

    def _make_room(self, at: float) -> None:
        """Forgets one anchor whose time is over; beyond the bounds the weakest of those least recently seen."""
        held_by, most = self._held, self._policy.max_anchors
        if held_by:
            oldest = next(iter(held_by))
            if at - held_by[oldest].at > _KEPT_LIVES:
                self._forget(oldest)
        while held_by and (len(held_by) > most or self._entries > 4 * most):
            self._forget_weakest(at)

    def _forget_weakest(self, at: float) -> None:
        """The least recently seen, unless it holds fragments: then the weakest of the next few, the others live on."""
        spared: list[tuple[str, Held]] = []
        for _ in range(min(_LOOKED_AT, len(self._held))):
            anchor, held = self._held.popitem(last=False)
            if held.heap is None:
                break
            spared.append((anchor, held))
        else:
            spared.sort(key=lambda each: each[1].total * 0.5 ** (at - each[1].at), reverse=True)
            _, held = spared.pop()
            self._entries -= len(held.heap or ())
        self._held.update(spared)

    def _forget(self, anchor: str) -> None:
        held = self._held.pop(anchor)
        self._entries -= len(held.heap or ())


def _alone(weight: float, context: str, identity: str) -> Readings:
    held = fresh_at(0.0)
    if weight:
        held.keep("only", weight, 0.0, 1)
    return Readings(
        lift=held.lift(1.0),
        signal=weight,
        events=1.0,
        contexts=float(bool(context)),
        identities=float(bool(identity)),
        fragments=int(weight > 0.0),
    )
