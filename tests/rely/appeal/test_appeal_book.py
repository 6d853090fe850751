"""Appeals as they are heard: what is taken, what everybody is told, what a person decides."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.errors import BadOption
from counterproof.rely import appeal
from tests.chain import small_tokens
from tests.rely.appeal.appellant import CHEAP, NOW_S, body, book, digest, paid, worked

DAY_S = 86_400


def said(heard: appeal.Heard) -> tuple[int, object]:
    return heard.status, json.loads(heard.body)


def spent(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "appeals" / "appeals.sqlite")) as db:
        return int(db.execute("SELECT count(*) FROM spent").fetchone()[0])


HEARD = (202, {"said": "heard"})
UNDECIDED = (200, {"verdict": "undecided", "note": ""})


def test_an_appeal_goes_from_receipt_to_verdict(tmp_path: Path) -> None:
    one, receipt = book(tmp_path), appeal.new_receipt()

    assert said(one.hear(worked(one, receipt, "It was a toy vault.\nReally."), NOW_S)) == HEARD
    assert one.cases() == ()
    assert one.match([digest(receipt)]) == 0
    assert one.cases() == (appeal.Case(digest(receipt), NOW_S // DAY_S, "It was a toy vault.\nReally."),)
    assert said(one.verdict(body(receipt=receipt))) == UNDECIDED
    one.decide(digest(receipt), "upheld", "You were right.", NOW_S)
    assert said(one.verdict(body(receipt=receipt))) == (200, {"verdict": "upheld", "note": "You were right."})
    assert one.cases() == ()
    assert [r.verdict for r in one.rulings()] == ["upheld"]
    one.close()


def test_every_receipt_is_told_the_same(tmp_path: Path) -> None:
    """Unknown, refused, appealed before, upheld, denied, expired: the same status, bytes and headers."""
    one = book(tmp_path)
    names = ("refused", "appealed", "upheld", "denied", "expired")
    receipts = {name: appeal.new_receipt() for name in names}
    for name in names[1:]:
        one.hear(worked(one, receipts[name], now_s=NOW_S), NOW_S)
    one.match([digest(receipts[name]) for name in names[:-1]])
    one.decide(digest(receipts["upheld"]), "upheld", "", NOW_S)
    one.decide(digest(receipts["denied"]), "denied", "", NOW_S)
    answers = {one.hear(worked(one, r, "again"), NOW_S) for r in (*receipts.values(), appeal.new_receipt())}

    assert len(answers) == 1
    assert said(answers.pop()) == HEARD
    undecided = {one.verdict(body(receipt=receipts[n])) for n in ("refused", "appealed", "expired")}
    assert undecided == {one.verdict(body(receipt=appeal.new_receipt()))}
    one.close()


def test_no_payment_is_told_the_same_for_every_receipt(tmp_path: Path) -> None:
    one = book(tmp_path)
    known, unknown = appeal.new_receipt(), appeal.new_receipt()
    one.hear(worked(one, known), NOW_S)
    one.match([digest(known)])
    one.decide(digest(known), "upheld", "", NOW_S)

    assert one.hear(body(receipt=known), NOW_S) == one.hear(body(receipt=unknown), NOW_S)
    assert one.hear(body(receipt=known), NOW_S).status == 401
    one.close()


def test_the_first_appeal_of_a_receipt_stays(tmp_path: Path) -> None:
    one, receipt = book(tmp_path), appeal.new_receipt()
    for text in ("first", "second", ""):
        assert said(one.hear(worked(one, receipt, text), NOW_S)) == HEARD
    one.match([digest(receipt)])

    assert [case.text for case in one.cases()] == ["first"]
    one.decide(digest(receipt), "denied", "", NOW_S)
    assert said(one.hear(worked(one, receipt, "after"), NOW_S)) == HEARD
    one.match([digest(receipt)])
    assert one.cases() == ()
    one.close()


def test_what_appeals_against_no_refusal_on_record_is_dropped(tmp_path: Path) -> None:
    one = book(tmp_path)
    real, forged = appeal.new_receipt(), appeal.new_receipt()
    for receipt in (real, forged):
        one.hear(worked(one, receipt, "words"), NOW_S)

    assert one.match([digest(real), digest(appeal.new_receipt())]) == 1
    assert [case.digest for case in one.cases()] == [digest(real)]
    assert one.match([]) == 0, "what was found on record stays"
    assert len(one.cases()) == 1
    one.close()


@pytest.mark.parametrize("typed", ["{0}", " {0}\n", "{1}-{2}", "{1} {2}"])
def test_a_receipt_may_be_typed_by_hand(tmp_path: Path, typed: str) -> None:
    one, receipt = book(tmp_path), appeal.new_receipt()
    one.hear(worked(one, receipt), NOW_S)
    one.match([digest(receipt)])
    one.decide(digest(receipt), "denied", "", NOW_S)

    hand = typed.format(receipt, receipt[:9], receipt[9:]).upper()
    assert said(one.verdict(body(receipt=hand)))[1] == {"verdict": "denied", "note": ""}
    one.close()


def test_receipts_have_128_bits_and_one_form() -> None:
    made = {appeal.new_receipt() for _ in range(200)}

    assert len(made) == 200
    assert all(appeal.read_receipt(r) == r for r in made)
    assert {r[-1] for r in made} <= set("aeimquy4")


@given(st.text(max_size=60))
def test_what_is_no_receipt_is_none(text: str) -> None:
    found = appeal.read_receipt(text)

    assert found is None or (len(found) == 26 and appeal.read_receipt(found) == found)


@given(st.binary(max_size=400))
def test_no_bytes_are_an_appeal(data: bytes) -> None:
    """What is no JSON of the right form is refused before anything is looked at, the folder included."""
    one = appeal.Book.__new__(appeal.Book)
    one.terms = CHEAP

    assert one.hear(data, NOW_S).status == 400
    assert one.verdict(data).status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"receipt": "abc"},
        {"receipt": 1},
        {"receipt": "a" * 26, "text": 5},
        {"receipt": "a" * 26, "who": "me"},
        {"receipt": "a" * 26, "text": "x" * 4_001},
        {"receipt": "a" * 26, "text": "\x1b[2J"},
        {"receipt": "a" * 26, "text": "\u202egnol"},
        {"text": "hello"},
        ["a" * 26],
        "a" * 26,
    ],
)
def test_what_is_no_appeal_is_refused_by_its_form(tmp_path: Path, wrong: object) -> None:
    one = book(tmp_path)

    assert one.hear(json.dumps(wrong).encode(), NOW_S).status == 400
    assert one.hear(b"\xff" + json.dumps(wrong).encode(), NOW_S).status == 400
    one.close()


def test_what_is_too_long_is_not_read(tmp_path: Path) -> None:
    one = book(tmp_path)

    assert one.hear(b" " * 100_000, NOW_S).status == 413
    assert one.verdict(b" " * 100_000).status == 400
    one.close()


@pytest.mark.parametrize("letter", ["e", "\u00e9", "\U0001f600"])
def test_the_longest_text_fits(tmp_path: Path, letter: str) -> None:
    one, receipt = book(tmp_path), appeal.new_receipt()

    assert said(one.hear(worked(one, receipt, letter * CHEAP.text_chars), NOW_S)) == HEARD
    one.close()


class TestWork:
    def test_what_is_asked_can_be_done(self, tmp_path: Path) -> None:
        one = book(tmp_path)
        asked = json.loads(one.asked(NOW_S).body)

        assert asked["challenge"] == one.challenge(NOW_S).text
        assert asked["bits"] == 4
        one.close()

    def test_other_work_is_refused(self, tmp_path: Path) -> None:
        one, receipt, other = book(tmp_path, appeal.Terms(bits=12)), appeal.new_receipt(), appeal.new_receipt()
        asked = one.challenge(NOW_S)
        work = appeal.solve(asked, receipt)
        sealed_elsewhere = book(tmp_path / "other").challenge(NOW_S)
        wrong = {
            "of another receipt": (other, asked.text, str(work)),
            "another number": (receipt, asked.text, str(work + 1)),
            "no number": (receipt, asked.text, ""),
            "a sign": (receipt, asked.text, f"-{work}"),
            "other digits": (receipt, asked.text, "\u0661\u0662"),
            "a long number": (receipt, asked.text, "9" * 100),
            "no challenge": (receipt, "", str(work)),
            "a challenge of its own": (receipt, asked.text[:12] + "00" + asked.text[14:], "0"),
            "another book's": (receipt, sealed_elsewhere.text, str(appeal.solve(sealed_elsewhere, receipt))),
            "capitals": (receipt, asked.text.upper(), str(work)),
            "no hexadecimal": (receipt, "z" * len(asked.text), str(work)),
        }
        for receipt_, challenge, number in wrong.values():
            heard = one.hear(body(receipt=receipt_, challenge=challenge, work=number), NOW_S)
            assert heard.status == 401
            assert json.loads(heard.body)["challenge"] == asked.text
        assert one.hear(body(receipt=receipt, challenge=asked.text, work=str(work)), NOW_S).status == 202
        one.close()

    def test_work_is_worth_nothing_after_its_time(self, tmp_path: Path) -> None:
        one, receipt = book(tmp_path), appeal.new_receipt()
        sent = worked(one, receipt)

        assert one.hear(sent, NOW_S + 2 * CHEAP.epoch_s).status == 401
        assert one.hear(sent, NOW_S - 2 * CHEAP.epoch_s).status == 401
        assert one.hear(sent, NOW_S + CHEAP.epoch_s).status == 202
        one.close()

    def test_many_appeals_make_it_harder_and_quiet_easier(self, tmp_path: Path) -> None:
        one = book(tmp_path)
        bits = [one.challenge(NOW_S).bits]
        for _ in range(40):
            one.hear(worked(one, appeal.new_receipt()), NOW_S)
            bits.append(one.challenge(NOW_S).bits)

        assert [bits[n] for n in (0, 4, 5, 10, 20, 40)] == [4, 4, 5, 6, 7, 8]
        assert one.challenge(NOW_S + 5 * CHEAP.epoch_s).bits == 4
        one.close()

    def test_sending_the_same_again_makes_it_no_harder(self, tmp_path: Path) -> None:
        one = book(tmp_path)
        sent = worked(one, appeal.new_receipt())

        assert {one.hear(sent, NOW_S).status for _ in range(40)} == {202}
        assert one.challenge(NOW_S).bits == 4
        one.close()

    def test_no_work_may_be_asked(self, tmp_path: Path) -> None:
        one = book(tmp_path, appeal.Terms(bits=0, most_bits=0))

        assert one.hear(worked(one, appeal.new_receipt()), NOW_S).status == 202
        one.close()


class TestTokens:
    KEY = small_tokens.token_key()

    def test_a_token_pays_once(self, tmp_path: Path) -> None:
        one = book(tmp_path, keys=(self.KEY,), origin=small_tokens.HERE)
        token = small_tokens.token(self.KEY).encode()
        first, second = appeal.new_receipt(), appeal.new_receipt()

        assert one.hear(paid(token, first), NOW_S).status == 202
        assert one.hear(paid(token, second), NOW_S).status == 401
        assert one.hear(paid(token, first), NOW_S).status == 202, "whose answer was lost may ask again"
        one.match([digest(first), digest(second)])
        assert [case.digest for case in one.cases()] == [digest(first)]
        one.close()

    def test_another_token_is_refused(self, tmp_path: Path) -> None:
        one = book(tmp_path, keys=(self.KEY,), origin=small_tokens.HERE)
        token = small_tokens.token(self.KEY).encode()
        wrong = [
            small_tokens.token(self.KEY, small_tokens.ELSEWHERE).encode(),
            small_tokens.token(self.KEY, by=small_tokens.other_issuer()).encode(),
            token[:-1] + bytes((token[-1] ^ 1,)),
            token[:-1],
            b"",
            b"hello",
        ]

        assert {one.hear(paid(each, appeal.new_receipt()), NOW_S).status for each in wrong} == {401}
        assert one.hear(body(receipt=appeal.new_receipt(), token="*"), NOW_S).status == 401  # noqa: S106 - no password
        assert one.hear(paid(token, appeal.new_receipt()), NOW_S + 90 * DAY_S).status == 401, "its epoch is over"
        assert one.hear(paid(token, appeal.new_receipt()), NOW_S).status == 202
        one.close()

    def test_where_no_issuer_is_known_no_token_is_taken(self, tmp_path: Path) -> None:
        one = book(tmp_path)

        assert one.hear(paid(small_tokens.token(self.KEY).encode(), appeal.new_receipt()), NOW_S).status == 401
        one.close()

    def test_what_is_asked_for_is_offered(self, tmp_path: Path) -> None:
        """RFC 9577, section 2.1."""
        one = book(tmp_path, keys=(self.KEY,), origin=small_tokens.HERE)
        headers = dict(one.hear(body(receipt=appeal.new_receipt()), NOW_S).headers)

        assert headers["WWW-Authenticate"].startswith('PrivateToken challenge="AAI')
        assert headers["Cache-Control"] == "no-store"
        one.close()

    def test_tokens_of_an_epoch_that_is_over_are_forgotten(self, tmp_path: Path) -> None:
        one = book(tmp_path, keys=(self.KEY,), origin=small_tokens.HERE)
        one.hear(paid(small_tokens.token(self.KEY).encode(), appeal.new_receipt()), NOW_S)

        one.expire(NOW_S)
        assert spent(tmp_path) == 1
        one.expire(NOW_S + 90 * DAY_S)
        assert spent(tmp_path) == 0
        one.close()


class TestWhatIsKept:
    def test_nothing_but_what_was_sent(self, tmp_path: Path) -> None:
        one, receipt = book(tmp_path), appeal.new_receipt()
        one.hear(worked(one, receipt, "a word of mine"), NOW_S)
        kept = (tmp_path / "appeals" / "appeals.sqlite").read_bytes()

        assert b"a word of mine" in kept
        assert receipt.encode() not in kept
        one.close()

    def test_others_cannot_read_it(self, tmp_path: Path) -> None:
        one = book(tmp_path)
        modes = [
            stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "appeals", tmp_path / "appeals" / "appeals.sqlite")
        ]

        assert modes == [0o700, 0o600]
        one.close()

    @pytest.mark.parametrize("end", ["decide", "match", "expire"])
    def test_words_leave_the_disk_with_the_case(self, tmp_path: Path, end: str) -> None:
        one, receipt = book(tmp_path), appeal.new_receipt()
        one.hear(worked(one, receipt, "a word of mine"), NOW_S)
        if end == "match":
            one.match([])
        elif end == "expire":
            assert one.expire(NOW_S + 31 * DAY_S) == 1
        else:
            one.match([digest(receipt)])
            one.decide(digest(receipt), "denied", "", NOW_S)

        left = [p.read_bytes() for p in (tmp_path / "appeals").iterdir()]
        assert not any(b"a word of mine" in data for data in left)
        one.close()

    def test_what_is_old_goes(self, tmp_path: Path) -> None:
        one, old, new = book(tmp_path), appeal.new_receipt(), appeal.new_receipt()
        for receipt, at_s in ((old, NOW_S), (new, NOW_S + 20 * DAY_S)):
            one.hear(worked(one, receipt, now_s=at_s), at_s)
            one.match([digest(receipt)])
            one.decide(digest(receipt), "denied", "", at_s)

        assert one.expire(NOW_S + 30 * DAY_S) == 0
        assert one.expire(NOW_S + 31 * DAY_S) == 1
        assert [r.digest for r in one.rulings()] == [digest(new)]
        assert said(one.verdict(body(receipt=old))) == UNDECIDED
        one.close()


def test_a_verdict_stands(tmp_path: Path) -> None:
    one, receipt = book(tmp_path), appeal.new_receipt()
    one.hear(worked(one, receipt), NOW_S)
    one.match([digest(receipt)])
    one.decide(digest(receipt), "denied", "", NOW_S)

    with pytest.raises(BadOption, match="somebody else may have decided it"):
        one.decide(digest(receipt), "upheld", "", NOW_S)
    assert [r.verdict for r in one.rulings()] == ["denied"]
    one.close()


def test_a_challenge_that_was_fetched_while_it_was_quiet_opens_no_flood(tmp_path: Path) -> None:
    """It stays good for twenty minutes; what it costs must not."""
    one = book(tmp_path)
    quiet = one.challenge(NOW_S)
    answers: list[int] = []
    for _ in range(20):
        receipt = appeal.new_receipt()
        work = str(appeal.solve(quiet, receipt))
        answers.append(one.hear(body(receipt=receipt, challenge=quiet.text, work=work), NOW_S).status)

    asked = one.challenge(NOW_S).bits
    assert answers == [202] * 10 + [401] * 10, "one bit of slack, no more"
    assert asked == quiet.bits + 2
    assert one.hear(worked(one, appeal.new_receipt()), NOW_S).status == 202
    one.close()
