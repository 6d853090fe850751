"""A whole evaluation of Inspect's whose tool calls the gate approves, refuses, rewrites, hands on, ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from counterproof.rely import approval, trail
from tests.peers.questions import peer

POLICY = """
format: counterproof-gate-policy/1
name: words
says: This was refused.
rules:
  - {name: magic, patterns: [opensesame], on: [call], action: reject, reason: The word must not be said.}
  - {name: secret, patterns: [swordfish], on: [call], action: modify, replacement: "[cut]"}
  - {name: doubt, patterns: [perhaps], on: [call], action: escalate}
  - {name: hold, patterns: [wait], on: [call], action: hold}
  - {name: end, patterns: [goodbye], on: [call], action: terminate}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a policy and a file of approvers in it."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "gate.yaml").write_text(POLICY)
    (tmp_path / "approval.yaml").write_text(
        "approvers:\n"
        f"  - {{name: counterproof/gate, tools: '*', policy: {tmp_path}/policy, trail: {tmp_path}/trail}}\n"
        "  - {name: auto, tools: '*', decision: approve}\n"
    )
    return tmp_path


def _evaluated(folder: Path, *calls: dict[str, Any], approves: object = None) -> tuple[Any, list[str]]:
    """The log of a sample in which the model makes these calls of `say`, and what `say` was given."""
    inspect, model, tool = peer("inspect_ai"), peer("inspect_ai.model"), peer("inspect_ai.tool")
    given: list[str] = []

    async def say(text: str) -> str:
        """Says a text.

        Args:
            text: what is said.
        """
        given.append(text)
        return "said"

    made = tool.tool(name="say")(lambda: say)
    asks = model.ModelOutput.for_tool_call
    outputs = [asks("mockllm/model", "say", arguments) for arguments in calls]
    outputs.append(model.ModelOutput.from_content("mockllm/model", "done"))
    for output in outputs:  # else they are counted by a tokenizer from the net
        output.usage = model.ModelUsage(input_tokens=3, output_tokens=2, total_tokens=5)
    task = inspect.Task(
        dataset=[peer("inspect_ai.dataset").Sample(input="Go.", target="done")],
        solver=[peer("inspect_ai.solver").use_tools(made()), peer("inspect_ai.solver").generate()],
        approval=approves or str(folder / "approval.yaml"),
    )
    (log,) = inspect.eval(
        task, model=model.get_model("mockllm/model", custom_outputs=outputs), log_dir=str(folder / "logs"),
        display="none",
    )  # fmt: skip
    assert log.status == "success", log.error
    return log.samples[0], given


def _approvals(sample: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - Inspect's
    return [(e.approver, e.decision) for e in sample.events if e.event == "approval"]


def test_each_decision_has_its_word(folder: Path) -> None:
    said = ["hello", "opensesame", "the swordfish", "perhaps", "wait"]

    sample, given = _evaluated(folder, *({"text": text} for text in said))

    assert given == ["hello", "the [cut]", "perhaps", "wait"]
    assert _approvals(sample) == [
        ("counterproof/gate", "approve"),
        ("counterproof/gate", "reject"),
        ("counterproof/gate", "modify"),
        ("counterproof/gate", "escalate"),
        ("auto", "approve"),
        ("counterproof/gate", "escalate"),
        ("auto", "approve"),
    ]
    told = [m.text + (m.error.message if m.error else "") for m in sample.messages if m.role == "tool"]
    assert "The word must not be said. Receipt: " in told[1]


def test_a_sample_that_is_ended(folder: Path) -> None:
    sample, given = _evaluated(folder, {"text": "hello"}, {"text": "goodbye"}, {"text": "hello again"})

    assert given == ["hello"]
    assert _approvals(sample)[-1] == ("counterproof/gate", "terminate")
    assert sample.limit.type == "operator"


def test_samples_are_conversations_of_their_own(folder: Path) -> None:
    _evaluated(folder, {"text": "goodbye"})

    _, given = _evaluated(folder, {"text": "hello"})

    assert given == ["hello"]


def test_what_happened_is_in_the_record(folder: Path) -> None:
    _evaluated(folder, {"text": "opensesame"})

    assert trail.audit(folder / "trail").agrees
    kept = b"".join(p.read_bytes() for p in (folder / "trail" / "workers").rglob("*") if p.is_file())
    assert b'"magic"' in kept
    assert b"opensesame" not in kept


def test_a_gate_that_fails_approves_nothing(folder: Path) -> None:
    class Broken:
        async def consider(self, event: object, *, has_people: bool = False) -> Any:  # noqa: ANN401 - never
            raise RuntimeError(str(event), has_people)

        def fault(self, event: object, error: BaseException) -> Any:  # noqa: ANN401 - never
            raise RuntimeError(str(event)) from error

    theirs = peer("inspect_ai.approval")
    broken = theirs.approver(name="broken")(lambda: approval.approving(Broken()))

    sample, given = _evaluated(folder, {"text": "hello"}, approves=[theirs.ApprovalPolicy(broken(), "*")])

    assert given == []
    assert _approvals(sample)[0][1] == "reject"


@pytest.mark.slow
def test_the_command_line_finds_it(folder: Path) -> None:
    (folder / "task.py").write_text(
        "from inspect_ai import Task, task\n"
        "from inspect_ai.dataset import Sample\n"
        "@task\n"
        "def one():\n"
        "    return Task(dataset=[Sample(input='Go.')], solver=[])\n"
    )
    inspect = str(Path(sys.executable).parent / "inspect")

    done = subprocess.run(
        [inspect, "eval", "task.py", "--model", "mockllm/model", "--approval", "approval.yaml", "--display", "plain"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "trail" / "secret").exists()
