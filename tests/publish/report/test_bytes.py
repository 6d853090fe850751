"""A report and its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.errors import BadInput
from counterproof.publish import report as room
from counterproof.record import Report, canonical_bytes
from tests.publish.report import making

REPORTS = {
    "two": making.report(("surface", "deep")), "fourteen": making.fourteen(), "nothing": making.nothing_measured(),
    "nasty": making.nasty(),
}


@pytest.mark.parametrize("made", REPORTS.values(), ids=REPORTS)
def test_there_and_back(made: Report) -> None:
    data = room.as_json(made)

    assert data == canonical_bytes(made) + b"\n"
    assert room.parse(data) == made
    assert room.as_json(room.parse(data)) == data


def test_a_calibration_has_bytes_too() -> None:
    assert room.as_json(making.calibration()).endswith(b"}\n")


@given(st.data())
def test_damage_is_refused_or_is_another_report(data: st.DataObject) -> None:
    """One changed byte never passes as the same report, and never escapes as anything but BadInput."""
    whole = room.as_json(REPORTS["nothing"])
    place = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    other = data.draw(st.integers(min_value=0, max_value=255).filter(lambda b: b != whole[place]))
    damaged = whole[:place] + bytes([other]) + whole[place + 1 :]

    try:
        parsed = room.parse(damaged)
    except BadInput:
        return
    assert parsed != REPORTS["nothing"]
    assert room.as_json(parsed) == damaged
