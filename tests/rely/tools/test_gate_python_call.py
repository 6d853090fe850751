"""The call from a program of one's own, as the manual shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from counterproof.rely import gate, guard, trail

MANUAL = Path(__file__).parents[3] / "docs" / "gate-tools.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the manual's first example has put its policy."""
    (found,) = re.findall(r"cat > policy/gate.yaml <<'END'\n(.*?)^END$", MANUAL.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "gate.yaml").write_text(found)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_manuals_call_is_refused(folder: Path) -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    names: dict[str, object] = {}

    exec(shown, names)  # noqa: S102 - what the manual shows must run

    assert str(names["said"]).startswith("Keys are not read here. Receipt: ")
    assert trail.audit(folder / "trail").agrees


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ({"text": "hello", "n": [1, 2.5, None, True]}, "allow"),
        ({"text": {"deep": ['{"path": ".ssh/"}']}}, "reject"),
        ({".ssh/": 1}, "reject"),
        ({"text": b"\xff", "other": object()}, "reject"),
        (".ssh/", "reject"),
    ],
)
def test_what_a_call_is_given(folder: Path, call: object, outcome: str) -> None:
    with guard.opened(folder / "policy", folder / "trail", worker="python*", name="gate") as ready:
        event = gate.event_of("call", call, door="python", tool="say", role="assistant")

        assert ready.guard.decide(event).outcome == outcome


def test_a_result_is_decided_on_too(folder: Path) -> None:
    with guard.opened(folder / "policy", folder / "trail", worker="python*", name="gate") as ready:
        event = gate.event_of("result", {"lines": ["id_ed25519"]}, door="python", tool="ls", role="tool")

        assert ready.guard.decide(event).outcome == "reject"
