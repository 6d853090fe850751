from __future__ import annotations

from counterproof import note, record
from counterproof.publish import log
from tests.chain import small_chain
from tests.chain.small_chain import (
    EVALUATOR_KEY,
    GOVERNANCE,
    LAB_AFTER,
    LAB_KEY,
    LAB_NEXT,
    NEXT,
    Chain,
    key,
    role,
    sealed,
    text,
)


def known(*entries: bytes) -> log.KnownKeys:
    keys = log.KnownKeys(small_chain.trust())
    for entry in entries:
        assert log.may_change_keys(entry)
        keys.learn(entry)
    return keys


def test_at_first_governance_alone_may_add() -> None:
    assert known().texts == tuple(sorted(map(text, GOVERNANCE)))


def test_a_whole_chain_is_admitted_entry_by_entry() -> None:
    chain = Chain.begun()
    keys = known()
    for entry in chain.entries:
        assert log.judge([entry], keys.texts)[0].status == 200
        if log.may_change_keys(entry):
            keys.learn(entry)


def test_a_role_needs_enough_of_governance() -> None:
    new = key("new.example")
    too_few = sealed(role(new, "evaluator", "N"), GOVERNANCE[0])
    enough = sealed(role(new, "evaluator", "N"), *GOVERNANCE[:2])

    assert text(new) not in known(too_few).texts
    assert text(new) in known(too_few, enough).texts


def test_only_a_lab_s_genesis_brings_keys() -> None:
    """Row 29 of the table of attacks: else one admitted key could admit any number of others."""
    chain = Chain()
    brought = key("brought.example")
    genesis = sealed(chain.genesis(keys=(text(brought), text(EVALUATOR_KEY))), EVALUATOR_KEY, brought)
    evaluator = sealed(role(EVALUATOR_KEY, "evaluator", "E"), *GOVERNANCE[:2])
    lab = sealed(role(EVALUATOR_KEY, "lab", "E"), *GOVERNANCE[:2])

    assert text(brought) not in known(genesis).texts
    assert text(brought) not in known(evaluator, genesis).texts
    assert text(brought) in known(lab, genesis).texts


def test_keys_are_handed_over_and_given_up() -> None:
    chain = Chain.begun()
    old, new = EVALUATOR_KEY, NEXT[small_chain.EVALUATOR]
    rotate = record.KeyRotate(organisation="Evaluator E", old=text(old), new=text(new), next_key=small_chain.NOTHING)
    gone = record.KeyCompromise(organisation="Evaluator E", key=text(new), reason="stolen")
    before = [entry for entry in chain.entries if log.may_change_keys(entry)]

    assert text(new) not in known(*before, sealed(rotate, old)).texts  # the new one must agree
    assert text(new) in known(*before, sealed(rotate, old, new)).texts
    assert text(new) not in known(*before, sealed(rotate, old, new), sealed(gone, new)).texts
    assert text(old) in known(*before, sealed(gone, old)).texts  # somebody else's key is not theirs to give up


def test_a_generation_s_next_keys_are_known_after_it() -> None:
    chain = Chain.begun()
    entry = sealed(chain.next_generation(keys=(text(LAB_NEXT),), next_keys=small_chain.digest(LAB_AFTER)), LAB_KEY)

    assert text(LAB_NEXT) in known(*(e for e in chain.entries if log.may_change_keys(e)), entry).texts


def test_an_open_log_takes_what_is_in_form_and_nothing_else() -> None:
    stranger = sealed(Chain().genesis(), key("stranger.example"))
    too_long = b"x" * (log.ENTRY_LIMIT_BYTES + 1)

    assert [v.status for v in log.judge([stranger, b"", b"{}", too_long], None)] == [200, 413, 400, 413]


def test_a_statement_that_is_no_statement_is_refused_whoever_signed_it() -> None:
    entry = note.seal(b'{"_type":"https://in-toto.io/Statement/v1","_type":"twice"}', GOVERNANCE[0])

    (verdict,) = log.judge([entry], known().texts)

    assert verdict.status == 400


def test_what_breaks_the_rules_is_admitted_as_evidence() -> None:
    """Row 17: two results of one place in a series are signed evidence, and belong into the log."""
    chain = Chain.begun()
    keys = known(*(e for e in chain.entries if log.may_change_keys(e)))
    twice = [sealed(chain.genesis(subject=name), LAB_KEY) for name in ("one", "two")]

    assert [v.status for v in log.judge(twice, keys.texts)] == [200, 200]
