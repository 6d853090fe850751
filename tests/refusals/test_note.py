"""Every way in which a key, a note, an envelope, a cosignature or a policy is refused: its error, place and code."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import BadKey, BadNote, BadPolicy, CounterproofError, NotVerified


def _signer(name: str, kind: note.Kind) -> note.Signer:
    return note.seeded(name, kind, hashlib.sha256(f"{name}{kind}".encode()).digest())


LOG = _signer("log.example", "ed25519")
WITNESS = _signer("witness.example", "cosignature")
EVALUATOR = _signer("evaluator.example", "statement")
HEAD = tlog.Checkpoint("log.example", 1, bytes(range(32)))
SIGNED = note.sign(HEAD.body, LOG)
COSIGNED = note.append(SIGNED, quorum.cosign(HEAD, WITNESS, 1_800_000_000))
ENVELOPE = note.seal(b"{}", EVALUATOR)
POLICY_TEXT = f"log {LOG.verifier.text}\nwitness w {WITNESS.verifier.text}\nquorum w\n"
POLICY = quorum.read_policy(POLICY_TEXT)
GREASE = note.Line("g.example", b"\1\2\3\4", b"x").encode()
TEXT = LOG.verifier.text


def _key(name: str, raw: bytes) -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(raw).decode()}"


KEYS = {
    "no key": "",
    "two parts": "log.example+00000000",
    "name with a space": _key("log example", b"\1" + LOG.verifier.public),
    "name with a no-break space": _key("log\u00a0example", b"\1" + LOG.verifier.public),
    "name with a control character": _key("log\x1bexample", b"\1" + LOG.verifier.public),
    "name with a control character above": _key("log\x9bexample", b"\1" + LOG.verifier.public),
    "name that turns the direction of reading": _key("log\u202eexample", b"\1" + LOG.verifier.public),
    "name with half a character": "log\ud800example" + TEXT[11:],
    "name of 256 bytes": _key("l" * 256, b"\1" + LOG.verifier.public),
    "no name": _key("", b"\1" + LOG.verifier.public),
    "no base64": TEXT[:-1] + "?",
    "base64 with a line feed": TEXT + "\n",
    "identifier of another": TEXT.replace(LOG.verifier.key_id.hex(), "00000000"),
    "identifier in capitals": TEXT.replace(LOG.verifier.key_id.hex(), LOG.verifier.key_id.hex().upper()),
    "type that is not read": _key("log.example", b"\2" + LOG.verifier.public),
    "another's long type": _key("log.example", b"\xffsomebody.example/type" + LOG.verifier.public),
    "no type": _key("log.example", b""),
    "too short": _key("log.example", b"\1" + LOG.verifier.public[1:]),
    "ML-DSA-44 key too short": _key("w.example", b"\6" + LOG.verifier.public),
}


@pytest.mark.parametrize("text", KEYS.values(), ids=KEYS.keys())
def test_a_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey) as refusal:
        note.read_verifier(text)

    assert refusal.value.exit_code == 2


SECRETS = {
    "a public key": TEXT,
    "nothing behind": "PRIVATE+KEY+",
    "identifier of another": note.signer_text(LOG).replace(LOG.verifier.key_id.hex(), "00000000"),
    "seed too short": _key("PRIVATE", b"").replace("PRIVATE", "PRIVATE+KEY+log.example"),
    "seed of zeros": note.signer_text(note.unsafe_seeded("log.example", "ed25519", bytes(32))),
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadKey) as refusal:
        note.read_signer(text)

    secret = text.rpartition("+")[2]
    assert not secret or secret not in str(refusal.value)


NOTES = {
    "nothing": b"",
    "text alone": HEAD.body,
    "no signatures": HEAD.body + b"\n",
    "no last line feed": SIGNED[:-1],
    "line after": SIGNED + b"x\n",
    "carriage return": SIGNED.replace(b"\n", b"\r\n"),
    "not UTF-8": SIGNED.replace(b"log", b"\xff", 1),
    "NUL": SIGNED.replace(b"log", b"l\0g", 1),
    "too long": b"x" * 1_000_000 + SIGNED,
    "too many signatures": SIGNED + GREASE * 100,
    "one key twice": SIGNED + SIGNED[len(HEAD.body) + 1 :],
    "base64 that is none": SIGNED + b"\xe2\x80\x94 g.example =\n",
    "line without a signature": SIGNED + b"\xe2\x80\x94 g.example\n",
}


@pytest.mark.parametrize("data", NOTES.values(), ids=NOTES.keys())
def test_a_note_is_refused(data: bytes) -> None:
    with pytest.raises(BadNote) as refusal:
        note.open(data, [LOG.verifier])

    assert refusal.value.exit_code == 2


ENVELOPES = {
    "nothing": b"",
    "no JSON": b"{",
    "space": ENVELOPE.replace(b",", b", "),
    "line feed after": ENVELOPE + b"\n",
    "members in another order": b'{"payloadType":"application/vnd.in-toto+json",' + ENVELOPE[1:],
    "a member twice": ENVELOPE.replace(b'{"payload":', b'{"payload":"","payload":', 1),
    "a member more": ENVELOPE[:-1] + b',"x":1}',
    "another type": ENVELOPE.replace(b"in-toto+json", b"in-toto+cbor"),
    "escape that is not needed": ENVELOPE.replace(b"evaluator", b"\\u0065valuator"),
    "slash with an escape": note.seal(b"{}", _signer("a/b", "statement")).replace(b"a/b", b"a\\/b"),
    "no signatures": ENVELOPE[: ENVELOPE.index(b"[") + 1] + b"]}",
    "one key twice": note.Envelope(b"{}", note.unseal(ENVELOPE).signatures * 2).encode(),
    "too many signatures": note.Envelope(b"{}", tuple((f"k{n}+00000000", bytes(64)) for n in range(17))).encode(),
    "payload in unused bits": ENVELOPE.replace(b'"e30="', b'"e31="'),
    "payload without padding": ENVELOPE.replace(b'"e30="', b'"e30"'),
    "payload in the alphabet of URLs": ENVELOPE.replace(b'"e30="', b'"e3-_"'),
    "signature in unused bits": ENVELOPE.replace(b"==", b"=", 1),
    "key without an identifier": note.Envelope(b"{}", (("evaluator.example", bytes(64)),)).encode(),
    "identifier in capitals": note.Envelope(b"{}", (("evaluator.example+ABCDEF00", bytes(64)),)).encode(),
    "key with a space": note.Envelope(b"{}", (("evaluator example+00000000", bytes(64)),)).encode(),
    "signature of 65 bytes": note.Envelope(b"{}", ((EVALUATOR.verifier.keyid, bytes(65)),)).encode(),
    "not UTF-8": ENVELOPE.replace(b"evaluator", b"evalu\xfftor"),
    "too long": note.Envelope(bytes(60_000), note.unseal(ENVELOPE).signatures).encode(),
    "deeply nested": b"[" * 60_000,
}


@pytest.mark.parametrize("data", ENVELOPES.values(), ids=ENVELOPES.keys())
def test_an_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(BadNote) as refusal:
        note.unseal(data)

    assert refusal.value.exit_code == 2


def _other_root() -> None:
    quorum.open_checkpoint(note.sign(tlog.Checkpoint("other.example", 1, bytes(32)).body, LOG), LOG.verifier)


def _flipped_cosignature() -> None:
    other = tlog.Checkpoint("log.example", 2, HEAD.root)
    quorum.check(note.append(SIGNED, quorum.cosign(other, WITNESS, 1)), POLICY)


NOT_VERIFIED: dict[str, tuple[str, Callable[[], object]]] = {
    "signed by a stranger": ("signatures", lambda: note.open(SIGNED, [_signer("x.example", "ed25519").verifier])),
    "nobody is trusted": ("signatures", lambda: note.open(SIGNED, [])),
    "another text": ("signatures", lambda: note.open(SIGNED.replace(b"\n1\n", b"\n2\n", 1), [LOG.verifier])),
    "envelope by a stranger": ("signatures", lambda: note.unseal(ENVELOPE).verify([])),
    "envelope of another payload": (
        "signatures",
        lambda: note.unseal(ENVELOPE.replace(b"e30=", b"e34=")).verify([EVALUATOR.verifier]),
    ),
    "checkpoint of another log": ("log", _other_root),
    "log that the policy does not know": (
        "log",
        lambda: quorum.check(
            note.sign(tlog.Checkpoint("x.example", 1, bytes(32)).body, _signer("x.example", "ed25519")), POLICY
        ),
    ),
    "cosignature of another checkpoint": ("cosignatures", _flipped_cosignature),
    "witness missing": ("quorum", lambda: quorum.check(SIGNED, POLICY)),
    "cosignature too old": ("quorum", lambda: quorum.check(COSIGNED, POLICY, 1_800_000_061, 60)),
    "cosignature ahead of time": ("quorum", lambda: quorum.check(COSIGNED, POLICY, 1_799_999_000)),
    "policy that asks nobody": (
        "quorum",
        lambda: quorum.check(COSIGNED, quorum.read_policy(f"log {LOG.verifier.text}\nquorum none\n")),
    ),
}


def test_the_untouched_checkpoint_passes() -> None:
    assert quorum.check(COSIGNED, POLICY, 1_800_000_060, 60).checkpoint == HEAD


@pytest.mark.parametrize(("where", "act"), NOT_VERIFIED.values(), ids=NOT_VERIFIED.keys())
def test_what_does_not_hold_is_refused_by_its_step(where: str, act: Callable[[], object]) -> None:
    with pytest.raises(NotVerified) as refusal:
        act()

    assert refusal.value.where == where
    assert refusal.value.exit_code == 5


MISUSED: dict[str, tuple[type[CounterproofError], Callable[[], object]]] = {
    "a witness signs a note": (BadKey, lambda: note.sign(b"x\n", WITNESS)),
    "a log seals an envelope": (BadKey, lambda: note.seal(b"{}", LOG)),
    "a log cosigns": (BadKey, lambda: quorum.cosign(HEAD, LOG, 1)),
    "a text without a line feed": (BadNote, lambda: note.sign(b"x", LOG)),
    "a text with a tab": (BadNote, lambda: note.sign(b"x\t\n", LOG)),
    "a note that nobody signs": (BadNote, lambda: note.sign(b"x\n")),
    "an envelope that nobody signs": (BadNote, lambda: note.seal(b"{}")),
    "what is appended is no line": (BadNote, lambda: note.append(SIGNED, b"x\n")),
    "what is appended begins another text": (BadNote, lambda: note.append(SIGNED, b"\n" + GREASE)),
    "a policy that knows no log": (
        BadPolicy,
        lambda: quorum.check(COSIGNED, quorum.read_policy(POLICY_TEXT.split("\n", 1)[1])),
    ),
    "a policy without a quorum": (BadPolicy, lambda: quorum.read_policy(POLICY_TEXT[: -len("quorum w\n")])),
}


@pytest.mark.parametrize(("kind", "act"), MISUSED.values(), ids=MISUSED.keys())
def test_misuse_is_refused(kind: type[CounterproofError], act: Callable[[], object]) -> None:
    with pytest.raises(kind) as refusal:
        act()

    assert refusal.value.exit_code == 2
