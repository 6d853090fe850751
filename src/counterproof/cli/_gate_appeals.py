"""`counterproof gate appeals`: what the refused say, and what a person decides; the work is loaded when it runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors

if TYPE_CHECKING:
    from counterproof.record import Estimate, NotMeasured
    from counterproof.rely import appeal as appealing

_FOLDER = click.Path(path_type=Path)
_SHORT = 12
_DAY_S = 86_400
_WORKER = "appeals"
_BOOK = click.option("--book", type=_FOLDER, required=True, help="Folder that the gate keeps appeals in.")
_KEY = click.option("--key", type=_FOLDER, default=None, help="Sign the record's heads with it, as the gate does.")
_TRAIL = click.option("--trail", type=_FOLDER, required=True, help="Folder that the gate keeps its record in.")


@click.group()
def appeals() -> None:
    """Hear the refused: list appeals, decide them, and see what the verdicts say of the error rates."""


@appeals.command("list", short_help="Show what waits to be decided.")
@_BOOK
@_TRAIL
@_KEY
def list_(book: Path, trail: Path, key: Path | None) -> int:
    """Show the appeals that wait. What appeals against no refusal on record is dropped first (docs/gate-appeals.md)."""
    with _opened(book, trail) as (one, refused):
        _note(one, trail, refused, key)
        cases = one.cases()
        for case in cases:
            click.echo(f"{case.digest[:_SHORT]}  {_day(case.day)}")
            for line in case.text.expandtabs(4).splitlines() or ["(nothing was sent along)"]:
                click.echo(f"    {line}")
        click.echo(f"{len(cases)} appeals wait")
    return 0


@appeals.command(short_help="Decide one appeal.")
@click.argument("case")
@click.argument("verdict", type=click.Choice(("upheld", "denied")))
@click.option("--note", "said", default="", help="What the appellant is told of it, at most 2,000 characters.")
@_BOOK
@_TRAIL
@_KEY
def decide(case: str, verdict: appealing.Verdict, *, said: str, book: Path, trail: Path, key: Path | None) -> int:
    """Decide CASE, which `list` names: `upheld` says that the refusal was wrong. What its sender wrote is deleted."""
    with _opened(book, trail) as (one, refused):
        found = [waiting.digest for waiting in one.cases() if waiting.digest.startswith(case)]
        if len(found) != 1 or len(case) < _SHORT:
            what = "more than one appeal begins so" if len(found) > 1 else "no such appeal waits"
            raise errors.BadOption(what, where=case[:64], mend="give the name that `gate appeals list` shows")
        ruling = one.decide(found[0], verdict, said, int(time.time()))
        _note(one, trail, refused, key)
        click.echo(f"{ruling.digest[:_SHORT]} {ruling.verdict}")
    return 0


@appeals.command(short_help="Delete what is too old.")
@_BOOK
def expire(book: Path) -> int:
    """Delete appeals and verdicts older than 30 days, and nothing of the gate's record."""
    one = _book(book)
    try:
        click.echo(f"{one.expire(int(time.time()))} deleted")
    finally:
        one.close()
    return 0


@appeals.command(short_help="What the verdicts say of the error rates.")
@_BOOK
@_TRAIL
def rates(book: Path, trail: Path) -> int:
    """Show the shares that the verdicts of the last 30 days bound, and what they cannot say."""
    from counterproof.rely import appeal  # noqa: PLC0415 - loaded when the command runs

    with _opened(book, trail) as (one, refused):
        verdicts = [r.verdict for r in one.rulings() if r.digest in refused.receipts]
        found = appeal.rates(
            len(refused.receipts), refused.passed, verdicts.count("upheld"), verdicts.count("denied")
        )  # fmt: skip
    click.echo(f"refused {found.refused}, let through {found.passed}; upheld {found.upheld}, denied {found.denied}")
    click.echo(f"upheld among decided appeals:  {_estimate(found.among_decided)}")
    click.echo(f"wrong among refusals:          {_bounds(found.among_refused)}")
    click.echo(f"refused among honest (F):      {_bounds(found.friction)}")
    for line in found.says:
        click.echo(line)
    return 0


@contextlib.contextmanager
def _opened(book: Path, trail: Path) -> Generator[tuple[appealing.Book, appealing.Refused]]:
    """The book, rid of what appeals against nothing, and the record."""
    from counterproof.rely import appeal  # noqa: PLC0415 - loaded when the command runs

    one = _book(book)
    try:
        waiting = one.waiting()  # before the record is read: what is refused and appealed meanwhile waits
        refused = appeal.read_refused(trail, int(time.time() - one.terms.days * _DAY_S) * 1000)
        one.belongs_to(refused.gate)
        one.match(refused.receipts, waiting)
        yield one, refused
    finally:
        one.close()


def _book(folder: Path) -> appealing.Book:
    from counterproof.rely import appeal  # noqa: PLC0415 - loaded when the command runs

    if not folder.is_dir():
        raise errors.BadOption("there is no such folder", where=str(folder), mend="name the one given to the gate")
    return appeal.Book(folder)


def _note(one: appealing.Book, trail: Path, refused: appealing.Refused, key: Path | None) -> None:
    """Puts on record what the book knows and the record does not, whoever was stopped between the two before."""
    rulings = {ruling.digest: ruling.verdict == "upheld" for ruling in one.rulings()}
    heard = sorted(({case.digest for case in one.cases()} | set(rulings)) - refused.heard)
    ruled = sorted(set(rulings) - refused.ruled)
    if not heard and not ruled:
        return
    from counterproof import note  # noqa: PLC0415 - loaded when there is something to record
    from counterproof.rely import trail as recording  # noqa: PLC0415 - same

    now_ms = time.time_ns() // 1_000_000
    signer = None if key is None else note.read_key(key)
    with recording.Trail(trail, _WORKER, refused.gate, now_ms=now_ms, signer=signer) as kept:
        for digest in heard:
            kept.note("appeal", {"receipt": digest}, now_ms)
        for digest in ruled:
            kept.note("verdict", {"receipt": digest, "upheld": rulings[digest]}, now_ms)
    refused.heard |= set(heard)
    refused.ruled |= set(ruled)


def _day(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")


def _estimate(found: Estimate) -> str:
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    if isinstance(found, record.Interval):
        return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n}"
    return f"not measured: {found.reason}" if isinstance(found, record.NotMeasured) else "not measured"


def _bounds(found: appealing.Bounds | NotMeasured) -> str:
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    if isinstance(found, record.NotMeasured):
        return f"not measured: {found.reason}"
    limits = f"with sampling error [{found.outer_low:.3f}, {found.outer_high:.3f}]"
    return f"between {found.low:.3f} and {found.high:.3f}; {limits}, n = {found.n}"
