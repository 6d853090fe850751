"""A test of continuity on a terminal."""

from __future__ import annotations

import io

import msgspec
import pytest
import rich.console

from counterproof import record
from counterproof.publish import report

SYSTEM = record.TargetName(name="base\x1b[2J", digest="sha256:" + "0" * 64)
RESULT = record.ContinuityResult(
    compares="evaluated and served", before=SYSTEM, after=SYSTEM, before_samples="", after_samples="", suite="codex",
    suite_digest="", asked="", test="mmd-hamming-permutation/1", temperature=1.0, n_before=10, n_after=12,
    questions=50, left_out=3, seed=0, noise=0.011, p=0.0005, level=0.05, break_at=0.1, verdict="break",
    distance=record.Interval(value=0.25, low=0.125, high=0.375, level=0.95, n=1100, clusters=50, method="m"),
    moved=(record.Moved(id="g1", kind="candid", distance=0.6, text="how?", before="first\x1b[31m", after="no"),),
)  # fmt: skip


def printed(result: record.ContinuityResult) -> str:
    """What stands on the terminal."""
    file = io.StringIO()
    report.continuity_terminal(result, rich.console.Console(file=file, width=120), files=[("Result", "r.json")])
    return file.getvalue()


def test_the_verdict_comes_first_and_the_words_that_moved_last() -> None:
    said = printed(RESULT)

    assert said.startswith("break: base")
    for part in ("0.2500  95% [0.1250, 0.3750]", "0.0110 with probability 0.95", "0.0005 at level 0.05",
                 "10 and 12 replies each; 3 left out", "g1 (candid)", "how?", "first", "Result  r.json"):
        assert part in said
    assert "\x1b" not in said


def test_same_says_what_it_does_not_exclude() -> None:
    said = printed(msgspec.structs.replace(RESULT, verdict="same"))

    assert "a distance up to 0.3750 is not excluded" in said
    assert "g1" not in said


@pytest.mark.parametrize("verdict", ["drifted", "break"])
def test_what_is_not_the_same_says_so(verdict: str) -> None:
    said = printed(msgspec.structs.replace(RESULT, verdict=verdict))

    assert f"{verdict}: " in said
    assert "not what answered before" in said


def test_the_exact_test_shows_the_declared_noise() -> None:
    said = printed(msgspec.structs.replace(RESULT, test="exact-hamming/1", noise=0.02))

    assert "0.02 of the questions differ, as declared" in said
