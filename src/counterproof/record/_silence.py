"""Whether an objection that training took away was resolved or only silenced: readings of checkpoints, and verdicts."""

from __future__ import annotations

from typing import Literal

from counterproof.record._canonical import Record
from counterproof.record._estimate import Estimate

SilenceRole = Literal["moves", "control", "told"]
SilenceState = Literal["moved", "stayed", "kept", "damaged", "unclear", "not measured"]
SilenceReference = Literal["", "before", "never"]
SilenceWord = Literal["objects", "silence", "resolved", "damaged", "undecided"]


class SilenceMeasure(Record, frozen=True, kw_only=True):
    """One thing that is read of every checkpoint, on a scale from `low` to `high`.

    `role`: `moves` should go when what stood behind the objection is gone; `control` should stay as it was; `told`
    decides nothing and is named. `gone` is the reading when nothing is left; None takes what the series' `never`
    checkpoint reads, unit by unit. Where `is_time`, a reading at `high` means "not by then".
    """

    id: str
    what: str
    role: SilenceRole = "moves"
    gone: float | None = None
    low: float = 0.0
    high: float = 1.0
    is_time: bool = False


class SilenceDeclared(Record, frozen=True, kw_only=True):
    """What is declared before a checkpoint is read.

    `left_bar`: the share of the way that may be left of what should have gone; `damage_bar`: the share of its scale by
    which a control may have moved. `objection` names the measures that are the spontaneous objection in the trained
    context.
    """

    measures: tuple[SilenceMeasure, ...]
    objection: tuple[str, ...]
    level: float = 0.95
    left_bar: float = 1 / 3
    damage_bar: float = 0.2


class SilenceCheckpoint(Record, frozen=True, kw_only=True):
    """One checkpoint's readings: per measure, per unit (a seed of an experiment, an item of a bank); None: failed."""

    name: str
    values: dict[str, dict[str, float | None]]


class SilenceSeries(Record, frozen=True, kw_only=True):
    """Checkpoints read alike. `before` names the one that objects, `never` one that never learnt to, or nothing."""

    format: Literal["counterproof-silence-series/1"] = "counterproof-silence-series/1"
    name: str
    declared: SilenceDeclared
    before: str
    never: str = ""
    checkpoints: tuple[SilenceCheckpoint, ...]


class SilenceReading(Record, frozen=True, kw_only=True):
    """What one measure says of one checkpoint.

    `value` is its mean over units; `left` the share left of the way from `before` to gone, `shift` how far it is from
    `before` in shares of its scale; `joint` is `left` (of a control: `shift`) at the level at which all statements
    that something stayed (of a control: was damaged) hold at once. `censored` counts units that read "not by then".
    """

    measure: str
    role: SilenceRole
    state: SilenceState
    value: Estimate
    left: Estimate
    shift: Estimate
    joint: Estimate
    censored: int = 0


class SilenceVerdict(Record, frozen=True, kw_only=True):
    """One checkpoint's verdict (docs/silence.md), why, and the measures that it names.

    `stayed`: should have gone and did not; `damaged`: controls that moved; `open`: unclear or not measured; `told`:
    decide nothing and are still there. `reference` says whether this is the series' `before` or `never`.
    """

    name: str
    reference: SilenceReference
    verdict: SilenceWord
    why: str
    stayed: tuple[str, ...]
    damaged: tuple[str, ...]
    open: tuple[str, ...]
    told: tuple[str, ...]
    readings: tuple[SilenceReading, ...]


class SilenceReport(Record, frozen=True, kw_only=True):
    """The verdicts on a series of checkpoints, in its order; `series` is the digest of the readings."""

    format: Literal["counterproof-silence/1"] = "counterproof-silence/1"
    version: str
    name: str
    series: str
    declared: SilenceDeclared
    before: str
    never: str
    checkpoints: tuple[SilenceVerdict, ...]
