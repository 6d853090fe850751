"""The parsers that are fuzzed. A new one is one line in `parsers`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from counterproof import chain, errors, note, quorum, record, tlog
from counterproof.publish import attest, witness
from counterproof.publish.log import _admit, _staging
from counterproof.publish.witness import _request
from counterproof.publish.witness._store import Held
from counterproof.rely import gate, select, trail, verify, watch
from counterproof.rely.trail import _line
from fuzz import chain_seeds, gate_seeds, seeds, trail_seeds
from tests.rely.gate import walk_reader
from tests.rely.trail import small_trail


@dataclass(frozen=True)
class Parser:
    """What reads bytes, what writes what was read, and inputs that are accepted.

    `share`: how many inputs it gets, compared with the others; less for those that are slow by nature.
    """

    name: str
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]
    seeds: Callable[[], tuple[bytes, ...]]
    share: float = 1.0

    def accepts(self, data: bytes) -> bool:
        """Whether the parser takes the bytes.

        Raises:
            Lax: it takes them, yet writes others; or the text of its refusal cannot be shown.
            BaseException: whatever else the parser raises besides a typed refusal.
        """
        try:
            value = self.read(data)
        except errors.CounterproofError as refusal:
            if not str(refusal).isprintable():
                raise Lax(f"{self.name} refuses in words that cannot be printed: {str(refusal)!r}") from refusal
            str(refusal).encode()
            return False
        written = self.write(value)
        if written != data:
            raise Lax(f"{self.name} took {data[:200]!r} and writes {written[:200]!r}")
        return True


class Lax(Exception):
    """A parser took bytes that it would not have written."""


def _text(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """For a parser of text: bytes that are no UTF-8 become lone surrogates, which it has to withstand too."""
    return lambda data: read(data.decode("utf-8", "surrogateescape"))


def _untext(write: Callable[[Any], str]) -> Callable[[Any], bytes]:
    return lambda value: write(value).encode("utf-8", "surrogateescape")


def _as_it_came(read: Callable[[bytes], Any]) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    """For what verifies and has nothing to write: the bytes themselves stand for what was read."""

    def keep(data: bytes) -> bytes:
        read(data)
        return data

    return keep, lambda value: value


def _read_record(data: bytes) -> object:
    return _line.read_line(data, "a line")


def _read_gate_head(text: str) -> object:
    trail.signers_of(text, [small_trail.SIGNER.verifier])
    return trail.read_head(text, "a head")


def _settled(read: Callable[[str], Any], write: Callable[[Any], str]) -> Callable[[bytes], bytes]:
    """For a format with several forms (policies have comments): what it writes must read as the same again."""

    def keep(data: bytes) -> bytes:
        value = read(data.decode("utf-8", "surrogateescape"))
        if read(write(value)) != value or write(read(write(value))) != write(value):
            raise Lax(f"{data[:200]!r} reads as something else once it is written again")
        return data

    return keep


def _read_entries(data: bytes) -> list[bytes]:
    """The first two bytes say how many entries there are said to be."""
    return tlog.read_entries(data[2:], int.from_bytes(data[:2]))


def _write_entries(entries: list[bytes]) -> bytes:
    return len(entries).to_bytes(2) + tlog.encode_entries(entries)


def _numbers(data: bytes) -> tuple[int, int, list[bytes]]:
    """Two numbers of nine bytes each, and hashes of 32 bytes, the last one perhaps shorter."""
    rest = data[18:]
    hashes = [rest[at : at + 32] for at in range(0, len(rest), 32)]
    return int.from_bytes(data[:9], signed=True), int.from_bytes(data[9:18], signed=True), hashes


def _check_inclusion(data: bytes) -> None:
    index, size, hashes = _numbers(data)
    leaf, root = [*hashes, b"", b""][:2]
    tlog.check_inclusion(hashes[2:], index, size, leaf, root)


def _check_consistency(data: bytes) -> None:
    old, new, hashes = _numbers(data)
    old_root, new_root = [*hashes, b"", b""][:2]
    tlog.check_consistency(hashes[2:], old, new, old_root, new_root)


def _read_edge(data: bytes) -> None:
    """A size and a root, and the bytes that every tile is said to have."""
    size = int.from_bytes(data[:9], signed=True)
    hashes = tlog.TileHashes(lambda tile: data[41:][: tile.width * 32], size, data[9:41])
    tlog.prove_inclusion(size // 2, size, hashes)


def _open(data: bytes) -> None:
    note.open(data, [seeds.LOG.verifier])


def _check_quorum(data: bytes) -> None:
    quorum.check(data, seeds.policy(), seeds.NOW_S)


def _read_policy(data: bytes) -> bytes:
    return _settled(quorum.read_policy, quorum.policy_text)(data)


def _split_note(data: bytes) -> bytes:
    text, lines = note.split(data)
    return text + b"\n" + b"".join(line.encode() for line in lines)


def _open_entry(data: bytes) -> bytes:
    opened = chain.open_entry(data)
    return note.Envelope(record.statement_bytes(opened.statement), opened.signatures).encode()


def _read_trust(data: bytes) -> bytes:
    """A line feed at its end is free."""
    return record.canonical_bytes(chain.read_trust(data)) + b"\n" * data.endswith(b"\n")


def _admit_all(data: bytes) -> None:
    """Statements, one a line, each in an entry that everybody has signed."""
    rules = chain.Rules(chain_seeds.trust())
    for index, statement in enumerate(data.split(b"\n")[:20]):
        ruling = rules.admit(index, chain_seeds.sealed(statement))
        if ruling.statement is None:
            raise errors.BadStatement(ruling.breaches[0].says)


def _check_bundle(data: bytes) -> None:
    verify.bundle(data, chain_seeds.trust(), chain_seeds.NOW_S)


def _check_world(data: bytes) -> None:
    """Statements, one a line, signed, logged and cosigned as they should be: what is wrong is what they say."""
    _check_bundle(chain_seeds.bundled(data.split(b"\n")[:20]))


def _check_opening(data: bytes) -> None:
    """A leaf and a transcript that somebody has signed: what is wrong is what they say."""
    try:
        leaf, _, transcript = data.decode("utf-8").partition("\n")
    except UnicodeDecodeError:
        raise errors.BadNote("no text") from None
    _check_bundle(chain_seeds.opening(leaf.encode(), transcript))


def _read_openings(data: bytes) -> bytes:
    """A line feed at its end is free."""
    return record.canonical_bytes(verify.read_openings(data)) + b"\n" * data.endswith(b"\n")


def _read_selection(data: bytes) -> bytes:
    """A line feed at its end is free."""
    return record.canonical_bytes(select.read_policy(data)) + b"\n" * data.endswith(b"\n")


def _read_leaves(data: bytes) -> bytes:
    """A line feed at its end is free."""
    return select.leaves_bytes(select.read_leaves(data))[: None if data.endswith(b"\n") else -1]


def _judge(data: bytes) -> None:
    """The body of a request to add: one entry a line. What changes who may add must never be overlooked."""
    lines = data.split(b"\n")[:20]
    verdicts = _admit.judge(lines, chain_seeds.known_keys())
    for line, verdict in zip(lines, verdicts, strict=True):
        if verdict.status not in {200, 400, 403, 413}:
            raise Lax(f"a status of {verdict.status} for {line[:200]!r}")
        if verdict.status == 200:
            kind = chain.open_entry(line).statement.kind
            is_about_keys = kind in {"role", "subject-genesis", "generation", "key-rotate", "key-compromise"}
            if is_about_keys and not _admit.may_change_keys(line):
                raise Lax(f"overlooks {kind} in {line[:200]!r}")
    if any(verdict.status != 200 for verdict in verdicts):
        raise errors.BadNote(verdicts[0].why)


def _read_staged(data: bytes) -> Any:  # noqa: ANN401 -- what it gives goes back to `encode` alone
    return _staging.decode(data, "staged")


def _read_card(data: bytes) -> None:
    attest.joined(attest.draft(data), chain_seeds.DOCUMENT)


def _check_evidence(data: bytes) -> None:
    watch.evidence(data, chain_seeds.trust())


def _open_signed(data: bytes) -> tlog.Checkpoint:
    """A text that the log has signed, whatever it is."""
    return quorum.open_checkpoint(note.sign(data, seeds.LOG), seeds.LOG.verifier)[0]


def _write_request(asked: _request.Asked) -> bytes:
    lines = [b"old %d" % asked.old, *(b64encode(h) for h in asked.proof)]
    return b"\n".join(lines) + b"\n\n" + asked.signed


class _InMemory:
    """In the place of the witness's file: one log seen at size 3, and nothing is written."""

    def latest(self, origin: str) -> Held | None:
        return Held(seeds.held(), seeds.NOW_S - 60) if origin == seeds.LOG.verifier.name else None

    def swap(self, origin: str, decide: Callable[[Held | None], object]) -> object:
        return decide(self.latest(origin))


def _add_checkpoint(data: bytes) -> None:
    """Status 200 is acceptance; all others are refusals that tlog-witness names."""
    store, keys = cast("Any", _InMemory()), [seeds.witness_key()]
    asked = witness.Witness(store, Path(), keys, [seeds.LOG.verifier], clock_s=lambda: seeds.NOW_S)
    answer = asked.add_checkpoint(data)
    if answer.status not in {200, 400, 403, 404, 409, 422}:
        raise Lax(f"a status of {answer.status} for {data[:200]!r}")
    if answer.status != 200:
        raise errors.BadNote(answer.body.decode())


def _read_logs(data: bytes) -> None:
    witness.read_logs(data.decode("utf-8", "surrogateescape"))


def _walk(data: bytes) -> None:
    """The first byte says which shape. No text may be left out, and every address must lead back to its text."""
    shape, body = gate.SHAPES[data[0] % len(gate.SHAPES)] if data else gate.SHAPES[0], data[1:]
    walked = gate.walk(shape, body, door="fuzz")
    if walked.value is None and walked.events[0].unscanned:
        raise errors.BadGate(walked.events[0].unscanned[0])
    missed = walk_reader.missed(walked, walked.value)
    if missed:
        raise Lax(f"leaves out {missed[:3]!r} of {data[:200]!r}")
    for piece in walked.events[-1].pieces[:2]:
        gate.rewrite(body, [(piece.where, 0, len(piece.text), piece.text)])


def _same(data: bytes) -> bytes:
    return data


def parsers() -> list[Parser]:
    """All of them."""
    return [
        Parser("tlog.read_checkpoint", tlog.read_checkpoint, lambda c: c.body, seeds.checkpoints),
        Parser("tlog.read_tile_path", _text(tlog.read_tile_path), _untext(lambda t: t.path), seeds.tile_paths),
        Parser("tlog.read_entries", _read_entries, _write_entries, seeds.bundles),
        Parser("tlog.read_proof", tlog.read_proof, lambda p: p.encode(), seeds.receipts),
        Parser("tlog.check_inclusion", *_as_it_came(_check_inclusion), seeds.inclusions),
        Parser("tlog.check_consistency", *_as_it_came(_check_consistency), seeds.consistencies),
        Parser("tlog.TileHashes", *_as_it_came(_read_edge), seeds.edges, share=0.5),
        Parser("note.split", _split_note, _same, seeds.notes),
        Parser("note.open", *_as_it_came(_open), seeds.notes),
        Parser("note.read_verifier", _text(note.read_verifier), _untext(lambda v: v.text), seeds.verifiers, share=0.5),
        Parser("note.read_signer", _text(note.read_signer), _untext(note.signer_text), seeds.signers, share=0.5),
        Parser("note.unseal", note.unseal, lambda e: e.encode(), seeds.envelopes),
        Parser("quorum.read_policy", _read_policy, _same, seeds.policies, share=0.5),
        Parser("quorum.open_checkpoint, signed", _open_signed, lambda c: c.body, seeds.own_checkpoints, share=0.5),
        Parser("quorum.check", *_as_it_came(_check_quorum), seeds.cosigned, share=0.5),
        Parser("witness.read_request", _request.read_request, _write_request, seeds.requests),
        Parser("witness.Witness", *_as_it_came(_add_checkpoint), seeds.extending, share=0.3),
        Parser("witness.read_logs", *_as_it_came(_read_logs), seeds.log_keys, share=0.2),
        Parser("chain.read_statement", chain.read_statement, record.statement_bytes, chain_seeds.statements),
        Parser("chain.open_entry", _open_entry, _same, chain_seeds.entries, share=0.5),
        Parser("chain.read_trust", _read_trust, _same, chain_seeds.trusts, share=0.5),
        Parser("chain.Rules", *_as_it_came(_admit_all), chain_seeds.histories, share=0.05),
        Parser("verify.read_bundle", verify.read_bundle, verify.bundle_bytes, chain_seeds.bundles, share=0.5),
        Parser("verify.bundle", *_as_it_came(_check_bundle), chain_seeds.bundles, share=0.1),
        Parser("verify.bundle, of any statements", *_as_it_came(_check_world), chain_seeds.worlds, share=0.02),
        Parser("log.judge", *_as_it_came(_judge), chain_seeds.additions, share=0.1),
        Parser("log.staging", _read_staged, lambda s: _staging.encode(*s), seeds.staged),
        Parser("attest.draft", *_as_it_came(_read_card), chain_seeds.cards, share=0.5),
        Parser("verify.bundle, of any opening", *_as_it_came(_check_opening), chain_seeds.openings, share=0.02),
        Parser("verify.read_openings", _read_openings, _same, chain_seeds.files_of_openings, share=0.5),
        Parser("select.read_policy", _read_selection, _same, chain_seeds.selections, share=0.5),
        Parser("select.read_leaves", _read_leaves, _same, chain_seeds.leaves, share=0.2),
        Parser("watch.read_evidence", watch.read_evidence, watch.evidence_bytes, chain_seeds.evidence, share=0.5),
        Parser("watch.evidence", *_as_it_came(_check_evidence), chain_seeds.proven_evidence, share=0.1),
        Parser("note.read_token", note.read_token, note.Token.encode, chain_seeds.tokens, share=0.5),
        Parser("note.read_challenge", note.read_challenge, note.TokenChallenge.encode, chain_seeds.challenges),
        Parser("gate.walk", *_as_it_came(_walk), gate_seeds.bodies, share=0.2),
        Parser("trail.read_line", *_as_it_came(_read_record), trail_seeds.records, share=0.5),
        Parser("trail.read_head", *_as_it_came(_text(_read_gate_head)), trail_seeds.heads, share=0.2),
        Parser("note.TokenVerifier", note.TokenVerifier, lambda key: key.public, chain_seeds.token_keys, share=0.2),
    ]
