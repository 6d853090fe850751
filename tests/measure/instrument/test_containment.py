"""The containment recipe: who sits where, and what a plan fixes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from counterproof import errors, record
from counterproof.measure import adversary, instrument, suite, target, trial
from counterproof.measure.instrument import _seats


def planned(folder: Path, *targets: str, budget_queries: int = 3, categories: tuple[str, ...] = ()) -> trial.Plan:
    """A plan, and a folder that holds its suite as a run would."""
    folder.mkdir(exist_ok=True)
    (folder / "suite.jsonl").write_bytes(suite.write(suite.load("codex")))
    return instrument.containment.plan(
        "codex", targets or ("base",), budget_queries=budget_queries, categories=categories or None
    )


def test_every_target_gets_every_arm_under_a_name_that_a_file_can_bear(tmp_path: Path) -> None:
    plan = planned(tmp_path, "surface-broad", "base:1")

    assert [s.name for s in plan.shards] == [
        "00-surface-broad-candid", "00-surface-broad-benign", "00-surface-broad-transfer", "00-surface-broad-ceiling",
        "01-base-1-candid", "01-base-1-benign", "01-base-1-transfer", "01-base-1-ceiling",
    ]  # fmt: skip


def test_seats_cover_the_chosen_items_and_cost_no_more_than_the_plan_says(tmp_path: Path) -> None:
    plan, found = planned(tmp_path, categories=("hush", "storm")), suite.load("codex")
    goals, twins = ([(i.id, i.category) for i in of] for of in (found.goals, found.twins))
    benign = [(i.id, i.category) for i in found.benign]
    items = {"candid": goals, "benign": benign, "transfer": goals, "ceiling": twins}
    for shard in plan.shards:
        opened, seats = _seats.open_shard(tmp_path, plan, shard)

        assert opened.name == plan.targets[0]
        assert sum(s.place.budget_queries for s in seats) == shard.queries_at_most
        assert list(dict.fromkeys(s.place.item for s in seats)) == [
            i for i, category in items[shard.arm] if category in ("storm", "hush")
        ]
        assert {s.place.category for s in seats} == {"storm", "hush"}


def test_no_answer_of_a_goal_stands_in_what_any_asker_first_says(tmp_path: Path) -> None:
    plan, found = planned(tmp_path), suite.load("codex")
    answers = [a for g in (*found.goals, *found.twins) for p in g.parts for a in p.answers]
    for shard in plan.shards:
        for seat in _seats.open_shard(tmp_path, plan, shard)[1]:
            ask = seat.asker.ask()
            assert ask is not None
            said = " ".join(m.text for m in ask.query.messages)
            assert not any(a in said for a in answers)


def test_no_wording_is_counted_twice(tmp_path: Path) -> None:
    planned(tmp_path)
    plan = instrument.containment.plan("codex", ["base"], budget_queries=1, wordings=99)
    for shard in plan.shards:
        if shard.arm in ("candid", "benign"):
            seats = _seats.open_shard(tmp_path, plan, shard)[1]
            asks = [(s.place.item, ask.query) for s in seats if (ask := s.asker.ask()) is not None]
            assert len(asks) == len(set(asks)) == shard.queries_at_most


def test_families_stand_in_the_adversarys_order_whatever_was_typed() -> None:
    chosen = (adversary.FAMILIES[3], adversary.FAMILIES[0])
    plan = instrument.containment.plan("codex", ["base"], budget_queries=1, families=chosen)

    assert plan.families == (adversary.FAMILIES[0], adversary.FAMILIES[3])


def test_a_target_that_changed_since_the_plan_is_refused(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    other = msgspec.structs.replace(plan, targets=(msgspec.structs.replace(plan.targets[0], digest="sha256:ab"),))

    with pytest.raises(errors.BadRunFolder, match="was begun with base sha256:ab, and the one here is sha256:"):
        _seats.open_shard(tmp_path, other, plan.shards[0])


def test_a_suite_that_changed_since_the_plan_is_refused(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    with (tmp_path / "suite.jsonl").open("ab") as file:
        file.write(b"\n")

    with pytest.raises(errors.BadRunFolder, match=r"suite\.jsonl: was changed after the run began"):
        _seats.open_shard(tmp_path, plan, plan.shards[0])


def test_the_report_says_what_was_not_measured(tmp_path: Path) -> None:
    plan = instrument.containment.plan(
        "codex", ["filtered"], budget_queries=2, wordings=1, categories=["ember"], families=["direct", "address"]
    )
    said = instrument.containment.measure(plan, "codex", tmp_path / "run").not_measured

    assert "category storm: left out of this run" in said
    assert "family fiction: left out of this run" in said
    assert "family direct: left out of this run" not in said
    assert "more than 2 queries per goal: what a longer campaign would obtain" in said
    assert any(s.startswith("white-box access") for s in said)


def test_the_transcripts_digest_covers_every_word(tmp_path: Path) -> None:
    found = [
        instrument.containment.measure(
            instrument.containment.plan("codex", ["base"], budget_queries=1, categories=["ember"], seed=seed),
            "codex",
            tmp_path / f"run-{seed}",
        ).provenance.transcripts_digest
        for seed in (0, 1)
    ]

    assert found[0] != found[1]
    assert all(d.startswith("sha256:") and len(d) == 71 for d in found)


def test_the_report_is_a_record_of_its_plan(tmp_path: Path) -> None:
    bars = record.Bars(contained_K=0.5)
    plan = instrument.containment.plan(
        "codex", ["base"], budget_queries=1, categories=["ember"], bars=bars, claims={"ember": 0.9}, command="again"
    )
    found = instrument.containment.measure(plan, "codex", tmp_path / "run")

    assert found.bars == bars
    assert [c.id for c in found.targets[0].categories] == ["ember", "*"]
    assert found.targets[0].categories[0].claim == 0.9
    assert found.targets[0].digest == target.open_organism("base").name.digest
    assert (found.provenance.command, found.provenance.grader) == ("again", "exact/1")


def test_a_plan_is_the_same_however_its_command_was_typed() -> None:
    one, two = (
        instrument.containment.plan("codex", ["base:0"], budget_queries=1, categories=c, families=f, claims=k)
        for c, f, k in (
            (("storm", "hush"), ("direct", "fiction"), {"storm": 0.5, "hush": 1.0}),
            (("hush", "storm", "hush"), ("fiction", "direct"), {"hush": 1.0, "storm": 0.5}),
        )
    )

    assert one == two
    assert one.command == (
        "counterproof measure base --suite codex --budget 1q --seed 0 --wordings 2 --family direct --family fiction "
        "--category storm --category hush --claim hush=1.0 --claim storm=0.5 --bar-k 0.75 --bar-f 0.2"
    )
