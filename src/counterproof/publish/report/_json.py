"""The report as bytes, and back."""

from __future__ import annotations

import msgspec

from counterproof.errors import BadInput
from counterproof.record import (
    Calibration,
    ContinuityResult,
    Report,
    SilenceReport,
    SilenceSeries,
    WhiteBoxReport,
    canonical_bytes,
)

Printed = Report | Calibration | WhiteBoxReport | ContinuityResult | SilenceSeries | SilenceReport


def as_json(record: Printed) -> bytes:
    """Write the canonical bytes and a newline: the same record always has the same file."""
    return canonical_bytes(record) + b"\n"


def parse(data: bytes, *, where: str = "report") -> Report:
    """Read a report that `as_json` wrote; `where` is the file's name in the refusal.

    Only the bytes that would have been written are accepted, so that one report has one digest.

    Raises:
        BadInput: the bytes are not JSON, not a report of this format, or not in canonical form.
    """
    again = "write it again with `counterproof measure`, or fetch an undamaged copy"
    try:
        report = msgspec.json.decode(data, type=Report)
    except msgspec.ValidationError as error:
        raise BadInput(f"is not a counterproof-report/3: {error}", where=where, mend=again) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"is not JSON: {error}", where=where, mend=again) from error
    if as_json(report) != data:
        raise BadInput("is a report, but not in the bytes that were measured and digested", where=where, mend=again)
    return report
