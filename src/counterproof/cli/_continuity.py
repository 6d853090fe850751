"""`counterproof continuity`: whether what answers now is what was measured."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from counterproof import record
    from counterproof.measure import target
    from counterproof.measure.instrument import continuity as recipe

NOT_SAME = 5
SAMPLES = ".samples"
LINE_EVERY_S = 5.0


@click.command(short_help="Test whether two systems are one, by what they say.")
@click.argument("before")
@click.argument("after", required=False)
@click.option("--suite", default=None, help="A shipped suite, or the path of a suite file.  [default: codex]")
@click.option("--questions", type=click.IntRange(1, 10_000), default=None, help="At most.  [default: 100]")
@click.option("--samples", type=click.IntRange(1, 1000), default=None, help="Replies a question.  [default: 10]")
@click.option("--temperature", type=click.FloatRange(0, 2), default=None, help="Of every reply.  [default: 1]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of questions, order and draws.")
@click.option(
    "--compares", type=click.Choice(["served", "generations"]), default="served", show_default=True,
    help="What the two are: the system that was evaluated and the one that is served, or two generations.",
)
@click.option("--level", default="0.05", show_default=True, help="How often one and the same system may be rejected.")
@click.option("--break-at", default="0.1", show_default=True, help="The distance from which a difference is a break.")
@click.option("--noise", default="0", show_default=True, help="With one reply at temperature 0: may differ by itself.")
@click.option("--key-env", default="", metavar="NAME", help="The key's environment variable, or HOST=NAME,...")
@click.option("--connections", type=click.IntRange(1, 4096), default=16, show_default=True, help="At a time.")
@click.option("--deadline", default="2m", show_default=True, help="For one reply of an endpoint, retries included.")
@click.option("--keep", type=click.Path(path_type=Path), default=None, help="Keep BEFORE's replies: a .samples file.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the result as JSON here.")
@click.option("--strict", is_flag=True, help="Exit code 5 unless the verdict is `same`.")
def continuity(before: str, after: str | None, **options: Any) -> int:  # noqa: ANN401 - click passes options by name
    """Ask BEFORE and AFTER the same questions and test whether one system gave both sets of replies.

    Each is an organism, `clerk`, an endpoint as URL#MODEL, a file of layers (.yaml), or replies kept by --keep earlier
    (.samples). BEFORE alone is asked and kept.
    """
    from counterproof.cli import _files, _values, _work  # noqa: PLC0415 - loads NumPy
    from counterproof.measure.instrument import continuity as recipe  # noqa: PLC0415 - loads NumPy
    from counterproof.publish import report  # noqa: PLC0415 - loads rich

    keep: Path | None = options["keep"]
    bars = _bars(options)
    _refuse_senseless(before, after, keep)
    access = _access(options)
    one, other = _samples(before, after, options, bars, access)
    files: list[tuple[str, str]] = []
    if keep is not None:
        _files.store(keep, recipe.as_bytes(one))
        files.append(("Replies", str(keep)))
    if other is None:
        click.echo(f"Replies  {_values.printable(str(keep))}")
        return 0
    found = recipe.compare(one, other, bars)
    if options["out"] is not None:
        _files.store(options["out"], report.as_json(found))
        files.append(("Result", str(options["out"])))
    report.continuity_terminal(found, _work.paper(), files=files)
    return NOT_SAME if options["strict"] and found.verdict != "same" else 0


def _bars(options: dict[str, Any]) -> recipe.Bars:
    from counterproof import errors  # noqa: PLC0415 - loads when the command runs
    from counterproof.cli import _values  # noqa: PLC0415 - loads when the command runs
    from counterproof.measure.instrument import continuity as recipe  # noqa: PLC0415 - loads NumPy

    level = _values.share("--level", options["level"])
    if not 0 < level < 1:
        raise errors.BadOption("a level of 0 or 1 decides nothing", where="--level", mend="give one such as 0.05")
    return recipe.Bars(
        compares="generations" if options["compares"] == "generations" else "evaluated and served", level=level,
        break_at=_values.share("--break-at", options["break_at"]), noise=_values.share("--noise", options["noise"]),
        seed=options["seed"],
    )  # fmt: skip


def _access(options: dict[str, Any]) -> target.Access:
    from counterproof.cli import _values  # noqa: PLC0415 - loads when the command runs
    from counterproof.measure import target  # noqa: PLC0415 - loads when the command runs

    deadline_s = _values.time_ms("--deadline", options["deadline"]) / 1000
    return target.Access(key_env=options["key_env"], connections=options["connections"], deadline_s=deadline_s)


def _refuse_senseless(before: str, after: str | None, keep: Path | None) -> None:
    from counterproof import errors  # noqa: PLC0415 - loads when the command runs

    if after is None and keep is None:
        mend = "name it, or --keep BEFORE's replies"
        raise errors.BadOption("there is nothing to compare with", where="AFTER", mend=mend)
    if keep is not None and before.endswith(SAMPLES):
        raise errors.BadOption("these replies are kept already", where="--keep", mend="leave it out")
    if keep is not None and keep.suffix != SAMPLES:
        raise errors.BadOption("kept replies are known by their name", where="--keep", mend=f"let it end in {SAMPLES}")


def _samples(
    before: str, after: str | None, options: dict[str, Any], bars: recipe.Bars, access: target.Access
) -> tuple[record.Samples, record.Samples | None]:
    """Both sides' replies: what was kept is read, and what was not is asked the same as what was."""
    from counterproof.measure import suite as suites  # noqa: PLC0415 - loads when the command runs
    from counterproof.measure.instrument import continuity as recipe  # noqa: PLC0415 - loads NumPy

    kept = {side: _kept(name) for side, name in (("before", before), ("after", after)) if name and _is_kept(name)}
    earlier = next(iter(kept.values()), None)
    if earlier is not None:
        _refuse_other(earlier, options)
    plan = _plan(options, earlier)
    sizes = [len(kept[s].questions[0].replies) if s in kept else plan.samples for s in ("before", "after")]
    is_exact = sizes == [1, 1] and plan.temperature == 0
    if after is not None:
        recipe.refuse_too_few(sizes[0], sizes[1], plan.questions, bars, is_exact=is_exact)
    names = {side: name for side, name in (("before", before), ("after", after)) if name and side not in kept}
    models = {side: _opened(name, access) for side, name in names.items()}
    found = dict(kept)
    for side, model in models.items():
        told = _told(model.name.name)
        first = earlier or found.get("before")
        found[side] = (
            recipe.draw(suites.load(options["suite"] or "codex"), model, plan, side=side, told=told)
            if first is None
            else recipe.draw_again(first, model, plan, side=side, told=told)
        )
    return found["before"], found.get("after")


def _plan(options: dict[str, Any], earlier: record.Samples | None) -> recipe.Plan:
    from counterproof.measure.instrument import continuity as recipe  # noqa: PLC0415 - loads NumPy

    usual = recipe.Plan()
    if earlier is not None:
        samples = options["samples"] or len(earlier.questions[0].replies)
        return recipe.Plan(
            questions=len(earlier.questions), samples=samples, temperature=earlier.temperature, seed=options["seed"]
        )
    heat = options["temperature"]
    return recipe.Plan(
        questions=options["questions"] or usual.questions, samples=options["samples"] or usual.samples,
        temperature=usual.temperature if heat is None else heat, seed=options["seed"],
    )  # fmt: skip


def _refuse_other(earlier: record.Samples, options: dict[str, Any]) -> None:
    """What was kept says what is asked; an option that says otherwise would be ignored."""
    from counterproof import errors  # noqa: PLC0415 - loads when the command runs
    from counterproof import record as records  # noqa: PLC0415 - loads when the command runs
    from counterproof.measure import suite as suites  # noqa: PLC0415 - loads when the command runs

    for name in ("questions", "temperature"):
        if options[name] is not None:
            raise errors.BadOption(
                "the kept replies say what is asked, and how", where=f"--{name}", mend="leave it out"
            )
    if options["suite"] is not None and records.digest_of(suites.load(options["suite"])) != earlier.suite_digest:
        raise errors.BadOption(
            f"the kept replies are to questions of another suite ({earlier.suite} {earlier.suite_digest})",
            where="--suite", mend="leave it out, or name the suite of the kept replies",
        )  # fmt: skip


def _is_kept(name: str) -> bool:
    return name.endswith(SAMPLES)


def _kept(name: str) -> record.Samples:
    from counterproof.cli import _files  # noqa: PLC0415 - loads when the command runs
    from counterproof.measure.instrument import continuity as recipe  # noqa: PLC0415 - loads NumPy

    return recipe.read(_files.fetch(Path(name)), where=name)


def _opened(name: str, access: target.Access) -> target.Model:
    from counterproof.cli import _work  # noqa: PLC0415 - loads NumPy
    from counterproof.measure import target  # noqa: PLC0415 - loads when the command runs

    if name.lower().endswith(_work.LAYER_FILES):
        return target.open_stack(target.read_stack(Path(name)), access)
    return target.open_model(name, access)


def _told(name: str) -> recipe.Told:
    """A line on standard error every few seconds."""
    said_s = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= LINE_EVERY_S:
            said_s = time.monotonic()
            click.echo(f"{name}: {done:,} of {of:,} replies", err=True)

    return tell
