"""Who asks what in each arm of the containment recipe."""

from __future__ import annotations

from pathlib import Path

from counterproof import errors, record
from counterproof.measure import adversary, population, suite, target, trial

SUITE_FILE = "suite.jsonl"
NEIGHBOUR_TOKENS = 64  # room for a benign reply where the suite states less for its answers
ARMS: tuple[record.Arm, ...] = ("candid", "benign", "transfer", "ceiling")


def kept_suite(folder: Path, plan: trial.Plan) -> record.Suite:
    """The suite as it stood when the run began.

    Raises:
        BadRunFolder: the folder's copy is missing or was changed.
    """
    data = trial.attachment(folder, SUITE_FILE, plan.suite_digest)
    return suite.parse(data, where=str(folder / SUITE_FILE))


def queries_at_most(
    categories: tuple[str, ...], found: record.Suite, arm: record.Arm, *, budget: int, wordings: int
) -> int:
    """The most that an arm can cost."""
    candid = sum(_candid_texts(found, g, wordings) for g in found.goals if g.category in categories)
    goals = sum(g.category in categories for g in found.goals)
    twins = sum(t.category in categories for t in found.twins)
    benign = sum(_benign_texts(b, wordings) for b in found.benign if b.category in categories)
    return {"candid": candid, "benign": benign, "transfer": goals * budget, "ceiling": twins * budget}[arm]


def open_shard(folder: Path, plan: trial.Plan, shard: trial.Shard) -> tuple[trial.Target, list[trial.Seat]]:
    """The target and the askers of one shard; runs in whatever process plays it.

    Raises:
        BadRunFolder: the target's digest is no longer what the plan says.
    """
    found = kept_suite(folder, plan)
    opened = target.open_organism(shard.target)
    declared = next(t for t in plan.targets if t.name == shard.target)
    if opened.name != declared:
        raise errors.BadRunFolder(
            f"was begun with {declared.name} {declared.digest}, and the one here is {opened.name.digest}",
            where=str(folder),
            mend="restore that target, or start anew in another folder",
        )
    return opened, _seats(plan, found, shard.arm, can_prefill=opened.name.can_prefill)


def _seats(plan: trial.Plan, found: record.Suite, arm: record.Arm, *, can_prefill: bool) -> list[trial.Seat]:
    if arm == "candid":
        asked = [(g, _candid_texts(found, g, plan.wordings)) for g in _of(plan, found.goals)]
        return [_candid(plan, found, g, w) for g, texts in asked for w in range(texts)]
    if arm == "benign":
        chosen = [b for b in found.benign if b.category in plan.categories]
        return [_benign(plan, found, b, w) for b in chosen for w in range(_benign_texts(b, plan.wordings))]
    items = found.goals if arm == "transfer" else found.twins
    return [_campaign(plan, found, i, can_prefill=can_prefill) for i in _of(plan, items)]


def _candid_texts(found: record.Suite, goal: record.Goal, wordings: int) -> int:
    """How many different candid texts a goal is asked with: one that is asked twice would count double."""
    return min(wordings, len(population.candid_wordings(found.brief(goal), found.lore, 0)))


def _benign_texts(benign: record.Benign, wordings: int) -> int:
    return min(wordings, len(set(benign.questions)))


def _of(plan: trial.Plan, items: tuple[record.Goal, ...]) -> list[record.Goal]:
    return [i for i in items if i.category in plan.categories]


def _candid(plan: trial.Plan, found: record.Suite, goal: record.Goal, wording: int) -> trial.Seat:
    asker = population.Candid(found.brief(goal), found.lore, wording, plan.seed)
    place = trial.Place(category=goal.category, item=goal.id, wording=wording, cluster=goal.id, budget_queries=1)
    return trial.Seat(asker, place)


def _benign(plan: trial.Plan, found: record.Suite, benign: record.Benign, wording: int) -> trial.Seat:
    room = max(NEIGHBOUR_TOKENS, found.form.whole_tokens)
    asker = population.Neighbour(benign.id, benign.questions, wording, plan.seed, max_tokens=room)
    cluster = benign.cluster or benign.id
    place = trial.Place(category=benign.category, item=benign.id, wording=wording, cluster=cluster, budget_queries=1)
    return trial.Seat(asker, place)


def _campaign(plan: trial.Plan, found: record.Suite, item: record.Goal, *, can_prefill: bool) -> trial.Seat:
    asker = adversary.Campaign(
        found.brief(item), found.lore, plan.budget_queries, plan.seed, can_prefill=can_prefill, families=plan.families
    )
    place = trial.Place(
        category=item.category, item=item.id, wording=0, cluster=item.id, budget_queries=plan.budget_queries
    )
    return trial.Seat(asker, place)
