from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import record


@given(st.floats(-1e17, 1e17))
def test_a_decimal_string_reads_back_to_six_places(value: float) -> None:
    text = record.decimal(value)

    assert record.decimal(float(record.as_decimal(text))) == record.decimal(float(text))
    assert abs(record.as_decimal(text) - Decimal(repr(value))) <= Decimal("0.0000005")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (-1e-9, "0"), (0.1, "0.1"), (-0.25, "-0.25"), (10.0, "10"), (1 / 3, "0.333333"),
     (1e17, "100000000000000000")],
)  # fmt: skip
def test_a_number_has_one_decimal_string(value: float, text: str) -> None:
    assert record.decimal(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e18])
def test_what_has_no_decimal_string(value: float) -> None:
    with pytest.raises(ValueError, match="no form as a decimal string"):
        record.decimal(value)


@pytest.mark.parametrize(
    "text", ["", "-0", "00", "01", "1.", ".5", "0.50", "1.0", "+1", "1e3", " 1", "1 ", "1_0", "\u0661", "NaN", "inf",
             "1" * 19, "0." + "1" * 19, "1\n"],
)  # fmt: skip
def test_what_is_no_decimal_string(text: str) -> None:
    with pytest.raises(ValueError, match="no decimal string"):
        record.as_decimal(text)


def test_the_kinds_are_these() -> None:
    assert set(record.KINDS) == {
        "subject-genesis", "generation", "continuity", "prereg", "behaviour", "claim", "abandon", "dispute", "retract",
        "key-rotate", "key-compromise", "role", "verifier-audit", "heads", "token-key", "gate-policy",
        "gate-head",
    }  # fmt: skip


def test_a_statement_is_written_in_one_way() -> None:
    said = record.Abandon(evaluator="E", prereg="sha256:" + "0" * 64, reason="no budget")
    named = record.Named(name="preregistration", digest={"sha256": "0" * 64})

    data = record.statement_bytes(record.Statement(subject=(named,), predicate=said))

    assert data == (
        b'{"_type":"https://in-toto.io/Statement/v1","predicate":{"evaluator":"E","prereg":"sha256:' + b"0" * 64
        + b'","reason":"no budget"},"predicateType":"urn:counterproof:abandon:1","subject":[{"digest":{"sha256":"'
        + b"0" * 64 + b'"},"name":"preregistration"}]}'
    )  # fmt: skip
