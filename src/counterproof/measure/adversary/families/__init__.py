"""The families, one file each, in the order in which a campaign tries them.

To add one: write its file, put its `FAMILY` into `ALL`, and give it a test in which a target leaks through it alone.
"""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary.families import (
    _address,
    _decomposition,
    _direct,
    _fiction,
    _language,
    _language_steps,
    _many_shot,
    _multi_turn,
    _prefill,
    _profession,
)
from counterproof.record import Brief, Lore

ALL: tuple[Family, ...] = (
    _direct.FAMILY,
    _fiction.FAMILY,
    _profession.FAMILY,
    _language.FAMILY,
    _prefill.FAMILY,
    _many_shot.FAMILY,
    _decomposition.FAMILY,
    _language_steps.FAMILY,
    _address.FAMILY,
    _multi_turn.FAMILY,
)

FAMILIES: tuple[str, ...] = tuple(family.name for family in ALL)


def unavailable(lore: Lore, brief: Brief, can_prefill: bool) -> dict[str, str]:  # noqa: FBT001 - as Campaign takes it
    """The families that cannot be tried on this brief and target, each with the reason."""
    ground = Ground(brief, lore, seed=0, can_prefill=can_prefill)
    reasons = {family.name: family.lacks(ground) for family in ALL}
    return {name: reason for name, reason in reasons.items() if reason}


def available(lore: Lore, brief: Brief, can_prefill: bool) -> tuple[str, ...]:  # noqa: FBT001 - as Campaign takes it
    """The families that can be tried on this brief and target, in order."""
    missing = unavailable(lore, brief, can_prefill)
    return tuple(name for name in FAMILIES if name not in missing)
