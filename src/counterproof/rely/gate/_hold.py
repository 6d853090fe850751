"""What of a text that is still being written may leave: everything that no pattern can match any more.

One expression holds the beginnings of all matches of all patterns (`_hold_begun.begun`). It is searched, bound to the
end, in the text that has not left yet: where it matches first, something may still come of it, and from there on
everything stays. RE2 runs such a search backwards from the end and stops where no pattern reaches, so its cost does not
depend on how long the reply is.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

import msgspec

from counterproof.errors import BadGate, MissingExtra
from counterproof.record import PatternRule
from counterproof.rely.gate._fold import loose, strange, traced
from counterproof.rely.gate._hold_begun import bare, begun
from counterproof.rely.gate._patterns import View
from counterproof.rely.gate._patterns_syntax import Chars, Edge, Either, Join, Node, Repeat, parse, width
from counterproof.rely.gate._patterns_write import SEPARATOR, STAND_IN, in_folded, written

MAX_MATCH_CHARS = 1_024
"""The longest match a rule for streamed replies may have: no more than that is ever held because of it."""

MAX_WHOLE_CHARS = 4_194_304
"""Where a whole reply is held: how much of it, per channel."""

MAX_PROGRAM_BYTES = 64 << 20
"""What RE2 may use for one expression and its automaton, which grows with what is read and is begun anew when full."""

_MOST_UNSEEN = 32

ASKING = frozenset({"reject", "terminate", "hold", "escalate"})
"""Actions under which a match leaves only after a decision."""

_SEPARATOR, _STAND_IN = SEPARATOR.encode(), STAND_IN.encode()


class Hit(NamedTuple):
    """A rule (its place among the rules handed in) and where it matched, in code points."""

    rule: int
    start: int
    end: int


class Release(msgspec.Struct, frozen=True):
    """Text that may leave; with `asks` only after somebody decided so, `seen` is then what matched and its neighbours.

    `text` has replacements in it already, at `marks`; `hits` are at their places in the text as it came in. `problem`:
    why something could not be looked at.
    """

    text: str
    hits: tuple[Hit, ...] = ()
    asks: bool = False
    seen: str = ""
    problem: str = ""
    marks: tuple[tuple[int, int], ...] = ()


class HoldbackPlan:
    """The patterns of a policy that bear on streamed replies, compiled once; a channel of a stream opens a `Hold` each.

    Rules that lead to nothing but a note (`allow`, `signal`) hold nothing back. A rule with `holds_reply`, and the view
    `decoded`, hold every reply whole: what is encoded can be read only from its beginning to its end.

    Raises:
        BadGate: a pattern is not in the syntax; its longest match is longer than `max_chars` or has no bound; or it
            matches the empty text.
        MissingExtra: google-re2 is not installed.
    """

    def __init__(
        self,
        rules: Sequence[PatternRule],
        views: Sequence[View] = ("plain", "folded"),
        *,
        max_chars: int = MAX_MATCH_CHARS,
    ) -> None:
        self._rules = {at: rule for at, rule in enumerate(rules) if _bears_on_replies(rule)}
        self.is_whole = bool(self._rules) and (
            "decoded" in views or any(rule.holds_reply for rule in self._rules.values())
        )
        self.has_replacements = any(rule.action == "modify" for rule in self._rules.values())
        trees: dict[int, list[Node]] = {}
        self.max_chars = 0
        for at, rule in self._rules.items():
            trees[at] = [parse(source, rule.name) for source in rule.patterns]
            for source, tree in zip(rule.patterns, trees[at], strict=True):
                self.max_chars = max(self.max_chars, _width(rule, source, tree, None if self.is_whole else max_chars))
        every = [tree for group in trees.values() for tree in group]
        folds = "folded" in views or "decoded" in views
        self._folded = _View(trees, folds=True, is_whole=self.is_whole) if every and folds else None
        self._is_told, self._is_told_plainly = (
            folds and all(map(_is_told, every)),
            folds and all(map(_has_no_but, every)),
        )
        self._plain = _View(trees, folds=False, is_whole=self.is_whole) if every and not self._is_told else None

    @property
    def is_empty(self) -> bool:
        """No rule holds anything back."""
        return not self._rules

    def open(self) -> Hold:
        """A channel, before its first character."""
        return Hold(self)

    def is_clean(self, text: str) -> bool:
        """Nothing in a whole text matches."""
        return not self.hits(text, _fold(text), len(text), "", "")

    def is_made(self, text: str, marks: Sequence[tuple[int, int]]) -> bool:
        """Whether something matches that rests on what stands at `marks` (replacements) and beside it together."""
        found = self.hits(text, _fold(text), len(text), "", "")
        return any(
            any(hit.start <= to and hit.end >= since for since, to in marks)
            and not any(since <= hit.start and hit.end <= to for since, to in marks)
            for hit in found
        )

    def folded(self, text: str) -> tuple[str, bool]:
        """The text folded, where that is looked at, and whether each character is still in its place."""
        return (text, True) if self._folded is None or self.is_whole else _fold(text)

    def opens_at(self, text: str, seen: tuple[str, bool] | None = None) -> int:
        """The first character that must stay, because a match may begin there; `seen` is the text folded."""
        if self.is_whole:
            return 0
        other, is_in_step = seen or self.folded(text)
        at = self._plain.opens_at(text) if self._plain and not (is_in_step and self._is_told_plainly) else len(text)
        if self._folded is None:
            return at
        place = self._folded.opens_at(other)
        return at if place >= len(other) else min(at, place if is_in_step else traced(text).starts[place])

    def hits(self, text: str, seen: tuple[str, bool], limit: int, before: str, before_folded: str) -> list[Hit]:
        """Every match that begins before `limit`, in order; `before`: the last character ahead of `text`, as it was."""
        other, is_in_step = seen
        is_plain_told = is_in_step and self._is_told_plainly and before == before_folded
        hits = self._plain.hits(text, limit, before) if self._plain and not is_plain_told else []
        if self._folded is not None and is_in_step:
            hits += self._folded.hits(other, limit, before_folded)
        elif self._folded is not None and self._folded.hits(other, len(other), before_folded):
            way = traced(text)
            place = next((at for at, start in enumerate(way.starts) if start >= limit), len(other))
            found = self._folded.hits(other, place, before_folded)
            hits += [Hit(hit.rule, *way.span(hit.start, hit.end)) for hit in found]
        return sorted(hits, key=_by_place) if len(hits) > 1 else hits

    def asks(self, rule: int) -> bool:
        """A match of this rule leaves only after a decision."""
        return self._rules[rule].action in ASKING

    def replacement(self, rule: int) -> str | None:
        """What comes in a match's place."""
        found = self._rules[rule]
        return found.replacement if found.action == "modify" else None


class _View:
    """All patterns as they read in one view of a text."""

    def __init__(self, trees: Mapping[int, Sequence[Node]], *, folds: bool, is_whole: bool) -> None:
        seen = {at: [in_folded(tree) if folds else tree for tree in group] for at, group in trees.items()}
        self._sources = {at: "|".join(map(written, group)) for at, group in seen.items()}
        self._union = _compiled("|".join(self._sources.values()))
        starts = "|".join(begun(bare(tree)) for group in seen.values() for tree in group)
        self._begun = None if is_whole else _compiled(f"(?:{starts})\\z")
        self._compiled: dict[int, Any] = {}

    def opens_at(self, text: str) -> int:
        if self._begun is None:
            return 0
        raw = _raw(text)
        return _char(raw, 0, self._begun.search(raw).start(), is_plain=len(raw) == len(text))

    def hits(self, text: str, limit: int, before: str) -> list[Hit]:
        """From each place before `limit` the longest match of each rule, without those that lie within another."""
        head = len(_raw(before))
        raw = _raw(before + text)
        is_plain = len(raw) == len(before) + len(text)
        found = self._union.search(raw, head)
        if found is None or _char(raw, head, found.start(), is_plain=is_plain) >= limit:
            return []
        limit_byte = head + (limit if is_plain else len(_raw(text[:limit])))
        return [
            Hit(rule, _char(raw, head, start, is_plain=is_plain), _char(raw, head, end, is_plain=is_plain))
            for rule in self._candidates(raw)
            for start, end in _spans(self._regex(rule), raw, head, limit_byte)
        ]

    def _candidates(self, raw: bytes) -> Sequence[int]:
        order, chosen = self._set
        # A set that runs out of memory answers "none"; something was found, so then every rule is looked for.
        found = cast("list[int]", chosen.Match(raw))
        return [order[at] for at in sorted(found)] or order

    @cached_property
    def _set(self) -> tuple[list[int], Any]:
        re2 = _re2()
        chosen = re2.Set.SearchSet(_options(re2))
        for source in self._sources.values():
            chosen.Add(source)
        chosen.Compile()
        return list(self._sources), chosen

    def _regex(self, rule: int) -> Any:  # noqa: ANN401 - google-re2 ships no types
        if rule not in self._compiled:
            self._compiled[rule] = _compiled(self._sources[rule])
        return self._compiled[rule]


def _spans(regex: Any, raw: bytes, at: int, limit: int) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - no types
    """Matches that overlap are all found: after each the search goes on one character further."""
    reach = 0
    while at < limit and (found := regex.search(raw, at)) is not None and (start := found.start()) < limit:
        if found.end() > reach:
            reach = found.end()
            yield start, reach
        at = start + 1
        while at < len(raw) and raw[at] & 0xC0 == 0x80:
            at += 1


class Hold:
    """One channel: text goes in as it comes, and out as soon as nothing can come of it."""

    def __init__(self, plan: HoldbackPlan) -> None:
        self._plan = plan
        self._tail = ""
        self._done = 0  # of the tail: already decided, so that it leaves no second time
        self._base = 0
        self._before = self._before_folded = ""
        self._most = MAX_WHOLE_CHARS if plan.is_whole else 4_096 + 4 * plan.max_chars

    @property
    def held(self) -> str:
        """What has come in and not left."""
        return self._tail[self._done :]

    def feed(self, text: str) -> tuple[Release, ...]:
        """What may leave now that `text` has come."""
        if self._plan.is_empty:
            return (Release(text),) if text else ()
        self._tail += _encodable(text)
        seen = self._plan.folded(self._tail)
        opens_at = self._plan.opens_at(self._tail, seen)
        if len(self._tail) - opens_at > self._most:
            return (*self._let(opens_at, seen), *self._too_much())
        return self._let(opens_at, seen)

    def finish(self) -> tuple[Release, ...]:
        """What may leave now that nothing more will come."""
        return self._let(len(self._tail), _fold(self._tail))

    def _too_much(self) -> tuple[Release, ...]:
        """More is held than is kept in memory: all of it leaves if somebody decides so."""
        rest = self._let(len(self._tail), _fold(self._tail))
        text = "".join(part.text for part in rest)
        hits = tuple(hit for part in rest for hit in part.hits)
        marks = ((0, len(text)),) if any(part.marks for part in rest) else ()
        return (
            Release(
                text, hits, asks=True, seen=text, marks=marks, problem=f"more than {self._most} characters must be held"
            ),
        )

    def _let(self, opens_at: int, seen: tuple[str, bool]) -> tuple[Release, ...]:
        tail = self._tail
        if not opens_at:
            return ()
        hits = self._plan.hits(tail, seen, opens_at, self._before, self._before_folded)
        if not hits and not self._done:
            self._move(opens_at, opens_at)
            return (Release(tail[:opens_at]),)
        out, done = self._parts(hits, opens_at)
        self._move(opens_at, done)
        return out

    def _move(self, by: int, done: int) -> None:
        gone = self._tail[:by]
        if gone:
            self._before = (self._before + gone)[-1 - _unseen_at_end(gone) :]
            self._before_folded = _fold(self._before)[0][-1:] or self._before_folded
        self._tail = self._tail[by:]
        self._base += by
        self._done = max(0, done - by)

    def _parts(self, hits: list[Hit], opens_at: int) -> tuple[tuple[Release, ...], int]:
        """The text up to `opens_at`, matches that overlap taken together; and how far all is decided."""
        out: list[Release] = []
        free, noted, marks = "", list[Hit](), list[tuple[int, int]]()
        done = self._done
        for group in _overlapping(hits):
            start, end = group[0].start, max(hit.end for hit in group)
            free += self._tail[done:start]
            text = self._instead(group, done, end)
            done = max(done, end)
            is_replaced = any(self._plan.replacement(hit.rule) is not None for hit in group)
            if any(self._plan.asks(hit.rule) for hit in group):
                out += [Release(free, self._placed(noted), marks=tuple(marks))] if free or noted else []
                own = ((0, len(text)),) if is_replaced else ()
                out.append(Release(text, self._placed(group), asks=True, seen=self._around(start, end), marks=own))
                free, noted, marks = "", [], []
            else:
                marks += [(len(free), len(free) + len(text))] if is_replaced else []
                free += text
                noted += group
        free += self._tail[done:opens_at]
        out += [Release(free, self._placed(noted), marks=tuple(marks))] if free or noted else []
        return tuple(out), max(done, opens_at)

    def _around(self, start: int, end: int) -> str:
        """A match and the nearest characters on both sides that a reader sees: edges of words depend on them."""
        before, behind = self._before + self._tail[:start], self._tail[end : end + 1 + _MOST_UNSEEN]
        seen = next((at for at, char in enumerate(behind) if _fold(char)[0]), len(behind) - 1)
        return before[-1 - _unseen_at_end(before) :] + self._tail[start:end] + behind[: seen + 1]

    def _instead(self, group: list[Hit], done: int, end: int) -> str:
        replacements = [self._plan.replacement(hit.rule) for hit in group]
        said = next((said for said in replacements if said is not None), None)
        if said is None:
            return self._tail[max(done, group[0].start) : end]
        return said if group[0].start >= done else ""

    def _placed(self, hits: list[Hit]) -> tuple[Hit, ...]:
        return tuple(Hit(hit.rule, hit.start + self._base, hit.end + self._base) for hit in hits)


def _unseen_at_end(text: str) -> int:
    """How many characters at the end of a text are folded to nothing."""
    if text[-1:].isascii():
        return 0
    last = text[: -1 - _MOST_UNSEEN : -1]
    return next((at for at, char in enumerate(last) if _fold(char)[0]), max(0, len(last) - 1))


def _overlapping(hits: list[Hit]) -> list[list[Hit]]:
    groups: list[list[Hit]] = []
    end = -1
    for hit in hits:
        if groups and hit.start < end:
            groups[-1].append(hit)
        else:
            groups.append([hit])
        end = max(end, hit.end) if len(groups[-1]) > 1 else hit.end
    return groups


def _by_place(hit: Hit) -> tuple[int, int, int]:
    return (hit.start, hit.rule, -hit.end)


def _bears_on_replies(rule: PatternRule) -> bool:
    speaks = not rule.roles or "assistant" in rule.roles
    return "span" in rule.on and speaks and rule.action not in ("allow", "signal")


def _width(rule: PatternRule, source: str, tree: Node, max_chars: int | None) -> int:
    least, most = width(tree)
    if not least:
        raise BadGate(
            f"the pattern {source!r} matches the empty text", where=rule.name, mend="say what must be there at least"
        )
    if max_chars is not None and (most is None or most > max_chars):
        length = "has no longest match" if most is None else f"can match {most} characters"
        raise BadGate(
            f"the pattern {source!r} {length}, and a streamed reply can be held back by at most {max_chars}",
            where=rule.name,
            mend="bound its repetitions ({0,40} for *), or set holds_reply so that replies are held whole",
        )
    return most or 0


def _is_told(node: Node) -> bool:
    """What the pattern finds in a text it finds in the folded text too."""
    return _has_no_but(node) and not _has_word_edge(node)


def _has_no_but(node: Node) -> bool:
    match node:
        case Chars(_, but):
            return but is None
        case Join(parts) | Either(parts):
            return all(map(_has_no_but, parts))
        case Repeat(part):
            return _has_no_but(part)
        case Edge():
            return True


def _has_word_edge(node: Node) -> bool:
    match node:
        case Edge(kind):
            return kind in ("word", "no word")
        case Join(parts) | Either(parts):
            return any(map(_has_word_edge, parts))
        case Repeat(part):
            return _has_word_edge(part)
        case Chars():
            return False


def _fold(text: str) -> tuple[str, bool]:
    """The text folded, and whether each character is still in its place."""
    if text.isascii() and text.isprintable():
        return text, True
    odd = strange(text.encode())
    return (loose(text, odd), False) if odd else (text, True)


def _raw(text: str) -> bytes:
    raw = text.encode()
    return raw.replace(_SEPARATOR, _STAND_IN) if _SEPARATOR in raw else raw


def _encodable(text: str) -> str:
    """Half a character (a lone surrogate) has no bytes that could leave: a question mark stands for it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _char(raw: bytes, head: int, at: int, *, is_plain: bool) -> int:
    return at - head if is_plain else len(raw[head:at].decode())


def _re2() -> Any:  # noqa: ANN401 - google-re2 ships no types
    try:
        return importlib.import_module("re2")
    except ImportError as missing:
        raise MissingExtra(
            "holding streamed replies back needs google-re2", mend="pip install 'counterproof[gate]'"
        ) from missing


def _options(re2: Any) -> Any:  # noqa: ANN401 - google-re2 ships no types
    options = re2.Options()
    options.max_mem, options.never_capture, options.log_errors = MAX_PROGRAM_BYTES, True, False
    options.longest_match = True
    return options


def _compiled(source: str) -> Any:  # noqa: ANN401 - google-re2 ships no types
    re2 = _re2()
    try:
        return re2.compile(source, _options(re2))
    except re2.error as bad:
        said = bad.args[0].decode(errors="replace") if bad.args and isinstance(bad.args[0], bytes) else str(bad)
        raise BadGate(f"RE2 does not take a pattern: {said}") from bad
