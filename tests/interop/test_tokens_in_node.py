"""Cloudflare's client asks our issuer, ours asks theirs, and each side's verifier takes what the other side made."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from counterproof import chain, note
from tests.chain import small_tokens
from tests.chain.small_tokens import HERE, Clients, token_key
from tests.interop import programs

SAID = token_key()
CHALLENGE = chain.token_challenge(SAID, HERE)
ISSUER = small_tokens.issuer()
TIMES = 20


class Peer:
    """Their program, which keeps a client and an issuer from one line to the next."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            programs.start_node("tokens.mjs").command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, op: str, **request: object) -> dict[str, Any]:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        plain = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in request.items()}
        self._program.stdin.write(json.dumps(plain | {"op": op}) + "\n")
        self._program.stdin.flush()
        answer: dict[str, Any] = json.loads(self._program.stdout.readline())
        return answer

    def data(self, op: str, **request: object) -> bytes:
        answer = self.ask(op, **request)
        assert answer["ok"], answer
        return base64.b64decode(answer["data"])

    def does_hold(self, token: bytes, key: bytes) -> bool:
        answer = self.ask("verify", data=token, key=key)
        assert answer["ok"], answer
        assert answer["same"]
        assert answer["origin"] == answer["suite"]
        return bool(answer["suite"])

    def close(self) -> None:
        self._program.communicate(timeout=programs.TIMEOUT_S)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def test_their_client_gets_tokens_from_our_issuer(peer: Peer) -> None:
    nonces: set[bytes] = set()
    for _ in range(TIMES):
        request = peer.data("ask", challenge=CHALLENGE.encode(), key=ISSUER.verifier.public)
        token = peer.data("finish", data=ISSUER.sign(request))

        taken = chain.check_token(token, SAID, HERE, small_tokens.NOW_S)
        assert peer.does_hold(token, ISSUER.verifier.public)
        nonces.add(taken.nonce)
    assert len(nonces) == TIMES


def test_our_client_gets_tokens_from_their_issuer(peer: Peer) -> None:
    verifier = note.TokenVerifier(peer.data("new issuer"))
    for _ in range(TIMES):
        asked = note.request_token(verifier, CHALLENGE)

        token = asked.finish(peer.data("issue", data=asked.encode()))

        assert verifier.verify(token)
        assert peer.does_hold(token.encode(), verifier.public)


def test_their_origin_takes_our_tokens_and_no_changed_ones(peer: Peer) -> None:
    data = small_tokens.token(SAID).encode()
    chance = random.Random(6)

    assert peer.does_hold(data, ISSUER.verifier.public)
    assert not peer.does_hold(data, small_tokens.other_issuer().verifier.public)
    for bit in chance.sample(range(16, len(data) * 8), 100):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        assert not peer.does_hold(bytes(changed), ISSUER.verifier.public)


def test_both_write_the_same_challenge(peer: Peer) -> None:
    for origins in ((HERE,), (HERE, "gate.example/b")):
        for context in (b"", bytes(range(32))):
            ours = note.TokenChallenge("issuer.example", origins, context)

            theirs = peer.data("challenge", issuer="issuer.example", origins=list(origins), context=context)

            assert theirs == ours.encode()
            read = peer.ask("read challenge", data=ours.encode())
            assert (read["type"], read["issuer"], tuple(read["origins"])) == (2, ours.issuer, ours.origins)
            assert base64.b64decode(read["context"]) == context


def test_a_wrong_answer_makes_no_token_there_either(peer: Peer) -> None:
    other = Clients(random.Random(7)).asks(ISSUER.verifier, CHALLENGE)
    peer.data("ask", challenge=CHALLENGE.encode(), key=ISSUER.verifier.public)

    assert not peer.ask("finish", data=ISSUER.sign(other.encode()))["ok"]
