"""Readings, banks and verdicts keep what was declared, and say so where nothing was."""

from __future__ import annotations

import msgspec
import pytest

from counterproof import record

MEASURE = record.SilenceMeasure(id="a", what="an objection")


def test_what_is_declared_has_the_documented_defaults() -> None:
    declared = record.SilenceDeclared(measures=(MEASURE,), objection=("a",))

    assert (declared.level, declared.left_bar, declared.damage_bar) == (0.95, 1 / 3, 0.2)
    assert (MEASURE.role, MEASURE.gone, MEASURE.low, MEASURE.high, MEASURE.is_time) == ("moves", None, 0.0, 1.0, False)


def test_a_series_comes_back_from_its_bytes() -> None:
    series = record.SilenceSeries(
        name="s", before="b", declared=record.SilenceDeclared(measures=(MEASURE,), objection=("a",)),
        checkpoints=(record.SilenceCheckpoint(name="b", values={"a": {"z": 0.5, "y": None}}),),
    )  # fmt: skip
    data = record.canonical_bytes(series)

    assert msgspec.json.decode(data, type=record.SilenceSeries) == series
    assert b'"values":{"a":{"y":null,"z":0.5}}' in data


def test_no_default_is_shared_between_items() -> None:
    one, other = (record.SilenceItem(id=n, kind="harmless") for n in "ab")
    one.slots["x"] = "y"

    assert other.slots == {}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (record.SilenceSeries, b'{"format":"counterproof-silence-series/2"}'),
        (record.SilenceBank, b'{"format":"counterproof-silence-bank/2"}'),
        (record.SilenceMeasure, b'{"id":"a","what":"b","role":"decides"}'),
    ],
)
def test_another_format_or_role_is_refused(kind: type[record.Record], data: bytes) -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid enum value"):
        msgspec.json.decode(data, type=kind)
