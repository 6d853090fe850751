"""The project speaks of itself alone: no path of somebody's machine, no package index, no key in any tracked file."""

from __future__ import annotations

import re

import pytest

from tests.house.source_tree import ROOT, tracked

# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": r"(^|[^A-Za-z0-9_])/(wo" + "rk|fa" + "rm|ro" + "ot|ho" + "me|Us" + "ers)/",
    "the host of a package index": r"pypi\.o" + r"rg|files\.python" + r"hosted|download\.py" + "torch",
    "a private key": "BEGIN [A-Z ]*PRIV" + "ATE KEY",
    "a merge that was left open": "^" + "<" * 7 + " |^" + ">" * 7 + " ",
}


def faults(text: str) -> list[str]:
    """What stands in a text that must not."""
    return [
        f"line {number}: {what}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, line)
    ]


def test_tracked_files_speak_of_the_project_alone() -> None:
    found: dict[str, list[str]] = {}
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw[:8000] and (wrong := faults(raw.decode("utf-8"))):
            found[str(path.relative_to(ROOT))] = wrong

    assert found == {}


def test_tracked_files_are_small() -> None:
    assert {str(p.relative_to(ROOT)): p.stat().st_size for p in tracked() if p.stat().st_size > 5_000_000} == {}


@pytest.mark.parametrize(
    "line",
    [
        "see /wo" + "rk/main/x",
        "cd /ro" + "ot/x",
        "pip install --index-url https://pypi." + "org/simple x",
        "-----BEGIN EC PRIV" + "ATE KEY-----",
    ],
)
def test_the_rule_catches(line: str) -> None:
    assert faults(line)


@pytest.mark.parametrize("line", ["docs/wo" + "rk.md", "home/user is nobody's", "/var/log/x"])
def test_the_rule_lets_through(line: str) -> None:
    assert faults(line) == []
