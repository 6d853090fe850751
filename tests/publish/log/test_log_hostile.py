"""A log under attack by files in its folder, addresses, bodies and witnesses that are not what they should be."""

from __future__ import annotations

import contextlib
import socket
import urllib.parse
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import BadNote, BadOption, NoQuorum
from counterproof.publish import log
from tests.chain import small_chain
from tests.publish.log.parts import (
    NOW_S,
    ORIGIN,
    POLICY_TEXT,
    SIGNER,
    WITNESSES,
    begun,
    entries,
    make_folder,
    real_gather,
)
from tests.rely.watch.test_source_hostile import serving

LAB_ROLE = small_chain.sealed(
    small_chain.role(small_chain.LAB_KEY, "lab", small_chain.LAB), *small_chain.GOVERNANCE[:2]
)


@pytest.mark.parametrize("name", ["\u00b2-x", "\u0663-x", "9" * 5000 + "-x", "-x", "x"])
def test_a_strange_name_among_what_is_staged(name: str) -> None:
    parts = begun()
    assert isinstance(parts.store, log.MemoryStore)
    parts.store.files[f"staging/{name}"] = b"left here by nobody knows whom"

    parts.open().add(entries(0, 3))

    assert parts.store.get(f"staging/{name}") is not None


def test_an_old_entry_sent_again_gives_nobody_rights_back(tmp_path: Path) -> None:
    """A lab that is one no longer: whoever sends the entry again that made it one must not make it one again."""
    chain = small_chain.Chain.begun()
    place = chain.entries.index(LAB_ROLE)
    demoted = small_chain.role(small_chain.LAB_KEY, "relying", small_chain.LAB)
    genesis = chain.genesis(keys=(small_chain.text(small_chain.key("bought.example")),), subject="another")
    by_bought = small_chain.sealed(chain.genesis(subject="a third"), small_chain.key("bought.example"))
    folder = make_folder(tmp_path / "log", small_chain.trust())
    with log.running(folder, real_gather, log.Listen(period_s=0.02, workers=1)) as url:
        for entry in chain.entries[: place + 1]:
            log.send(url, [entry])
        log.send(url, [small_chain.sealed(demoted, *small_chain.GOVERNANCE)])
        log.send(url, [chain.entries[place]])
        log.send(url, [small_chain.sealed(genesis, small_chain.LAB_KEY)])
        with pytest.raises(BadNote, match="signed by no key"):
            log.send(url, [by_bought])


def test_keys_of_entries_that_waited_for_a_quorum_are_known(tmp_path: Path) -> None:
    """Ordered in vain, published by somebody else's addition: the log must know the keys that they brought."""
    chain = small_chain.Chain.begun()
    place = chain.entries.index(LAB_ROLE)
    folder = make_folder(tmp_path / "log", small_chain.trust())
    down = [False]

    def gather(signed: bytes, old: int, proof: Sequence[bytes], prove: log.Prove) -> bytes:
        if down[0]:
            raise NoQuorum("too few witnesses")
        return real_gather(signed, old, proof, prove)

    with log.running(folder, gather, log.Listen(period_s=0.02, workers=1)) as url:
        for entry in chain.entries[:place]:
            log.send(url, [entry])
        down[0] = True
        with pytest.raises(NoQuorum):
            log.send(url, [chain.entries[place]])
        down[0] = False
        other = small_chain.role(small_chain.key("other.example"), "relying", "somebody")
        log.send(url, [small_chain.sealed(other, *small_chain.GOVERNANCE)])
        genesis = small_chain.sealed(chain.genesis(subject="of the lab"), small_chain.LAB_KEY)
        assert tlog.read_proof(log.send(url, [genesis])[0]).index == place + 2


@pytest.mark.parametrize("address", ["http://log.test:port/", "http://[::1/", "http://a..b/", "http://log.test/\u00e9"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(BadOption, match="is no http address"):
        log.send(address, [b"entry"])


@pytest.mark.parametrize("address", ["postgres://host/db?password=hunter2", "postgres://me:hunter2@host/db"])
def test_a_password_is_not_kept_in_the_folder(tmp_path: Path, address: str) -> None:
    key, made = tmp_path / "key", tmp_path / "log"
    note.write_key(key, SIGNER)

    with pytest.raises(BadOption, match="a password would be kept"):
        log.new(made, key, POLICY_TEXT.encode(), None, store="s3://bucket/prefix", lock=address)

    assert not made.exists()


def test_bodies_do_not_fill_the_memory(tmp_path: Path) -> None:
    """Each request within its bound, and many at once."""
    folder = make_folder(tmp_path / "log")
    listen = log.Listen(workers=1, most_bytes=100_000, most_held_bytes=150_000, reads_within_s=5)
    with log.running(folder, real_gather, listen) as url, contextlib.ExitStack() as stack:
        host = urllib.parse.urlsplit(url)
        head = b"POST /add HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        held = [stack.enter_context(socket.create_connection((host.hostname, host.port), 30)) for _ in range(4)]
        for one in held:
            one.sendall(head + b"x" * 90_000)
        # Two of four at the least are told so at once; those that are held are not answered before they are whole.
        for one in held:
            one.settimeout(1)
        told: list[bytes] = []
        for one in held:
            with contextlib.suppress(TimeoutError):
                told.append(one.recv(12))
    assert told == [b"HTTP/1.1 503"] * 3


def _no_proof(old: int, new: int) -> list[bytes]:
    raise AssertionError(old, new)


def test_a_witness_that_answers_with_a_bomb() -> None:
    packed = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packed.compress(bytes(1 << 20)) for _ in range(64)) + packed.flush()

    def answer(connection: socket.socket, _: object) -> None:
        connection.recv(65_536)
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
        connection.sendall(head + bomb)

    with serving(answer) as url:
        policy = f"log {SIGNER.verifier.text}\nwitness w {WITNESSES[0].verifier.text} {url}\nquorum w\n"
        checkpoint = tlog.Checkpoint(ORIGIN, 0, tlog.EMPTY_ROOT)
        with (
            log.Gatherer(quorum.read_policy(policy), deadline_s=5, now_s=lambda: NOW_S) as gather,
            pytest.raises(NoQuorum, match="its answer is no signature lines"),
        ):
            gather(note.sign(checkpoint.body, SIGNER), 0, [], _no_proof)
