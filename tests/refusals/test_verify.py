"""Every way in which a bundle or a trust file is refused, and the step that each refusal names."""

from __future__ import annotations

import re

import pytest

from counterproof.errors import BadBundle, BadInput, BadPolicy, CounterproofError, NotVerified
from counterproof.rely import verify
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w


@pytest.mark.parametrize("name", broken.CASES)
def test_the_step_is_named(name: str) -> None:
    step, make = broken.CASES[name]

    assert broken.verdict(make()) == step


@pytest.mark.parametrize("step", verify.STEPS)
def test_every_step_can_refuse(step: str) -> None:
    assert [name for name, (refused, _) in broken.CASES.items() if refused == step]


@pytest.mark.parametrize("name", broken.CASES)
def test_the_sentence_says_what_and_where(name: str) -> None:
    step, make = broken.CASES[name]
    data, trust, now_s = make()
    if step == verify.STEPS[1]:
        return

    with pytest.raises(CounterproofError) as refused:
        verify.bundle(data, w.trust(), now_s)

    assert re.match(re.escape(step) + r": \S", str(refused.value))
    assert refused.value.exit_code == (2 if isinstance(refused.value, BadInput) else 5)
    assert trust == broken.TRUST


def test_what_breaks_a_format_is_bad_input_and_what_does_not_hold_is_not() -> None:
    with pytest.raises(BadBundle, match="1 format"):
        verify.bundle(b"", w.trust(), w.NOW_S)
    with pytest.raises(NotVerified, match="4 inclusion"):
        verify.bundle(broken.CASES["another index"][1]()[0], w.trust(), w.NOW_S)
    with pytest.raises(BadPolicy, match="2 trust"):
        verify.Checker(w.trust(governance_needed=9))


def test_what_could_not_be_read_is_not_written() -> None:
    bundle = w.world().log.bundle()
    too_much = type(bundle)(entry=bundle.entry, support=bundle.support * 60)

    with pytest.raises(BadBundle, match="supporting"):
        verify.bundle_bytes(too_much)
