"""Several at once, a file that is damaged, a disk that is full: nothing is taken twice, and nothing half."""

from __future__ import annotations

import multiprocessing
import resource
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from counterproof.errors import BadOption, StorageFailed
from counterproof.rely import appeal
from tests.chain import small_tokens
from tests.rely.appeal.appellant import NOW_S, body, book, digest, paid, worked

KEY = small_tokens.token_key()


def _decides(folder: Path, receipt: str, verdict: appeal.Verdict) -> str:
    one = book(folder)
    try:
        return one.decide(digest(receipt), verdict, "", NOW_S).verdict
    except BadOption:
        return "too late"
    finally:
        one.close()


def _spends(folder: Path, token: bytes, receipt: str) -> int:
    one = book(folder, keys=(KEY,), origin=small_tokens.HERE)
    try:
        return one.hear(paid(token, receipt), NOW_S).status
    finally:
        one.close()


def test_of_several_who_decide_one_decides(tmp_path: Path) -> None:
    one, receipt = book(tmp_path), appeal.new_receipt()
    one.hear(worked(one, receipt), NOW_S)
    one.match([digest(receipt)])
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        said = pool.starmap(_decides, [(tmp_path, receipt, v) for v in ("upheld", "denied") * 8])

    assert Counter(said)["too late"] == 15
    assert [r.verdict for r in one.rulings()] == [word for word in said if word != "too late"]
    one.close()


def test_of_several_who_spend_a_token_one_is_heard(tmp_path: Path) -> None:
    token = small_tokens.token(KEY).encode()
    receipts = [appeal.new_receipt() for _ in range(16)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        said = pool.starmap(_spends, [(tmp_path, token, receipt) for receipt in receipts])
    one = book(tmp_path)
    one.match(map(digest, receipts))

    assert Counter(said) == {202: 1, 401: 15}
    assert [case.digest for case in one.cases()] == [digest(receipts[said.index(202)])]
    one.close()


def test_one_book_serves_several_threads(tmp_path: Path) -> None:
    one = book(tmp_path, appeal.Terms(bits=4, most_bits=12, quiet=50, cases=50))  # what they send costs enough for all
    sent = [worked(one, appeal.new_receipt()) for _ in range(40)]
    with ThreadPoolExecutor(8) as threads:
        said = [heard.status for heard in threads.map(one.hear, sent, [NOW_S] * 40)]

    assert said == [202] * 40
    assert one.match([]) == 40
    one.close()


def test_a_damaged_file_takes_no_token(tmp_path: Path) -> None:
    token = small_tokens.token(KEY).encode()
    one = book(tmp_path, keys=(KEY,), origin=small_tokens.HERE)
    one.hear(paid(token, appeal.new_receipt()), NOW_S)
    one.close()
    path = tmp_path / "appeals" / "appeals.sqlite"
    whole = path.read_bytes()
    assert len(whole) > 4096

    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(StorageFailed, match="cannot be used"):
        book(tmp_path)
    path.write_bytes(b"hello" * 2000)
    with pytest.raises(StorageFailed, match="not a database"):
        book(tmp_path)
    path.write_bytes(whole)
    again = book(tmp_path, keys=(KEY,), origin=small_tokens.HERE)
    for page in range(1, len(whole) // 4096):
        path.write_bytes(whole[: page * 4096] + b"\xff" * 4096 + whole[(page + 1) * 4096 :])
        assert again.hear(paid(token, appeal.new_receipt()), NOW_S).status in (401, 503)
    again.close()


def test_a_book_that_cannot_be_used_says_so_and_nothing_else(tmp_path: Path) -> None:
    one = book(tmp_path)
    sent = worked(one, appeal.new_receipt())
    one.close()

    heard = [one.hear(sent, NOW_S), one.asked(NOW_S), one.verdict(body(receipt=appeal.new_receipt()))]
    assert [h.status for h in heard] == [503] * 3
    assert len({h.body for h in heard}) == 1
    with pytest.raises(StorageFailed, match="not heard until it is"):
        one.cases()


def test_a_full_disk_takes_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = book(tmp_path, keys=(KEY,), origin=small_tokens.HERE)
    token, receipt = small_tokens.token(KEY).encode(), appeal.new_receipt()
    before = (tmp_path / "appeals" / "appeals.sqlite").read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (256, limit[1]))
        said = one.hear(paid(token, receipt), NOW_S).status
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)

    assert said == 503
    assert (tmp_path / "appeals" / "appeals.sqlite").read_bytes() == before
    assert one.hear(paid(token, receipt), NOW_S).status == 202
    one.close()


def test_a_full_book_hears_nobody_whoever_it_is(tmp_path: Path) -> None:
    one = book(tmp_path, appeal.Terms(bits=0, most_bits=0, cases=3))
    receipts = [appeal.new_receipt() for _ in range(5)]

    assert [one.hear(worked(one, r), NOW_S).status for r in receipts] == [202, 202, 202, 503, 503]
    assert one.hear(worked(one, receipts[0]), NOW_S).status == 503, "nor is told that it was heard before"
    one.match([digest(receipts[0])])
    assert one.hear(worked(one, receipts[3]), NOW_S).status == 202
    one.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="cannot be used"):
        appeal.Book(tmp_path / "file" / "appeals")
