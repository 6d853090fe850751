"""Inputs that the parsers take: where mutation begins. Keys are made from fixed seeds and open nothing."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256

from counterproof import note, quorum, tlog

NOW_S = 1_800_000_000
_LEAVES = [tlog.leaf_hash(b"%d" % index) for index in range(7)]


def _key(name: str, kind: note.Kind) -> note.Signer:
    return note.unsafe_seeded(name, kind, sha256(f"{name} {kind}".encode()).digest())


LOG = _key("log.example/fuzz", "ed25519")


@cache
def _witnesses() -> tuple[note.Signer, ...]:
    return (_key("witness-a.example", "cosignature"), _key("witness-b.example", "ml-dsa-44"))


def _root(size: int) -> bytes:
    return tlog.root_of(_LEAVES[:size])


class _Hashes:
    """The hashes of the small tree that all seeds are about."""

    def hash_at(self, level: int, index: int) -> bytes:
        return tlog.root_of(_LEAVES[index << level : index + 1 << level])


def _checkpoint(size: int) -> tlog.Checkpoint:
    return tlog.Checkpoint(LOG.verifier.name, size, _root(size))


def own_checkpoints() -> tuple[bytes, ...]:
    """Bodies that the log may sign."""
    return tuple(_checkpoint(size).body for size in (0, 1, 7))


def checkpoints() -> tuple[bytes, ...]:
    """Bodies."""
    wide = [
        tlog.Checkpoint("høst.example", tlog.MAX_SIZE, bytes(32)),
        tlog.Checkpoint("go.sum database tree", 10, bytes(32)),
    ]
    return tuple(c.body for c in [*(_checkpoint(size) for size in (0, 1, 7)), *wide])


def tile_paths() -> tuple[bytes, ...]:
    """Paths of tiles and of bundles."""
    tiles = [tlog.Tile(0, 0), tlog.Tile(1, 1_234_067, 3), tlog.Tile(tlog.ENTRIES, 999, 255), tlog.Tile(7, 0, 127)]
    return tuple(tile.path.encode() for tile in tiles)


def bundles() -> tuple[bytes, ...]:
    """Bundles after two bytes that say how many entries there are."""
    found = [[b""], [b"a", b"bc" * 40, b""], [b"x"] * 256]
    return tuple(len(entries).to_bytes(2) + tlog.encode_entries(entries) for entries in found)


def receipts() -> tuple[bytes, ...]:
    """Receipts, with and without path and extra data."""
    path = tuple(tlog.prove_inclusion(3, 7, _Hashes()))
    found = [
        tlog.Proof(3, path, cosigned()[0]),
        tlog.Proof(0, (), notes()[0]),
        tlog.Proof(3, path, notes()[0], b"extra"),
    ]
    return tuple(proof.encode() for proof in found)


def _packed(first: int, second: int, hashes: list[bytes]) -> bytes:
    return first.to_bytes(9, signed=True) + second.to_bytes(9, signed=True) + b"".join(hashes)


def inclusions() -> tuple[bytes, ...]:
    """Index, size, leaf, root and path."""
    return tuple(
        _packed(index, size, [_LEAVES[index], _root(size), *tlog.prove_inclusion(index, size, _Hashes())])
        for size in (1, 2, 5, 7)
        for index in (0, size - 1)
    )


def consistencies() -> tuple[bytes, ...]:
    """Both sizes, both roots and the proof."""
    return tuple(
        _packed(old, new, [_root(old), _root(new), *tlog.prove_consistency(old, new, _Hashes())])
        for new in (1, 4, 7)
        for old in (0, 1, new - 1, new)
    )


def edges() -> tuple[bytes, ...]:
    """Size, root and the one tile of a small tree."""
    return tuple(size.to_bytes(9) + _root(size) + b"".join(_LEAVES[:size]) for size in (1, 3, 7))


def notes() -> tuple[bytes, ...]:
    """Signed checkpoints, and a note with an empty line in its text."""
    grease = note.Line("grease.example", b"\x01\x02\x03\x04", bytes(64)).encode()
    signed = note.sign(_checkpoint(7).body, LOG)
    return (signed, note.append(signed, grease), note.sign(b"a text\n\nof two parts\n", LOG))


def verifiers() -> tuple[bytes, ...]:
    """A key of each kind."""
    return tuple(_key(f"{kind}.example", kind).verifier.text.encode() for kind in note.KINDS)


def signers() -> tuple[bytes, ...]:
    """A secret key of each kind."""
    return tuple(note.signer_text(_key(f"{kind}.example", kind)).encode() for kind in note.KINDS)


def envelopes() -> tuple[bytes, ...]:
    """Envelopes with one and two signatures."""
    keys = [_key(f"{name}.example", "statement") for name in ("a", "b")]
    return (note.seal(b"{}", keys[0]), note.seal(b"", *keys), note.seal(bytes(range(256)), keys[1]))


@cache
def policy() -> quorum.Policy:
    """One log, two witnesses, both needed."""
    return quorum.read_policy(policies()[0].decode())


def policies() -> tuple[bytes, ...]:
    """Policies with and without groups, comments and addresses."""
    a, b = _witnesses()
    known = f"log {LOG.verifier.text}\nwitness a {a.verifier.text} https://a.example/\nwitness b {b.verifier.text}\n"
    return (
        f"{known}group both all a b\nquorum both\n".encode(),
        f"# who is known\n{known}\ngroup one any a b\nquorum one\n".encode(),
        f"log {LOG.verifier.text} https://log.example/\nquorum none\n".encode(),
    )


@cache
def cosigned() -> tuple[bytes, ...]:
    """Checkpoints that the policy is content with."""
    checkpoint = _checkpoint(7)
    lines = [quorum.cosign(checkpoint, witness, NOW_S) for witness in _witnesses()]
    return (note.append(note.sign(checkpoint.body, LOG), *lines),)


def requests() -> tuple[bytes, ...]:
    """Bodies of add-checkpoint, for a witness that has seen nothing: from size 0 to 7, and one with a proof."""
    signed = cosigned()[0]
    proof = b"".join(b64encode(h) + b"\n" for h in tlog.prove_consistency(3, 7, _Hashes()))
    return (b"old 0\n\n" + signed, b"old 3\n" + proof + b"\n" + signed)


def extending() -> tuple[bytes, ...]:
    """The request that extends what `held` has seen."""
    return requests()[1:]


@cache
def held() -> bytes:
    """The smaller checkpoint that a witness has seen."""
    checkpoint = _checkpoint(3)
    return note.append(note.sign(checkpoint.body, LOG), quorum.cosign(checkpoint, _witnesses()[0], NOW_S - 60))


@cache
def witness_key() -> note.Signer:
    """The key that it cosigns with."""
    return _witnesses()[0]


def log_keys() -> tuple[bytes, ...]:
    """The file of logs that a witness cosigns for."""
    other = _key("other.example", "ed25519")
    return (f"# logs\n\n{LOG.verifier.text}\n{other.verifier.text}\n".encode(), f"{LOG.verifier.text}".encode())


def staged() -> tuple[bytes, ...]:
    """What a writer keeps before its lock moves: after 7 entries, one and three more."""
    head = b"counterproof-staging/1\n" + (7).to_bytes(8) + _root(7)
    return (head + tlog.encode_entries([b"x"]), head + tlog.encode_entries([b"a", b"", b"bc" * 200]))
