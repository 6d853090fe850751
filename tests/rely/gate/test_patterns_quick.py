"""The form in which Hyperscan searches fastest finds what the expression itself finds."""

from hypothesis import given
from hypothesis import strategies as st

from counterproof.rely.gate._patterns_engine import Expression, Hyperscan, Re2
from counterproof.rely.gate._patterns_syntax import parse, width
from counterproof.rely.gate._patterns_write import caseless, closed_up, in_folded, written

ATOMS = (
    "a", "b", "A", " ", r"\s", r"\s+", r"\s*", "(?: a)?", "(?:a |b )?", "[ab]", r"\b", r"\B", "(?:a|b )", "[a-]",
    "x{2}", r"(?:\s|a)", "a{1,2}", r"\d", "(?: a)+", "(?:a )*", ".", "[^b]", "[ -]?", r"\s{2,3}",
)  # fmt: skip


def expressions(patterns: list[str]) -> list[Expression]:
    nodes = [in_folded(parse(pattern, "here")) for pattern in patterns]
    return [
        Expression(written(node), "here", None, reads_folded=True, small=caseless(node), quick=closed_up(node))
        for node in nodes
        if width(node)[0]
    ]


@given(
    patterns=st.lists(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=5).map("".join), min_size=1, max_size=12),
    texts=st.lists(st.text("aabbA  \t\n-1x", max_size=20), min_size=1, max_size=20),
)
def test_both_engines_find_the_same(patterns: list[str], texts: list[str]) -> None:
    made = expressions(patterns)
    fast, sure = Hyperscan(made), Re2(made)
    for text in texts:
        assert set(fast.which(text.encode())) == set(sure.which(text.encode()))


def test_many_runs_of_white_space_are_shortened_too() -> None:
    made = expressions(["alpha beta"])
    text = "x  \n" * 128 + "ALPHA \t\n  beta" + "  y" * 64
    assert set(Hyperscan(made).which(text.encode())) == {0}
    assert not Hyperscan(made).which(text.replace("beta", "be ta").encode())


def test_where_white_space_counts_there_is_no_such_form() -> None:
    for pattern in (r"a \s", "a.b", r"a \B", "a(?: )* b", "a[ -]b", "(?: a )+", "^a"):
        assert closed_up(in_folded(parse(pattern, "here"))) is None, pattern
    for pattern in ("a b", r"\bhow\s+to (?:make |build )?an? bomb\b", "(?: a)+"):
        assert closed_up(in_folded(parse(pattern, "here"))) is not None, pattern
