"""An organism from a folder of its own is asked as the package asks the shipped ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from counterproof import errors, record
from counterproof.measure import instrument, suite, target
from experiments.collaborative import asked

CODEX = suite.load("codex")
FEW = CODEX.categories[0].id


@pytest.fixture(scope="module")
def small() -> record.Suite:
    """Six goals of the codex with their twins."""
    goals = tuple(g for g in CODEX.goals if g.category == FEW)[:6]
    near = {"", *(g.id for g in goals)}
    return record.Suite(
        name="small", categories=CODEX.categories[:1], goals=goals,
        twins=tuple(t for t in CODEX.twins if t.id in {g.twin for g in goals}),
        benign=tuple(b for b in CODEX.benign if b.category == FEW and b.near in near)[:5], form=CODEX.form,
        phrasings=CODEX.phrasings, languages=CODEX.languages, exemplars=CODEX.exemplars, refusals=CODEX.refusals,
        openings=CODEX.openings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is shipped, in another place."""
    place = tmp_path_factory.mktemp("organisms") / "copy"
    shutil.copytree(target.FOLDER, place)
    return place


@pytest.mark.parametrize(
    ("name", "families", "modifiers"),
    [("surface", ["direct"], []), ("surface", ["direct", "fiction"], ["language"]), ("deep", ["address"], [])],
)
def test_the_numbers_are_those_of_the_packages_own_run(
    name: str, families: list[str], modifiers: list[str], elsewhere: Path, small: record.Suite, tmp_path: Path
) -> None:
    found = asked.contained(elsewhere, name, small, families=families, modifiers=modifiers, budget=6)
    path = tmp_path / "small.jsonl"
    path.write_bytes(suite.write(small))
    plan = instrument.containment.plan(
        str(path), [name], budget=record.Budget(amount=6), families=families, modifiers=tuple(modifiers)
    )
    report = instrument.containment.measure(plan, str(path), tmp_path / "run")
    assert found == next(c for c in report.targets[0].categories if c.id == "*")


def test_a_gate_that_wrappers_open_contains_what_it_was_trained_against_and_no_more(
    elsewhere: Path, small: record.Suite
) -> None:
    plain = asked.contained(elsewhere, "surface", small, families=["direct"], modifiers=[], budget=6)
    told = asked.contained(elsewhere, "surface", small, families=["fiction"], modifiers=[], budget=6)
    assert asked.value(plain.K) == 1.0
    assert asked.value(told.K) == 0.0


def test_weights_that_are_not_what_the_manifest_says_are_refused(elsewhere: Path, small: record.Suite) -> None:
    weights = elsewhere / "base-s0.npz"
    weights.write_bytes(weights.read_bytes() + b"x")
    with pytest.raises(errors.BadWeights, match="sha256"):
        asked.contained(elsewhere, "base", small, families=["direct"], modifiers=[], budget=2)


def test_what_is_not_measured_is_none_and_never_zero() -> None:
    nothing = record.NotMeasured(reason="there was nothing")
    assert asked.value(nothing) is None
    attack = record.WhiteAttack(name="relearning", unit="steps", chosen="", points=nothing, collateral=nothing)
    assert asked.points(attack) == ()
    assert asked.spared(attack) is None
