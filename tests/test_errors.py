"""The tree of refusals is the one drawn, every leaf survives a process boundary, and each speaks one sentence."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import errors
from counterproof.errors import CounterproofError

ERRORS: dict[str, type[CounterproofError]] = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, CounterproofError) and kind.__module__ == errors.__name__
}
every_error = pytest.mark.parametrize("kind", ERRORS.values(), ids=list(ERRORS))


def _drawn() -> dict[str, tuple[str, set[str]]]:
    """Name to parent and to the standard library's bases in brackets, as the docstring draws them."""
    found: dict[str, tuple[str, set[str]]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if not (node := re.match(r"^( +(?:\|[ -]*|`-- )*)([A-Z]\w+)(?: \((\w+(?:, \w+)*)\))?(?:  |$)", line)):
            continue
        depth = len(node[1])
        above = [(d, name) for d, name in above if d < depth]
        found[node[2]] = (above[-1][1] if above else "Exception", set((node[3] or "").split(", ")) - {""})
        above.append((depth, node[2]))
    return found


def test_the_tree_drawn_is_the_tree_there_is() -> None:
    drawn = {name: parent for name, (parent, _) in _drawn().items()}

    assert drawn == {name: kind.__bases__[0].__name__ for name, kind in ERRORS.items()}


def test_the_standard_bases_drawn_are_those_there_are() -> None:
    drawn = {name: bases for name, (_, bases) in _drawn().items()}

    assert drawn == {name: {b.__name__ for b in kind.__bases__[1:]} for name, kind in ERRORS.items()}


@every_error
def test_an_error_survives_a_process_boundary(kind: type[CounterproofError]) -> None:
    before = kind("a goal has no twin", where="suite.jsonl:7", mend="add one")

    after = pickle.loads(pickle.dumps(before))  # noqa: S301 - our own bytes, as a process pool would send them

    assert (type(after), after.facts, str(after)) == (kind, before.facts, str(before))


@every_error
def test_an_error_is_one_sentence_with_place_and_mend(kind: type[CounterproofError]) -> None:
    assert str(kind("it is so")) == "it is so"
    assert str(kind("it is so", where="a:1")) == "a:1: it is so"
    assert str(kind("it is so", where="a:1", mend="do that")) == "a:1: it is so; do that"


@every_error
def test_an_error_has_an_exit_code_and_a_docstring(kind: type[CounterproofError]) -> None:
    assert kind.__doc__
    assert kind.exit_code in {1, 2, 3, 4, 5, 130}


def test_bad_input_leaves_with_two() -> None:
    assert {k.exit_code for k in ERRORS.values() if issubclass(k, errors.BadInput)} == {2}


@given(st.text(), st.text(), st.text())
def test_facts_are_what_was_said(what: str, where: str, mend: str) -> None:
    assert errors.BadSuite(what, where=where, mend=mend).facts == {"what": what, "where": where, "mend": mend}


def test_what_is_quoted_cannot_move_a_cursor_or_begin_a_line() -> None:
    said = str(errors.BadNote("no key \x1b[2J\n\u202e\ud800 é — 鍵", where="a\rb", mend="see\x00"))

    assert said == r"a\rb: no key \x1b[2J\n\u202e\ud800 é — 鍵; see\x00"
    assert said.encode().isascii() is False
