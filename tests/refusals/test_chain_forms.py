"""Every way in which a statement, an entry or a trust file is refused, by its sentence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from counterproof import chain, errors, note, record
from tests.chain import small_chain, small_gates
from tests.chain.small_chain import EVALUATOR_KEY, LOG, NOTHING, text
from tests.chain.test_chain_read import SAID, payload

RULE, OTHER = small_gates.policy().rules
WORKER = small_gates.head().workers[0]
BY_KIND = {type(said).__name__: said for said in SAID}


@pytest.mark.parametrize(
    ("kind", "changes", "sentence"),
    [
        ("Prereg", {"subject": "sha256:00"}, "its subject is no digest"),
        ("Prereg", {"suite": NOTHING.upper()}, "its suite is no digest"),
        ("Prereg", {"closes_by": "2026-12-01"}, "its closes_by is no time"),
        ("Prereg", {"closes_by": "2026-13-01T00:00:00Z"}, "its closes_by is no time"),
        ("Prereg", {"criteria": {"K": "above 0.5"}}, "its criteria has a part that is not `at least`"),
        ("Prereg", {"criteria": {"K": "at least 0.50"}}, "its criteria has a part that is no decimal string"),
        ("Prereg", {"categories": ()}, "its categories has 0 parts"),
        ("Prereg", {"categories": ("a", "a")}, "its categories says the same twice"),
        ("Prereg", {"beacon": ""}, "by a beacon that is not named"),
        ("Prereg", {"seed": -1}, "its seed is not between 0 and"),
        ("Prereg", {"seed": 2**53}, "its seed is not between 0 and"),
        ("Prereg", {"evaluator": ""}, "its evaluator is empty"),
        ("Prereg", {"evaluator": " E"}, "its evaluator is empty, or begins or ends with a space"),
        ("Prereg", {"evaluator": "E\x1b[31m"}, "its evaluator holds a control character"),
        ("Prereg", {"evaluator": "E" * 500}, "its evaluator has 500 characters"),
        ("Behaviour", {"transcripts": "00"}, "its transcripts is not 64 lower-case"),
        ("Behaviour", {"seq": 1}, "prev is empty exactly where seq is 0"),
        ("Behaviour", {"prev": NOTHING}, "prev is empty exactly where seq is 0"),
        ("Behaviour", {"numbers": (record.NoNumber(name="K", reason=""),) * 2}, "two of one name"),
        ("Behaviour", {"criteria": ()}, ""),
        ("Continuity", {"p": "1e-3"}, "its p is no decimal string"),
        ("Continuity", {"p": "NaN"}, "its p is no decimal string"),
        ("Continuity", {"p": "\u0660.5"}, "its p is no decimal string"),
        ("SubjectGenesis", {"keys": ()}, "its keys has 0 parts"),
        ("SubjectGenesis", {"keys": ("no key",)}, "its keys has a part that is no key"),
        ("SubjectGenesis", {"keys": (text(LOG),)}, "is a key of kind 'ed25519', which signs no statements"),
        ("SubjectGenesis", {"commitments": {"x": "y"}}, "its commitments has a part that is no digest"),
        ("Generation", {"number": 0}, "generations count from 1"),
        ("Role", {"conflicts": ("B", "A")}, "its conflicts is not sorted"),
        ("Role", {"next_key": "later"}, "its next_key is no digest"),
        ("KeyRotate", {"new": text(EVALUATOR_KEY)}, "old and new are the same key"),
        ("VerifierAudit", {"planted_right": 4}, "more tasks were right"),
        ("TokenKey", {"key": "AAAA"}, "its key is no key that can be used: not a token key"),
        ("TokenKey", {"key": "\u00fc"}, "its key is no key that can be used: a token key that is not base64"),
        ("TokenKey", {"key": "AAB="}, "whose base64 is not in its one form"),
        ("TokenKey", {"origins": ("b", "a")}, "its origins is not sorted"),
        ("TokenKey", {"issuer": "a,b"}, "its issuer is not 1 to 255 visible ASCII characters"),
        ("TokenKey", {"starts": "today"}, "its starts is no time"),
        ("TokenKey", {"ends": "2026-11-01T12:00:00Z"}, "one day at least and 400 days at most"),
        ("LoggedGatePolicy", {"rules": ()}, "its rules are not as many as it says"),
        ("LoggedGatePolicy", {"fails": {"reject": "1"}}, "its rules are not as many as it says"),
        ("LoggedGatePolicy", {"fails": {"reject": "0"}}, "its fails is no map of outcomes"),
        ("LoggedGatePolicy", {"fails": {"signal": "2"}}, "its fails is no map of outcomes"),
        ("LoggedGatePolicy", {"unscanned": {"call": "signal"}}, "its unscanned is no map of kinds of events"),
        ("LoggedGatePolicy", {"unscanned": {"thought": "reject"}}, "its unscanned is no map of kinds of events"),
        ("LoggedGatePolicy", {"rules": (RULE, RULE)}, "its rules has more than 64 parts, or two of one name"),
        ("LoggedGatePolicy", {"rules": (replace(RULE, name=""), OTHER)}, "its rules has a part that is empty"),
        ("LoggedGatePolicy", {"rules": (replace(RULE, above=""), OTHER)}, "is no decimal string"),
        ("LoggedGatePolicy", {"rules": (RULE, replace(OTHER, above="1"))}, "lies above something and is no threshold"),
        ("GateHead", {"prev": NOTHING}, "prev is empty exactly where seq is 0"),
        ("GateHead", {"ends": "2026-10-01T00:00:00Z"}, "it ends before it starts"),
        ("GateHead", {"workers": ()}, "its workers has no part"),
        ("GateHead", {"workers": (WORKER, WORKER)}, "or is not sorted by worker"),
        ("GateHead", {"workers": (replace(WORKER, hash="ab"),)}, "is not 64 lower-case hexadecimal digits"),
        ("GateHead", {"workers": (replace(WORKER, n=-1),)}, "its workers has a part that is not between 0"),
        ("GateHead", {"policies": (NOTHING, NOTHING)}, "its policies says the same twice"),
        ("GateHead", {"denied": -1}, "its denied is not between 0"),
        ("Claim", {"quote": ""}, "its quote is empty"),
        ("Claim", {"quote": "x" * 5000}, "its quote has 5000 characters"),
        ("Claim", {"conditions": {str(n): "" for n in range(65)}}, "its conditions has 65 parts"),
    ],
)
def test_fields(kind: str, changes: dict[str, Any], sentence: str) -> None:
    data = payload(msgspec.structs.replace(BY_KIND[kind], **changes))

    if not sentence:
        assert chain.read_statement(data)
        return
    with pytest.raises(errors.BadStatement) as refused:
        chain.read_statement(data)
    assert sentence in str(refused.value)
    assert refused.value.exit_code == 2


GOOD = payload(BY_KIND["Abandon"])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'{"_type"', b' {"_type"', "not in its one byte form"),
        (b'"reason":"no budget"', b'"reason":"no budget","reason":"no budget"', "not in its one byte form"),
        (b'"reason":"no budget"', b'"reason":"no\\u0020budget"', "not in its one byte form"),
        (b'"reason":"no budget"', b'"reason":7', "Expected `str`"),
        (b'"reason":"no budget"', b'"reason":"no budget","more":"x"', "unknown field"),
        (b',"reason":"no budget"', b"", "missing required field"),
        (b"urn:counterproof:abandon:1", b"urn:counterproof:abandon:2", "of no known type"),
        (b"in-toto.io/Statement/v1", b"in-toto.io/Statement/v2", "of no known type"),
        (b'"subject":[{', b'"subject":[],"x":[{', "unknown field"),
        (b'"name":"preregistration"', b'"name":""', "it speaks of something else"),
        (b'"sha256":"', b'"sha512":"', "it speaks of something else"),
    ],
)
def test_bytes(old: bytes, new: bytes, sentence: str) -> None:
    assert old in GOOD

    with pytest.raises(errors.BadStatement) as refused:
        chain.read_statement(GOOD.replace(old, new))
    assert sentence in str(refused.value)


def test_floats() -> None:
    bad = payload(BY_KIND["Heads"]).replace(b'"size":9', b'"size":9.0')

    with pytest.raises(errors.BadStatement, match="Expected `int`"):
        chain.read_statement(bad)


def test_nothing_that_is_spoken_of() -> None:
    said = record.Statement(subject=(), predicate=BY_KIND["Abandon"])

    with pytest.raises(errors.BadStatement, match="it speaks of something else"):
        chain.read_statement(record.statement_bytes(said))


def test_another_system_that_is_spoken_of() -> None:
    """Other readers of in-toto see no more than that: it must be what the predicate is about."""
    said = BY_KIND["Behaviour"]
    other = record.Named(name="target", digest={"sha256": "f" * 64})

    with pytest.raises(errors.BadStatement, match="it speaks of something else than what is said in it"):
        chain.read_statement(record.statement_bytes(record.Statement(subject=(other,), predicate=said)))


def test_a_long_statement() -> None:
    with pytest.raises(errors.BadStatement, match="a statement of 20000 bytes"):
        chain.read_statement(b" " * 20_000)


def test_an_entry_that_is_no_envelope() -> None:
    with pytest.raises(errors.BadNote, match="not an envelope in canonical form"):
        chain.open_entry(b"{}")


def test_sealing_what_breaks_its_format() -> None:
    with pytest.raises(errors.BadStatement, match="its reason is empty"):
        small_chain.sealed(msgspec.structs.replace(BY_KIND["Abandon"], reason=""), EVALUATOR_KEY)


def test_sealing_with_a_logs_key() -> None:
    with pytest.raises(errors.BadKey, match="does not sign statements"):
        small_chain.sealed(BY_KIND["Abandon"], LOG)


GOVERNANCE = tuple(map(text, small_chain.GOVERNANCE))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"governance": ()}, "needs 2 of 0 different governance keys"),
        ({"governance": GOVERNANCE[:1] * 2}, "needs 2 of 1 different governance keys"),
        ({"governance_needed": 0}, "needs 0 of 3"),
        ({"governance_needed": 4}, "needs 4 of 3"),
        ({"max_age_s": -1}, "a negative age, or needs no organisation"),
        ({"organisations_needed": 0}, "a negative age, or needs no organisation"),
        ({"governance": (text(LOG), *GOVERNANCE)}, "a governance key of kind 'ed25519'"),
        ({"governance": ("x", *GOVERNANCE)}, "a governance key that cannot be used"),
    ],
)
def test_trust(changes: dict[str, Any], sentence: str) -> None:
    data = record.canonical_bytes(msgspec.structs.replace(small_chain.trust(), **changes))

    with pytest.raises(errors.BadPolicy) as refused:
        chain.read_trust(data)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b" " * (2 << 20), "is larger than"),
        (b"[]", "is none"),
        (record.canonical_bytes(small_chain.trust()) + b" ", "not in its one byte form"),
        (record.canonical_bytes(small_chain.trust()) + b"\n\n", "not in its one byte form"),
    ],
    ids=["long", "list", "space", "lines"],
)
def test_trust_bytes(data: bytes, sentence: str) -> None:
    with pytest.raises(errors.BadPolicy, match=sentence):
        chain.read_trust(data)


def test_entries_out_of_order() -> None:
    rules = chain.Rules(small_chain.trust())
    rules.admit(3, b"")

    with pytest.raises(errors.BadLog, match="entry 3 after entry 3"):
        rules.admit(3, b"")


def test_a_signature_that_does_not_hold() -> None:
    made = small_chain.Chain.begun()
    envelope = note.unseal(small_chain.sealed(made.prereg(), EVALUATOR_KEY))
    other = note.unseal(small_chain.sealed(made.prereg(seed=1), EVALUATOR_KEY))
    forged = note.Envelope(envelope.unverified_payload, other.signatures).encode()

    assert small_chain.rules_of(made.log(forged)) == ["signature"]
    assert small_chain.rules_of(made.log(b"no entry")) == ["form"]
