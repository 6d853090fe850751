"""What is held back is what the patterns find: both read the same expressions, in the same views."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof.record import PatternRule
from counterproof.rely import gate
from counterproof.rely.gate._patterns import Patterns

RULES = [
    PatternRule(name="words", patterns=("(?i)open\\s{1,3}sesame", "sesam")),
    PatternRule(name="number", patterns=("\\b\\d{2}-\\d{2,4}\\b",)),
    PatternRule(name="start", patterns=("^pen",)),
    PatternRule(name="not", patterns=("x[^a-m]{2}x",)),
]
PIECES = [
    *("open", "\u041ePEN", "ope\u0301n", " ", "\n", "\u00a0", "sesame", "s\u200besame", "\u017fesame"),
    *("12", "-", "345", "pen", "x", "nn", "Ñ"),
]
PLAN, PATTERNS = gate.HoldbackPlan(RULES), Patterns(RULES)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14), st.lists(st.integers(0, 60), max_size=10))
def test_the_same_characters_are_found(pieces: list[str], places: list[int]) -> None:
    text = "".join(pieces)
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    hold = PLAN.open()
    releases = [release for start, end in itertools.pairwise(edges) for release in hold.feed(text[start:end])]
    hits = [hit for release in (*releases, *hold.finish()) for hit in release.hits]
    found = PATTERNS.search([text])
    assert {(hit.rule, at) for hit in hits for at in range(hit.start, hit.end)} == {
        (match.rule, at) for match in found for at in range(match.start, match.end)
    }
