"""Attack 14: keys for which anybody can sign, and signatures in a second form: no reader takes either."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterproof import note, record
from tests.publish.report.browser import Page
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.asking import ask, differences, opened_page
from tests.rely.verify.broken import Case

pytestmark = pytest.mark.slow

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
STATEMENT = b"\xffurn:counterproof:dsse-ed25519:1"
ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
WEAK = {
    "the identity": 1,
    "the identity with a sign": 1 | 1 << 255,
    "order 2": P - 1,
    "order 4": 0,
    "order 4, negative": 1 << 255,
    "order 8": ORDER_8,
    "order 8, negative": ORDER_8 | 1 << 255,
    "order 8, the other": P - ORDER_8,
    "y = p": P,
    "y = p + 1": P + 1,
    "y = 2^255 - 1": 2**255 - 1,
    "no point": 2,
}


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_page(chromium, tmp_path_factory.mktemp("page")) as opened:
        yield opened


def _text(public: bytes, kind: bytes, name: str = "weak") -> str:
    """A key in its text form, as anybody may write it."""
    key_id = hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]
    return f"{name}+{key_id.hex()}+{b64encode(kind + public).decode()}"


def _trusting_governance(public: bytes) -> Case:
    trust = w.trust()
    changed = json.loads(record.canonical_bytes(trust))
    changed["governance"][2] = _text(public, STATEMENT)
    return broken.good()[0], json.dumps(changed, sort_keys=True, separators=(",", ":")).encode(), w.NOW_S


def _trusting_witness(public: bytes, kind: bytes) -> Case:
    policy = w.policy().replace(w.WITNESSES[0].verifier.text, _text(public, kind))
    return broken.good()[0], record.canonical_bytes(w.trust(policy=policy)), w.NOW_S


def _named(public: bytes) -> Case:
    """Governance itself names the weak key: the role breaks its form."""
    made = w.world()
    payload = note.unseal(made.log.entries[1]).unverified_payload
    changed = payload.replace(w.EVALUATOR_KEY.verifier.text.encode(), _text(public, STATEMENT).encode())
    made.log.entries[1] = note.seal(changed, *w.GOVERNANCE)
    return w.data(made.log.bundle()), broken.TRUST, w.NOW_S


@pytest.mark.parametrize("name", WEAK)
def test_no_weak_key_is_trusted_or_named(page: Page, name: str) -> None:
    public = WEAK[name].to_bytes(32, "little")
    cases = {
        "2 trust": [_trusting_governance(public), *(_trusting_witness(public, kind) for kind in (b"\x04", b"\x01"))],
        "5 statement": [_named(public)],
    }

    for step, made in cases.items():
        assert [broken.verdict(case) for case in made] == [step] * len(made)
        assert [found for found, _, _ in ask(page, made)] == [step] * len(made)


def test_a_key_with_a_part_of_small_order_is_refused_by_both(page: Page) -> None:
    """An honest key plus a point of order two: (x, y) becomes (-x, -y)."""
    public = int.from_bytes(w.GOVERNANCE[2].verifier.public, "little")
    y, sign = public & (2**255 - 1), public >> 255
    mixed = ((P - y) | (1 - sign) << 255).to_bytes(32, "little")
    case = _trusting_governance(mixed)

    assert broken.verdict(case) == "2 trust"
    assert differences(page, [case]) == []


def _resigned(change: bytes) -> Case:
    """The result's own signature replaced."""
    made = w.world()
    envelope = note.unseal(made.log.entries[-1])
    ((keyid, _),) = envelope.signatures
    made.log.entries[-1] = note.Envelope(envelope.unverified_payload, ((keyid, change),)).encode()
    return w.data(made.log.bundle()), broken.TRUST, w.NOW_S


def test_a_signature_in_its_second_form_is_refused_by_both(page: Page) -> None:
    """S + L is the same number modulo the group's order (RFC 8032, section 5.1.7, step 1)."""
    ((_, signature),) = note.unseal(w.world().log.entries[-1]).signatures
    s = int.from_bytes(signature[32:], "little") + ORDER
    case = _resigned(signature[:32] + s.to_bytes(32, "little"))

    assert broken.verdict(_resigned(signature)) == ""
    assert broken.verdict(case) == "7 signature"
    assert differences(page, [case]) == []


@pytest.mark.parametrize("name", WEAK)
def test_a_signature_whose_first_half_is_weak_gets_one_verdict(page: Page, name: str) -> None:
    cases = [_resigned(WEAK[name].to_bytes(32, "little") + s.to_bytes(32, "little")) for s in (0, 1, ORDER - 1)]

    assert [broken.verdict(case) for case in cases] == ["7 signature"] * 3
    assert differences(page, cases) == []


def test_its_own_signer_makes_a_signature_with_a_weak_first_half(page: Page) -> None:
    """R is the identity and S = k a: the equation holds (RFC 8032, section 5.1.7), and its signer can make it."""
    made = w.world()
    payload = note.unseal(made.log.entries[-1]).unverified_payload
    message = b"DSSEv1 %d %s %d %s" % (len(note.PAYLOAD_TYPE), note.PAYLOAD_TYPE.encode(), len(payload), payload)
    first = (1).to_bytes(32, "little")
    secret = bytearray(hashlib.sha512(w.EVALUATOR_KEY.unsafe_seed).digest()[:32])
    secret[0] &= 248
    secret[31] = secret[31] & 127 | 64
    k = int.from_bytes(hashlib.sha512(first + w.EVALUATOR_KEY.verifier.public + message).digest(), "little")
    s = k * int.from_bytes(secret, "little") % ORDER
    case = _resigned(first + s.to_bytes(32, "little"))

    assert differences(page, [case]) == []
