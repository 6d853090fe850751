"""A test of continuity on a terminal: the verdict first, what it does not exclude, and what moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from counterproof.publish.report import _format, _terminal
from counterproof.record import ContinuityResult

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"same": "bold green", "drifted": "bold yellow", "break": "bold red"}
_SHOWN = 70


def continuity_terminal(
    result: ContinuityResult, console: Console, *, files: Sequence[tuple[str, str]] = ()
) -> None:
    """Print the verdict, the distance with its interval beside what chance alone gives, and the replies that moved."""
    names = f"{_format.clean(result.before.name)} against {_format.clean(result.after.name)}"
    _terminal.say(console, f"{result.verdict}: {names}, {result.compares}", _STYLES[result.verdict])
    _terminal.say(console, _meaning(result))
    for label, value in _facts(result):
        _terminal.say(console, f"  {label:<10} {value}")
    _replies(result, console)
    for label, value in files:
        _terminal.say(console, f"{_format.clean(label)}  {_format.clean(value)}")


def _facts(result: ContinuityResult) -> list[tuple[str, str]]:
    found, is_exact = result.distance, result.test.startswith("exact")
    chance = f"at most {result.noise:.4f} with probability {1 - result.level:g}"
    asked = f"{result.questions} questions of {_format.clean(result.suite)} at temperature {result.temperature:g}"
    return [
        ("Distance", f"{found.value:.4f}  {_format.percent(found.level)} [{found.low:.4f}, {found.high:.4f}]"),
        ("By chance", f"{result.noise:g} of the questions differ, as declared" if is_exact else chance),
        ("p", f"{result.p:.4g} at level {result.level:g}, break from a distance of {result.break_at:g} on"),
        ("Asked", f"{asked}, {result.n_before} and {result.n_after} replies each; {result.left_out} left out"),
        ("Test", _format.clean(result.test)),
    ]


def _meaning(result: ContinuityResult) -> str:
    if result.verdict == "same":
        return f"No difference was found; a distance up to {result.distance.high:.4f} is not excluded."
    what = "the declared break" if result.verdict == "break" else "less than the declared break"
    return f"What answers now is not what answered before: {what}."


def _replies(result: ContinuityResult, console: Console) -> None:
    if result.verdict == "same":
        return
    _terminal.say(console, "Questions that moved most:")
    for moved in result.moved:
        asked = f"  {moved.text}" if moved.text else ""
        _terminal.say(console, _format.clean(f"  {moved.distance:.3f}  {moved.id} ({moved.kind}){asked}"))
        if moved.text:
            _terminal.say(console, f"         before  {_format.shortened(moved.before, _SHOWN)}", "dim")
            _terminal.say(console, f"         after   {_format.shortened(moved.after, _SHOWN)}", "dim")
