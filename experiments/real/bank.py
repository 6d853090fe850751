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
    return bank


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
