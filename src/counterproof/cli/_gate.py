"""`counterproof gate`: the commands of the gate; their work is loaded when they run."""

from __future__ import annotations

import click

from counterproof.cli import _gate_appeals, _gate_mcp, _gate_serve, _gate_test, _gate_trail


@click.group(
    commands=[
        _gate_serve.serve,
        _gate_mcp.mcp,
        _gate_test.test,
        _gate_trail.audit,
        _gate_trail.publish,
        _gate_appeals.appeals,
    ]
)
def gate() -> None:
    """Run a gate: decide about messages and tool calls before they happen, and keep every decision."""
