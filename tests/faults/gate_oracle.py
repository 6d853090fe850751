"""Reads a gate's record without the gate's code, and holds it against what clients and the upstream saw."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.gate_plans import Plan, asked_outcome

if TYPE_CHECKING:
    from tests.faults.gate_client import Got
    from tests.faults.gate_upstream import Seen

PASSED = ("allow", "modify")


@dataclass(slots=True)
class Row:
    """One decision of the record, and the name of the policy in force where it stands."""

    policy: str
    kind: str
    outcome: str
    failed: list[str]
    statuses: dict[str, str]
    answers: dict[str, tuple[str, str]]
    receipt: str
    is_shed: bool
    hits: list[str]
    worker: str


@dataclass
class Record:
    """All of a trail.

    `by_context`: the decisions of each conversation, in their order. `named`: how often each policy came into force,
    by worker; `last`: the last of them.
    """

    by_context: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    receipts: Counter[str] = field(default_factory=Counter[str])
    outcomes: Counter[str] = field(default_factory=Counter[str])
    named: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    notes: Counter[str] = field(default_factory=Counter[str])
    last: dict[str, str] = field(default_factory=dict[str, str])
    nameless: list[Row] = field(default_factory=list[Row])
    sheds: int = 0
    decisions: int = 0


def context_key(secret: str) -> bytes:
    """The key under which contexts are named in the record (`secret`: the text of the file of that name)."""
    return hashlib.blake2b(bytes.fromhex(secret), digest_size=32, person=b"gate content").digest()


def context_digest(key: bytes, context: str) -> str:
    """The name of a context in the record."""
    return hashlib.blake2b(context.encode(), digest_size=8, key=key, person=b"c").hexdigest()


def read_record(folder: Path) -> Record:
    """Everything that stands in a trail, chains unverified: that is the audit's."""
    found = Record()
    for worker in sorted((folder / "workers").iterdir()):
        policy = ""
        for value in _lines(worker):
            if value[0] == "note":
                found.notes[value[3]] += 1
                policy = _noted(found, worker.name, value, policy)
            elif value[0] == "decision":
                _decision(found, worker.name, value, policy)
    return found


def _lines(worker: Path) -> Iterator[list[Any]]:
    for path in sorted(worker.glob("*.jsonl")):
        data = path.read_bytes()
        for line in data[: data.rfind(b"\n") + 1].splitlines():
            yield json.loads(line)


def _noted(found: Record, worker: str, value: list[Any], policy: str) -> str:
    if value[3] == "begin":
        return ""
    if value[3] == "policy":
        found.named[worker, value[4]["name"]] += 1
        found.last[worker] = str(value[4]["name"])
        return str(value[4]["name"])
    return policy


def _decision(found: Record, worker: str, value: list[Any], policy: str) -> None:
    seen, answers, made = value[5], value[6], value[7]
    row = Row(
        policy, seen[0], made[0], seen[10], dict(made[2]), {a[0]: (a[1], a[2]) for a in answers}, made[3], seen[14],
        [name for name, _ in seen[9]], worker,
    )  # fmt: skip
    found.decisions += 1
    found.outcomes[made[0]] += 1
    if made[3]:
        found.receipts[made[3]] += 1
    if row.is_shed:
        found.sheds += 1
    elif seen[3]:
        found.by_context.setdefault(seen[3], []).append(row)
    else:
        found.nameless.append(row)


def hold(
    plan: Plan, got: Got, seen: Seen | None, rows: list[Row], receipts: Counter[str], *, is_crashing: bool,
    is_cut: bool,
) -> list[str]:  # fmt: skip
    """What of one request is not as it must be.

    `is_crashing`: what decides was made to fail meanwhile. `is_cut`: the upstream may have broken off anywhere.
    """
    wrong = [*got.wrong, *(seen.wrong if seen else ())]
    asked = [row for row in rows if row.kind == "message"]
    later = [row for row in rows if row.kind != "message"]
    passed = [row for row in asked if row.outcome in PASSED]
    times = seen.times if seen else 0
    if times > 1 or len(asked) > 1:
        wrong.append(f"asked {times} times, decided {len(asked)} times")
    if times > len(passed):
        wrong.append("the upstream was asked without a decision in the record")
    if got.receipt and receipts[got.receipt] != 1:
        wrong.append(f"a receipt stands {receipts[got.receipt]} times in the record")
    if got.status == 200 and got.is_whole and not got.is_refused_amid:
        wrong += _passed_on(later, times)
    wrong += [text for row in asked if (text := _as_it_must_be(plan, row, is_asked=True))]
    if any(row.outcome not in PASSED for row in later[:-1]):
        wrong.append(f"decided on after it was refused: {[row.outcome for row in later]}")
    if got.is_passed or (got.receipt and not is_crashing and not is_cut):
        wrong += _replied(plan, got, later)
        kinds, due = [row.kind for row in rows], _due(plan, is_replied=times > 0)
        if not plan.breaks and kinds != due:
            wrong.append(f"{kinds} were decided on, and {due} must be")
    if is_crashing and plan.plant == "code":  # found, and then not found again: refused
        return [text for text in wrong if not text.startswith("decided reject where code")]
    return wrong


def _passed_on(later: list[Row], times: int) -> list[str]:
    wrong: list[str] = []
    if not later or any(row.outcome not in PASSED for row in later):
        wrong.append(f"a reply was passed on with {[row.outcome for row in later]} in the record")
    if not times:
        wrong.append("a reply to what was never asked")
    return wrong


def _due(plan: Plan, *, is_replied: bool) -> list[str]:
    """What must have been decided on, in this order, where an answer came that nothing broke."""
    if not is_replied:
        return ["message"]
    if plan.is_called:
        return ["message", "call"] if plan.is_streamed else ["message", "span", "call"]
    return ["message", "span"]


def _as_it_must_be(plan: Plan, row: Row, *, is_asked: bool) -> str:
    """One decision against the truth of what was planted, under the policy in force where it stands."""
    plant = plan.plant if plan.is_asked == is_asked else ""
    if not row.policy:
        return "decided while no policy was in force"
    failures = {name for name, status in row.statuses.items() if status == "failed"} - {"lenient"}
    wanted = asked_outcome(plant, row.policy)
    if wanted == "ask":
        status, label = row.answers.get(plant, ("not asked", ""))
        if status == "answered":
            wanted = "reject" if label == "STOP" else "allow"
        else:
            wanted = "reject" if plant == "strict" else "allow"
        failures -= {"strict"}
    if row.outcome == wanted or (failures and row.outcome == "reject" and plant != "broken"):
        return ""
    return (
        f"decided {row.outcome} where {plant or 'nothing'} is planted, under {row.policy}: {row.statuses} {row.failed}"
    )


def _replied(plan: Plan, got: Got, later: list[Row]) -> list[str]:
    """The decisions on a reply that came whole from the upstream."""
    if plan.breaks not in ("", "slow") or not later:
        return []
    if not plan.is_asked and plan.plant and not got.is_passed:  # what is planted stands in one of its events
        later = [max(later, key=lambda row: ("allow", "modify", "reject").index(row.outcome))]
    return [text for row in later if (text := _as_it_must_be(plan, row, is_asked=False))]
