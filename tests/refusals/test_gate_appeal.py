"""One test per way appeals refuse what an operator asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof.errors import BadOption
from counterproof.rely import appeal
from tests.rely.appeal.appellant import NOW_S, book, digest, worked


@pytest.mark.parametrize("given", [{"bits": -1}, {"bits": 20, "most_bits": 19}, {"most_bits": 41}])
def test_work_that_is_none(given: dict[str, int]) -> None:
    with pytest.raises(BadOption, match="work is from 0 bits"):
        appeal.Terms(**given)


@pytest.mark.parametrize("name", ["quiet", "epoch_s", "text_chars", "cases", "days"])
def test_terms_below_one(name: str) -> None:
    with pytest.raises(BadOption, match="not more than nothing"):
        appeal.Terms(**{name: 0})


def test_a_verdict_that_is_none(tmp_path: Path) -> None:
    one = book(tmp_path)
    with pytest.raises(BadOption, match="'maybe' is no verdict"):
        one.decide("0" * 64, "maybe", "", NOW_S)  # type: ignore[arg-type] # on purpose
    one.close()


def test_a_case_that_is_none(tmp_path: Path) -> None:
    one, receipt = book(tmp_path), appeal.new_receipt()
    one.hear(worked(one, receipt), NOW_S)
    with pytest.raises(BadOption, match="no such appeal waits"):
        one.decide(digest(receipt), "upheld", "", NOW_S)  # nobody has found it on record yet
    one.close()


@pytest.mark.parametrize("said", ["x" * 2_001, "\x1b[31m", "\u202e"])
def test_a_note_that_is_too_long_or_not_printable(tmp_path: Path, said: str) -> None:
    one = book(tmp_path)
    with pytest.raises(BadOption, match="at most 2000 printable characters"):
        one.decide("0" * 64, "upheld", said, NOW_S)
    one.close()
