"""Banks of questions: JSON files of one form, `chat` and `codex` shipped beside each script, or the user's own."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from counterproof import errors, record

FORMAT = "counterproof-bank/1"
SHIPPED = ("chat", "codex")
OTHERS_CHECK = {"format", "question", "name", "bank", "suite"}  # the package reads the last two, and refuses by itself
Bank = dict[str, Any]
Item = dict[str, Any]


def read(name: str, question: str, home: Path, members: Mapping[str, type]) -> Bank:
    """A shipped bank by name, or a file; `members` are what this question's banks must have.

    Raises:
        errors.BadInput: it cannot be read, breaks the form, or is a bank of another question.
    """
    path = home / f"bank-{name}.json" if name in SHIPPED else Path(name)
    mend = f"take one of the shipped banks ({', '.join(SHIPPED)}) as the pattern; docs/experiments-real.md says more"
    try:
        found: object = json.loads(path.read_bytes())
    except OSError as exc:
        raise errors.BadInput(f"the bank cannot be read ({exc.strerror})", where=str(path), mend=mend) from exc
    except ValueError as exc:
        raise errors.BadInput("the bank is not JSON", where=str(path), mend=mend) from exc
    if not isinstance(found, dict) or cast("Bank", found).get("format") != FORMAT:
        raise errors.BadInput(f"it does not say that it is a {FORMAT}", where=str(path), mend=mend)
    bank = cast("Bank", found)
    if bank.get("question") != question:
        raise errors.BadInput(
            f"it is a bank for {bank.get('question')!r}, not for {question!r}", where=str(path), mend=mend
        )
    for key, kind in {"name": str, "plant": dict, **members}.items():
        if not isinstance(bank.get(key), kind) or (kind is not dict and not bank[key]):
            raise errors.BadInput(f"it has no {key!r} ({kind.__name__})", where=str(path), mend=mend)
    patterns = [cast("Bank", json.loads((home / f"bank-{kind}.json").read_bytes())) for kind in SHIPPED]
    for key in sorted(bank.keys() & {k for p in patterns for k in p} - OTHERS_CHECK):
        _refuse_unlike(bank[key], [p[key] for p in patterns if key in p], f"{path}: {key}", mend)
    return bank


def _refuse_unlike(found: object, patterns: Sequence[object], where: str, mend: str) -> None:
    """Refuses what has another shape than the shipped banks have in its place, or a slot that nothing fills."""
    kind = type(patterns[0])
    is_number = kind in (int, float) and isinstance(found, int | float) and not isinstance(found, bool)
    if not (is_number or isinstance(found, kind)):
        raise errors.BadInput(f"it is not of the kind {kind.__name__}", where=where, mend=mend)
    if isinstance(found, dict):
        inner, member = cast("Sequence[Bank]", patterns), cast("Bank", found)
        for key in sorted({k for p in inner for k in p}):
            if key in member:
                _refuse_unlike(member[key], [p[key] for p in inner if key in p], f"{where}.{key}", mend)
            elif not where.endswith(": plant"):
                raise errors.BadInput(f"it has no {key!r}", where=where, mend=mend)
    elif isinstance(found, list):
        of = [x for p in cast("Sequence[Sequence[object]]", patterns) for x in p]
        for n, one in enumerate(cast("list[object]", found)):
            _refuse_unlike(one, of, f"{where}[{n}]", mend)
    elif isinstance(found, str):
        slots, known = record.slots_of(found), {s for p in patterns for s in record.slots_of(str(p)) or ()}
        if known and (slots is None or not slots <= known):
            raise errors.BadInput(
                f"a slot of it is filled by nothing; there are {', '.join(sorted(known))}", where=where, mend=mend
            )


def digest(bank: Bank) -> str:
    """The digest of a bank's contents."""
    return record.digest_of(bank)


def need(items: Sequence[object], least: int, what: str, bank: Bank) -> None:
    """Refuses too few items.

    Raises:
        errors.BadInput: there are fewer than `least`.
    """
    if len(items) < least:
        raise errors.BadInput(
            f"{len(items)} {what} are too few to train on some and hold others out", where=str(bank["name"]),
            mend=f"bring at least {least}",
        )


def halves(items: Sequence[Item], seed: int, most: int = 0) -> tuple[list[Item], list[Item]]:
    """Some items to train on, the others held out; of at most `most` items where that is not 0."""
    chosen = list(items)
    random.Random(f"halves/{seed}").shuffle(chosen)
    if most:
        chosen = chosen[:most]
    half = (len(chosen) + 1) // 2
    return chosen[:half], chosen[half:]
