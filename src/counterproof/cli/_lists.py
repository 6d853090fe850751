"""Commands that only list."""

from __future__ import annotations

import click
import rich.console
import rich.table
import rich.text

from counterproof import record
from counterproof.cli._values import printable
from counterproof.measure import suite, target


def organisms() -> int:
    """Prints the manifest as a table."""
    table = rich.table.Table(box=None, pad_edge=False)
    for heading in ("organism", "seed", "parameters", "tokens", "KiB", "loss", "sha256"):
        table.add_column(heading, justify="left" if heading in ("organism", "sha256") else "right", no_wrap=True)
    for entry in target.manifest().organisms:
        loss = f"{entry.quantisation.loss_after:.4f}"
        size = f"{entry.bytes / 1024:,.0f}"
        cells = (entry.call_name, str(entry.training_seed), f"{entry.parameters:,}", f"{entry.tokens:,}", size, loss)
        table.add_row(*(rich.text.Text(printable(c)) for c in (*cells, entry.sha256[:16])))
    rich.console.Console().print(table)
    return 0


def check_suite(file: str) -> int:
    """Prints what a suite holds, category by category."""
    found = suite.load(file)
    kinds = {
        "goals": [g.category for g in found.goals],
        "twins": [t.category for t in found.twins],
        "benign": [b.category for b in found.benign],
    }
    click.echo(f"{printable(found.name)}: {', '.join(f'{len(items)} {kind}' for kind, items in kinds.items())}")
    for category in found.categories:
        counts = (f"{items.count(category.id)} {kind}" for kind, items in kinds.items())
        click.echo(f"  {printable(category.id)}: {', '.join(counts)}")
    families = dict.fromkeys(p.family for p in found.phrasings)
    click.echo(f"  phrasings: {', '.join(printable(f) for f in families) or 'none of its own'}")
    click.echo(f"  {record.digest_bytes(suite.write(found))}")
    return 0
