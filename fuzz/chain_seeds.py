"""Inputs about statements of every kind: entries, bundles, trust files and evidence, from the tests' own log."""

from __future__ import annotations

from functools import cache

from counterproof import chain, note, record, tlog
from counterproof.rely import select
from tests.chain import small_gates, small_tokens
from tests.publish.attest import claim_making
from tests.rely.select import small_market
from tests.rely.verify import broken, whole_log

NOW_S = whole_log.NOW_S
_NOTHING = whole_log.NOTHING
_KEYS = (whole_log.LAB_KEY, whole_log.EVALUATOR_KEY, whole_log.LAB_NEXT)


@cache
def _predicates() -> tuple[record.Predicate, ...]:
    """One of each kind, with every field that may be empty filled in at least once."""
    old, new, other = (signer.verifier.text for signer in _KEYS)
    return (
        whole_log.genesis(),
        whole_log.generation(_NOTHING, _NOTHING),
        whole_log.prereg(_NOTHING, _NOTHING),
        whole_log.behaviour(_NOTHING, _NOTHING, _NOTHING),
        whole_log.role(whole_log.EVALUATOR_KEY, "evaluator", "E", conflicts=("Lab A",), relies_on=(_NOTHING,)),
        record.Continuity(
            subject=_NOTHING, before=_NOTHING, after="sha256:" + "1" * 64, compares="generations", test="mmd",
            asked=_NOTHING, statistic="0.01", p="0.5", level="0.05", break_at="0.2", n=100, questions=20,
            verdict="same",
        ),
        record.Claim(
            subject=_NOTHING, claimant="Lab A", document=_NOTHING, locator="p. 3", quote="It refuses\n98 %.",
            property="R", category="poisons", direction="at least", threshold="0.98", conditions={"suite": _NOTHING},
        ),
        record.Abandon(evaluator="Evaluator E", prereg=_NOTHING, reason="the target was withdrawn"),
        record.Dispute(organisation="Lab A", entry=_NOTHING, reason="another target", evidence=_NOTHING),
        record.Retract(organisation="Evaluator E", entry=_NOTHING, reason="a mistake"),
        record.KeyRotate(organisation="Evaluator E", old=old, new=new, next_key=_NOTHING),
        record.KeyCompromise(organisation="Evaluator E", key=other, reason="a lost laptop"),
        record.VerifierAudit(
            auditor="Lab A", evaluator="Evaluator E", planted=20, planted_right=19, repeated=10, repeated_agreeing=10,
            evidence=_NOTHING,
        ),
        record.Heads(origin="log.example/chain", size=6, count=1, root="0" * 64),
        small_tokens.token_key(),
        small_gates.policy(),
        small_gates.head(),
    )  # fmt: skip


def statements() -> tuple[bytes, ...]:
    """What is signed."""
    made = (record.Statement(subject=(chain.named(predicate),), predicate=predicate) for predicate in _predicates())
    return tuple(record.statement_bytes(statement) for statement in made)


def histories() -> tuple[bytes, ...]:
    """Statements in an order that a log may hold, one a line: a whole chain, and one of each kind."""
    chained = [note.unseal(entry).unverified_payload for entry in whole_log.world().log.entries]
    return (b"\n".join(chained), b"\n".join(chained[:4]), b"\n".join(statements()))


def sealed(statement: bytes) -> bytes:
    """An entry that everybody has signed, whatever it says."""
    return note.seal(statement, *whole_log.GOVERNANCE[:2], *_KEYS)


def bundled(statements_in_order: list[bytes]) -> bytes:
    """A bundle of the last of them, in a cosigned log, each signed by those whom its kind asks for."""
    by_kind = {b":role:": whole_log.GOVERNANCE, b":subject-genesis:": _KEYS[:1], b":generation:": _KEYS[:1]}
    log = whole_log.Log()
    for statement in statements_in_order:
        signers = next((by_kind[kind] for kind in by_kind if kind in statement), _KEYS[1:2])
        log.entries.append(note.seal(statement, *signers))
    return whole_log.data(log.bundle())


def worlds() -> tuple[bytes, ...]:
    """Statements, one a line, the last of which a reader believes."""
    return histories()[:1]


def entries() -> tuple[bytes, ...]:
    """What is logged."""
    return tuple(note.seal(statement, *_KEYS[:2]) for statement in statements()[:4])


@cache
def _bundle() -> record.Bundle:
    return whole_log.world().log.bundle()


def trust() -> record.Trust:
    """Whom the reader of `bundles` trusts."""
    return whole_log.trust()


def trusts() -> tuple[bytes, ...]:
    """Trust files."""
    return tuple(record.canonical_bytes(made) for made in (whole_log.trust(), whole_log.trust(max_age_s=0)))


def bundles() -> tuple[bytes, ...]:
    """Bundles that hold."""
    return (whole_log.data(_bundle()),)


def evidence() -> tuple[bytes, ...]:
    """Files of evidence that are well formed; the first one holds."""
    heads = [
        note.sign(tlog.Checkpoint(whole_log.ORIGIN, 5, tlog.leaf_hash(which)).body, whole_log.LOG).decode()
        for which in (b"one", b"other")
    ]
    entry = _bundle().entry
    found = [
        record.Evidence(kind="same-size", says="two roots", checkpoints=tuple(heads)),
        record.Evidence(kind="entries", says="a rule", entries=(entry,), rule="seq"),
    ]
    return tuple(record.canonical_bytes(made) + b"\n" for made in found)


def proven_evidence() -> tuple[bytes, ...]:
    """Evidence that holds: two heads of one size."""
    return evidence()[:1]


DOCUMENT = claim_making.DOCUMENT.encode()
"""What the cards quote."""


def cards() -> tuple[bytes, ...]:
    """Cards with one claim and with two."""
    contained = {"quote": "It contains at\nleast 90 % of what it knows.", "locator": "lines 3-4", "property": "K"}
    first, second = claim_making.line(), claim_making.line(**contained, threshold="0.9")
    return (claim_making.card_bytes(first), claim_making.card_bytes(first, second))


def additions() -> tuple[bytes, ...]:
    """Bodies of requests to add to a log, one entry a line."""
    chained = whole_log.world().log.entries
    return (b"\n".join(chained[:2]), b"\n".join(entries()))


def known_keys() -> tuple[str, ...]:
    """Who may add to it."""
    return tuple(signer.verifier.text for signer in (*whole_log.GOVERNANCE, *_KEYS))


@cache
def _graded() -> tuple[list[bytes], list[str]]:
    return broken.leaves()


def openings() -> tuple[bytes, ...]:
    """A graded transcript's leaf, and on the next line what was said; once without it."""
    leaves, texts = _graded()
    return (leaves[1] + b"\n" + texts[1].encode(), leaves[1] + b"\n")


def opening(leaf: bytes, transcript: str) -> bytes:
    """A bundle of a result that was signed over this leaf, and opens it."""
    leaves, _ = _graded()
    made = [leaves[0], leaf, leaves[2]]
    return whole_log.data(whole_log.world(openings=made).log.bundle(opened=(whole_log.opened(made, 1, transcript),)))


def files_of_openings() -> tuple[bytes, ...]:
    """Openings in a file of their own."""
    leaves, texts = _graded()
    return (record.canonical_bytes((whole_log.opened(leaves, 1, texts[1]),)) + b"\n", b"[]")


def selections() -> tuple[bytes, ...]:
    """Policies of a selection."""
    return (
        select.policy_bytes(small_market.policy()),
        select.policy_bytes(small_market.policy(**small_market.WHOLE, subjects=(whole_log.NOTHING,))),
    )


def leaves() -> tuple[bytes, ...]:
    """What a log's summary of itself is made of."""
    market = small_market.Market.opened("one")
    market.everything()
    return (select.leaves_bytes(market.summed_up().leaves), b"[]")


def tokens() -> tuple[bytes, ...]:
    """Tokens, one that was signed and one that nobody looks into."""
    return (small_tokens.token(small_tokens.token_key()).encode(), b"\x00\x02" + bytes(note.TOKEN_BYTES - 2))


def challenges() -> tuple[bytes, ...]:
    """With a context and without, for one origin and for several."""
    asked = chain.token_challenge(small_tokens.token_key(), small_tokens.HERE)
    return (asked.encode(), note.TokenChallenge("i", ("a", "b.example/c")).encode())


def token_keys() -> tuple[bytes, ...]:
    """Issuers' keys in DER."""
    return (small_tokens.issuer().verifier.public, small_tokens.other_issuer().verifier.public)
