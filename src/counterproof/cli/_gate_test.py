"""`counterproof gate test`: a policy held against its examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors

if TYPE_CHECKING:
    import rich.console
    import rich.table

    from counterproof import record
    from counterproof.rely import gate

_SHOWN, _WIDTH = 12, 68
_STEP = 50


@click.command(short_help="Measure how often a policy is wrong, on its examples.")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--no-model", is_flag=True, help="Ask no model; prompt policies are then not measured.")
@click.option("--at-most-fpr", default=None, metavar="SHARE", help="Exit code 5 if more false positives are possible.")
@click.option("--at-least-recall", default=None, metavar="SHARE", help="Exit code 5 if a lower recall is possible.")
@click.option("--write", is_flag=True, help="Keep the rates in the folder, as rates.json: the policy is then measured.")
@click.option("--json", "out", type=click.Path(path_type=Path), default=None, help="File to write the rates to.")
def test(
    policy: Path,
    *,
    no_model: bool,
    at_most_fpr: str | None,
    at_least_recall: str | None,
    write: bool,
    out: Path | None,
) -> int:
    """Run every example of the policy in the folder POLICY and print how often the policy and its rules are wrong.

    Shares come with 95 % intervals. `allow` and `stop`: how many examples are meant to pass, and to be stopped. The two
    bars are held against the limits of the intervals, with failed checks counted as mistakes.
    """
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files, _values, _work  # noqa: PLC0415 - same
    from counterproof.rely import gate, rehearsal  # noqa: PLC0415 - same

    bars = rehearsal.Bars(
        None if at_most_fpr is None else _values.share("--at-most-fpr", at_most_fpr),
        None if at_least_recall is None else _values.share("--at-least-recall", at_least_recall),
    )
    read = gate.read_policy(policy)
    rates = _measured(read, with_model=not no_model)
    data = record.canonical_bytes(rates) + b"\n"
    if out is not None:
        _files.store(out, data)
    if write:
        _files.store(policy / gate.RATES, data)
    _print(_work.paper(), read, rates)
    missed = bars.missed(rates)
    for sentence in missed:
        click.echo(f"missed: {sentence}")
    return errors.NotVerified.exit_code if missed else 0


def _measured(policy: record.GatePolicy, *, with_model: bool) -> gate.Rates:
    import asyncio  # noqa: PLC0415 - loaded when the command runs
    import secrets  # noqa: PLC0415 - same

    from counterproof.rely import gate, judge, rehearsal  # noqa: PLC0415 - same

    def tell(done: int, of: int) -> None:
        if policy.models and done % _STEP == 0:
            click.echo(f"{done} of {of} examples", err=True)

    async def run() -> gate.Rates:
        asked = judge.Judge(policy.models) if with_model and policy.models else None
        try:
            return await rehearsal.rehearse(rules, asked, tell)
        finally:
            if asked is not None:
                await asked.close()

    rules = gate.Rules(policy, secrets.token_bytes(32))
    return asyncio.run(run())


def _print(paper: rich.console.Console, policy: record.GatePolicy, rates: gate.Rates) -> None:
    from counterproof.cli import _values  # noqa: PLC0415 - loaded when the command runs

    click.echo(f"policy  {_values.printable(policy.name)}  {rates.policy}")
    table = _table(("", "kind", "allow", "stop", "failed", "false positives", "recall", "precision"))
    for each in rates.rules:
        numbers = (str(each.allowed), str(each.stopped), str(each.failed))
        shares = map(_share, (each.false_positives, each.recall, each.precision))
        table.add_row(each.rule or "the whole policy", each.kind, *numbers, *shares)
    paper.print(table)
    for each in rates.rules:
        if each.kind in ("policy", "prompt") and each.matrix:
            _matrix(paper, each)
            _mistakes(paper, policy, each)


def _matrix(paper: rich.console.Console, rates: gate.RuleRates) -> None:
    given = list(dict.fromkeys(cell.given for cell in sorted(rates.matrix, key=lambda cell: cell.given)))
    counts = {(cell.expected, cell.given): cell.count for cell in rates.matrix}
    table = _table((f"{rates.rule or 'the whole policy'}: expected", *given))
    for expected in dict.fromkeys(cell.expected for cell in rates.matrix):
        table.add_row(expected, *(str(counts.get((expected, word), "")) for word in given))
    paper.print(table)


def _mistakes(paper: rich.console.Console, policy: record.GatePolicy, rates: gate.RuleRates) -> None:
    """The clusters of mistakes, the largest first, each with its first example."""
    rule = next((each for each in policy.rules if each.name == rates.rule), None)
    texts = [row[0] for row in getattr(rule, "examples", ())] if rates.rule else [row[1] for row in policy.examples]
    wrong = sorted((cell for cell in rates.matrix if cell.expected != cell.given), key=lambda cell: -cell.count)
    if not wrong:
        return
    table = _table(("expected", "given", "how many", "the first (number and text)"))
    for cell in wrong[:_SHOWN]:
        first = cell.examples[0]
        table.add_row(cell.expected, cell.given, str(cell.count), f"{first} {_short(texts[first - 1])}")
    paper.print(table)


def _short(text: str) -> str:
    from counterproof.cli import _values  # noqa: PLC0415 - loaded when the command runs

    said = _values.printable(" ".join(text.split()))
    return said if len(said) <= _WIDTH else said[: _WIDTH - 3] + "..."


def _share(found: record.Estimate) -> str:
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    if isinstance(found, record.Interval):
        return f"{100 * found.value:.1f}% [{100 * found.low:.1f}, {100 * found.high:.1f}]"
    return "not measured"


def _table(names: tuple[str, ...]) -> rich.table.Table:
    import rich.box  # noqa: PLC0415 - loaded when the command runs
    import rich.table  # noqa: PLC0415 - same
    import rich.text  # noqa: PLC0415 - same

    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(rich.text.Text(name))
    return table
