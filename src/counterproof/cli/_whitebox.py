"""The command that opens weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from counterproof import errors
from counterproof.cli import _files, _values, _work
from counterproof.measure import instrument
from counterproof.publish import report as reports


def whitebox(targets: Sequence[str], suite: str, *, seed: int, attacks: Sequence[str], out: Path, display: str) -> int:
    """Attacks every target, prints, and leaves whitebox.json and whitebox.html in `out`.

    Raises:
        BadInput: a target, the suite or an attack cannot be used.
        StorageFailed: the machine would not keep a file.
    """
    doubled = [t for n, t in enumerate(targets) if t in targets[:n]]
    if doubled:
        raise errors.BadOption(f"{doubled[0]!r} is named twice", where="targets", mend="name each target once")
    found = instrument.whitebox.measure(targets, suite, seed=seed, attacks=attacks, progress=_told(display))
    html, data = out / "whitebox.html", out / "whitebox.json"
    _files.store(data, reports.as_json(found))
    _files.store(html, reports.whitebox_html(found).encode())
    reports.whitebox_terminal(found, _work.paper(), files=[("HTML report", str(html)), ("JSON report", str(data))])
    return 0


def _told(display: str) -> Callable[[str], None]:
    def say(step: str) -> None:
        if display != "none":
            click.echo(_values.printable(step), err=True)

    return say
