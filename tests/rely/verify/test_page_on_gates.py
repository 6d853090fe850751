"""Entries that state a gate's policy or head: the page takes and refuses what the command does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from counterproof import note, record
from counterproof.publish import attest
from tests.chain import small_gates
from tests.chain.small_gates import worker
from tests.publish.report.browser import Page
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.asking import ask, opened_page

RARE, SHELL = small_gates.policy().rules
MANY = tuple(replace(SHELL, name=f"r{n}") for n in range(64))
OTHER = "sha256:" + "1" * 64

HEADS: dict[str, dict[str, Any]] = {
    "as it is": {}, "a later one": {"seq": 1, "prev": w.NOTHING}, "no time between": {"ends": "2026-11-01T00:00:00Z"},
    "sorted by code points": {"workers": (worker("\uffff", 1), worker("\U0001f600", 1))},
    "two policies": {"policies": (w.NOTHING, OTHER)}, "none": {"policies": ()},
}  # fmt: skip
BAD_HEADS: dict[str, dict[str, Any]] = {
    "a first one after another": {"prev": w.NOTHING}, "a later one after none": {"seq": 1},
    "backwards": {"ends": "2026-10-31T23:59:59Z"}, "nobody": {"workers": ()},
    "not sorted": {"workers": (worker("b", 1), worker("a", 1))}, "twice": {"workers": (worker("a", 1), worker("a", 2))},
    "by another order": {"workers": (worker("\U0001f600", 1), worker("\uffff", 1))},
    "no hash": {"workers": (worker("a", 1, "g"),)}, "negative": {"workers": (worker("a", -1),)},
    "no name": {"workers": (worker("", 1),)}, "too many": {"allowed": 2**53}, "less than none": {"denied": -1},
    "policies not sorted": {"policies": (OTHER, w.NOTHING)}, "no gate": {"gate": ""}, "no digest": {"policies": ("x",)},
    "65 workers": {"workers": tuple(worker(f"{n:03}", 1) for n in range(65))},
    "another's": {"organisation": "Somebody"},
}  # fmt: skip
POLICIES: dict[str, dict[str, Any]] = {
    "a policy as it is": {}, "without rules": {"rules": (), "fails": {}, "count": 0},
    "of 65 rules": {"rules": MANY, "fails": {"reject": "65"}, "count": 65}, "nothing unreadable": {"unscanned": {}},
    "measured": {"numbers": (
        record.Number(name="F", value="0.1", low="0", high="", level="0.95", n=9, clusters=9, method="wilson"),
    )},
}  # fmt: skip
BAD_POLICIES: dict[str, dict[str, Any]] = {
    "fewer rules": {"rules": (RARE,)},
    "of 65 rules, 64 counted": {"rules": MANY, "fails": {"reject": "65"}, "count": 64},
    "63 listed of 65": {"rules": MANY[:63], "fails": {"reject": "65"}, "count": 65},
    "do not add up": {"fails": {"allow": "1"}},
    "no outcome": {"fails": {"allow": "1", "signal": "1"}}, "nought": {"fails": {"allow": "2", "reject": "0"}},
    "a float": {"fails": {"allow": "1.5", "reject": "0.5"}}, "no kind": {"unscanned": {"thought": "reject"}},
    "unscanned to nothing": {"unscanned": {"call": "signal"}}, "two of one name": {"rules": (RARE, RARE)},
    "above and no threshold": {"rules": (RARE, replace(SHELL, above="1"))},
    "a threshold above nothing": {"rules": (replace(RARE, above=""), SHELL)},
    "a rule without a name": {"rules": (RARE, replace(SHELL, name=""))}, "not of its digest": {"policy": "x"},
}  # fmt: skip


def _case(said: record.Predicate) -> broken.Case:
    made = w.world()
    role = w.role(small_gates.OWNER_KEY, "relying", small_gates.OWNER)
    made.log.entries.append(w.entry(role, *w.GOVERNANCE[:2]))
    place = len(made.log.entries) - 1
    made.log.entries.append(note.seal(record.statement_bytes(attest.statement(said)), small_gates.OWNER_KEY))
    return w.data(made.log.bundle(support=(place,))), broken.TRUST, w.NOW_S


def _heads(changes: dict[str, dict[str, Any]]) -> dict[str, broken.Case]:
    return {name: _case(small_gates.head(**each)) for name, each in changes.items()}


def _policies(changes: dict[str, dict[str, Any]]) -> dict[str, broken.Case]:
    return {name: _case(small_gates.policy(**each)) for name, each in changes.items()}


def test_the_command_takes_the_good_and_no_other() -> None:
    good = _heads(HEADS) | _policies(POLICIES)
    bad = _heads(BAD_HEADS) | _policies(BAD_POLICIES)

    assert {name: broken.verdict(case) for name, case in good.items() if broken.verdict(case)} == {}
    assert {name for name, case in bad.items() if not broken.verdict(case)} == set()


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_page(chromium, tmp_path_factory.mktemp("page")) as opened:
        yield opened


@pytest.mark.slow
def test_the_page_says_the_same_at_the_same_step(page: Page) -> None:
    cases = _heads(HEADS | BAD_HEADS) | _policies(POLICIES | BAD_POLICIES)

    found = dict(zip(cases, ask(page, list(cases.values())), strict=True))

    assert {name: step for name, (step, _, _) in found.items()} == {
        name: broken.verdict(case) for name, case in cases.items()
    }
    assert not any(is_fault for _, _, is_fault in found.values())
