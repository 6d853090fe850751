"""Conditions: held against another reading of CEL, their types, their failures, and all that is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import errors
from counterproof.record import Readings, Sighting
from counterproof.rely.gate._condition import VARIABLES, condition, threshold

NAMES = ("a", "b", "c")
SEEN = Sighting(
    kind="call",
    door="python",
    tool="shell.run",
    identity="x",
    size_bytes=1_000,
    pieces=2,
    roles=("user", "tool"),
    unscanned=1,
    hits=(("a", 3),),
    failed=("c",),
    readings=Readings(signal=3.5, events=10, contexts=4.0, identities=2.0, fragments=7, rarity=0.999),
)
FAILURES = (ArithmeticError, LookupError, TypeError, ValueError)
MOST = 2**63 - 1


def _holds(text: str, sighting: Sighting = SEEN, fired: tuple[str, ...] = ("a",), *, escalated: bool = False) -> bool:
    return condition(text, NAMES)(sighting, fired, escalated)


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "!false",
        "event.kind == 'call'",
        'event.tool.startsWith("shell")',
        "event.tool.endsWith('run')",
        "event.tool.contains('.')",
        "event.size_bytes > 999",
        "event.size_bytes > 999.5",
        "memory.signal > 3",
        "memory.signal * 2.0 - 1.0 == 6.0",
        "hits['a'] == 3",
        "fired['a'] && !fired['b']",
        "hits['b'] == 0",
        "event.has_identity",
        "size(event.roles) == 2",
        "size('\u00e9\U0001d11e') == 2",
        "event.tool.size() == 9",
        "'tool' in event.roles",
        "event.kind in ['call', 'result']",
        "3 in [1.0, 3.0]",
        "!('x' in [])",
        "event.tool.matches('^shell\\\\.')",
        "matches(event.tool, r'r.n$')",
        "has(event.tool) && has(memory.signal)",
        "!has(escalated)",
        "event.unscanned > 0 ? hits['a'] > 2 : false",
        "true || false && false",
        "1 + 2 * 3 == 7",
        "-(1 - 2) == 1",
        "- event.pieces == -2",
        "[1] + [2] == [1, 2]",
        "'a' + \"b\" == r'ab'",
        "'\\x41\\u0042\\U00000043\\104\\n' == 'ABCD\\n'",
        "0x1F == 31",
        ".5 + 5e-1 == 1.0",
        "-9223372036854775808 < 0",
        "true // says nothing",
        "false < true",
        "'a' < 'b'",
        "[] == []",
        "fired['c'] || true",
        "true || fired['c']",
        "!(fired['c'] && false)",
        "!(false && fired['c'])",
        "fired['c'] || hits['a'] == 3",
        "hits['c'] > 1 || fired['c'] || fired['a']",
        "true ? true : fired['c']",
        "1 < 2 == true",
    ],
)
def test_what_holds(text: str) -> None:
    assert _holds(text) is True
    assert _holds(f"!({text.partition('//')[0]})") is False


@pytest.mark.parametrize(
    "text",
    [
        "fired['c']",
        "hits['c'] == 0",
        "fired['c'] || false",
        "fired['c'] && true",
        "true && fired['c']",
        "fired['c'] || hits['c'] > 1",
        "fired['c'] && hits['c'] > 1",
        "fired['c'] ? true : true",
        f"{MOST} + hits['a'] > 0",
        f"{MOST} * event.pieces > 0",
        "-(-9223372036854775808) > 0",
        f"-{MOST} - 2 < 0",
        "fired['c'] == fired['c']",
        "size([hits['c']]) > 0",
        "hits['a'] + hits['c'] > 1",
        "!fired['c']",
    ],
)
def test_what_has_no_value_fails_and_is_never_false(text: str) -> None:
    with pytest.raises(FAILURES):
        _holds(text)
    with pytest.raises(FAILURES):
        _holds(f"!({text})")


def test_a_failed_rule_that_fired_all_the_same_is_known() -> None:
    assert _holds("fired['c']", fired=("c",))
    assert _holds("escalated", escalated=True)


def _short(text: str) -> str:
    return text[:25]


REFUSED = {
    "": "ends too early",
    "1": "gives an int",
    "event": "known are",
    "event.text == ''": "known are",
    "hits": "known are",
    "hits['x'] > 1": "no such rule",
    "hits[event.tool] > 1": "no name in quotation marks",
    "event['kind'] == 'x'": "only hits",
    "hits.a > 1": "known are",
    "'a' == 1": "a string and an int",
    "1 == true": "an int and a bool",
    "1 + 1.0 > 1": "write the whole number as 1.0",
    "true + true": "a bool and a bool",
    "!1": "an int",
    "-true": "a bool",
    "1 && true": "an int and a bool",
    "'a' - 'b' == ''": "a string and a string",
    "[1] < [2]": "list(int)",
    "[1, 'a'] == []": "several types",
    "[[1]] == []": "of lists",
    "1 in ['a']": "list(string)",
    "1 in 2": "an int and an int",
    "true ? 1 : 'a'": "a bool and an int and a string",
    "1 ? true : false": "an int",
    "size(1) == 1": "an int",
    "size() == 1": "wrong number",
    "size('a', 'b') == 1": "wrong number",
    "'a'.startsWith(1)": "an int",
    "'a'.upper() == 'A'": "'upper'",
    "int('1') == 1": "'int'",
    "has(1)": "one variable",
    "has(event.tool, event.kind)": "one variable",
    "'a'.matches(event.tool)": "quotation marks",
    "1.matches('a')": "other than a string",
    "(1).matches('a')": "other than a string",
    "'a'.matches('(?=x)')": "lookahead",
    "'a'.matches('x*')": "empty text",
    "1 / 2 > 0": "division",
    "1 % 2 > 0": "remainder",
    "{'a': 1} == {}": "maps",
    "null == null": "unexpected 'null'",
    "1u == 1": "no unsigned",
    "9223372036854775808 > 0": "64 bits",
    "1e999 > 0.0": "too large",
    "'\\q' == ''": "unknown escape",
    "'\\uD800' == ''": "no character",
    "'a": "begins nothing",
    "if == 1": "reserved",
    "true true": "unexpected 'true'",
    "(true": "`)` belongs here",
    "[1, == [1]": "unexpected",
    "true ? false": "`:` belongs here",
    "a.in": "unexpected",
    "(1).a == 1": "no parts",
    "b'a' == b'a'": "unexpected",
    "true &": "begins nothing",
    "$": "begins nothing",
    "'a' 'b'": "unexpected",
    ")": "unexpected ')'",
    "(" * 45 + "true" + ")" * 45: "nested",
    "!" * 45 + "true": "nested",
    "true ? true : " * 45 + "true": "nested",
    "true || " * 700 + "true": "longer",
    "1+" * 400 + "1 > 0": "words",
    "escalated.x": "known are",
    "matches('a') ": "wrong number",
    "1 < 2 < 3": "a bool and an int",
    "event.roles == 'user'": "a list(string) and a string",
    "event.roles < event.roles": "list(string)",
}


@pytest.mark.parametrize("text", REFUSED, ids=_short)
def test_what_is_no_condition_is_refused_when_it_is_loaded(text: str) -> None:
    with pytest.raises(errors.BadGate) as caught:
        condition(text, NAMES, where="gate.yaml:3 rule 'x'")
    assert REFUSED[text] in str(caught.value)
    assert caught.value.where == "gate.yaml:3 rule 'x'"


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("ab('\")[]|&!<>=+-*?:., 01e\\x"), max_size=20) | st.text(max_size=12))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        made = condition(text, NAMES)
    except errors.BadGate:
        return
    try:
        assert made(SEEN, (), False) in (True, False)
    except FAILURES:
        return


# ASCII alone: of other texts the other reading counts bytes, where CEL says code points.
_LEAVES: dict[str, list[str]] = {
    "bool": ["true", "false", "escalated", 'fired["a"]', 'fired["b"]', 'fired["c"]', "event.has_identity"],
    "int": [
        "0",
        "1",
        "-7",
        "3",
        str(MOST),
        "-9223372036854775808",
        "event.size_bytes",
        "event.pieces",
        "memory.fragments",
        'hits["a"]',
        'hits["c"]',
    ],
    "double": ["0.0", "1.5", "-2.25", "1e300", "memory.signal", "memory.rarity"],
    "string": ["''", "'a'", '"shell.run"', "'ab'", "event.tool", "event.kind", "event.door"],
    "list(string)": ["['a', 'user']", "event.roles", "[event.tool]"],
    "list(int)": ["[1, 2]", "[3]", "[event.pieces]"],
}


def _bools(of: Callable[[str], st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    compares = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    methods = st.sampled_from(["startsWith", "endsWith", "contains"])
    numbers = st.one_of(of("int"), of("double"))
    return st.one_of(
        st.tuples(of("bool"), st.sampled_from([" && ", " || ", " == "]), of("bool")).map("".join).map("({})".format),
        st.tuples(numbers, compares, numbers).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(of("string"), compares, of("string")).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(of("string"), of("list(string)")).map(lambda t: f"({t[0]} in {t[1]})"),
        st.tuples(of("int"), of("list(int)")).map(lambda t: f"({t[0]} in {t[1]})"),
        st.tuples(of("string"), methods, of("string")).map(lambda t: f"{t[0]}.{t[1]}({t[2]})"),
        of("string").map(lambda t: f"{t}.matches('^s.*[e.]')"),
        of("bool").map(lambda t: f"!{t}"),
    )


def _trees(kind: str, depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(_LEAVES[kind])
    if depth == 0:
        return leaves

    def of(other: str) -> st.SearchStrategy[str]:
        return _trees(other, depth - 1)

    inner: list[st.SearchStrategy[str]] = [leaves]
    if kind == "bool":
        inner.append(_bools(of))
    elif kind in ("int", "double"):
        inner.append(st.tuples(of(kind), st.sampled_from("+-*"), of(kind)).map(lambda t: f"({t[0]} {t[1]} {t[2]})"))
    else:
        inner.append(st.tuples(of(kind), of(kind)).map(lambda t: f"({t[0]} + {t[1]})"))
    if kind == "double":  # the other reading lets the negative of the least whole number pass, which CEL does not
        inner.append(of(kind).map(lambda t: f"-({t})"))
    if kind == "int":
        inner.append(st.one_of(of("string"), of("list(string)")).map(lambda t: f"size({t})"))
    inner.append(st.tuples(of("bool"), of(kind), of(kind)).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"))
    return st.one_of(inner)


def _as_others_have_it() -> dict[str, Any]:
    """What the expressions speak of, for the other reading; a rule that failed is missing there."""
    out: dict[str, Any] = {
        "event": {},
        "memory": {},
        "escalated": True,
        "hits": {"a": 3, "b": 0},
        "fired": {"a": True, "b": False},
    }
    for name, (_, path) in VARIABLES.items():
        value: Any = SEEN
        for step in path:
            value = getattr(value, step)
        first, _, last = name.partition(".")
        out[first][last] = (
            list(SEEN.roles) if name == "event.roles" else float(value) if name == "memory.events" else value
        )
    out["event"]["has_identity"] = True
    return out


@settings(max_examples=1_500, deadline=None)
@given(_trees("bool", 3))
def test_conditions_mean_what_another_reading_of_cel_says(text: str) -> None:
    made = condition(text, NAMES)
    try:
        wanted: object = cel.evaluate(text, _as_others_have_it())
    except Exception:  # noqa: BLE001 - whatever the other reading raises, the condition has no value
        wanted = None
    try:
        found: object = made(SEEN, ("a",), True)
    except FAILURES:
        found = None
    assert found == wanted, text


@pytest.mark.parametrize(
    ("of", "above", "wanted"),
    [
        ("event.size_bytes", 999, True),
        ("event.size_bytes", 1_000, False),
        ("memory.signal", 3.4, True),
        ("memory.rarity", 1, False),
    ],
)
def test_a_threshold_is_exceeded_or_not(of: str, above: float, *, wanted: bool) -> None:
    assert threshold(of, above)(SEEN, (), False) is wanted


def test_a_number_that_is_none_exceeds_every_threshold() -> None:
    broken = Sighting(kind="call", door="python", readings=Readings(signal=float("nan")))
    assert threshold("memory.signal", 1e9)(broken, (), False)


@pytest.mark.parametrize(("of", "above"), [("event.tool", 1), ("nothing", 1), ("memory.signal", float("nan"))])
def test_a_threshold_of_what_is_no_number_is_refused(of: str, above: float) -> None:
    with pytest.raises(errors.BadGate, match=r"no number|numbers are"):
        threshold(of, above)


def test_hits_speak_of_rules_with_patterns_alone() -> None:
    condition("fired['b']", NAMES, counted=("a",))
    with pytest.raises(errors.BadGate, match="no such rule with patterns"):
        condition("hits['b'] > 0", NAMES, counted=("a",))


def test_matches_without_an_engine_is_refused_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    monkeypatch.setitem(sys.modules, "re2", None)
    assert condition("event.tool.matches('shell')", NAMES)(SEEN, (), False)
    with pytest.raises(errors.MissingExtra):
        condition("event.tool.matches('s+')", NAMES)


def test_a_condition_reaches_nothing_but_its_table() -> None:
    made: Any = condition("size(event.tool) > 3 && fired['a']", NAMES)
    assert made.__globals__["__builtins__"] == {}
    assert set(made.__code__.co_names) <= {"len", "tool", "_fired"}
