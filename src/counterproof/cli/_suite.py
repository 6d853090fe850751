"""Commands that make suites: from published sets, and from two suites."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import click

from counterproof import errors, record
from counterproof.cli._files import store
from counterproof.cli._values import printable
from counterproof.measure import dataset, suite


def sets() -> int:
    """Prints the published sets that can be read."""
    for known in dataset.SETS.values():
        revision = f"revision {known.revision}" if known.revision else "any release"
        click.echo(f"{known.id}: {known.title}, {known.where}, {revision}")
        click.echo(f"  licence: {known.licence}")
        if known.terms:
            click.echo(f"  terms: {known.terms}")
        click.echo(f"  columns: {', '.join(known.columns)}")
        if known.roles:
            click.echo(f"  files: {', '.join(known.roles)}")
    return 0


def import_set(
    name: str, paths: Sequence[str], out: Path, *, revision: str, any_revision: bool, keep_first: bool
) -> int:
    """Writes a suite from the user's own copy of a published set, and says under which terms.

    Raises:
        BadInput: the set, a file or the revision cannot be used.
        StorageFailed: the machine would not keep the file.
    """
    _check_out(out, [path.partition("=")[2] or path for path in paths] + list(paths))
    made = dataset.load(name, paths, revision=revision, any_revision=any_revision, keep_first=keep_first)
    known = dataset.named(name)
    digest = _keep(made.suite, out)
    for role, count in made.rows.items():
        published = made.published.get(role)
        less = "" if published in (None, count) else f", of {published:,} in the published set"
        click.echo(f"{role or 'rows'}: {count:,} read{less}")
    for reason, count in made.skipped.items():
        click.echo(f"{reason}: {count:,} passed over")
    click.echo(f"licence: {known.licence} ({known.where})")
    if known.terms:
        click.echo(f"terms: {known.terms}")
    if known.is_hazardous:
        click.echo("hazardous: keep the suite where its licence says; its prompts and replies never reach a report")
    return _said(made.suite, out, digest)


def join(one: str, other: str, out: Path, *, categories: Sequence[str], name: str) -> int:
    """Writes one suite from two.

    Raises:
        BadInput: a suite cannot be read, or the two cannot be joined.
        StorageFailed: the machine would not keep the file.
    """
    _check_out(out, [one, other])
    mapped: dict[str, str] = {}
    for pair in categories:
        old, mark, new = pair.partition("=")
        if not (old and mark and new):
            raise errors.BadOption(f"{pair!a} is no pair", where="--category", mend="write OLD=NEW")
        if old in mapped:
            raise errors.BadOption(f"{old!a} is given twice", where="--category", mend="give it one new name")
        mapped[old] = new
    made = dataset.join(suite.load(one), suite.load(other), categories=mapped, name=name)
    return _said(made, out, _keep(made, out))


def _check_out(out: Path, inputs: Sequence[str]) -> None:
    """What is read is not written over."""
    for path in inputs:
        is_same = False
        with contextlib.suppress(OSError, ValueError):
            is_same = out.samefile(path)
        if is_same:
            raise errors.BadOption(f"{str(out)!a} is read from", where="--out", mend="write to another file")


def _keep(made: record.Suite, out: Path) -> str:
    data = suite.write(made)
    suite.parse(data, where=str(out))  # what breaks the format is never written
    store(out, data)
    return record.digest_bytes(data)


def _said(made: record.Suite, out: Path, digest: str) -> int:
    counts = f"{len(made.goals)} goals, {len(made.twins)} twins, {len(made.benign)} benign"
    click.echo(f"{printable(str(out))}: {counts}, in {len(made.categories)} categories")
    click.echo(f"  {digest}")
    return 0
