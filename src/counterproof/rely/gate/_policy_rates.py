"""The error rates measured for a policy, in a file beside it: good for exactly those rules, and for no others."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from counterproof import errors, record
from counterproof.record import Estimate, NotMeasured, Record

RATES = "rates.json"
_MOST_BYTES = 8_000_000
_MEND = "measure again (`counterproof gate test --write`), or delete it"


class RatesCell(Record, frozen=True, kw_only=True):
    """How many examples that should have got `expected` got `given`, and the numbers of the first few (from 1)."""

    expected: str
    given: str
    count: int
    examples: tuple[int, ...]


class RuleRates(Record, frozen=True, kw_only=True):
    """How often a rule, or with an empty name the whole policy, was wrong.

    `false_positives`: of `allowed`, the examples meant to pass, the share that was stopped. `recall`: of `stopped`,
    those meant to be stopped, the share that was. `precision`: of those that were stopped, the share meant to be.
    Examples on which a check failed (`failed`) are in none of the three; `worst_` and `best_` count each of them as a
    mistake, or as none.
    """

    rule: str
    kind: Literal["policy", "patterns", "threshold", "condition", "prompt"]
    allowed: int
    stopped: int
    failed: int
    false_positives: Estimate
    recall: Estimate
    precision: Estimate
    worst_false_positives: Estimate
    best_false_positives: Estimate
    worst_recall: Estimate
    best_recall: Estimate
    matrix: tuple[RatesCell, ...]


class Rates(Record, frozen=True, kw_only=True):
    """Error rates of the policy with the digest `policy`: the whole first, then its rules in their order."""

    format: Literal["counterproof-gate-rates/1"] = "counterproof-gate-rates/1"
    policy: str
    rules: tuple[RuleRates, ...]


def read_rates(folder: Path, policy: record.GatePolicy) -> Rates | NotMeasured:
    """The rates in a policy's folder; not measured where there are none, or where they are another policy's.

    Nor where the file itself says that either rate of the whole policy was not measured.

    Raises:
        BadGate: the file is there and cannot be read.
    """
    path = folder / RATES
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return NotMeasured(reason="nobody measured how often this policy is wrong")
    except OSError as exc:
        raise errors.BadGate(f"cannot be read ({exc.strerror})", where=str(path), mend=_MEND) from exc
    if len(data) > _MOST_BYTES:
        raise errors.BadGate(f"is larger than {_MOST_BYTES:,} bytes", where=str(path), mend=_MEND)
    try:
        rates = msgspec.json.decode(data, type=Rates)
    except (msgspec.DecodeError, ValueError, RecursionError) as exc:
        raise errors.BadGate(f"is no file of error rates ({exc})", where=str(path), mend=_MEND) from exc
    if rates.policy != record.digest_of(policy):
        return NotMeasured(reason="the error rates were measured for other rules than these")
    whole = next((one for one in rates.rules if one.kind == "policy" and not one.rule), None)
    if whole is None or isinstance(whole.false_positives, NotMeasured) or isinstance(whole.recall, NotMeasured):
        return NotMeasured(reason="the policy's examples measure no false positives, or no recall")
    return rates
