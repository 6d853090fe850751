"""From numbers to words: a prediction declared beforehand, an interval, and *holds*, *fails* or *undecided*."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import msgspec

from counterproof import estimate, record

Word = Literal["holds", "fails", "undecided"]
Measured = record.Interval | record.NotMeasured
Column = list[float | None]


@dataclass(frozen=True)
class Prediction:
    """One sentence with a bar. `is_planted`: true by construction, a check of the set-up that decides nothing."""

    id: str
    sentence: str
    direction: Literal["above", "below"]
    bar: float
    is_planted: bool = False


def decide(found: Measured, direction: Literal["above", "below"], bar: float) -> Word:
    """Holds where the whole interval lies beyond the bar, fails where none of it does, else undecided."""
    if isinstance(found, record.NotMeasured):
        return "undecided"
    if direction == "above":
        return "holds" if found.low > bar else "fails" if found.high <= bar else "undecided"
    return "holds" if found.high < bar else "fails" if found.low >= bar else "undecided"


def answered(prediction: Prediction, found: Measured) -> dict[str, object]:
    """A prediction with its figure and its word, as a result keeps it."""
    return {
        "id": prediction.id, "sentence": prediction.sentence, "direction": prediction.direction,
        "bar": prediction.bar, "is_planted": prediction.is_planted, "found": kept(found),
        "word": decide(found, prediction.direction, prediction.bar),
    }  # fmt: skip


def overall(predictions: Sequence[Mapping[str, object]]) -> Word:
    """Holds where every prediction that is not planted holds, fails where one fails, else undecided.

    Where a planted one does not hold the set-up failed, and nothing is decided.
    """
    if any(p["is_planted"] and p["word"] != "holds" for p in predictions):
        return "undecided"
    words = {p["word"] for p in predictions if not p["is_planted"]}
    return "fails" if "fails" in words else "holds" if words == {"holds"} else "undecided"


def column(seeds: Mapping[str, Mapping[str, object]], *path: str) -> Column:
    """One reading over the seeds, in their order; None where a seed has none."""
    return [_at(seeds[s], path) for s in seeds]


def _at(value: object, path: Sequence[str]) -> float | None:
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            raise KeyError(f"{'.'.join(path)}: there is no {name!r}")
        value = cast("Mapping[str, object]", value)[name]
    if value is None:
        return None
    if not isinstance(value, int | float):
        raise TypeError(f"{'.'.join(path)} is no number")
    return float(value)


def paired(a: Column, b: Column) -> Column:
    """The differences a - b, seed by seed; None where either has none."""
    return [None if x is None or y is None else x - y for x, y in zip(a, b, strict=True)]


def share(values: Column) -> Measured:
    """The mean over seeds of readings between 0 and 1."""
    return estimate.mean(values)


def difference(a: Column, b: Column) -> Measured:
    """The mean over seeds of paired differences of such readings."""
    return estimate.mean(paired(a, b), floor=-1.0, ceiling=1.0)


def kept(found: Measured) -> dict[str, object]:
    """An estimate as JSON values."""
    return cast("dict[str, object]", msgspec.to_builtins(found))


def read(kept_estimate: object) -> Measured:
    """The inverse of `kept`."""
    return msgspec.convert(kept_estimate, record.Interval | record.NotMeasured)
