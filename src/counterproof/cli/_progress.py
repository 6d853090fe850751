"""How far a run is, for people: a bar on a terminal, lines in a log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Generator
from typing import Literal

import click

from counterproof.measure import trial

LINE_EVERY_S = 5.0
Display = Literal["auto", "rich", "plain", "none"]


@contextlib.contextmanager
def shown(display: str) -> Generator[trial.Progress | None]:
    """The callback to hand to a run, drawing on standard error while the context lasts."""
    if display == "none":
        yield None
    elif display == "rich" or (display == "auto" and sys.stderr.isatty()):
        with _bar() as told:
            yield told
    else:
        yield _Lines().tell


class _Pace:
    """Queries per second, and the most time that can still be left."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()

    def rate(self, standing: trial.Standing) -> float:
        return standing.asked_queries / max(time.monotonic() - self._began_s, 1e-3)

    def left(self, standing: trial.Standing) -> str:
        rate = self.rate(standing)
        if not rate:
            return "-:--"
        left_s = round(standing.left_queries / rate)
        return f"{left_s // 60}:{left_s % 60:02d}"


class _Lines:
    """A line at most every few seconds, and one at the end."""

    def __init__(self) -> None:
        self._pace, self._said_s = _Pace(), time.monotonic()

    def tell(self, standing: trial.Standing) -> None:
        is_over = standing.shards_done == standing.shards
        if not is_over and time.monotonic() - self._said_s < LINE_EVERY_S:
            return
        self._said_s = time.monotonic()
        kept = f" after {standing.kept_queries:,} kept" if standing.kept_queries else ""
        click.echo(
            f"{standing.shards_done}/{standing.shards} parts, {standing.asked_queries:,} queries{kept}, "
            f"{self._pace.rate(standing):,.0f}/s, at most {self._pace.left(standing)} left",
            err=True,
        )


@contextlib.contextmanager
def _bar() -> Generator[trial.Progress]:
    # Only a terminal pays for loading these.
    from rich import console, progress  # noqa: PLC0415 - only a drawn bar needs rich

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TextColumn("{task.fields[said]}"),
    )
    pace = _Pace()
    with progress.Progress(*columns, console=console.Console(stderr=True), transient=True) as bar:
        task = bar.add_task("measuring", total=None, said="")

        def tell(standing: trial.Standing) -> None:
            done = standing.asked_queries + standing.kept_queries
            said = (
                f"{standing.shards_done}/{standing.shards} parts  {done:,} queries  {pace.rate(standing):,.0f}/s  "
                f"at most {pace.left(standing)} left"
            )
            bar.update(task, completed=done, total=done + standing.left_queries, said=said)

        yield tell
