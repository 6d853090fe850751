"""The short run of the fuzzing harness, and that it notices what it is for. The long one is `make fuzz`."""

from __future__ import annotations

import pytest

from counterproof import errors
from fuzz.mutate import mutants
from fuzz.parsers import Lax, Parser, parsers

INPUTS = 12_000
ALL = parsers()


def run(parser: Parser) -> int:
    """How many of the changed inputs are refused."""
    count = int(INPUTS * parser.share)
    return sum(not parser.accepts(data) for data in mutants(parser.seeds(), count, seed=5))


@pytest.mark.parametrize("parser", ALL, ids=[parser.name for parser in ALL])
def test_what_is_right_is_taken(parser: Parser) -> None:
    assert all(parser.accepts(seed) for seed in parser.seeds())


@pytest.mark.parametrize("parser", ALL, ids=[parser.name for parser in ALL])
def test_anything_else_is_refused_in_a_typed_way_or_taken_as_it_is(parser: Parser) -> None:
    assert run(parser) > INPUTS * parser.share // 20


def test_parsers_have_names_of_their_own() -> None:
    assert len({parser.name for parser in ALL}) == len(ALL)


def number(data: bytes) -> int:
    """A parser as many write it."""
    try:
        return int(data)
    except ValueError:
        raise errors.BadNote("no number") from None


def second_line(data: bytes) -> bytes:
    """A parser that thinks of nothing bad."""
    return data if data.decode().split("\n")[1] else b""


def test_a_parser_that_takes_two_forms_is_caught() -> None:
    lax = Parser("lax", number, lambda n: b"%d" % n, lambda: (b"1234567",))

    with pytest.raises(Lax, match="took"):
        run(lax)


def test_a_parser_that_breaks_is_caught() -> None:
    brittle = Parser("brittle", second_line, bytes, lambda: (b"a\nb",))

    with pytest.raises(IndexError):
        brittle.accepts(b"a")
    with pytest.raises((IndexError, UnicodeDecodeError)):
        run(brittle)


def test_a_refusal_that_cannot_be_printed_is_caught() -> None:
    class Rude(errors.BadNote):
        def __str__(self) -> str:
            return self.what

    def refuse(data: bytes) -> bytes:
        raise Rude(data.decode("utf-8", "surrogateescape"))

    with pytest.raises(Lax, match="cannot be printed"):
        Parser("rude", refuse, bytes, tuple).accepts(b"\xff")
