"""Attack 11: a text that one reader takes and another refuses, or that two readers take for different things."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterproof import note
from tests.publish.report.browser import Page
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.asking import differences, opened_page
from tests.rely.verify.broken import Case

pytestmark = pytest.mark.slow

GREASE = "\u2014 stranger AAAAAAAA\n"
Change = Callable[[str], str]


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_page(chromium, tmp_path_factory.mktemp("page")) as opened:
        yield opened


def _body(old: str, new: str) -> Change:
    """The checkpoint's text changed and signed again by its log and all witnesses: only the parser can refuse it."""

    def change(body: str) -> str:
        assert old in body
        return body.replace(old, new, 1)

    return change


CHECKPOINTS: dict[str, Change] = {
    "a zero in front of the size": _body("\n6\n", "\n06\n"),
    "a plus before the size": _body("\n6\n", "\n+6\n"),
    "a minus before the size": _body("\n6\n", "\n-6\n"),
    "a space before the size": _body("\n6\n", "\n 6\n"),
    "an underscore in the size": _body("\n6\n", "\n6_0\n"),
    "Arabic digits": _body("\n6\n", "\n\u0666\n"),
    "a size of 2^63": _body("\n6\n", "\n9223372036854775808\n"),
    "a size of 2^64": _body("\n6\n", "\n18446744073709551616\n"),
    "a size in hexadecimal": _body("\n6\n", "\n0x6\n"),
    "an extension line": lambda body: body + "extension\n",
    "an empty extension line": lambda body: body + "\n",
    "two lines": lambda body: "\n".join(body.split("\n")[:2]) + "\n",
    "a hash of three bytes": lambda body: "\n".join([*body.split("\n")[:2], "AAAA", ""]),
    "a hash without padding": lambda body: body.rstrip("=\n") + "\n",
    "a hash with a bit to spare": lambda body: body[:-3] + chr(ord(body[-3]) + 1) + "=\n",
    "a hash in the other alphabet": lambda body: body[:-5] + "-_" + body[-3:],
    "a carriage return": _body("\n6\n", "\r\n6\r\n"),
    "a vertical tab": _body("\n6\n", "\n6\v\n"),
    "a null": _body("\n6\n", "\n6\0\n"),
    "another line separator": _body("\n6\n", "\u20286\u2028"),
}


def _signed(change: Change) -> Case:
    """Whatever the text, the signatures are those of the log and its witnesses over that text."""
    made = w.world()
    text = change(note.split(made.log.checkpoint())[0].decode()).encode()
    lines = [note.Line(w.LOG.verifier.name, w.LOG.verifier.key_id, w.LOG.sign(text)).encode()]
    stamp = (w.NOW_S - 60).to_bytes(8, "big")
    for witness in w.WITNESSES:
        signature = witness.sign(b"cosignature/v1\ntime %d\n" % (w.NOW_S - 60) + text)
        lines.append(note.Line(witness.verifier.name, witness.verifier.key_id, stamp + signature).encode())
    return _carrying((text + b"\n" + b"".join(lines)).decode())


def _carrying(checkpoint: str) -> Case:
    made = json.loads(broken.good()[0])
    for one in (made["entry"], *made["support"]):
        one["receipt"] = one["receipt"].split("\n\n")[0] + "\n\n" + checkpoint
    data = json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return data, broken.TRUST, w.NOW_S


def test_a_checkpoint_signed_as_it_is_passes() -> None:
    assert broken.verdict(_signed(lambda body: body)) == ""


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_no_reader_takes_a_checkpoint_in_another_form(page: Page, name: str) -> None:
    case = _signed(CHECKPOINTS[name])

    assert broken.verdict(case) in ("1 format", "3 checkpoint")
    assert differences(page, [case]) == []


@pytest.mark.parametrize("count", [0, 1, 12, 13, 95, 96])
def test_strangers_signatures_up_to_the_limit(page: Page, count: int) -> None:
    """Sixteen signatures MUST be taken (signed-note); a hundred are, with the log's and four witnesses'."""
    case = _carrying(w.world().log.checkpoint().decode() + GREASE * count)

    assert (broken.verdict(case) == "") == (count <= 95)
    assert differences(page, [case]) == []


def test_giant_notes(page: Page) -> None:
    case = _carrying(w.world().log.checkpoint().decode() + f"\u2014 stranger {'A' * 1_000_000}\n")

    assert broken.verdict(case) == "1 format"
    assert differences(page, [case]) == []
