"""All patterns of a policy as one: what is found in texts, as they stand, folded, and decoded; in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from counterproof import errors, record
from counterproof.rely.gate import _fold, _fold_decode
from counterproof.rely.gate._patterns_engine import Effort, Engine, Expression, engine
from counterproof.rely.gate._patterns_syntax import MEND, Node, has_edges, literal, parse, width
from counterproof.rely.gate._patterns_write import (
    SEPARATOR,
    STAND_IN,
    caseless,
    closed_up,
    in_folded,
    is_covered,
    written,
)

View: TypeAlias = Literal["plain", "folded", "decoded"]
MOST_PATTERNS = 20_000
MOST_CHARACTERS = 2_000_000
MOST_KNOWN_CHARS = 12_000_000
"""Texts in which nothing was found are known, so many characters of them: a conversation comes again with each turn."""
_ENTRY_CHARS = 150
"""What it takes to know a text besides its characters, about."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class Match(NamedTuple):
    """One stretch of a text in which a rule's patterns are found, in code points of the text as it was handed in."""

    rule: int
    text: int
    start: int
    end: int


class Found(NamedTuple):
    """What was found. `cut`: what was not looked at to its end, and why.

    `is_partial`: something may have been found there that was not found elsewhere. Otherwise a rule was merely found so
    often that its last stretch was taken to the end of the text.
    """

    spans: tuple[Match, ...] = ()
    cut: tuple[str, ...] = ()
    is_partial: bool = False


NOTHING = Found()


class _Look(NamedTuple):
    """One search under way: what is looked at, and what was found."""

    wanted: Callable[[int, int], bool] | None
    effort: Effort
    spans: list[Match]
    often: list[str]
    partial: list[str]
    found_in: set[int]


class _Group(NamedTuple):
    """Expressions that are searched together, and the rule of each."""

    engine: Engine
    rules: tuple[int, ...]


class Patterns:
    """The patterns of some rules, compiled once; safe in several threads and after a fork.

    `hits` costs one pass over all texts. In the folded view upper and lower case are the same, and a space in a pattern
    stands for any run of white space. `engine`: `hyperscan`, `re2` or `literal`; empty: the best that is installed.

    Raises:
        BadGate: a pattern is not in the syntax of spec/gate-policy.md, matches the empty text, or is too large.
        MissingExtra: a pattern is more than a literal text, and no engine is installed.
    """

    def __init__(
        self,
        rules: Sequence[record.PatternRule],
        views: Sequence[View] = ("plain", "folded"),
        *,
        engine: str = "",
    ) -> None:
        _check_amount(rules)
        self.rules = tuple(rules)
        self._is_folded, self._is_decoded = "folded" in views, "decoded" in views
        nodes = [(at, _read(p, rule, n)) for at, rule in enumerate(rules) for n, p in enumerate(rule.patterns)]
        free: list[tuple[int, Expression]] = []
        edged: list[tuple[int, Expression]] = []
        for at, node in nodes:
            group = edged if has_edges(node) else free
            group += [(at, each) for each in _expressions(node, f"rule {rules[at].name!r}", views)]
        self._free, self._edged = _group(free, engine), _group(edged, engine)
        self._empty: dict[str, None] = {}
        self._known_chars = 0

    def hits(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        """Which rules' patterns are found in which texts, as (rule, text).

        Raises:
            BadGate: the engine failed; nothing is known of the texts.
        """
        return sorted({(span.rule, span.text) for span in self.find(texts).spans})

    def search(self, texts: Sequence[str]) -> tuple[Match, ...]:
        """Where rules' patterns are found in texts.

        Raises:
            BadGate: the engine failed, or some of a text was not looked at.
        """
        found = self.find(texts)
        if found.is_partial:
            what = f"not all was looked at ({found.cut[0]})"
            raise errors.BadGate(what, where="patterns", mend="ask for less at once")
        return found.spans

    def find(self, texts: Sequence[str], wanted: Callable[[int, int], bool] | None = None) -> Found:
        """Where rules' patterns are found in texts. `wanted`: whether a (rule, text) is looked at.

        Raises:
            BadGate: the engine failed; nothing is known of the texts.
        """
        try:
            return self._find(texts, wanted)
        except errors.CounterproofError:
            raise
        except Exception as exc:
            what = f"the engine failed ({type(exc).__name__}: {exc})"
            raise errors.BadGate(what, where="patterns", mend="report it") from exc

    def _find(self, texts: Sequence[str], wanted: Callable[[int, int], bool] | None) -> Found:
        empty = self._empty
        new = [number for number, text in enumerate(texts) if text not in empty]
        if not new:
            return NOTHING
        found = self._searched([texts[number] for number in new], None if wanted is None else _of(wanted, new))
        if len(new) == len(texts) or not found.spans:
            return found
        return found._replace(spans=tuple([match._replace(text=new[match.text]) for match in found.spans]))

    def _searched(self, given: Sequence[str], wanted: Callable[[int, int], bool] | None) -> Found:
        texts = given
        joined = SEPARATOR.join(texts)
        if joined.count(SEPARATOR) >= max(len(texts), 1):
            texts = [text.replace(SEPARATOR, STAND_IN) for text in texts]
            joined = SEPARATOR.join(texts)
        try:
            raw = joined.encode()
        except UnicodeEncodeError:  # lone surrogates: the same length without them
            texts = [_valid(text) for text in texts]
            joined = SEPARATOR.join(texts)
            raw = joined.encode()
        odd = _fold.strange(raw.replace(b"\x1e", b"")) if self._is_folded else frozenset[str]()
        if not (self._edged.rules or self._is_decoded):
            is_hit = self._free.engine.which(raw)
            if not is_hit and odd and (loose := _fold.loose(joined, odd - {SEPARATOR})) != joined:
                is_hit = self._free.engine.which(loose.encode())
            if not is_hit:
                self._keep_empty(given)
                return NOTHING
        look = _Look(wanted, Effort(), [], [], [], set())
        for number, text in enumerate(texts):
            self._in_text(text, number, look)
        if not look.partial:
            self._keep_empty([text for number, text in enumerate(given) if number not in look.found_in])
        cut = tuple(dict.fromkeys((*look.partial, *look.often)))
        return Found(tuple(_apart(sorted(set(look.spans)))), cut, bool(look.partial))

    def _keep_empty(self, texts: Sequence[str]) -> None:
        """Remembers texts in which no rule's patterns are found, whoever says them."""
        for text in texts:
            self._empty[text] = None
            self._known_chars += len(text) + _ENTRY_CHARS
        if self._known_chars > MOST_KNOWN_CHARS:
            self._empty, self._known_chars = {}, 0

    def _in_text(self, text: str, number: int, look: _Look) -> None:
        self._in_views(text, number, look, None)
        if not self._is_decoded:
            return
        decoded = _fold_decode.decoded(text)
        look.partial.extend(decoded.cut)
        for said, start, end in decoded.segments:
            self._in_views(said.replace(SEPARATOR, STAND_IN), number, look, (start, end))
        if (turned := _fold_decode.rot13(text)) != text:
            self._in_views(turned, number, look, None)

    def _in_views(self, text: str, number: int, look: _Look, whole: tuple[int, int] | None) -> None:
        """Looks at one text as it stands and folded; `whole`: where to say that everything stands."""
        raw = text.encode()
        self._stretches(_fold.Folded(text, range(len(text) + 1)), raw, number, look, whole)
        if self._is_folded and _fold.strange(raw) and (there := _fold.traced(text)).text != text:
            self._stretches(there, there.text.encode(), number, look, whole)

    def _stretches(
        self, there: _fold.Folded, raw: bytes, number: int, look: _Look, whole: tuple[int, int] | None
    ) -> None:
        for group in (self._free, self._edged):
            for each in set(group.engine.which(raw)):
                look.found_in.add(number)
                rule = group.rules[each]
                if look.wanted is not None and not look.wanted(rule, number):
                    continue
                found = group.engine.stretches(each, raw, look.effort)
                look.often.extend([f"{self.rules[rule].name}: found too often"] * found.is_cut)
                places = _in_code_points(found.spans, raw, there.text)
                look.spans.extend([Match(rule, number, *(whole or there.span(*place))) for place in places])


def _of(wanted: Callable[[int, int], bool], numbers: Sequence[int]) -> Callable[[int, int], bool]:
    return lambda rule, text: wanted(rule, numbers[text])


def _group(expressions: list[tuple[int, Expression]], name: str) -> _Group:
    return _Group(engine([each for _, each in expressions], name), tuple(rule for rule, _ in expressions))


def _check_amount(rules: Sequence[record.PatternRule]) -> None:
    patterns = [pattern for rule in rules for pattern in rule.patterns]
    if len(patterns) > MOST_PATTERNS:
        raise errors.BadGate(f"has more than {MOST_PATTERNS:,} patterns", where="rules", mend="leave some out")
    if sum(map(len, patterns)) > MOST_CHARACTERS:
        raise errors.BadGate(
            f"has patterns of more than {MOST_CHARACTERS:,} characters", where="rules", mend="leave some out"
        )


def _read(pattern: str, rule: record.PatternRule, number: int) -> Node:
    where = f"rule {rule.name!r}, pattern {number + 1}"
    node = parse(pattern, where)
    if width(node)[0] == 0:
        raise errors.BadGate(f"matches the empty text, thus everything ({pattern[:80]!r})", where=where, mend=MEND)
    return node


def _expressions(node: Node, where: str, views: Sequence[View]) -> list[Expression]:
    """What is searched for: the pattern as it stands, as it reads in folded text, or both in one."""
    as_is = Expression(written(node), where, literal(node), reads_folded=False)
    if "folded" not in views:
        return [as_is]
    there = in_folded(node)
    if width(there)[0] == 0:
        return [as_is]
    said = literal(node)
    shown = None if said is None else _fold.folded(said).text
    folded = Expression(written(there), where, shown, reads_folded=True, small=caseless(there), quick=closed_up(there))
    return [folded] if "plain" not in views or is_covered(node) else [folded, as_is]


def _in_code_points(spans: list[tuple[int, int]], raw: bytes, text: str) -> list[tuple[int, int]]:
    if len(raw) == len(text):
        return spans
    out: list[tuple[int, int]] = []
    at = points = 0
    for start, end in spans:
        first = points + len(raw[at:start].decode())
        points = first + len(raw[start:end].decode())
        at = end
        out.append((first, points))
    return out


def _apart(spans: list[Match]) -> list[Match]:
    """Stretches of one rule in one text that overlap (found in several views, or by several patterns) as one."""
    out: list[Match] = []
    for span in spans:
        if out and span[:2] == out[-1][:2] and span.start < out[-1].end:
            out[-1] = out[-1]._replace(end=max(span.end, out[-1].end))
        else:
            out.append(span)
    return out


def _valid(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
