"""Decisions in Inspect's words, with a stand-in for Inspect: the real one approves in tests/peers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from counterproof import errors
from counterproof.record import Decision, Event, Outcome
from counterproof.rely import approval
from counterproof.rely.approval import _approver, _need, _opened
from tests.rely.tools.word_guard import RECEIPT, Words

POLICY = """
format: counterproof-gate-policy/1
name: words
rules:
  - {name: magic, patterns: [opensesame], action: reject}
"""


@dataclass
class Call:
    """As Inspect's."""

    arguments: Any
    function: str = "say"
    parse_error: str | None = None


@dataclass
class Approval:
    """As Inspect's."""

    decision: str
    modified: Call | None = None
    explanation: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])


class Store(dict[str, Any]):
    """As Inspect's."""

    set = dict[str, Any].__setitem__


class Module:
    """As Inspect's module of approvals."""

    Approval = Approval


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Store:
    """Inspect's two modules, and what the sample keeps."""
    store = Store()
    monkeypatch.setattr(_need, "approval", Module)
    monkeypatch.setattr(_need, "store", lambda: store)
    return store


def _approved(guard: approval.Decides, call: Call) -> Approval:
    found: Any = asyncio.run(approval.approving(guard)("", call, None, []))
    assert isinstance(found, Approval)
    return found


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("allow", "approve"), ("reject", "reject"), ("terminate", "terminate"), ("escalate", "escalate"),
        ("hold", "escalate"), ("modify", "modify"),
    ],
)  # fmt: skip
def test_every_outcome_has_its_word(outcome: Outcome, word: str) -> None:
    guard = Words()
    guard.words["bomb"] = outcome

    found = _approved(guard, Call({"text": "a bomb", "n": 3}))

    assert found.decision == word
    assert found.metadata["outcome"] == outcome
    assert found.modified == (Call({"text": "a ***", "n": 3}) if outcome == "modify" else None)
    assert RECEIPT in (found.explanation or "") or outcome in ("allow", "modify")


def test_what_the_gate_sees_of_a_call(kept: Store) -> None:
    guard = Words()

    _approved(guard, Call({"text": "hello", "deep": [{"a": '{"b": "c"}'}]}))
    _approved(guard, Call({}))

    first, second = guard.seen
    assert (first.kind, first.door, first.tool) == ("call", "inspect", "say")
    assert {"hello", "c"} <= {p.text for p in first.pieces}
    assert {p.role for p in first.pieces} == {"assistant"}
    assert first.context == second.context == kept["counterproof_gate_context"]
    assert len(first.context) == 32


@pytest.mark.parametrize(
    "call", [Call({"text": "x"}, parse_error="no JSON"), Call({"text": object()}), Call({"text": "a\x00b"})]
)
def test_what_could_not_be_read_is_said(call: Call) -> None:
    guard = Words()

    assert _approved(guard, call).decision == "reject"
    assert guard.seen[0].unscanned


def test_a_failure_is_a_rejection() -> None:
    class Broken(Words):
        async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
            raise RuntimeError(event.kind, has_people)

    found = _approved(guard := Broken(), Call({}))

    assert (found.decision, [type(f) for f in guard.faults]) == ("reject", [RuntimeError])


def test_a_failure_that_cannot_be_kept_is_a_rejection() -> None:
    class Broken(Words):
        async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
            raise RuntimeError(event.kind, has_people)

        def fault(self, event: Event, error: BaseException) -> Decision:
            raise errors.StorageFailed(event.kind) from error

    assert _approved(Broken(), Call({})).decision == "reject"


def test_a_modification_of_nothing_is_a_rejection() -> None:
    class Odd(Words):
        async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
            assert has_people
            return Decision(outcome="modify", spans=((0, 0, 99, "x"),) if event.pieces else ())

    assert _approved(Odd(), Call({"text": "hello"})).decision == "reject"
    assert _approved(Odd(), Call({})).decision == "reject"


def _policy(folder: Path) -> Path:
    (folder / "policy").mkdir()
    (folder / "policy" / "gate.yaml").write_text(POLICY)
    return folder / "policy"


def test_a_gate_from_its_folders(tmp_path: Path) -> None:
    policy = _policy(tmp_path)

    approve = approval.approver(str(policy), str(tmp_path / "trail"))
    found: Any = asyncio.run(approve("", Call({"text": "opensesame"}), None, []))

    assert found.decision == "reject"
    assert _opened.opened(policy, tmp_path / "trail", "gate") is _opened.opened(policy, tmp_path / "trail", "gate")
    assert (tmp_path / "trail" / "secret").stat().st_mode & 0o777 == 0o600


def test_two_gates_in_one_folder_keep_two_records(tmp_path: Path) -> None:
    policy = _policy(tmp_path)

    _opened.opened(policy, tmp_path / "trail", "gate")
    _opened.opened.cache_clear()
    _opened.opened(policy, tmp_path / "trail", "gate")

    assert sorted(p.name for p in (tmp_path / "trail" / "workers").iterdir()) == ["inspect0", "inspect1"]


@pytest.mark.parametrize("secret", ["", "zz", "ab" * 31])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, secret: str) -> None:
    policy = _policy(tmp_path)
    (tmp_path / "trail").mkdir()
    (tmp_path / "trail" / "secret").write_text(secret)

    with pytest.raises(errors.BadTrail, match="no secret"):
        approval.approver(str(policy), str(tmp_path / "trail"))


def test_without_inspect_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_name: str) -> None:
        return None

    monkeypatch.undo()
    monkeypatch.setattr("importlib.util.find_spec", nowhere)

    with pytest.raises(errors.MissingExtra, match="inspect"):
        approval.registered()


def test_all_outcomes_are_known() -> None:
    assert set(_approver.WORDS) == {"allow", "modify", "escalate", "hold", "reject", "terminate"}
