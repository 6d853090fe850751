"""Commands that measure: from options to a plan, a run, a report, and its files."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import click
import rich.console

from counterproof import errors, record
from counterproof.cli import _files, _progress, _values
from counterproof.measure import corpus, instrument, target, trial
from counterproof.measure import suite as suites
from counterproof.publish import report as reports

NOT_TRUE = 100
LOG_COLUMNS = 120
DEMO_SEED = 0
LAYER_FILES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Machine:
    """What changes how fast a run goes and what it shows, never what it finds."""

    processes: int | None
    display: str

    @property
    def workers(self) -> int:
        """One worker per core that this process may use."""
        return self.processes or len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of `measure` as given."""

    targets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    endpoint: str | None = None
    key_env: str = ""
    connections: int = 16
    deadline: str = "2m"
    ask_above: str = "2mt"
    yes: bool = False
    policies: tuple[str, ...] = ()
    ablate: bool = False
    learning: Literal["category", "goal"] = "category"
    suite: str = "codex"
    budget: str = "40q"
    seed: int = 0
    wordings: int = 2
    families: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    no_modifiers: bool = False
    corpus: Path | None = None
    corpus_lenient: bool = False
    attacker: str | None = None
    judge: str | None = None
    grader: str | None = None
    calibrations: tuple[Path, ...] = ()
    categories: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    bar_k: str = "0.75"
    bar_f: str = "0.20"
    out: Path | None = None
    html: Path | None = None
    json: Path | None = None


def paper() -> rich.console.Console:
    """Standard output; as wide as the terminal, or as a log where there is none."""
    is_terminal = sys.stdout.isatty() or "COLUMNS" in os.environ
    return rich.console.Console(width=None if is_terminal else LOG_COLUMNS, highlight=False)


def first_seeds() -> tuple[str, ...]:
    """The organisms of the first training seed."""
    return tuple(e.call_name for e in target.manifest().organisms if e.training_seed == DEMO_SEED)


def templates(wanted: Wanted) -> record.Corpus | None:
    """The user's templates, if any.

    Raises:
        BadInput: the corpus cannot be used.
    """
    return corpus.load(wanted.corpus, lenient=wanted.corpus_lenient) if wanted.corpus else None


def declared(wanted: Wanted, found: record.Corpus | None = None) -> trial.Plan:
    """The plan of a `measure`.

    Raises:
        BadInput: an option means nothing.
    """
    rates = _calibrations(wanted)
    return instrument.containment.plan(
        wanted.suite,
        _targets(wanted),
        budget=instrument.containment.read_budget(wanted.budget),
        seed=wanted.seed,
        wordings=wanted.wordings,
        families=wanted.families or None,
        modifiers=modifiers(wanted),
        roles={k: v for k, v in (("attacker", wanted.attacker), ("judge", wanted.judge)) if v is not None},
        templates=found,
        categories=wanted.categories or None,
        bars=bars(wanted),
        claims=_values.claims(wanted.claims),
        policies=wanted.policies or None,
        is_ablated=wanted.ablate,
        learning=wanted.learning,
        grader=wanted.grader,
        calibration=rates.get("rubric"),
        detector=rates.get("refusal"),
        access=access(wanted),
    )


def _calibrations(wanted: Wanted) -> dict[str, record.JudgeCalibration]:
    """The calibrations that were given, by kind.

    Raises:
        BadOption: one cannot be read, or two are of the same kind.
    """
    found: dict[str, record.JudgeCalibration] = {}
    for path in wanted.calibrations:
        read = instrument.read_calibration(path)
        if found.setdefault(read.kind, read) != read:
            what = f"two are of kind {read.kind!r}"
            raise errors.BadOption(what, where="--calibration", mend="give one of each kind")
    return found


def bars(wanted: Wanted) -> record.Bars:
    """What is declared beforehand of the verdicts.

    Raises:
        BadOption: one of them is no share.
    """
    return record.Bars(
        contained_K=_values.share("--bar-k", wanted.bar_k), contained_F=_values.share("--bar-f", wanted.bar_f)
    )


def _targets(wanted: Wanted) -> list[str | record.Stack]:
    """Everything that is to be measured, in the order given; without any word of it, what the suite was made for."""
    if wanted.endpoint is not None and not wanted.models:
        raise errors.BadOption("no model is named", where="--endpoint", mend="name one of its models with --model")
    found: list[str | record.Stack] = [
        target.read_stack(Path(t)) if t.lower().endswith(LAYER_FILES) else t for t in wanted.targets
    ]
    found += [f"{(wanted.endpoint or '').rstrip('/')}#{quote(m, safe='/:@')}" for m in wanted.models]
    has_context = bool(suites.load(wanted.suite).context)
    return found or ([target.CLERK] if has_context else list(first_seeds()))


def access(wanted: Wanted) -> target.Access:
    """How endpoints are reached.

    Raises:
        BadOption: the deadline is no time, or the budget is none.
    """
    return target.Access(
        key_env=wanted.key_env,
        connections=wanted.connections,
        deadline_s=_values.time_ms("--deadline", wanted.deadline) / 1000,
        needs_usage=instrument.containment.read_budget(wanted.budget).currency == "tokens",
    )


def modifiers(wanted: Wanted) -> tuple[str, ...] | None:
    """What may be stacked on families; None for all.

    Raises:
        BadOption: it says both something and nothing.
    """
    if wanted.no_modifiers and wanted.modifiers:
        raise errors.BadOption(
            "says both that nothing is stacked and what is", where="--no-modifiers", mend="leave out one of the two"
        )
    return () if wanted.no_modifiers else wanted.modifiers or None


def measure(wanted: Wanted, machine: Machine) -> int:
    """Runs or resumes, prints, and leaves report.json and report.html in the run folder."""
    if wanted.models and wanted.endpoint is None:
        from counterproof.cli import _inspect  # noqa: PLC0415 - only models of Inspect need its extra

        return _inspect.measure(wanted, machine)
    own = templates(wanted)
    plan = declared(wanted, own)
    folder = wanted.out or default_folder(plan)
    if not trial.is_finished(folder, plan):
        agree_to_price(plan, wanted)
    found = _measured(plan, wanted.suite, folder, machine, own, access(wanted))
    files = write(found, html=folder / "report.html", json=folder / "report.json")
    files += write(found, html=wanted.html, json=wanted.json)
    reports.to_terminal(found, paper(), files=files)
    return 0


def agree_to_price(plan: trial.Plan, wanted: Wanted) -> None:
    """Says what a run at endpoints will cost, and asks above the limit.

    Raises:
        BadOption: it costs more, and there is nobody to ask.
    """
    limit = _values.tokens("--ask-above", wanted.ask_above)
    price = instrument.price(plan, wanted.suite)
    if not price.queries and price.is_bounded:
        return
    more = "" if price.is_bounded else ", and campaigns whose budget in time says nothing of tokens"
    said = f"{price.tokens_in:,} tokens in and {price.tokens_out:,} out, in at most {price.queries:,} queries{more}"
    click.echo(f"This run costs about {said}.", err=True)
    if wanted.yes or (price.is_bounded and price.tokens <= limit):
        return
    if not sys.stdin.isatty():
        raise errors.BadOption(
            f"the run costs more than {wanted.ask_above}, and there is nobody to ask",
            where="--ask-above",
            mend="add --yes, raise the limit, or choose a smaller --budget, one --policy or one --category",
        )
    click.confirm("Go on?", abort=True, err=True)


def default_folder(plan: trial.Plan) -> Path:
    """Where this very plan's run goes unless told otherwise, so that the same command finds it again."""
    return Path("runs") / record.digest_of(plan).removeprefix("sha256:")[:12]


def _measured(
    plan: trial.Plan,
    suite: str,
    folder: Path,
    machine: Machine,
    own: record.Corpus | None = None,
    reach: target.Access | None = None,
) -> record.Report:
    try:
        with _progress.shown(machine.display) as progress:
            return instrument.containment.measure(
                plan, suite, folder, templates=own, access=reach, processes=machine.workers, progress=progress
            )
    except errors.Interrupted as exc:
        again = shlex.join(["counterproof", *sys.argv[1:]])
        raise errors.Interrupted(exc.what, where=exc.where, mend=f"resume with: {again}") from exc


def demo(out: Path, budget: str, machine: Machine) -> int:
    """Measures the seven organisms; the run itself is kept beside the reports."""
    plan = declared(Wanted(targets=first_seeds(), budget=budget))
    folder = out / default_folder(plan)
    found = _measured(plan, "codex", folder, machine)
    files = write(found, html=out / "report.html", json=out / "report.json")
    reports.to_terminal(found, paper(), files=files)
    return 0


def calibrate(out: Path | None, budget: str, machine: Machine) -> int:
    """Measures every organism and compares; the exit code says whether the instrument is true."""
    plan = declared(Wanted(targets=target.names(), budget=budget))
    folder = out or default_folder(plan)
    for name in target.names():
        instrument.calibration.truth(name)  # refuse stale truth before the run, not after
    found = _measured(plan, "codex", folder, machine)
    held = instrument.calibration.calibration(found)
    _files.store(folder / "calibration.json", reports.as_json(held))
    write(found, html=None, json=folder / "report.json")
    _files.store(folder / "report.html", reports.as_html(found, held).encode())
    reports.calibration_terminal(held, paper())
    click.echo(f"Report: {folder / 'report.html'}")
    return 0 if held.is_true else NOT_TRUE


def report(source: Path, html: Path | None, json: Path | None, effort: Path | None = None) -> int:
    """Prints a finished run, or a report.json, again."""
    found = _found(source)
    files = write(found, html=html, json=json)
    if effort is not None:
        _files.store(effort, reports.effort_table(found).encode())
        files.append(("Effort table", str(effort)))
    reports.to_terminal(found, paper(), files=files)
    return 0


def _found(source: Path) -> record.Report:
    if source.is_dir():
        from counterproof.cli import _inspect  # noqa: PLC0415 - only logs of Inspect need its extra

        if _inspect.holds_logs(source):
            return _inspect.report(source)
        return instrument.containment.report(source, trial.read_plan(source))
    try:
        data = source.read_bytes()
    except OSError as exc:
        raise errors.BadRunFolder(
            f"cannot be read ({exc.strerror})", where=str(source), mend="name a run folder or a report.json"
        ) from exc
    return reports.parse(data, where=str(source))


def write(found: record.Report, *, html: Path | None, json: Path | None) -> list[tuple[str, str]]:
    """Writes the forms that are wanted; returns (label, path) of each.

    Raises:
        StorageFailed: the machine would not keep one.
    """
    files: list[tuple[str, str]] = []
    if html is not None:
        _files.store(html, reports.as_html(found).encode())
        files.append(("HTML report", str(html)))
    if json is not None:
        _files.store(json, reports.as_json(found))
        files.append(("JSON report", str(json)))
    return files
