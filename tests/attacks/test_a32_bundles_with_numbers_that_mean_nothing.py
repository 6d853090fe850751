"""Attack 32: a selection is steered by what is stale, huge, or no number; here, as far as one bundle can."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from counterproof import note, record
from counterproof.errors import NotVerified
from counterproof.rely import verify
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.broken import Case

NUMBERS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "1e9", "1E+9", "0x1", "1_000", " 1", "1 ", "+1", "01", "-0", "1.0", "0.10",
    ".5", "5.", "--1", "1,5", "\u0661", "1" * 19, "0." + "1" * 19, "1/2", "True",
)  # fmt: skip


def _stating(text: str) -> Case:
    made = w.world()
    payload = note.unseal(made.log.entries[-1]).unverified_payload
    assert b'"0.98"' in payload
    made.log.entries[-1] = note.seal(payload.replace(b'"0.98"', f'"{text}"'.encode()), w.EVALUATOR_KEY)
    return w.data(made.log.bundle()), broken.TRUST, w.NOW_S


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_no_number_in_its_one_form_is_no_statement(text: str) -> None:
    assert broken.verdict(_stating(text)) == "5 statement"


@pytest.mark.parametrize("text", ["0", "1", "-0.5", "0.98", "999999999999999999", "0.000001"])
def test_what_is_passes(text: str) -> None:
    assert broken.verdict(_stating(text)) == ""


def test_what_was_seen_too_long_ago_does_not_count() -> None:
    data, _, now_s = broken.good()
    checker = verify.Checker(w.trust(max_age_s=3600))
    checker.bundle(data, now_s)

    for late_s in (3541, 86_400, 10**9):
        with pytest.raises(NotVerified, match="3 checkpoint"):
            checker.bundle(data, now_s + late_s)


@pytest.mark.parametrize("index", range(5))
def test_leaving_out_what_it_rests_on_never_helps(index: int) -> None:
    made = w.world()
    support = [i for i in range(5) if i != index]

    assert broken.verdict((w.data(made.log.bundle(support=support)), broken.TRUST, w.NOW_S)) != ""


@pytest.mark.parametrize("make", [broken.good, *broken.GOOD.values()])
def test_what_it_cannot_see_is_said(make: Callable[[], Case]) -> None:
    """A reader who selects by bundles alone is told that a newer or a worse result may exist."""
    data, _, now_s = make()

    found = verify.bundle(data, w.trust(), now_s)

    assert any("newer" in said for said in found.unchecked)
    assert isinstance(found.statement, record.Statement)
