"""One script for one question: from the command line to a result folder.

A script declares its arms, its cells, its contrasts with their bars, and `one_seed`; the rest is alike everywhere.
The seed is the unit: with one seed nothing has an interval, and the verdict is *undecided*.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import counterproof
from counterproof import errors, estimate, record
from experiments import drawing, protocol, verdict
from experiments.real import bank as banks
from experiments.real import folder as folders

NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
Json = dict[str, Any]
BASE = "base"
"""The arm that is no training: the model as it came, or as it is after planting."""


@dataclass(frozen=True)
class Contrast:
    """A prediction about one cell of one arm, or about its difference from another arm's; cells as (arm, cell)."""

    prediction: verdict.Prediction
    a: tuple[str, str]
    b: tuple[str, str] | None = None


@dataclass(frozen=True)
class Setting:
    """What `one_seed` works with: `course` is a stage of an arm, `plant` the one before. No path enters a result."""

    source: Path
    bank: banks.Bank
    arms: tuple[str, ...]
    device: str
    course: Any  # trainer.Course
    plant: Any  # same
    items: int
    work: Path
    keep: Path | None

    def place(self, name: str) -> Path:
        """Where a model of that name is saved."""
        return (self.keep or self.work) / name

    def spare(self, path: Path) -> None:
        """Drops a saved model that nobody asked to keep."""
        if self.keep is None and path != self.source:
            shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class Question:
    """Declares one script.

    `members`: what its banks hold. `steps`, `batch`, `rates` (LoRA, full): the defaults of an arm's training. `cells`:
    what is read of every arm, by name, with its meaning; those in `signed` lie between -1 and 1, the others between 0
    and 1 or what `bounds` says. `words`: cells that are words, printed seed by seed. `one_seed`: (seed, setting) to
    {arm: {cell: number or None}} for `BASE` and every arm. `is_sampled`: an arm trains by GRPO, in groups of replies.
    """

    name: str
    home: Path
    claim: str
    arms: Mapping[str, str]
    cells: Mapping[str, str]
    contrasts: Sequence[Contrast]
    members: Mapping[str, type]
    check: Callable[[banks.Bank], None]
    one_seed: Callable[[int, Setting], Json]
    steps: int = 100
    batch: int = 16
    rates: tuple[float, float] = (2e-4, 1e-5)
    beta: float = 0.1
    is_sampled: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    signed: frozenset[str] = field(default_factory=frozenset)
    bounds: Mapping[str, float] = field(default_factory=dict)


# -- what is asked ---------------------------------------------------------------------------------------------------


def _parser(question: Question) -> argparse.ArgumentParser:
    arms = "; ".join(f"{k}: {v}" for k, v in question.arms.items())
    parser = argparse.ArgumentParser(
        prog=f"python -m experiments.{question.name}.real", description=question.claim, epilog=f"Arms. {arms}."
    )
    say = parser.add_argument
    say("--model", required=True, help="a Hugging Face folder, or a model's name in the local cache")
    say("--out", type=Path, required=True, help="result folder; finished seeds in it are not run again")
    say("--bank", default="chat", help="chat (default), codex (for organisms), or a file of your own")
    say("--seeds", default="0,1,2", help="the seed is the unit; one alone decides nothing (default 0,1,2)")
    say("--arms", default=",".join(question.arms), help="which arms, with commas (default: all)")
    say("--items", type=int, default=0, help="use at most so many items of each kind (default: all)")
    say("--steps", type=int, default=question.steps, help=f"optimiser steps of an arm (default {question.steps})")
    say("--rate", type=float, help="learning rate (default {} with LoRA, {} with --full)".format(*question.rates))
    say("--batch", type=int, default=question.batch, help=f"samples a step (default {question.batch})")
    say("--group", type=int, default=8, help="replies to one prompt in GRPO (default 8)")
    say("--beta", type=float, default=question.beta, help=f"weight of staying near the start (default {question.beta})")
    say("--rank", type=int, default=16, help="LoRA's rank (default 16)")
    say("--full", action="store_true", help="train every weight, without LoRA")
    say("--plant-steps", type=int, help="steps of the supervised stage before the arms (default: the bank's)")
    say("--plant-rate", type=float, help="its learning rate (default: the bank's)")
    say("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto takes a GPU where there is one")
    say("--download", action="store_true", help="let the hub be asked for a model that is not here")
    say("--keep", action="store_true", help="keep every trained model as a folder under --out")
    return parser


def need() -> None:
    """Refuses where nothing can be trained.

    Raises:
        errors.MissingExtra: a library is not installed.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise errors.MissingExtra(
            f"training a real model needs {', '.join(missing)}, which this installation has not",
            where="experiments", mend="install them with: pip install 'counterproof[tune]'",
        )


def _numbers(asked: argparse.Namespace, question: Question) -> tuple[str, ...]:
    """Checks the numbers and gives the arms in the order in which they are declared."""
    for name, least in (("items", 2), ("steps", 1), ("batch", 1), ("group", 2), ("rank", 1), ("plant_steps", 0)):
        value = getattr(asked, name)
        is_all = name == "items" and value == 0
        if value is not None and value < least and not is_all:
            where = "--" + name.replace("_", "-")
            raise errors.BadOption(f"{value} is too few", where=where, mend=f"give {least} or more")
    for name in ("rate", "beta", "plant_rate"):
        value = getattr(asked, name)
        if value is not None and not 0 <= value < 1:
            where = "--" + name.replace("_", "-")
            raise errors.BadOption(f"{value} is no rate", where=where, mend="give a number from 0, below 1")
    if question.is_sampled and asked.batch % asked.group:
        raise errors.BadOption(
            f"{asked.batch} is no multiple of --group {asked.group}", where="--batch", mend="give such as 16 with 8"
        )
    named = [a.strip() for a in asked.arms.split(",") if a.strip()]
    for arm in named:
        if arm not in question.arms:
            raise errors.BadOption(
                f"no arm is called {arm!r}", where="--arms", mend=f"there are {', '.join(question.arms)}"
            )
    if not named:
        raise errors.BadOption("no arm is named", where="--arms", mend=f"there are {', '.join(question.arms)}")
    return tuple(a for a in question.arms if a in named)


# -- from seeds to a result ------------------------------------------------------------------------------------------


def _column(seeds: Mapping[str, Json], at: tuple[str, str]) -> verdict.Column:
    """A cell over the seeds; None where an arm was not run."""
    return [cast("float | None", seeds[s].get(at[0], {}).get(at[1])) for s in seeds]


def _measured(question: Question, seeds: Mapping[str, Json], at: tuple[str, str]) -> verdict.Measured:
    floor = -1.0 if at[1] in question.signed else 0.0
    return estimate.mean(_column(seeds, at), floor=floor, ceiling=question.bounds.get(at[1], 1.0))


def _contrasted(question: Question, seeds: Mapping[str, Json], contrast: Contrast) -> verdict.Measured:
    if contrast.b is None:
        return _measured(question, seeds, contrast.a)
    top = question.bounds.get(contrast.a[1], 1.0) + (1.0 if contrast.a[1] in question.signed else 0.0)
    differences = verdict.paired(_column(seeds, contrast.a), _column(seeds, contrast.b))
    return estimate.mean(differences, floor=-top, ceiling=top)


def judge(question: Question, seeds: Mapping[str, Json]) -> Json:
    """Summary, predictions and verdict of some seeds' cells; pure.

    A prediction about fewer than two seeds is *undecided*, and so is the whole.
    """
    arms = [BASE, *(a for a in question.arms if any(a in part for part in seeds.values()))]
    summary = {
        arm: {cell: verdict.kept(_measured(question, seeds, (arm, cell))) for cell in question.cells} for arm in arms
    }
    predictions = [verdict.answered(c.prediction, _contrasted(question, seeds, c)) for c in question.contrasts]
    return {"summary": summary, "predictions": predictions, "verdict": verdict.overall(predictions)}


def result(question: Question, declared: Json, seeds: Mapping[str, Json]) -> Json:
    """The sealed result, in the form of the experiments' results."""
    judged = cast("Json", protocol.rounded(judge(question, seeds)))
    return protocol.sealed({
        "format": protocol.FORMAT, "experiment": f"{question.name}/real", "declared": declared,
        "seeds": {s: seeds[s] for s in sorted(seeds, key=int)}, **judged,
    })  # fmt: skip


def page(question: Question, found: Json) -> str:
    """What a result says, for people."""
    declared, seeds = found["declared"], found["seeds"]
    many = f"{len(seeds)} seed{'s' if len(seeds) != 1 else ''}"
    lines = [
        f"# {question.name} on {declared['model']['name']}", "", question.claim, "",
        f"**{found['verdict']}** over {many} of training ({declared['device']}, bank {declared['bank']['name']}).", "",
    ]
    cells = list(question.cells)
    rows = [[arm, *(_said(found, arm, cell) for cell in cells)] for arm in found["summary"]]
    lines += [drawing.table(["arm", *cells], rows)]
    lines += [f"- `{cell}`: {what}" for cell, what in question.cells.items()]
    for name, what in question.words.items():
        for arm in found["summary"]:
            said = ", ".join(str(part[arm][name]) for part in seeds.values() if part.get(arm, {}).get(name))
            lines += [f"- {what}, {arm}: {said}"] if said else []
    lines += ["", "A dash was not measured." + (" One seed has no interval." if len(seeds) == 1 else ""), ""]
    for said in found["predictions"]:
        figure = drawing.said(verdict.read(said["found"]))
        kind = "check of the set-up" if said["is_planted"] else "prediction"
        lines.append(f"- {kind} {said['id']}: {said['sentence']} ({said['direction']} {said['bar']:g}): "
                     f"**{said['word']}**, {figure}")
    return "\n".join(lines) + "\n"


def _said(found: Json, arm: str, cell: str) -> str:
    """An interval; or, of one seed, its number bare; or a dash."""
    kept = verdict.read(found["summary"][arm][cell])
    if isinstance(kept, record.Interval):
        return drawing.said(kept)
    known = [v for part in found["seeds"].values() if (v := part.get(arm, {}).get(cell)) is not None]
    return drawing.number(known[0]) if len(known) == 1 else "-"


def _declared(question: Question, asked: argparse.Namespace, setting: Setting, dtype: str, digest: str) -> Json:
    """Everything that the cells depend on: the key under which a finished seed may be used again."""
    shown = dict(vars(setting.course)) | {"seed": None}
    body = {
        "question": question.name, "claim": question.claim, "arms": {a: question.arms[a] for a in setting.arms},
        "cells": dict(question.cells), "model": {"name": Path(asked.model).resolve().name, "digest": digest},
        "bank": {"name": setting.bank["name"], "digest": banks.digest(setting.bank)}, "items": setting.items,
        "course": shown, "plant": dict(vars(setting.plant)) | {"seed": None},
        "method": "full" if asked.full else "LoRA",
        "device": setting.device, "dtype": dtype, "versions": versions(), "code_sha256": code(question),
    }  # fmt: skip
    return cast("Json", protocol.rounded(body))


def code(question: Question) -> str:
    """Of every program that bears on a reading."""
    whole = hashlib.sha256()
    for path in [question.home / "real.py", *sorted(Path(__file__).parent.glob("*.py"))]:
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def versions() -> dict[str, str]:
    """Of ourselves and of every library that trains."""
    return {"counterproof": counterproof.__version__} | {name: importlib.metadata.version(name) for name in NEEDED}


# -- running ---------------------------------------------------------------------------------------------------------


def _part(path: Path, key: str) -> Json | None:
    """A finished seed's cells; None where there are none under this declaration."""
    try:
        body = cast("Json", json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return None
    is_ours = isinstance(body, dict) and body.get("key") == key
    is_ours = is_ours and protocol.sealed(body)["digest"] == body.get("digest")
    return cast("Json", body["cells"]) if is_ours else None


def keep(path: Path, text: str) -> None:
    """Writes a file whole or not at all.

    Raises:
        errors.StorageFailed: the machine would not.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(path.name + ".half")
        half.write_text(text, "utf-8")
        half.replace(path)
    except OSError as exc:
        raise errors.StorageFailed(
            f"it could not be written ({exc.strerror})", where=str(path),
            mend="make room and run the same command again",
        ) from exc


def run(question: Question, arguments: Sequence[str] | None = None) -> Json:
    """Everything but exits: reads the options, trains what is missing, writes the result and returns it.

    Raises:
        errors.BadInput: an option, the model or the bank cannot be used, or a library is missing.
        errors.Interrupted: stopped by hand; finished seeds are kept.
    """
    asked = _parser(question).parse_args(arguments)
    arms, seeds = _numbers(asked, question), protocol.seeds_in(asked.seeds)
    bank = banks.read(asked.bank, question.name, question.home, question.members)
    question.check(bank)
    need()
    source = folders.found(asked.model, may_download=asked.download)
    from experiments.real import trainer

    trainer.quiet()
    device = trainer.device_of(asked.device)
    setting = Setting(
        source=source, bank=bank, arms=arms, device=device, items=asked.items, work=asked.out / "work",
        keep=asked.out / "models" if asked.keep else None, **_courses(question, asked, bank),
    )
    trainer.check(source)
    declared = _declared(question, asked, setting, trainer.dtype_of(source, device), folders.digest(source))
    found = {str(s): _seed(question, s, setting, declared) for s in seeds}
    whole = result(question, declared, found)
    keep(asked.out / "result.json", protocol.as_text(whole))
    keep(asked.out / "result.md", page(question, whole))
    return whole


def _courses(question: Question, asked: argparse.Namespace, bank: banks.Bank) -> Json:
    from experiments.real import trainer

    rate = asked.rate if asked.rate is not None else question.rates[asked.full]
    course = trainer.Course(
        steps=asked.steps, rate=rate, batch=asked.batch, seed=0, rank=0 if asked.full else asked.rank, beta=asked.beta,
        group=asked.group, reply_tokens=int(bank.get("reply_tokens", 32)),
    )
    said = bank["plant"]
    steps = asked.plant_steps if asked.plant_steps is not None else int(said.get("steps", 0))
    planted = asked.plant_rate if asked.plant_rate is not None else float(said.get("rate", rate))
    return {"course": course, "plant": course.of(steps=steps, rate=planted, batch=int(said.get("batch", asked.batch)))}


def _seed(question: Question, seed: int, setting: Setting, declared: Json) -> Json:
    key, path = record.digest_of(declared), setting.work / f"seed-{seed}.json"
    cells = _part(path, key)
    if cells is None:
        print(f"{question.name}: seed {seed}", file=sys.stderr, flush=True)
        try:
            cells = cast("Json", protocol.rounded(question.one_seed(seed, setting)))
        except KeyboardInterrupt:
            raise errors.Interrupted(
                "stopped by hand", where=question.name, mend="the same command goes on with the seeds that are missing"
            ) from None
        keep(path, protocol.as_text(protocol.sealed({"key": key, "seed": seed, "cells": cells})))
    return cells


def main(question: Question, arguments: Sequence[str] | None = None) -> None:
    """Command line; exits with the refusal's code."""
    try:
        found = run(question, arguments)
    except errors.CounterproofError as exc:
        print(f"error: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)
    with contextlib.suppress(BrokenPipeError):
        print(page(question, found))
