"""`gate appeals`: from the gate's record and the book of appeals to verdicts and what they say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterproof import note, record
from counterproof.cli import _gate_appeals
from counterproof.errors import BadOption, BadTrail
from counterproof.rely import appeal, trail
from tests.rely.appeal.appellant import CHEAP, digest, worked

NOW_S = int(time.time())
SEEN = record.Sighting(kind="message", door="python")


def kept(folder: Path, receipts: Sequence[str], passed: int = 0, *, at_s: int = NOW_S, worker: str = "w0") -> None:
    """A gate's record with these refusals and as many events let through."""
    with trail.Trail(folder / "trail", worker, "marbles", now_ms=at_s * 1000) as one:
        for receipt in receipts:
            one.keep(SEEN, (), record.Decision(outcome="reject", rules=("r",), receipt=receipt), at_s * 1000)
        for _ in range(passed):
            one.keep(SEEN, (), record.Decision(outcome="allow"), at_s * 1000)


def heard(folder: Path, *said: tuple[str, str]) -> None:
    """A book of these appeals."""
    one = appeal.Book(folder / "appeals", CHEAP)
    for receipt, text in said:
        assert one.hear(worked(one, receipt, text, NOW_S), NOW_S).status == 202
    one.close()


def run(folder: Path, *arguments: str, is_with_trail: bool = True) -> Result:
    given = [*arguments, "--book", str(folder / "appeals")]
    given += ["--trail", str(folder / "trail")] if is_with_trail else []
    return CliRunner().invoke(_gate_appeals.appeals, given, standalone_mode=False, catch_exceptions=False)


def test_from_list_to_rates(tmp_path: Path) -> None:
    receipts = [appeal.new_receipt() for _ in range(10)]
    kept(tmp_path, receipts, passed=90)
    heard(tmp_path, (receipts[0], "It was a toy.\n\tReally."), (receipts[1], ""), (appeal.new_receipt(), "forged"))

    listed = run(tmp_path, "list").output
    assert "2 appeals wait" in listed
    assert "    It was a toy.\n        Really." in listed
    assert "(nothing was sent along)" in listed
    assert "forged" not in listed
    assert run(tmp_path, "decide", digest(receipts[0])[:12], "upheld", "--note", "sorry").output.endswith(" upheld\n")
    run(tmp_path, "decide", digest(receipts[1]), "denied")
    said = run(tmp_path, "rates").output
    assert "refused 10, let through 90; upheld 1, denied 1" in said
    assert "wrong among refusals:          between 0.100 and 0.900" in said
    assert "refused among honest (F):      between 0.011 and 0.091" in said
    assert "Appeals choose themselves" in said
    assert run(tmp_path, "list").output == "0 appeals wait\n"


def test_what_was_decided_is_on_record(tmp_path: Path) -> None:
    receipts = [appeal.new_receipt() for _ in range(3)]
    kept(tmp_path, receipts)
    heard(tmp_path, *((r, "") for r in receipts))
    run(tmp_path, "decide", digest(receipts[0])[:12], "upheld")
    run(tmp_path, "decide", digest(receipts[1])[:12], "denied")
    with trail.Trail(tmp_path / "trail", "appeals", "marbles", now_ms=NOW_S * 1000) as one:
        counts = one.head(NOW_S * 1000).counts

    assert (counts.appeals, counts.upheld, counts.denied) == (3, 1, 1)


def test_what_the_record_missed_is_put_there_the_next_time(tmp_path: Path) -> None:
    """Killed between the verdict and its line in the record: the next command makes up for it, once."""
    receipt = appeal.new_receipt()
    kept(tmp_path, [receipt])
    heard(tmp_path, (receipt, ""))
    one = appeal.Book(tmp_path / "appeals", CHEAP)
    one.match([digest(receipt)])
    one.decide(digest(receipt), "upheld", "", NOW_S)
    one.close()
    assert appeal.read_refused(tmp_path / "trail").ruled == set()

    for _ in range(3):
        run(tmp_path, "list")
    found = appeal.read_refused(tmp_path / "trail")
    assert (found.heard, found.ruled) == ({digest(receipt)}, {digest(receipt)})
    lines = (tmp_path / "trail" / "workers" / "appeals" / "000000000000.jsonl").read_text().splitlines()
    assert sum('"verdict"' in line for line in lines) == 1


def test_what_is_put_on_record_is_signed_with_the_gates_key(tmp_path: Path) -> None:
    receipt, signer = appeal.new_receipt(), note.generate("gate.example", "ed25519")
    note.write_key(tmp_path / "key", signer)
    kept(tmp_path, [receipt])
    heard(tmp_path, (receipt, ""))

    run(tmp_path, "decide", digest(receipt)[:12], "denied", "--key", str(tmp_path / "key"))
    lines = (tmp_path / "trail" / "workers" / "appeals" / "000000000000.jsonl").read_text()
    assert signer.verifier.name in lines


def test_nothing_decided_is_said_so(tmp_path: Path) -> None:
    kept(tmp_path, [appeal.new_receipt()], passed=3)
    heard(tmp_path)

    assert run(tmp_path, "rates").output.count("not measured: no appeal was decided") == 3


def test_old_refusals_cannot_be_appealed(tmp_path: Path) -> None:
    old, new = appeal.new_receipt(), appeal.new_receipt()
    kept(tmp_path, [old], at_s=NOW_S - 31 * 86_400)
    kept(tmp_path, [new], worker="w1")
    heard(tmp_path, (old, "old"), (new, "new"))

    listed = run(tmp_path, "list").output
    assert "new" in listed
    assert "1 appeals wait" in listed


def test_old_appeals_go(tmp_path: Path) -> None:
    heard(tmp_path, (appeal.new_receipt(), ""))

    assert run(tmp_path, "expire", is_with_trail=False).output == "0 deleted\n"


def test_whoever_a_person_let_through_was_not_refused(tmp_path: Path) -> None:
    held, rejected = appeal.new_receipt(), appeal.new_receipt()
    with trail.Trail(tmp_path / "trail", "w0", "marbles", now_ms=0) as one:
        for receipt in (held, rejected):
            one.keep(SEEN, (), record.Decision(outcome="hold", receipt=receipt), 0)
        one.note("override", {"receipt": digest(held), "said": "allow"}, 0)
        one.note("override", {"receipt": digest(rejected), "said": "reject"}, 0)
    found = appeal.read_refused(tmp_path / "trail")

    assert (found.receipts, found.passed, found.gate) == ({digest(rejected)}, 1, "marbles")


def test_only_messages_and_calls_count_as_let_through(tmp_path: Path) -> None:
    with trail.Trail(tmp_path / "trail", "w0", "marbles", now_ms=0) as one:
        for kind in record.EVENT_KINDS:
            one.keep(record.Sighting(kind=kind, door="python"), (), record.Decision(outcome="allow"), 0)

    assert appeal.read_refused(tmp_path / "trail").passed == 2


def test_a_line_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    receipt = appeal.new_receipt()
    kept(tmp_path, [receipt])
    path = tmp_path / "trail" / "workers" / "w0" / "000000000000.jsonl"
    path.write_bytes(path.read_bytes() + b'["decision",4,')

    assert appeal.read_refused(tmp_path / "trail").receipts == {digest(receipt)}


def test_a_record_that_is_none(tmp_path: Path) -> None:
    heard(tmp_path)
    with pytest.raises(BadTrail, match="holds no record of a gate"):
        run(tmp_path, "list")
    kept(tmp_path, [])
    path = tmp_path / "trail" / "workers" / "w0" / "000000000000.jsonl"
    path.write_bytes(path.read_bytes() + b'["decision",4]\n')
    with pytest.raises(BadTrail, match="is no line of a record"):
        run(tmp_path, "list")


@pytest.mark.parametrize("case", ["0" * 12, "", "zz"])
def test_a_case_that_is_none(tmp_path: Path, case: str) -> None:
    receipts = [appeal.new_receipt() for _ in range(2)]
    kept(tmp_path, receipts)
    heard(tmp_path, *((r, "") for r in receipts))
    with pytest.raises(BadOption):
        run(tmp_path, "decide", case, "upheld")


def test_a_book_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="no such folder"):
        run(tmp_path, "expire", is_with_trail=False)


def test_what_is_refused_and_appealed_while_the_record_is_read_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long record takes seconds to read: nobody who is refused and appeals within them is taken for a forger."""
    early, late = appeal.new_receipt(), appeal.new_receipt()
    kept(tmp_path, [early])
    heard(tmp_path, (early, "early"))
    whole = appeal.read_refused

    def read_slowly(folder: Path, since_ms: int = 0) -> appeal.Refused:
        found = whole(folder, since_ms)
        kept(tmp_path, [late])
        heard(tmp_path, (late, "late"))
        return found

    monkeypatch.setattr(appeal, "read_refused", read_slowly)
    assert "1 appeals wait" in run(tmp_path, "list").output
    monkeypatch.undo()

    assert "    late" in run(tmp_path, "list").output


def test_another_gates_record_drops_nothing(tmp_path: Path) -> None:
    receipt = appeal.new_receipt()
    kept(tmp_path, [receipt])
    heard(tmp_path, (receipt, "it was a toy"))
    assert "1 appeals wait" in run(tmp_path, "list").output
    heard(tmp_path, (other := appeal.new_receipt(), "a toy, too"))
    with trail.Trail(tmp_path / "elsewhere", "w0", "back door", now_ms=NOW_S * 1000) as one:
        one.keep(SEEN, (), record.Decision(outcome="allow"), NOW_S * 1000)
    given = ["list", "--book", str(tmp_path / "appeals"), "--trail", str(tmp_path / "elsewhere")]

    with pytest.raises(BadOption, match="the appeals are those of gate 'marbles', the record is 'back door'"):
        CliRunner().invoke(_gate_appeals.appeals, given, standalone_mode=False, catch_exceptions=False)

    kept(tmp_path, [other])
    assert "2 appeals wait" in run(tmp_path, "list").output
