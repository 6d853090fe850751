"""What `gate serve` refuses before anything is opened: options that would do nothing, and would be relied on."""

from __future__ import annotations

import subprocess
import sys
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


@pytest.mark.parametrize(
    ("soft", "hard", "taken", "warns"), [(256, 3_000, 2_000, False), (256, 1_000, 488, True), (64, 100, 1, True)]
)
def test_no_more_connections_are_taken_than_files_may_be_open(soft: int, hard: int, taken: int, warns: bool) -> None:  # noqa: FBT001 - a case
    """A process of its own: what was lowered is not raised again. Without room the record could not be written."""
    code = (
        "import resource, sys; from counterproof.cli import _gate_need; import counterproof.rely.wire;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}));"
        "sys.stdout.write(str(_gate_need.limits().connections))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert int(done.stdout) == taken
    assert ("ulimit -n" in done.stderr) == warns
