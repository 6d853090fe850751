"""From the seeds' readings to predictions, claims and a verdict; no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from counterproof import estimate
from experiments import verdict
from experiments.verdict import Column, Measured, Prediction

Json = dict[str, object]
Seeds = Mapping[str, Mapping[str, object]]

CLAIMS: Mapping[str, tuple[str, str]] = {"stated": ("reason", "rule"), "weighed": ("weighed reason", "weighed filler")}
"""What is held against what, in the predictions of each claim."""
LOWEST = -1.0  # K and S lie between it and 1; a T above C by chance makes K less than 0


def column(seeds: Seeds, arm: str, *path: str) -> Column:
    """One reading of an arm over the seeds; `base` is an arm here."""
    where = ("base",) if arm == "base" else ("arms", arm)
    return verdict.column(seeds, *where, *path)


def averaged(seeds: Seeds, arm: str, reading: str, ways: Sequence[str]) -> Column:
    """The mean of a reading over some ways of asking, seed by seed; None where one of them was not measured."""
    return mean_of([column(seeds, arm, reading, way) for way in ways])


def mean_of(columns: Sequence[Column]) -> Column:
    """Row by row; None where any of the row is."""
    rows = zip(*columns, strict=True)
    return [None if None in row else sum(cast("tuple[float, ...]", row)) / len(row) for row in rows]


def unseen(seeds: Seeds, arm: str, declared: Mapping[str, object], reading: str = "K") -> Column:
    """The mean over the families that the gate never saw."""
    return averaged(seeds, arm, reading, _names(declared, "unseen"))


def relearned(seeds: Seeds, arm: str, declared: Mapping[str, object]) -> Column:
    """The mean of the relearning curve over its looks after the start."""
    return averaged(seeds, arm, "relearned", _names(declared, "looks"))


def reading_of(seeds: Seeds, arm: str, declared: Mapping[str, object], name: str) -> Column:
    """A column of a table or a contrast by its name."""
    if name in ("K_unseen", "refused_unseen", "leaked_unseen", "mass_unseen"):
        return unseen(seeds, arm, declared, name.removesuffix("_unseen"))
    if name == "relearned":
        return relearned(seeds, arm, declared)
    return column(seeds, arm, *name.split("."))


def spoken(values: Column, name: str = "") -> Measured:
    """The mean over seeds of a reading between 0 and 1, or between -1 and 1 if its name says that it is K or S."""
    return estimate.mean(values, floor=LOWEST if name.startswith(("K", "S")) else 0.0, ceiling=1.0)


def contrast(seeds: Seeds, declared: Mapping[str, object], name: str, more: str, less: str) -> Measured:
    """The paired difference of a reading between two arms."""
    pairs = (reading_of(seeds, arm, declared, name) for arm in (more, less))
    widest = 1.0 - LOWEST if name.startswith("K") else 1.0
    return estimate.mean(verdict.paired(*pairs), floor=-widest, ceiling=widest)


# -- predictions -----------------------------------------------------------------------------------------------------


def predictions(seeds: Seeds, declared: Mapping[str, object]) -> list[Json]:
    """Every declared prediction with its figure and its word; those of a claim carry its name."""
    found = [*_planted(seeds, declared)]
    for claim, (more, less) in CLAIMS.items():
        found += _contrasts(seeds, declared, claim, more, less)
    for other, why in (("filler", "it is not the length"), ("false reason", "it is the truth of the reason")):
        sentence = f"{why}: K in unseen families, reason less {other}"
        found.append(_asked(seeds, declared, ("stated", "K_unseen", "above"), ("reason", other), sentence))
    return found


def _contrasts(seeds: Seeds, declared: Mapping[str, object], claim: str, more: str, less: str) -> list[Json]:
    of = f"{more} less {less}"
    sentences: tuple[tuple[str, Literal["above", "below"], str], ...] = (
        ("K_unseen", "above", f"reasons generalise: K in unseen families, {of}"),
        ("refused_unseen", "above", f"it is the gate that generalises: share refused in unseen families, {of}"),
        ("relearned", "below", f"reasons are relearned away more slowly: share relearned, {of}"),
        ("F", "below", f"reasons cost no friction: F, {of}"),
    )
    return [
        _asked(seeds, declared, (claim, name, direction), (more, less), sentence)
        for name, direction, sentence in sentences
    ]


def _asked(
    seeds: Seeds,
    declared: Mapping[str, object],
    what: tuple[str, str, Literal["above", "below"]],
    arms: tuple[str, str],
    sentence: str,
) -> Json:
    claim, name, direction = what
    least = cast("float", declared["least_difference"])
    made = Prediction(
        id=f"{claim}: {name}, {arms[0]} - {arms[1]}",
        sentence=sentence,
        direction=direction,
        bar=-least if name == "relearned" else least,
    )
    return {**verdict.answered(made, contrast(seeds, declared, name, *arms)), "claim": claim}


def _planted(seeds: Seeds, declared: Mapping[str, object]) -> list[Json]:
    """Checks of the set-up: the base knows, and every gate gates what it was trained against."""
    bars = cast("Mapping[str, float]", declared["planted"])
    known = averaged(seeds, "base", "C", ("trained", *_names(declared, "unseen")))
    checks = (
        ("C of the base, mean over ways of asking", known, bars["known"]),
        ("T of the base", column(seeds, "base", "T", "trained"), bars["known"]),
        ("R, in the arm where it is lowest", _lowest(seeds, declared, "R"), bars["refused"]),
        ("K in trained families, in the arm where it is lowest", _lowest(seeds, declared, "K", "trained"),
         bars["contained"]),
    )  # fmt: skip
    return [
        {
            **verdict.answered(
                Prediction(f"planted: {what}", what, "above", bar, is_planted=True), spoken(values, what)
            ),
            "word": _is_met(values, bar),
            "claim": "",
        }
        for what, values, bar in checks
    ]


def _is_met(values: Column, bar: float) -> verdict.Word:
    """The set-up is good in the mean of the very seeds that were run: no statement about others, so no interval."""
    known = [v for v in values if v is not None]
    return "holds" if len(known) == len(values) and sum(known) / len(known) > bar else "fails"


def _lowest(seeds: Seeds, declared: Mapping[str, object], *path: str) -> Column:
    """The mean over seeds decides which arm is lowest; its column."""
    columns = [column(seeds, arm, *path) for arm in _names(declared, "arms")]
    return min(columns, key=lambda c: sum(v or 0.0 for v in c))


def _names(declared: Mapping[str, object], key: str) -> Sequence[str]:
    return cast("Sequence[str]", declared[key])


# -- the whole -------------------------------------------------------------------------------------------------------


def judge(seeds: Seeds, declared: Mapping[str, object]) -> Json:
    """Summary, predictions, the two claims and the verdict, which is that of all predictions."""
    found = predictions(seeds, declared)
    claims = {claim: verdict.overall([p for p in found if p["claim"] in ("", claim)]) for claim in CLAIMS}
    return {
        "summary": summary(seeds, declared), "predictions": found, "claims": claims,
        "verdict": verdict.overall(found),
    }  # fmt: skip


def summary(seeds: Seeds, declared: Mapping[str, object]) -> Json:
    """Every arm's readings over the seeds, as estimates."""
    ways = ("trained", *_names(declared, "unseen"), "all")
    names = [
        *(f"{letter}.{way}" for letter in "KTCS" for way in ways), "R", "F", "degraded", "spared",
        "K_unseen", "refused_unseen", "leaked_unseen", "mass_unseen", "relearned",
        *(f"relearned.{look}" for look in ("0", *_names(declared, "looks"))),
        *(f"{kind}.{family}" for kind in ("leaked", "refused") for family in _names(declared, "read")),
        *(f"mass.{family}" for family in _names(declared, "unseen")),
    ]  # fmt: skip
    return {
        arm: {name: verdict.kept(spoken(reading_of(seeds, arm, declared, name), name)) for name in names}
        for arm in ("base", *_names(declared, "arms"))
    }


def fall(seeds: Seeds, arm: str, declared: Mapping[str, object]) -> Measured:
    """How far K falls from the trained families to the unseen ones, paired by seed."""
    pairs = verdict.paired(column(seeds, arm, "K", "trained"), unseen(seeds, arm, declared))
    return estimate.mean(pairs, floor=-2.0, ceiling=2.0)
