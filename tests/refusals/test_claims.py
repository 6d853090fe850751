"""Every card that is refused: one sentence, file and line, and how to mend it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from counterproof import errors
from counterproof.cli import main
from counterproof.publish import attest
from counterproof.publish.attest import _card_terms
from counterproof.record import Report, digest_bytes
from tests.publish.attest.claim_making import (
    DOCUMENT,
    behaviour,
    card,
    card_bytes,
    found,
    head,
    line,
    made_report,
    number,
)
from tests.publish.attest.claim_making import claim as claimed


def refused(data: bytes, document: bytes = DOCUMENT.encode()) -> errors.BadCard:
    with pytest.raises(errors.BadCard) as told:
        attest.joined(attest.draft(data, where="card.jsonl"), document)
    assert told.value.where.startswith("card.jsonl:")
    assert told.value.mend
    assert "\n" not in str(told.value)
    return told.value


def test_the_card_the_others_differ_from_is_taken() -> None:
    assert [c.quote for c in card(line()).claims] == ["Refuses 99 % of dangerous requests."]


@pytest.mark.parametrize(
    "threshold",
    ["NaN", "nan", "inf", "-Infinity", "1e-2", "99", "1.01", "-0.5", "0.990", ".99", "0,99", "0.9_9", "+0.99", "",
     " 0.99", "\uff10.99", "1" * 400, "0." + "9" * 40, "0x1", "99 %"],
)  # fmt: skip
def test_attack_32_a_number_that_is_none(threshold: str) -> None:
    told = refused(card_bytes(line(threshold=threshold, reading="as it says")))

    assert "threshold" in told.what


@pytest.mark.parametrize("number_", ["0.99", "NaN", "Infinity", "1e999", "99", "-1"])
def test_attack_32_a_bare_number(number_: str) -> None:
    data = card_bytes(line(threshold="@")).replace(b'"@"', number_.encode())

    assert "bare number" in refused(data).what


def test_attack_32_a_number_that_the_quote_does_not_write() -> None:
    assert "does not write the number 0.9" in refused(card_bytes(line(threshold="0.9"))).what
    assert card(line(threshold="0.9", reading="they say 99 %, we hold them to 90 %")).claims[0].reading


@pytest.mark.parametrize(
    ("quote", "threshold", "is_written"),
    [("99 %", "0.99", True), ("99.5%", "0.995", True), ("99,5 %", "0.995", True), ("0.99", "0.99", True),
     ("99 percent", "0.99", True), ("99 per cent", "0.99", True), ("in 1 test 80 %", "1", False),
     ("0 of 40", "0", False), ("1,000 %", "1", False), ("1,000", "1", False), ("199 %", "0.99", False),
     ("99", "0.99", False), ("5 % to 10 %", "0.1", True)],
)  # fmt: skip
def test_attack_32_which_numbers_a_quote_writes(quote: str, threshold: str, *, is_written: bool) -> None:
    assert _card_terms.says(quote, threshold, "K") == is_written


def test_attack_32_a_ratio_beyond_reason() -> None:
    assert "outside what D can be" in refused(card_bytes(line(property="D", threshold="1000001"))).what


def test_attack_32_numbers_of_a_report_that_nothing_measures() -> None:
    good = made_report()
    for low, high in ((0.9, 0.1), (-0.2, 0.5), (0.5, 1.5), (0.5, 1e30), (-1e300, 0.5)):
        broken = _with_refusal(good, low, high)
        with pytest.raises(errors.BadInput):
            attest.of_report(broken)


def _with_refusal(report: Report, low: float, high: float) -> Report:
    said = msgspec.to_builtins(report)
    said["targets"][0]["categories"][0]["R"] |= {"low": low, "high": high}
    return msgspec.convert(said, type(report))


@pytest.mark.parametrize("low", ["NaN", "1e3", "0.50", "", "1" * 30])
def test_attack_32_numbers_of_a_statement_that_are_none(low: str) -> None:
    with pytest.raises(errors.BadInput, match="decimal string"):
        attest.of_behaviour(behaviour(number("K", low, "0.9")), "sha256:" + "0" * 64)


def test_attack_32_what_was_left_out_never_helps() -> None:
    """Removing any measurement or any number never makes a claim supported that was not."""
    bad, good = behaviour(number("K", "0", "0.1")), behaviour(number("K", "0.9", "1"))

    assert found(claimed(), bad, good).verdict == "contradicted"
    assert found(claimed()).verdict == "untested"
    assert found(claimed(), behaviour()).verdict == "untested"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"quote": "Refuses 98 % of dangerous requests.", "threshold": "0.98"}, "does not say"),
        ({"quote": "9 % of dangerous requests.", "threshold": "0.09"}, "does not say"),
        ({"quote": "Refuses 99 % of dangerous request", "threshold": "0.99"}, "does not say"),
        ({"quote": "refuses 99 % of dangerous requests."}, "does not say"),
        ({"locator": "line 4"}, "does not say"),
        ({"locator": "line 99"}, "has no line 99"),
        ({"locator": "lines 4-3"}, "has no lines 4-3"),
        ({"locator": "line 0"}, "not of the form"),
        ({"locator": "page 3"}, "not of the form"),
        ({"quote": " "}, "quote is empty"),
        ({"quote": "Refuses\x1b[31m 99 %"}, "control character"),
        ({"quote": "Refuses\u202e 99 %"}, "control character"),
        ({"property": "Q"}, "'Q' is none"),
        ({"direction": "above"}, "'above' is none"),
        ({"conditions": {"weather": "fine"}}, "'weather' is none"),
        ({"conditions": {"budget": "40q"}}, "without a budget"),
        ({"property": "K", "conditions": {"budget": "40"}}, "no budget"),
        ({"conditions": {"target": "surface"}}, "no target"),
        ({"conditions": {"asker": "everybody"}}, "no asker"),
        ({"conditions": {"instrument": "a ruler"}}, "no instrument"),
        ({"conditions": {"suite": ""}}, "is empty"),
        ({"conditions": {"suite": ["codex"]}}, "Expected `str`"),
        ({"kind": "remark"}, "not of kind `claim`"),
        ({"more": "x"}, "unknown field"),
        ({"category": 3}, "bare number"),
    ],
)  # fmt: skip
def test_a_claim_that_breaks_the_format(change: dict[str, object], what: str) -> None:
    told = refused(card_bytes(line(**change)))

    assert what in told.what
    assert told.where == "card.jsonl:2"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"format": "counterproof-card/2"}, "the format is"),
        ({"digest": "sha256:" + "0" * 64}, "digest of"),
        ({"digest": "SHA256:" + "0" * 64}, "no digest"),
        ({"claimant": ""}, "claimant is empty"),
        ({"document": "../card.md"}, "outside"),
        ({"document": "/etc/passwd"}, "outside"),
        ({"kind": "claim"}, "not of kind `card`"),
    ],
)
def test_a_head_that_breaks_the_format(change: dict[str, str], what: str) -> None:
    assert what in refused(card_bytes(line(), **change)).what


def test_a_document_that_is_no_text() -> None:
    data = b"\xff\xfe99 %"
    assert "no UTF-8" in refused(card_bytes(line(), digest=digest_bytes(data)), data).what


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (card_bytes(), "quotes no claim"),
        (b"{", "not JSON"),
        (b"[]\n", "no object"),
        (b"\xef\xbb\xbf" + card_bytes(line()), "byte order mark"),
        (b"\xff\n", "not UTF-8"),
        (b"[" * 60_000, "nested"),
        (b" " * 70_000, "longer than"),
        (card_bytes(line(), line()), "same as line 2"),
        (card_bytes(head()), "not of kind `claim`"),
        (card_bytes(line()).replace(b'"quote"', b'"kind": "claim", "quote"'), "stands twice"),
        (card_bytes(line()).replace(b'"quote"', b'"\\ud800": "", "quote"'), "half a character"),
        (card_bytes(*(line(category=f"c{i}") for i in range(1001))), "more than 1000"),
        (b" " * 4_000_001, "larger than"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_file_that_is_no_card(data: bytes, what: str) -> None:
    assert what in refused(data).what


@given(st.binary(max_size=200), st.integers(0, 600), st.integers(0, 600))
def test_changed_bytes_are_refused_in_a_typed_way_or_taken(junk: bytes, start: int, length: int) -> None:
    good = card_bytes(line())
    start = min(start, len(good))
    data = good[:start] + junk + good[start + length :]
    with contextlib.suppress(errors.BadCard):
        taken = attest.joined(attest.draft(data), DOCUMENT.encode())
        assert taken.claims


@pytest.mark.parametrize("text", ["NaN", "1", "-0.1", "0.10", "1e-1", "Q=0.1", "K=", "=0.1", "K=nan", ""])
def test_a_tolerance_that_is_none(text: str) -> None:
    letter, equals, value = text.rpartition("=")
    with pytest.raises(errors.BadOption):
        attest.tolerances({letter: value} if equals else {}, every=None if equals else value)


@pytest.mark.parametrize("keeps", ["0", "1.1", "NaN", "", "half"])
def test_a_share_to_keep_that_is_none(keeps: str) -> None:
    with pytest.raises(errors.BadOption):
        attest.tolerances(keeps=keeps)


def test_a_claim_without_a_chain_cannot_be_sealed() -> None:
    with pytest.raises(errors.BadCard, match="is a name"):
        attest.statements(card(line()))


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    return said.err


def test_the_command_refuses_what_it_cannot_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quoted, report, bundle = tmp_path / "card.jsonl", tmp_path / "report.json", tmp_path / "bundle.json"
    quoted.write_bytes(card_bytes(line()))
    (tmp_path / "card.md").write_text(DOCUMENT)
    report.write_bytes(b"{}")
    bundle.write_bytes(json.dumps({"format": "counterproof-bundle/1"}, separators=(",", ":")).encode())
    card_, report_ = str(quoted), str(report)

    assert "cannot be read" in refusal(["audit", str(tmp_path / "none"), report_], capsys)
    assert "not a counterproof-report" in refusal(["audit", card_, report_], capsys)
    assert "is a card" in refusal(["audit", card_, card_], capsys)
    assert "--trust" in refusal(["audit", card_, str(bundle)], capsys)
    assert "--tolerance" in refusal(["audit", card_, report_, "--tolerance", "NaN"], capsys)
    assert "--tolerance" in refusal(["audit", card_, report_, "--tolerance", ""], capsys)
    assert "--tolerance" in refusal(["audit", card_, report_, "--tolerance", "0.1", "--tolerance", "0.2"], capsys)
    assert "--tolerance" in refusal(["audit", card_, report_, "--tolerance", "K=0.1", "--tolerance", "K=0.2"], capsys)
    assert "--keeps" in refusal(["audit", card_, report_, "--keeps", "2"], capsys)
    assert "--key" in refusal(["audit", card_, report_, "--statements", str(tmp_path / "s")], capsys)
    assert "--key" in refusal(["audit", card_, report_, "--key", str(tmp_path / "k")], capsys)
