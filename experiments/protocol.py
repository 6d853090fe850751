"""How an experiment is run: seed by seed, resumable, to a result that carries its own digest.

`python -m experiments.NAME run | judge | check | page`. A seed's readings are kept in `work/` as soon as they are
there, under a key of the question, the constants and the code, so that an interrupted run goes on where it stopped and
a part of another version is never mixed in. No clock enters a result: the same seeds give the same bytes on the same
machine.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from concurrent.futures import process
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from counterproof import errors, record

FORMAT = "counterproof experiment result, version 1"
Json = dict[str, object]


class BadResult(errors.BadInput):
    """A stored result is not what the program wrote, or not a result of this question."""


@dataclass(frozen=True)
class Experiment:
    """One question: where it lies, what was declared, and the three functions that answer it.

    `one_seed` is named, "module:function", because it needs torch: (seed, declared) to the seed's readings, as JSON
    values, null where nothing was measured. `judge`: (readings by seed, declared) to summary, predictions and verdict;
    pure. `page`: (result, folder) to the text of result.md; writes its pictures into the folder.
    """

    name: str
    folder: Path
    declared: Json
    one_seed: str
    judge: Callable[[Mapping[str, Json], Json], Json]
    page: Callable[[Json, Path], str]


def named(name: str) -> Experiment:
    """An experiment of this folder by its name.

    Raises:
        errors.BadOption: there is none of that name.
    """
    known = sorted(p.parent.name for p in Path(__file__).parent.glob("*/declared.py"))
    if name not in known:
        raise errors.BadOption(f"there is no experiment {name!r}", where="name", mend=f"one of {', '.join(known)}")
    return cast("Experiment", importlib.import_module(f"experiments.{name}.declared").EXPERIMENT)


# -- results ---------------------------------------------------------------------------------------------------------


def rounded(value: object) -> object:
    """The same with every float at six decimals.

    Raises:
        ValueError: a number is not finite; what was not measured is None.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a reading is not finite; what was not measured is None")
        return record.rounded(value)
    if isinstance(value, Mapping):
        return {str(k): rounded(v) for k, v in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in cast("Sequence[object]", value)]
    return value


def sealed(body: Json) -> Json:
    """A result with the digest of everything else in it."""
    rest = {k: v for k, v in body.items() if k != "digest"}
    return {**rest, "digest": record.digest_of(rest)}


def as_text(body: Json) -> str:
    """The bytes of a result: keys sorted, one space of indentation."""
    return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _refuse_constant(text: str) -> object:
    """JSON has no NaN and no infinities; Python reads them."""
    raise ValueError(text)


def unsealed(path: Path) -> Json:
    """Reads a result whose digest holds.

    The digest tells an accident or a careless edit; it is no signature, since whoever edits can compute it again.

    Raises:
        BadResult: there is no such file, it is no result, or its digest does not hold.
    """
    try:
        body: object = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
    except FileNotFoundError as exc:
        raise BadResult("there is no such result", where=str(path), mend="make one with: run") from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise BadResult("it cannot be read as JSON", where=str(path), mend="make it anew with: run") from exc
    if not isinstance(body, dict) or cast("Json", body).get("format") != FORMAT:
        raise BadResult(f"it does not say that it is a {FORMAT}", where=str(path), mend="make it anew with: run")
    found = cast("Json", body)
    if sealed(found)["digest"] != found.get("digest"):
        raise BadResult(
            "its digest is not the digest of its contents, so it was changed after it was written",
            where=str(path),
            mend="take the file from version control, or make it anew with: run",
        )
    seeds = found.get("seeds")
    if not isinstance(seeds, dict) or not all(str(s).isdecimal() for s in cast("Json", seeds)):
        raise BadResult("its seeds are not numbered", where=str(path), mend="make it anew with: run")
    # A file's keys stand in the order of text, 10 before 2; everywhere else seeds stand in their own.
    return {**found, "seeds": _ordered(cast("Mapping[str, Json]", seeds))}


def _ordered(seeds: Mapping[str, Json]) -> dict[str, Json]:
    return {name: seeds[name] for name in sorted(seeds, key=int)}


def declared_of(experiment: Experiment) -> Json:
    """What a result declares: the constants and the digest of the question."""
    question = hashlib.sha256((experiment.folder / "question.md").read_bytes()).hexdigest()
    return {**cast("Json", rounded(experiment.declared)), "question_sha256": question}


def result_of(experiment: Experiment, seeds: Mapping[str, Json], declared: Json) -> Json:
    """The sealed result of some seeds' readings, made under this declaration."""
    ordered = _ordered(seeds)
    judged = cast("Json", rounded(experiment.judge(ordered, declared)))
    return sealed({
        "format": FORMAT, "experiment": experiment.name, "declared": declared, "seeds": ordered, **judged,
    })  # fmt: skip


def of_this_declaration(experiment: Experiment, path: Path) -> Json:
    """A stored result whose digest holds, made under the question and the constants that stand in the folder now.

    Raises:
        BadResult: one of these does not hold.
    """
    found = unsealed(path)
    if found.get("experiment") != experiment.name:
        raise BadResult(
            f"it is a result of {found.get('experiment')!r}, not of {experiment.name!r}",
            where=str(path),
            mend="name the folder of the experiment that it belongs to",
        )
    declared, now = found.get("declared"), declared_of(experiment)
    if declared != now:
        then = cast("Json", declared) if isinstance(declared, dict) else {}
        other = sorted(k for k in {*then, *now} if then.get(k) != now.get(k))
        raise BadResult(
            f"it was made under another declaration ({', '.join(other)})",
            where=str(path),
            mend="run the experiment again, or take the version of the code that made it",
        )
    return found


def checked(experiment: Experiment, path: Path) -> Json:
    """A stored result, held against its digest, its question, its constants and its own rule.

    Raises:
        BadResult: one of these does not hold.
    """
    found = of_this_declaration(experiment, path)
    again = result_of(experiment, cast("Mapping[str, Json]", found["seeds"]), cast("Json", found["declared"]))
    if again != found:
        other = sorted(k for k in {*again, *found} if again.get(k) != found.get(k) and k != "digest")
        raise BadResult(
            f"what it says does not follow from its seeds ({', '.join(other)})",
            where=str(path),
            mend="draw the conclusions again with: judge",
        )
    return found


def declared_seeds(experiment: Experiment) -> list[int]:
    """The seeds that were declared; a verdict on others, or on a few of them, is not the declared one."""
    return seeds_in(cast("str", experiment.declared.get("seeds", "0-9")))


def has_declared_seeds(experiment: Experiment, result: Json) -> bool:
    """Whether a result is of the declared seeds, all of them and no other."""
    return [int(s) for s in cast("Json", result["seeds"])] == declared_seeds(experiment)


# -- runs ------------------------------------------------------------------------------------------------------------


def key_of(experiment: Experiment) -> str:
    """What a part must have been made under: the declaration, every program that bears on a reading, and torch."""
    whole = hashlib.sha256(record.canonical_bytes(declared_of(experiment)))
    for name in ("torch", "numpy"):
        whole.update(f"{name} {_version(name)}\0".encode())
    for path in programs(experiment):
        whole.update(f"{path.parent.name}/{path.name}".encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


_NO_READING = ("judge.py", "page.py", "real.py", "__main__.py")  # they come after the readings


def programs(experiment: Experiment) -> list[Path]:
    """The folder's own, the trainer, the organisms, and the whole package where a reading is made with its measures."""
    root = Path(__file__).parents[1]
    own = sorted(p for p in experiment.folder.glob("*.py") if p.name not in _NO_READING)
    measures = any(b"counterproof.measure" in p.read_bytes() for p in own)
    package = sorted((root / "src/counterproof").rglob("*.py")) if measures else []
    return [root / "experiments/trainer.py", *sorted((root / "organisms").glob("*.py")), *package, *own]


def _part(work: Path, seed: int, key: str) -> Json | None:
    """A finished seed's readings; None where there are none of this version."""
    try:
        body: object = json.loads((work / f"seed-{seed}.json").read_bytes(), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    part = cast("Json", body)
    is_ours = part.get("key") == key and part.get("seed") == seed and sealed(part)["digest"] == part.get("digest")
    return cast("Json", part["readings"]) if is_ours else None


def _keep(path: Path, text: str) -> None:
    """Writes whole or not at all."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise errors.StorageFailed(
            f"it could not be written ({exc.strerror})",
            where=str(path),
            mend="make room and run the same command again",
        ) from exc


def _worked(task: str, seed: int, declared: Json, path: Path, key: str) -> float:
    """One seed in a process of its own; returns its seconds, which stay out of the readings."""
    began = time.monotonic()
    module, function = task.split(":")
    one_seed = cast("Callable[[int, Json], Json]", getattr(importlib.import_module(module), function))
    readings = rounded(one_seed(seed, declared))
    _keep(path, as_text(sealed({"key": key, "seed": seed, "readings": readings})))
    return time.monotonic() - began


def need_torch() -> None:
    """Refuses where nothing can be trained.

    Raises:
        errors.MissingExtra: torch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise errors.MissingExtra(
            "this experiment trains models with torch, which this installation has not",
            where="experiments",
            mend="install it with: pip install 'counterproof[train]' (or: make experiment), or look at result.md",
        )


def run(experiment: Experiment, seeds: Sequence[int], workers: int, out: Path) -> Json:
    """Runs what is missing of the seeds, then writes result.json and result.md; returns the result.

    Raises:
        errors.MissingExtra: there is no torch.
        errors.Interrupted: stopped by hand; finished seeds are kept.
        errors.StorageFailed: the machine would not keep a file.
    """
    # What is declared is read once: a question that is rewritten while the seeds run is not the one they ran under.
    work, key, declared = out / "work", key_of(experiment), declared_of(experiment)
    missing = [s for s in seeds if _part(work, s, key) is None]
    if missing:
        need_torch()
        print(f"{experiment.name}: {len(seeds) - len(missing)} of {len(seeds)} seeds are there, {len(missing)} to run")
        _train(experiment, missing, workers, work, key, declared)
    found = {str(s): part for s in seeds if (part := _part(work, s, key)) is not None}
    result = result_of(experiment, found, declared)
    _keep(out / "result.json", as_text(result))
    _keep(out / "result.md", experiment.page(result, out))
    print(f"{experiment.name}: {result['verdict']}; {out / 'result.md'}")
    return result


def _leave_it_to_the_parent() -> None:
    """A Ctrl-C reaches every process of the terminal; the parent decides what becomes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _train(
    experiment: Experiment, seeds: Sequence[int], workers: int, work: Path, key: str, declared: Json
) -> None:  # fmt: skip
    began = time.monotonic()
    spent: dict[int, float] = {}
    # Spawned, not forked: torch's threads do not survive a fork. One thread each: on small matrices threads wait.
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    pool = futures.ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_leave_it_to_the_parent
    )
    try:
        todo = {pool.submit(_worked, experiment.one_seed, s, declared, work / f"seed-{s}.json", key): s for s in seeds}
        for done in futures.as_completed(todo):
            spent[todo[done]] = done.result()
            print(f"seed {todo[done]}: {spent[todo[done]]:.0f} s", flush=True)
    except (KeyboardInterrupt, process.BrokenProcessPool) as exc:
        how = "stopped by hand" if isinstance(exc, KeyboardInterrupt) else "a working process was killed"
        for worker in list(pool._processes.values()):  # noqa: SLF001 - a pool cannot be asked to drop what it runs  # pyright: ignore[reportPrivateUsage] - same
            worker.terminate()
        raise errors.Interrupted(
            f"{how} with {len(spent)} of {len(seeds)} seeds done",
            where=experiment.name,
            mend="the same command goes on with the seeds that are missing",
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    slowest = max(spent.values())
    print(f"{len(seeds)} seeds, {workers} workers: {time.monotonic() - began:.0f} s; the slowest seed {slowest:.0f} s")


# -- command line ----------------------------------------------------------------------------------------------------


def seeds_in(text: str) -> list[int]:
    """`0-9`, `3` or `0,2,5-7` as numbers, in order and once each.

    Raises:
        errors.BadOption: it is none of these.
    """
    found: set[int] = set()
    for piece in text.split(","):
        first, dash, last = piece.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() if dash else True)) or (dash and int(last) < int(first)):
            raise errors.BadOption(f"{text!r} names no seeds", where="--seeds", mend="write such as 0-9 or 0,3,5")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)


def main(experiment: Experiment, arguments: Sequence[str] | None = None) -> None:
    """Command line of one experiment; exits with the refusal's code."""
    parser = argparse.ArgumentParser(prog=f"python -m experiments.{experiment.name}")
    parser.add_argument("what", choices=("run", "judge", "check", "page"), help="train; judge anew; verify; draw anew")
    parser.add_argument("--seeds", help="such as 0-9 or 0,3; without it, the declared ones")
    parser.add_argument("--workers", type=int, default=2, help="processes, one core each")
    parser.add_argument("--out", type=Path, default=experiment.folder, help="where results are and go")
    asked = parser.parse_args(arguments)
    try:
        with contextlib.suppress(BrokenPipeError):
            _do(experiment, asked)
    except errors.CounterproofError as exc:
        print(f"error: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)


def _do(experiment: Experiment, asked: argparse.Namespace) -> None:
    out = cast("Path", asked.out)
    path = out / "result.json"
    if asked.what == "run":
        seeds = seeds_in(cast("str", asked.seeds)) if asked.seeds is not None else declared_seeds(experiment)
        _refuse_run(experiment, seeds, cast("int", asked.workers), out)
        run(experiment, seeds, cast("int", asked.workers), out)
        return
    if asked.what == "judge":
        found = of_this_declaration(experiment, path)
        found = result_of(experiment, cast("Mapping[str, Json]", found["seeds"]), cast("Json", found["declared"]))
        _keep(path, as_text(found))
    else:
        found = checked(experiment, path)
    if asked.what != "check":
        _keep(out / "result.md", experiment.page(found, out))
    few = "" if has_declared_seeds(experiment, found) else "; not of the declared seeds"
    print(f"{experiment.name}: {found['verdict']}{few}; digest {found['digest']}")


def _refuse_run(experiment: Experiment, seeds: Sequence[int], workers: int, out: Path) -> None:
    if workers < 1:
        raise errors.BadOption("at least one process must work", where="--workers", mend="write such as 2")
    if seeds != declared_seeds(experiment) and out.resolve() == experiment.folder.resolve():
        raise errors.BadOption(
            "these are not the declared seeds, and their result would stand in the place of the declared ones'",
            where="--seeds",
            mend="name another folder with --out",
        )
