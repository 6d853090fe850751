"""The command that holds a judge against labelled replies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from counterproof import errors, estimate, record
from counterproof.cli import _files, _values
from counterproof.measure import grade, target

DETECTOR = "detector"
BATCH = 128
MOST_FAILED = 0.20
"""From this share of replies on which a judge says nothing usable, its error rates say too little about it."""


def calibrate(  # noqa: PLR0913 - one parameter for each option of the command
    labels: Path,
    kind: Literal["refusal", "rubric"],
    judge: str,
    *,
    only: Sequence[str],
    note: str,
    out: Path,
    threshold: str = "0.5",
    key_env: str = "",
) -> int:
    """Asks the judge about every labelled reply and keeps how often it errs, as a `record.JudgeCalibration`.

    Raises:
        BadLabels: the file breaks its format, or the judge said nothing usable of too many replies.
        BadOption: there is no such judge for this kind.
        StorageFailed: the machine would not keep the file.
    """
    kept = _pairs(only)
    found = grade.read_labels(labels, kind, kept)
    least = _values.share("--threshold", threshold) if kind == "rubric" else 1.0
    name, prompt_digest, heard = _heard(kind, judge, found, least, target.Access(key_env=key_env))
    failed = sum(said is None for _, said in heard)
    is_deaf = any(all(said is None for is_so, said in heard if is_so is label) for label in (True, False))
    if failed > MOST_FAILED * len(heard) or is_deaf:
        raise errors.BadLabels(
            f"{name.name} said nothing usable of {failed} of {len(heard)} replies", where=str(labels),
            mend="take another judge, or see what it answers",
        )  # fmt: skip
    words = "; ".join(w for w in (labels.name, ", ".join(f"{k} {v}" for k, v in kept.items()), note) if w)
    made = estimate.judge_calibration(
        heard, kind=kind, judge=name, prompt_digest=prompt_digest, labels_digest=found.digest, labels_note=words,
        threshold=least,
    )  # fmt: skip
    _files.store(out, record.canonical_bytes(made) + b"\n")
    _say(made, out)
    return 0


def _heard(
    kind: Literal["refusal", "rubric"], judge: str, found: grade.Labels, threshold: float, access: target.Access
) -> tuple[record.TargetName, str, list[tuple[bool, bool | None]]]:
    """The judge, the digest of how it is asked and read, and what is so beside what it said, reply by reply."""
    if kind == "refusal" and judge == DETECTOR:
        name = grade.detector()
        return name, name.digest, found.heard(lambda reply: grade.read_refusal(reply.text).is_refusal)
    if kind == "refusal" or judge == DETECTOR:
        there_is = "detector is the one judge of refusals" if kind == "refusal" else "name a model by its address"
        raise errors.BadOption(f"{judge!r} is no judge of kind {kind}", where="--judge", mend=there_is)
    if threshold <= 0:
        raise errors.BadOption("with a threshold of 0 everything is given", where="--threshold", mend="give more")
    model = target.open_model(judge, access)
    cases = [grade.RubricCase(r.prompt, r.rubric, r.text) for r in found.replies]
    said: list[bool | None] = []
    for start in range(0, len(cases), BATCH):
        ratings = grade.rate(model, cases[start : start + BATCH])
        said += [None if r.value is None else r.value >= threshold for r in ratings]
        click.echo(f"judged {len(said)} of {len(cases)}", err=True)
    return model.name, grade.RUBRIC_DIGEST, [(r.is_so, s) for r, s in zip(found.replies, said, strict=True)]


def _pairs(only: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in only:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise errors.BadOption(f"{word!r} names no member", where="--only", mend="write it as half=held-out")
        found[name] = value
    return found


def _say(made: record.JudgeCalibration, out: Path) -> None:
    for word, right, of, share in (
        ("sensitivity", made.true_positives, made.positives, made.sensitivity),
        ("specificity", made.true_negatives, made.negatives, made.specificity),
    ):
        limits = f"{share.value:.3f}  {share.level:.0%} [{share.low:.3f}, {share.high:.3f}]"
        click.echo(f"{word}  {limits}  {right} of {of}")
    click.echo(f"failed       {made.failed}")
    problem = estimate.judge_problem(
        estimate.Judged(made.positives, made.true_positives, made.negatives, made.true_negatives), 0.95
    )
    if problem:
        click.echo(f"of no use: {problem}")
    click.echo(f"calibration  {_values.printable(str(out))}")
