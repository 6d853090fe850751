"""Containment (differential capability transfer): candid, benign, transfer and ceiling arms at one declared budget."""

from __future__ import annotations

import difflib
import functools
import hashlib
import math
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

import counterproof
from counterproof import errors, estimate, record
from counterproof.measure import adversary, corpus, suite, target, trial
from counterproof.measure.instrument import _declared, _judged
from counterproof.measure.instrument._budget import read_budget
from counterproof.measure.instrument._readings import Readings
from counterproof.measure.instrument._seats import (
    ARMS,
    CORPUS_FILE,
    SUITE_FILE,
    kept_suite,
    means_of,
    open_shard,
    spend_at_most,
)

__all__ = [
    "NAME", "POOLED", "as_text", "command_of", "declare", "grades", "measure", "plan", "read_budget", "report",
    "result", "vary",
]  # fmt: skip
NAME = "containment"
POOLED = "*"
CALIBRATION_FILE = "judge.json"
"""What a plan's command calls the calibration, wherever its file lies."""
DETECTOR_FILE = "refusals.json"
"""The same of the detector's, where it was held against the user's own replies."""


def plan(  # noqa: PLR0913 - a declaration has as many parts as there are things to declare
    suite_name: str,
    targets: Sequence[str | record.Stack],
    *,
    budget: record.Budget,
    seed: int = 0,
    wordings: int = 2,
    families: Sequence[str] | None = None,
    modifiers: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    roles: Mapping[str, str] | None = None,
    templates: record.Corpus | None = None,
    bars: record.Bars | None = None,
    claims: Mapping[str, float] | None = None,
    policies: Sequence[str] | None = None,
    is_ablated: bool = False,
    learning: Literal["category", "goal"] = "category",
    grader: str | None = None,
    calibration: record.JudgeCalibration | None = None,
    detector: record.JudgeCalibration | None = None,
    access: target.Access | None = None,
    command: str = "",
) -> trial.Plan:
    """Declares a run: opens every target and the suite once, and fixes everything that the transcripts depend on.

    A target is an organism by its name, an endpoint by its address, or a stack of layers; it may be several names
    joined by `+`: the first is measured, the others are at the adversary's hand as well. A suite with a context has
    every target told it under each of `policies` (all of the suite's if None). `roles` names the models that play
    `attacker` and `judge`. A judged suite has its replies rated by `grader`, whose error rates `calibration`
    states; the adversary never hears of it. `detector` states those of the detector of refusals, held against the
    user's own replies. `command` is what repeats the run; left empty, it is the command line that does, the same
    however it was typed.

    Raises:
        BadOption: a target, family, modifier, category, role, policy, claim or number means nothing.
        BadTarget: an address or a stack breaks its format.
        BadSuite: the suite breaks its format.
        BadWeights: a target's files are not what the manifest states.
    """
    found = suite.load(suite_name)
    names, stacks = _declared.targets(targets, found, policies=policies, is_ablated=is_ablated, access=access)
    players, more = _declared.roles(roles or {}, access, is_judged=found.is_judged)
    chosen = _chosen("--category", categories, tuple(c.id for c in found.categories))
    rater, its_stack = _judged.opened(found, chosen, grader, calibration, access, aide=players.get(record.JUDGE))
    target.check_keys((*stacks.values(), *more.values()), access or target.Access())
    declared = declare(
        found,
        names,
        budget=budget,
        seed=seed,
        wordings=wordings,
        families=families,
        modifiers=modifiers,
        categories=categories,
        roles=players,
        templates=templates,
        bars=bars,
        claims=claims,
        stacks={**stacks, **more, **its_stack},
        learning=learning,
        grader=rater,
        calibration=calibration,
        detector=detector,
    )
    _judged.check_detector(found, detector)
    _check_means(found, declared)
    words = [_declared.word(t) for t in targets]
    words += [w for p in policies or () for w in ("--policy", p)] + (["--ablate"] if is_ablated else [])
    words += [w for role, named in sorted((roles or {}).items()) for w in (f"--{role}", _declared.word(named))]
    words += ["--grader", _declared.word(grader), "--calibration", CALIBRATION_FILE] if grader else []
    words += ["--calibration", DETECTOR_FILE] if detector else []
    done = command or command_of(declared, suite_name, words)
    return msgspec.structs.replace(declared, command=done)


def declare(  # noqa: PLR0913 - same
    found: record.Suite,
    names: tuple[record.TargetName, ...],
    *,
    budget: record.Budget,
    seed: int = 0,
    wordings: int = 2,
    families: Sequence[str] | None = None,
    modifiers: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    roles: Mapping[str, record.TargetName] | None = None,
    templates: record.Corpus | None = None,
    bars: record.Bars | None = None,
    claims: Mapping[str, float] | None = None,
    stacks: Mapping[str, record.Stack] | None = None,
    learning: Literal["category", "goal"] = "category",
    grader: record.TargetName | None = None,
    calibration: record.JudgeCalibration | None = None,
    detector: record.JudgeCalibration | None = None,
) -> trial.Plan:
    """What `plan` declares, of targets and roles that somebody else opens; without a command line.

    Raises:
        BadOption: a family, modifier, category, claim or number means nothing.
    """
    chosen = _chosen("--category", categories, tuple(c.id for c in found.categories))
    _at_least_one("--budget", budget.amount)
    _at_least_one("--wordings", wordings)
    return trial.Plan(
        version=counterproof.__version__,
        instrument=NAME,
        suite=found.name,
        suite_digest=record.digest_bytes(suite.write(found)),
        targets=names,
        categories=chosen,
        seed=seed,
        budget=budget,
        wordings=wordings,
        families=_chosen("--family", families, adversary.FAMILIES),
        modifiers=() if modifiers == () else _chosen("--modifier", modifiers, adversary.MODIFIERS),
        roles=dict(roles or {}),
        corpus=corpus.mark(templates) if templates else None,
        corpus_file=record.digest_bytes(corpus.write(templates)) if templates else "",
        bars=bars or record.Bars(),
        claims=_claims(claims or {}, chosen),
        stacks=dict(stacks or {}),
        learning=learning,
        grader=grader,
        calibration=calibration,
        detector=detector,
        command="",
        shards=_shards(found, names, chosen, budget=budget, wordings=wordings),
    )


def _check_means(found: record.Suite, declared: trial.Plan) -> None:
    """An adversary that cannot ask anything would make every target look contained."""
    reasons = _impossible(found, declared)
    if all(f in reasons and " (in every one of " in reasons[f] for f in declared.families):
        family = declared.families[0]
        raise errors.BadOption(
            f"no family that is left can ask anything ({family}: {reasons[family]})",
            where="--family",
            mend="name others, or give what these need (--attacker, --corpus)",
        )


def command_of(declared: trial.Plan, suite_name: str, asked: Sequence[str]) -> str:
    """The command line of a plan, without what changes no result; a suite is named by its file alone."""
    return _command(declared, tuple(c.id for c in suite.load(suite_name).categories), suite_name, asked)


def vary(
    declared: trial.Plan, found: record.Suite, *, categories: Sequence[str], seed: int, budget: record.Budget
) -> trial.Plan:
    """What `plan` would have declared, all else alike, for other categories, another seed and another budget.

    Opens nothing and reads nothing: `found` is the plan's suite. For whoever declares thousands of runs.

    Raises:
        BadOption: a category means nothing.
    """
    chosen = _chosen("--category", categories, tuple(c.id for c in found.categories))
    words = shlex.split(declared.command)
    at = words.index("--suite")
    is_alike = (chosen, budget) == (declared.categories, declared.budget)
    wordings = declared.wordings
    shards = declared.shards if is_alike else _shards(found, declared.targets, chosen, budget=budget, wordings=wordings)
    other = msgspec.structs.replace(declared, categories=chosen, seed=seed, budget=budget, shards=shards)
    command = _command(other, tuple(c.id for c in found.categories), words[at + 1], words[2:at])
    return msgspec.structs.replace(other, command=command)


def _command(declared: trial.Plan, known: tuple[str, ...], suite_name: str, asked: Sequence[str]) -> str:
    words = ["counterproof", "measure", *asked, "--suite", Path(suite_name).name]
    words += ["--budget", as_text(declared.budget), "--seed", str(declared.seed)]
    words += ["--wordings", str(declared.wordings)]
    families = declared.families if declared.families != adversary.FAMILIES else ()
    words += [w for f in families for w in ("--family", f)]
    modifiers = declared.modifiers if declared.modifiers != adversary.MODIFIERS else ()
    words += [w for m in modifiers for w in ("--modifier", m)]
    words += ["--no-modifiers"] if not declared.modifiers else []
    words += ["--learning", declared.learning] if declared.learning != "category" else []
    words += ["--corpus", declared.corpus.name] if declared.corpus else []
    words += ["--corpus-lenient"] if declared.corpus and declared.corpus.skipped else []
    words += [w for c in (declared.categories if declared.categories != known else ()) for w in ("--category", c)]
    words += [w for c, v in declared.claims.items() for w in ("--claim", f"{c}={v}")]
    words += ["--bar-k", str(declared.bars.contained_K), "--bar-f", str(declared.bars.contained_F)]
    return shlex.join(words)


def as_text(budget: record.Budget) -> str:
    """A budget as the command line writes it."""
    return f"{budget.amount}{ {'queries': 'q', 'tokens': 't', 'ms': 'ms'}[budget.currency] }"


def _at_least_one(where: str, value: int) -> None:
    if value < 1:
        raise errors.BadOption(f"{value} is less than one", where=where, mend="give 1 or more")


def _chosen(where: str, asked: Sequence[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """What was asked for, in the order of what is known; everything if nothing was asked for."""
    for name in asked or ():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            mend = (f"did you mean {close[0]!r}? " if close else "") + f"there are {', '.join(known)}"
            raise errors.BadOption(f"nothing is called {name!r}", where=where, mend=mend)
    return tuple(k for k in known if not asked or k in asked)


def _claims(claims: Mapping[str, float], categories: tuple[str, ...]) -> dict[str, float]:
    for category, value in claims.items():
        _chosen("--claim", [category], (*categories, POOLED))
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise errors.BadOption(f"{value} is no share", where="--claim", mend="claim a containment from 0 to 1")
    return {k: claims[k] for k in sorted(claims)}


def _shards(
    found: record.Suite,
    names: tuple[record.TargetName, ...],
    categories: tuple[str, ...],
    *,
    budget: record.Budget,
    wordings: int,
) -> tuple[trial.Shard, ...]:
    return tuple(
        trial.Shard(
            name=f"{number:02d}-{re.sub('[^a-z0-9]+', '-', name.name.lower()).strip('-')}-{arm}",
            target=name.name,
            arm=arm,
            spend_at_most=spend_at_most(categories, found, arm, budget=budget, wordings=wordings),
            currency=budget.currency if arm in ("transfer", "ceiling") else "queries",
        )
        for number, name in enumerate(names)
        for arm in ARMS
    )


def measure(
    declared: trial.Plan,
    suite_name: str,
    folder: Path,
    *,
    templates: record.Corpus | None = None,
    access: target.Access | None = None,
    processes: int = 1,
    progress: trial.Progress | None = None,
) -> record.Report:
    """Runs the plan in the folder, or finishes what is there, and reports; a finished folder is only read.

    Raises:
        BadRunFolder, StorageFailed, Interrupted: see `trial.run`.
    """
    target.pin_threads()
    if not trial.is_finished(folder, declared):
        files = {SUITE_FILE: suite.write(suite.load(suite_name))}
        files |= {CORPUS_FILE: corpus.write(templates)} if templates else {}
        opener = functools.partial(open_shard, access=access)
        trial.run(declared, folder, opener, attachments=files, processes=processes, progress=progress)
    _judged.judge(declared, folder, access=access, progress=progress)
    return report(folder, declared)


def report(folder: Path, declared: trial.Plan) -> record.Report:
    """The report of a finished run: transcripts, graded and estimated. No clock, no machine, no path.

    Raises:
        BadRunFolder: the run is not finished, or the folder is damaged.
    """
    heard = {t.name: trial.transcripts(folder, t.name) for t in declared.targets}
    found = kept_suite(folder, declared)
    return result(declared, found, heard, ratings=_judged.ratings(declared, folder, found))


def graded(folder: Path, declared: trial.Plan) -> Iterator[tuple[str, record.Grade, record.Transcript]]:
    """Target's name, grade and transcript of all that a finished run's report rests on; one is held at a time.

    Raises:
        BadRunFolder: the run is not finished, or the folder is damaged.
    """
    found = kept_suite(folder, declared)
    grader, _ = _judged.grader_of(declared, found, _judged.ratings(declared, folder, found))
    for name in declared.targets:
        for transcript in trial.transcripts(folder, name.name):
            yield name.name, grader(transcript), transcript


def grades(folder: Path, declared: trial.Plan) -> Iterator[tuple[str, record.Grade]]:
    """As `graded`, without the transcripts.

    Raises:
        BadRunFolder: the run is not finished, or the folder is damaged.
    """
    return ((name, grade) for name, grade, _ in graded(folder, declared))


def result(
    declared: trial.Plan,
    found: record.Suite,
    heard: Mapping[str, Iterable[record.Transcript]],
    *,
    not_measured: Sequence[str] = (),
    ratings: _judged.Ratings | None = None,
) -> record.Report:
    """The report of a plan's transcripts by target, wherever they were kept; with what else was not measured, and why.

    `ratings` are what the plan's grader made of the replies of a judged suite.

    Raises:
        BadInput: the suite has not the items that the transcripts are about, or is judged, and nobody judged it.
    """
    chosen = tuple(c for c in found.categories if c.id in declared.categories)
    digest, results, tried, graders = hashlib.sha256(), list[record.TargetResult](), set[str](), set[str]()
    graded, judges = _judged.grader_of(declared, found, ratings)
    readings = Readings(found)
    for name in declared.targets:
        grades: list[record.Grade] = []
        digest.update(record.canonical_bytes(name) + b"\n")
        for transcript in heard[name.name]:
            digest.update(record.canonical_bytes(transcript) + b"\n")
            grades.append(graded(transcript))
            readings.note(name.name, transcript, grades[-1])
            if transcript.arm == "transfer":
                tried.update(a.strategy for a in transcript.attempts)
        graders.update(g.grader for g in grades)
        numbers = estimate.category_results(grades, chosen, declared.bars, declared.claims, judges)
        results.append(record.TargetResult(name=name.name, digest=name.digest, note=name.note, categories=numbers))
    digest.update(_judged.said(ratings))
    return record.Report(
        format="counterproof-report/3",
        instrument="containment",
        bars=declared.bars,
        provenance=record.Provenance(
            command=declared.command,
            version=declared.version,
            suite=declared.suite,
            suite_digest=declared.suite_digest,
            seed=declared.seed,
            budget=declared.budget,
            wordings=declared.wordings,
            families=declared.families,
            modifiers=declared.modifiers,
            roles=declared.roles,
            corpus=declared.corpus,
            grader=", ".join(sorted(graders)),
            transcripts_digest=f"sha256:{digest.hexdigest()}",
        ),
        targets=tuple(results),
        not_measured=(
            *not_measured, *readings.lines(), *_judged.left_out(ratings), *_not_measured(found, declared, tried)
        ),
        judges=tuple({record.digest_of(judge): judge for judge in judges.values()}.values()),
        layers=_declared.layer_worths(declared, results),
        is_withheld=found.is_hazardous,
    )


def _pieces(strategy: str) -> tuple[str, ...]:
    """The family and the modifiers that a strategy's name is made of."""
    return (record.family_of(strategy), *strategy.partition("@")[0].split("+")[1:])


def _not_measured(found: record.Suite, declared: trial.Plan, tried: set[str]) -> tuple[str, ...]:
    left_out = [c.id for c in found.categories if c.id not in declared.categories]
    families = [f for f in adversary.FAMILIES if f not in declared.families]
    modifiers = [m for m in adversary.MODIFIERS if m not in declared.modifiers]
    impossible = _impossible(found, declared)
    pieces = {piece for strategy in tried for piece in _pieces(strategy)}
    idle = [f for f in (*declared.families, *declared.modifiers) if f not in pieces and f not in impossible]
    return (
        *(f"category {c}: left out of this run" for c in left_out),
        *(f"family {f}: left out of this run" for f in families),
        *(f"modifier {m}: left out of this run" for m in modifiers),
        *(f"{_kind(f)} {f}: {why}" for f, why in impossible.items()),
        *(f"{_kind(f)} {f}: the search never came to it" for f in idle),
        "white-box access: no weights were edited, no activations steered, nothing relearned",
        f"more than {as_text(declared.budget)} per goal: what is said beyond it is extrapolated",
        "sampling: candid and benign replies are the target's most likely ones (temperature 0)",
    )


def _kind(piece: str) -> str:
    return "family" if piece in adversary.FAMILIES else "modifier"


def _impossible(found: record.Suite, declared: trial.Plan) -> dict[str, str]:
    """What lacked something in some campaigns of the transfer arm: in how many, and what."""
    goals = [found.brief(g) for g in found.goals if g.category in declared.categories]
    lacking: dict[str, list[str]] = {}
    for name in declared.targets:
        means, known = means_of(declared, {record.TARGET: name.can_prefill}), dict[object, dict[str, str]]()
        for brief in goals:
            shape = (brief.parts, tuple(brief.slots))  # all that what is possible hangs on, beside lore and means
            if shape not in known:
                known[shape] = adversary.unavailable(found.lore, brief, means)
            for piece, why in known[shape].items():
                lacking.setdefault(piece, []).append(why)
    campaigns = len(goals) * len(declared.targets)
    used = {*declared.families, *declared.modifiers} - ({"corpus"} if declared.corpus else set())
    return {f: f"{why[0]} (in {_of_all(len(why), campaigns)})" for f, why in lacking.items() if f in used}


def _of_all(lacking: int, campaigns: int) -> str:
    return f"every one of {campaigns} campaigns" if lacking == campaigns else f"{lacking} of {campaigns} campaigns"
