"""The result of a test of continuity, and the statement made of it."""

from __future__ import annotations

import msgspec
import pytest

from counterproof import record

SYSTEM = record.TargetName(name="base", digest="sha256:" + "0" * 64)
RESULT = record.ContinuityResult(
    compares="evaluated and served", before=SYSTEM, after=SYSTEM, before_samples="sha256:" + "1" * 64,
    after_samples="sha256:" + "2" * 64, suite="codex", suite_digest="sha256:" + "3" * 64,
    asked="sha256:" + "4" * 64, test="mmd-hamming-permutation/1", temperature=1.0, n_before=10, n_after=12,
    questions=50, left_out=0, seed=0, noise=0.011, p=0.0005, level=0.05, break_at=0.1, verdict="break", moved=(),
    distance=record.Interval(value=0.25, low=0.1, high=0.4, level=0.95, n=1100, clusters=50, method="m"),
)  # fmt: skip


def test_the_statement_holds_the_result_in_decimal_strings() -> None:
    said = record.continuity_of(RESULT, subject="s", before="sha256:g", after="sha256:g")

    assert (said.statistic, said.p, said.level, said.break_at) == ("0.25", "0.0005", "0.05", "0.1")
    assert (said.n, said.questions, said.verdict, said.test) == (500, 50, "break", RESULT.test)
    assert all(record.as_decimal(t) >= 0 for t in (said.statistic, said.p, said.level, said.break_at))


def test_the_file_of_a_result_reads_back() -> None:
    assert msgspec.json.decode(record.canonical_bytes(RESULT), type=record.ContinuityResult) == RESULT


@pytest.mark.parametrize(
    ("compares", "after"), [("evaluated and served", "sha256:h"), ("generations", "sha256:g")]
)
def test_generations_and_entries_must_agree(compares: record.Compares, after: str) -> None:
    with pytest.raises(ValueError, match="generation"):
        record.continuity_of(
            msgspec.structs.replace(RESULT, compares=compares), subject="s", before="sha256:g", after=after
        )
