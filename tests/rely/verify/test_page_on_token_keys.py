"""Entries that state an issuer's key: the page takes and refuses what the command does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counterproof import note, record
from counterproof.publish import attest
from tests.chain import small_tokens
from tests.publish.report.browser import Page
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.asking import ask, opened_page

_VERIFIER = small_tokens.issuer().verifier
_PUBLIC, _MODULUS = _VERIFIER.public, _VERIFIER.modulus
_ROOT = max(small_tokens.issuer().unsafe_primes.unsafe_p, small_tokens.issuer().unsafe_primes.unsafe_q)


def _key(modulus: int = _MODULUS, before: bytes = _PUBLIC[:81], after: bytes = _PUBLIC[-5:]) -> dict[str, str]:
    return {"key": base64.b64encode(before + modulus.to_bytes(256, "big") + after).decode()}


GOOD: dict[str, dict[str, Any]] = {
    "as it is": {}, "one origin": {"origins": ("a",)}, "one day": {"ends": "2026-11-02T00:00:00Z"},
    "400 days": {"ends": "2027-12-06T00:00:00Z"}, "another key": _key(small_tokens.other_issuer().verifier.modulus),
}  # fmt: skip
BAD: dict[str, dict[str, Any]] = {
    "not base64": {"key": "*" * 456}, "no key": {"key": ""}, "padded": {"key": _key()["key"] + "===="},
    "another algorithm": _key(before=b"\x31" + _PUBLIC[1:81]), "another exponent": _key(after=b"\x02\x03\x01\x00\x03"),
    "a modulus too short": _key(_MODULUS >> 1 | 1), "an even modulus": _key(_MODULUS + 1),
    "a multiple of 3": _key(3 * (_MODULUS // 3 | 1)), "a multiple of 997": _key(997 * (_MODULUS // 997 | 1)),
    "a square": _key(_ROOT * _ROOT), "zero": _key(0),
    "less than a day": {"ends": "2026-11-01T23:59:59Z"}, "over 400 days": {"ends": "2027-12-06T00:00:01Z"},
    "no time": {"ends": "2026-11-31T00:00:00Z"}, "backwards": {"ends": "2026-10-01T00:00:00Z"},
    "no origin": {"origins": ()}, "not sorted": {"origins": ("b", "a")}, "twice": {"origins": ("a", "a")},
    "a comma": {"origins": ("a,b",)}, "a space": {"issuer": "a b"}, "no host": {"issuer": ""},
    "not ASCII": {"issuer": "\u00fc.example"}, "too long": {"issuer": "a" * 256}, "no epoch": {"epoch": ""},
    "another organisation": {"organisation": "Somebody"},
}  # fmt: skip


def _case(changes: dict[str, Any]) -> broken.Case:
    made = w.world()
    said = small_tokens.token_key(**({"organisation": w.EVALUATOR} | changes))
    made.log.entries.append(note.seal(record.statement_bytes(attest.statement(said)), w.EVALUATOR_KEY))
    return w.data(made.log.bundle(support=(1,))), broken.TRUST, w.NOW_S


def test_the_command_takes_the_good_and_no_other() -> None:
    assert {name for name, changes in GOOD.items() if broken.verdict(_case(changes))} == set()
    assert {name for name, changes in BAD.items() if not broken.verdict(_case(changes))} == set()


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_page(chromium, tmp_path_factory.mktemp("page")) as opened:
        yield opened


@pytest.mark.slow
def test_the_page_says_the_same_at_the_same_step(page: Page) -> None:
    cases = {name: _case(changes) for name, changes in (GOOD | BAD).items()}

    found = dict(zip(cases, ask(page, list(cases.values())), strict=True))

    assert {name: step for name, (step, _, _) in found.items()} == {
        name: broken.verdict(case) for name, case in cases.items()
    }
    assert not any(is_fault for _, _, is_fault in found.values())
