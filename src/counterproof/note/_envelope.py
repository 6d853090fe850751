"""Envelopes: a payload and who signed it (DSSE 1.0), in one canonical byte form (spec/keys.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from counterproof.errors import BadKey, BadNote, NotVerified
from counterproof.note._keys import Signer, Verifier
from counterproof.note._text import from_base64, to_base64, why_not_a_key_name

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES = 65_535
"""The longest entry that a tile's bundle can hold (tlog-tiles, Log entries)."""
MAX_SIGNATURES = 16

_KEYID = r'(?:[^"\\\x00-\x1f]|\\["\\])+'
_ONE = re.compile(rf'\{{"keyid":"({_KEYID})","sig":"([A-Za-z0-9+/]{{86}}==)"\}}')
_ANY = rf'\{{"keyid":"{_KEYID}","sig":"[A-Za-z0-9+/]{{86}}=="\}}'
_WHOLE = re.compile(
    rf'\{{"payload":"([A-Za-z0-9+/]*={{0,2}})","payloadType":"{re.escape(PAYLOAD_TYPE)}","signatures":'
    rf"\[({_ANY}(?:,{_ANY}){{0,{MAX_SIGNATURES - 1}}})\]\}}"
)


def _signed_bytes(payload: bytes) -> bytes:
    """PAE of DSSE 1.0: lengths before type and body, so that no two pairs of them give the same bytes."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _quoted(keyid: str) -> str:
    return keyid.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True)
class Envelope:
    """A payload with signatures (key identifier and 64 bytes each) that nobody has verified yet."""

    unverified_payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def encode(self) -> bytes:
        """The one byte form."""
        signatures = ",".join(
            f'{{"keyid":"{_quoted(keyid)}","sig":"{to_base64(sig)}"}}' for keyid, sig in self.signatures
        )
        head = f'{{"payload":"{to_base64(self.unverified_payload)}","payloadType":"{PAYLOAD_TYPE}"'
        return f'{head},"signatures":[{signatures}]}}'.encode()

    def verify(self, verifiers: Iterable[Verifier]) -> tuple[bytes, tuple[Verifier, ...]]:
        """The payload and which of these keys (kind `statement`) signed it, in the envelope's order.

        Raises:
            BadKey: a key is of another kind.
            NotVerified: the signature of one of these keys does not hold, or none of them signed.
        """
        known: dict[str, Verifier] = {}
        for verifier in verifiers:
            _must_sign_envelopes(verifier)
            if known.setdefault(verifier.keyid, verifier) != verifier:
                raise BadKey("two keys share a name and an identifier", where=verifier.keyid)
        message = _signed_bytes(self.unverified_payload)
        held: list[Verifier] = []
        for keyid, signature in self.signatures:
            found = known.get(keyid)
            if found is None:
                continue
            if not found.verify(message, signature):
                raise NotVerified(f"the signature by {keyid} does not hold", where="signatures")
            held.append(found)
        if not held:
            raise NotVerified("not signed by a key that may sign it", where="signatures")
        return self.unverified_payload, tuple(held)


def _must_sign_envelopes(verifier: Verifier) -> None:
    if verifier.kind != "statement":
        raise BadKey(f"a key of kind {verifier.kind!r} does not sign statements", where=verifier.name)


def seal(payload: bytes, *signers: Signer) -> bytes:
    """The envelope of a payload, signed with keys of kind `statement`.

    Raises:
        BadKey: a key is of another kind.
        BadNote: nobody signs, somebody signs twice, or the envelope is longer than `MAX_ENVELOPE_BYTES`.
    """
    for signer in signers:
        _must_sign_envelopes(signer.verifier)
    message = _signed_bytes(payload)
    envelope = Envelope(payload, tuple((s.verifier.keyid, s.sign(message)) for s in signers)).encode()
    unseal(envelope)
    return envelope


def unseal(data: bytes) -> Envelope:
    """The envelope in its canonical form, *nothing of it verified*.

    Raises:
        BadNote: the bytes are not exactly what `Envelope.encode` writes, one key stands twice, or there are too many.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise BadNote(f"an envelope of {len(data)} bytes", mend=f"at most {MAX_ENVELOPE_BYTES} fit into a log")
    try:
        found = _WHOLE.fullmatch(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadNote("an envelope that is not UTF-8") from None
    if found is None:
        raise BadNote("not an envelope in canonical form", mend="see spec/keys.md")
    signatures = tuple(_signature(match) for match in _ONE.finditer(found[2]))
    payload = from_base64(found[1])
    if payload is None:
        raise BadNote("an envelope whose payload is no base64")
    if len({keyid for keyid, _ in signatures}) != len(signatures):
        raise BadNote("an envelope that one key signed twice")
    return Envelope(payload, signatures)


def _signature(found: re.Match[str]) -> tuple[str, bytes]:
    keyid = re.sub(r"\\(.)", r"\1", found[1])
    name, plus, key_id = keyid.rpartition("+")
    signature = from_base64(found[2])
    if not plus or why_not_a_key_name(name) or not re.fullmatch("[0-9a-f]{8}", key_id) or signature is None:
        raise BadNote("an envelope whose signature names no key, or is no base64", where=repr(keyid[:80]))
    return keyid, signature
