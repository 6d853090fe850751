"""What `gate serve` refuses before anything is opened: options that would do nothing, and would be relied on."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from counterproof.cli import _gate_serve
from counterproof.errors import BadOption


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--appeals", "book"], r"--appeals: does nothing without --desk-port"),
        (["--operator-key-env", "HOME"], r"--operator-key-env: does nothing without --desk-port"),
        (["--desk-port", "0", "--token-key", "key"], r"--token-key: does nothing without --appeals"),
        (["--desk-port", "0", "--appeals", "book", "--token-origin", "x"], r"--token-origin: does nothing without"),
        (["--context-header", "x y"], r"--context-header: 'x y' names no header"),
        (["--identity-header", "x:"], r"--identity-header: 'x:' names no header"),
        (["--identity-header", "é"], r"--identity-header: 'é' names no header"),
    ],
)
def test_an_option_that_does_nothing_is_refused(tmp_path: Path, options: list[str], says: str) -> None:
    given = ["http://127.0.0.1:1", "--policy", str(tmp_path), "--trail", str(tmp_path / "trail"), *options]

    with pytest.raises(BadOption, match=says):
        CliRunner().invoke(_gate_serve.serve, given, standalone_mode=False, catch_exceptions=False)

    assert not (tmp_path / "trail").exists()


def test_more_processes_than_a_head_can_name_are_refused(tmp_path: Path) -> None:
    """Their record could never be published."""
    given = ["http://127.0.0.1:1", "--policy", str(tmp_path), "--trail", str(tmp_path / "trail"), "--workers", "61"]

    with pytest.raises(click.BadParameter, match="61 is not in the range"):
        CliRunner().invoke(_gate_serve.serve, given, standalone_mode=False, catch_exceptions=False)
