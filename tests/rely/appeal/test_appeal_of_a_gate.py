"""From a real guard's refusal to a verdict: receipts, record and book agree on what a receipt's digest is."""

from __future__ import annotations

import time
from pathlib import Path

from click.testing import CliRunner

from counterproof import record
from counterproof.cli import _gate_appeals
from counterproof.rely import appeal, gate, guard, trail
from tests.rely.appeal.appellant import CHEAP, body, digest, worked

POLICY = record.GatePolicy(
    name="small", rules=(record.ThresholdRule(name="long", of="event.size_bytes", above=100.0, reason="Too long."),)
)


def test_a_refusal_is_appealed_and_upheld(tmp_path: Path) -> None:
    now_s = int(time.time())
    with trail.Trail(tmp_path / "trail", "w0", "small") as kept:
        kept.begin_policy(POLICY, now_s * 1000)
        watched = guard.Guard(
            gate.Rules(POLICY, b"k" * 32), kept, memory=gate.Memory(POLICY.memory), clock=guard.steady()
        )
        pieces = (record.Piece("a birthday cake"),)
        passed = watched.decide(record.Event(kind="message", door="python", pieces=pieces, size_bytes=50))
        refused = watched.decide(record.Event(kind="message", door="python", pieces=pieces, size_bytes=500))
    assert (passed.outcome, passed.receipt, refused.outcome) == ("allow", "", "reject")
    assert appeal.read_receipt(refused.receipt) == refused.receipt

    book = appeal.Book(tmp_path / "appeals", CHEAP)
    book.hear(worked(book, refused.receipt, "It is a long cake.", now_s), now_s)
    folders = ["--book", str(tmp_path / "appeals"), "--trail", str(tmp_path / "trail")]
    said = [
        CliRunner().invoke(_gate_appeals.appeals, [*words, *folders], catch_exceptions=False).output
        for words in (["list"], ["decide", digest(refused.receipt)[:12], "upheld", "--note", "Enjoy it."], ["rates"])
    ]

    assert "It is a long cake." in said[0]
    assert "refused 1, let through 1; upheld 1, denied 0" in said[2]
    assert book.verdict(body(receipt=refused.receipt)).body == b'{"verdict":"upheld","note":"Enjoy it."}'
    assert trail.audit(tmp_path / "trail").agrees
    book.close()
