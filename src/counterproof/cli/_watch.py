"""`counterproof log watch` and `counterproof verify evidence`: the commands; their work is loaded when they run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors

if TYPE_CHECKING:
    from counterproof.rely import watch as watching


@click.command(short_help="Tail a log and its witnesses, and keep evidence of what does not agree.")
@click.argument("address")
@click.option("--trust", type=click.Path(path_type=Path), required=True, help="Whom you trust: a trust file.")
@click.option("--state", type=click.Path(path_type=Path), required=True, help="Folder of what was checked already.")
@click.option("--evidence", type=click.Path(path_type=Path), default=None, help="Where proof goes.  [default: STATE]")
@click.option("--every", default="60s", show_default=True, help="Time between two looks.")
@click.option("--once", is_flag=True, help="Look once; the exit code says whether all agrees.")
@click.option("--key", type=click.Path(path_type=Path), default=None, help="Cosign what was checked, as a monitor.")
def watch(address: str, **options: object) -> int:
    """Tail the log at ADDRESS (a folder or http address) and its witnesses, derive everything again, keep evidence."""
    from counterproof.cli import _values  # noqa: PLC0415 - loaded when the command runs

    every_s = _values.time_ms("--every", str(options.pop("every"))) / 1000
    is_once = bool(options.pop("once"))
    with _watcher(address, **options) as look:  # type: ignore[arg-type] # click passes options by name
        while True:
            found = look()
            if is_once:
                return errors.NotVerified.exit_code if found.alarms else 0
            time.sleep(every_s)


@contextlib.contextmanager
def _watcher(
    address: str, *, trust: Path, state: Path, evidence: Path | None, key: Path | None
) -> Generator[Callable[[], watching.Look]]:
    from counterproof import chain, note  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.rely import watch as watching  # noqa: PLC0415 - same

    trusted = chain.read_trust(_files.fetch(trust))
    monitor = note.read_key(key) if key else None
    source, witnesses = watching.at(address), watching.witnesses(trusted)

    def look() -> watching.Look:
        now_s = int(time.time())
        found = watcher.look(now_s)
        for alarm in found.alarms:
            _print(alarm, watching.keep_evidence(evidence or state / "evidence", alarm))
        head = f"size {found.head.size}" if found.head else "no head yet"
        seen = f"seen by {', '.join(name for name, _ in found.seen_by) or 'no quorum'}"
        agrees = "does NOT agree" if found.alarms else "agrees"
        click.echo(f"{_clock(now_s)} {head}, {found.new} new entries, {seen}: {agrees}")
        if monitor is not None and not found.alarms:
            watching.keep(state / "verdict", watcher.cosign(monitor, now_s))
        return found

    with watching.alone(state), contextlib.closing(watching.Watcher(source, trusted, state, witnesses)) as watcher:
        for alarm in watcher.old_breaches:
            _print(alarm, None)
        yield look


def _print(alarm: watching.Alarm, kept: Path | None) -> None:
    from counterproof.cli import _values  # noqa: PLC0415 - loaded when the command runs

    click.echo(f"ALARM {alarm.kind}: {_values.printable(alarm.says)}" + (f" (evidence: {kept})" if kept else ""))


def _clock(now_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s))


_ANSWER = "  unless an entry before was left out by which a key had lost its role: ask the accused, or read the log"


@click.command(short_help="Check a file of evidence against a log, a witness or an evaluator.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), required=True, help="Whose keys they are: a trust file.")
def evidence(file: Path, trust: Path) -> int:
    """Check FILE offline, trusting neither the log nor whoever found it. Exit code 0: it proves what it says."""
    from counterproof import chain  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files, _values  # noqa: PLC0415 - same
    from counterproof.rely import watch as watching  # noqa: PLC0415 - same

    proven = watching.evidence(_files.fetch(file), chain.read_trust(_files.fetch(trust)))
    click.echo(f"PROVEN ({proven.kind}): {_values.printable(proven.says)}")
    for name in proven.twice:
        click.echo(f"  {_values.printable(name)} cosigned both sides")
    if proven.kind == "entries":
        click.echo(_ANSWER)
    return 0
