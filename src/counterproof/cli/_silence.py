"""`counterproof silence`: whether an objection that training took away was resolved, or only silenced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterproof import record
    from counterproof.measure.instrument import silence_ask

NOT_RESOLVED = 5
_OUT = click.option(
    "--out", type=click.Path(path_type=Path), default=Path("silence-report"), show_default=True, help="Where it goes."
)
_STRICT = click.option("--strict", is_flag=True, help="Exit code 5 unless every retrained checkpoint is `resolved`.")


@click.group(short_help="Tell what was resolved from what was only silenced.")
def silence() -> None:
    """Tell whether an objection that training took away was resolved, or only silenced."""


@silence.command(short_help="Ask checkpoints with open weights a bank's questions, and judge them.")
@click.argument("bank", type=click.Path(path_type=Path))
@click.argument("checkpoints", nargs=-1, required=True, metavar="CHECKPOINT...")
@click.option("--before", required=True, metavar="CHECKPOINT", help="The one that objects, before it was retrained.")
@click.option("--never", default="", metavar="CHECKPOINT", help="One that never learnt to object.")
@_OUT
@_STRICT
@click.option("--display", type=click.Choice(["plain", "none"]), default="plain", show_default=True, help="Progress.")
def run(
    bank: Path, checkpoints: tuple[str, ...], before: str, never: str, out: Path, display: str, *, strict: bool
) -> int:
    """Ask every CHECKPOINT the questions of BANK (JSON or YAML) and judge it. Needs the extra `train`.

    A CHECKPOINT is a Hugging Face folder or a shipped organism, or NAME=FOLDER where it is to be called otherwise.
    """
    from counterproof.cli import _files  # noqa: PLC0415 - loads when the command runs
    from counterproof.measure.instrument import silence_ask  # noqa: PLC0415 - loads NumPy
    from counterproof.publish import report as reports  # noqa: PLC0415 - loads rich

    questions = silence_ask.read_bank(_files.fetch(bank), where=str(bank))
    first, reference = _named(before), _named(never) if never else None
    named = [first, *([reference] if reference else []), *map(_named, checkpoints)]
    found = silence_ask.series(
        questions, named, before=first.name, never=reference.name if reference else "", progress=_told(display)
    )
    series = out / "series.json"
    _files.store(series, reports.as_json(found))
    return _judged(found, out, strict=strict, files=[("Readings", str(series))])


@silence.command(short_help="Judge readings that were made elsewhere.")
@click.argument("series", type=click.Path(path_type=Path))
@_OUT
@_STRICT
def judge(series: Path, out: Path, *, strict: bool) -> int:
    """Judge the readings in SERIES (JSON): of `silence run`, of an experiment, or of replies that were judged."""
    from counterproof.cli import _files  # noqa: PLC0415 - loads when the command runs
    from counterproof.measure import instrument  # noqa: PLC0415 - loads NumPy

    return _judged(instrument.silence.read(_files.fetch(series), where=str(series)), out, strict=strict, files=[])


def _judged(found: record.SilenceSeries, out: Path, *, strict: bool, files: list[tuple[str, str]]) -> int:
    from counterproof.cli import _files, _work  # noqa: PLC0415 - loads NumPy
    from counterproof.measure import instrument  # noqa: PLC0415 - loads NumPy
    from counterproof.publish import report as reports  # noqa: PLC0415 - loads rich

    judged = instrument.silence.judged(found)
    data, picture = out / "silence.json", out / "silence.svg"
    _files.store(data, reports.as_json(judged))
    _files.store(picture, reports.silence_svg(judged).encode())
    reports.silence_terminal(judged, _work.paper(), files=[("Report", str(data)), ("Picture", str(picture)), *files])
    words = [c.verdict for c in judged.checkpoints if not c.reference]
    is_resolved = bool(words) and set(words) == {"resolved"}  # where nothing was retrained nothing was resolved
    return NOT_RESOLVED if strict and not is_resolved else 0


def _named(text: str) -> silence_ask.Named:
    """NAME=FOLDER, or what stands last in the path; a folder whose own name has an equals sign in it stays one."""
    from counterproof.measure.instrument import silence_ask  # noqa: PLC0415 - loads NumPy

    name, mark, target = text.partition("=")
    if mark and not Path(text).exists():
        return silence_ask.Named(name=name, target=target)
    return silence_ask.Named(name=Path(text).name or text, target=text)


def _told(display: str) -> Callable[[str], None]:
    from counterproof.cli import _values  # noqa: PLC0415 - loads when the command runs

    def say(step: str) -> None:
        if display != "none":
            click.echo(_values.printable(step), err=True)

    return say
