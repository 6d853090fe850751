from __future__ import annotations

import hashlib

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import BadNote, BadPolicy, NotVerified

ORIGIN = "log.example/one"
LOG = note.generate(ORIGIN, "ed25519")
WITNESSES = {name: note.generate(f"{name}.example", "ml-dsa-44" if name == "d" else "cosignature") for name in "abcd"}
CHECKPOINT = tlog.Checkpoint(ORIGIN, 7, hashlib.sha256(b"root").digest())
NOW_S = 1_800_000_000


def _policy(last: str = "group g 3 a b c d\nquorum g\n") -> quorum.Policy:
    lines = [f"witness {name} {signer.verifier.text}\n" for name, signer in WITNESSES.items()]
    return quorum.read_policy(f"log {LOG.verifier.text}\n" + "".join(lines) + last)


POLICY = _policy()


def _signed(by: str, times: dict[str, int] | None = None, checkpoint: tlog.Checkpoint = CHECKPOINT) -> bytes:
    lines = [quorum.cosign(checkpoint, WITNESSES[name], (times or {}).get(name, NOW_S)) for name in by]
    return note.append(note.sign(checkpoint.body, LOG), *lines)


def test_a_checkpoint_that_enough_witnesses_saw() -> None:
    seen = quorum.check(_signed("abd"), POLICY, NOW_S, 60)

    assert seen.checkpoint == CHECKPOINT
    assert seen.log == LOG.verifier
    assert seen.cosigners == (("a", NOW_S), ("b", NOW_S), ("d", NOW_S))


def test_too_few_witnesses_are_refused_by_name() -> None:
    with pytest.raises(NotVerified, match=r"quorum: .*seen by a, d, not by b, c") as refusal:
        quorum.check(_signed("ad"), POLICY)

    assert refusal.value.where == "quorum"
    assert refusal.value.exit_code == 5


def test_witnesses_that_nobody_knows_do_not_count() -> None:
    strangers = [note.generate(f"s{number}.example", "cosignature") for number in range(9)]
    data = note.append(_signed("ab"), *(quorum.cosign(CHECKPOINT, stranger, NOW_S) for stranger in strangers))

    with pytest.raises(NotVerified, match="not met"):
        quorum.check(data, POLICY)


def test_a_known_witness_whose_cosignature_fails_refuses_the_whole() -> None:
    """Even where the others are enough (signed-note, Signatures)."""
    elsewhere = tlog.Checkpoint(ORIGIN, 8, CHECKPOINT.root)
    data = note.append(_signed("abc"), quorum.cosign(elsewhere, WITNESSES["d"], NOW_S))

    with pytest.raises(NotVerified, match=r"cosignatures: .*d\.example.* does not hold"):
        quorum.check(data, POLICY)


def test_a_witness_twice_is_refused() -> None:
    data = note.append(_signed("abc"), quorum.cosign(CHECKPOINT, WITNESSES["a"], NOW_S + 1))

    with pytest.raises(BadNote, match="twice"):
        quorum.check(data, POLICY)


def test_a_log_that_the_policy_does_not_know_is_refused() -> None:
    other = note.generate("log.example/two", "ed25519")
    checkpoint = tlog.Checkpoint("log.example/two", 7, CHECKPOINT.root)
    lines = [quorum.cosign(checkpoint, witness, NOW_S) for witness in WITNESSES.values()]

    with pytest.raises(NotVerified, match=r"knows no log 'log\.example/two'"):
        quorum.check(note.append(note.sign(checkpoint.body, other), *lines), POLICY)


def test_another_key_under_the_logs_name_is_refused() -> None:
    thief = note.generate(ORIGIN, "ed25519")
    lines = [quorum.cosign(CHECKPOINT, witness, NOW_S) for witness in WITNESSES.values()]

    with pytest.raises(NotVerified, match="not signed by"):
        quorum.check(note.append(note.sign(CHECKPOINT.body, thief), *lines), POLICY)


def test_a_known_log_cannot_speak_for_another() -> None:
    second = note.generate("log.example/two", "ed25519")
    policy = quorum.read_policy(f"log {second.verifier.text}\n" + quorum.policy_text(POLICY))
    lines = [quorum.cosign(CHECKPOINT, witness, NOW_S) for witness in WITNESSES.values()]

    with pytest.raises(NotVerified, match="not signed by the log"):
        quorum.check(note.append(note.sign(CHECKPOINT.body, second), *lines), policy)
    with pytest.raises(NotVerified, match="signed a checkpoint of"):
        quorum.open_checkpoint(note.sign(CHECKPOINT.body, second), second.verifier)


def test_the_logs_own_signature_is_needed_beside_the_witnesses() -> None:
    lines = b"".join(quorum.cosign(CHECKPOINT, witness, NOW_S) for witness in WITNESSES.values())

    with pytest.raises(NotVerified, match="not signed by"):
        quorum.check(CHECKPOINT.body + b"\n" + lines, POLICY)


def test_a_log_with_two_keys_in_the_policy_needs_one() -> None:
    next_key = note.generate(ORIGIN, "ed25519")
    policy = quorum.read_policy(f"log {next_key.verifier.text}\n" + quorum.policy_text(POLICY))

    assert quorum.check(_signed("abc"), policy).log == LOG.verifier


@pytest.mark.parametrize(("age_s", "is_taken"), [(0, True), (60, True), (61, False), (10**9, False)])
def test_cosignatures_that_are_too_old_do_not_count(age_s: int, *, is_taken: bool) -> None:
    """Attack 5: a frozen view."""
    data = _signed("abc", {"b": NOW_S - age_s})
    if is_taken:
        assert len(quorum.check(data, POLICY, NOW_S, 60).cosigners) == 3
    else:
        with pytest.raises(NotVerified, match="too old or ahead of time: b"):
            quorum.check(data, POLICY, NOW_S, 60)
        assert len(quorum.check(data, POLICY, NOW_S).cosigners) == 3


@pytest.mark.parametrize(("ahead_s", "is_taken"), [(quorum.MAX_SKEW_S, True), (quorum.MAX_SKEW_S + 1, False)])
def test_cosignatures_from_far_ahead_do_not_count(ahead_s: int, *, is_taken: bool) -> None:
    data = _signed("abc", {"b": NOW_S + ahead_s})
    if is_taken:
        assert quorum.check(data, POLICY, NOW_S)
    else:
        with pytest.raises(NotVerified, match="ahead of time: b"):
            quorum.check(data, POLICY, NOW_S)


def test_a_policy_that_asks_nobody_passes_nothing() -> None:
    with pytest.raises(NotVerified, match="asks no witness"):
        quorum.check(_signed("abcd"), _policy("quorum none\n"))


def test_a_policy_without_logs_passes_nothing() -> None:
    policy = quorum.read_policy(f"witness a {WITNESSES['a'].verifier.text}\nquorum a\n")

    with pytest.raises(BadPolicy, match="no log"):
        quorum.check(_signed("a"), policy)


def test_an_age_needs_a_clock() -> None:
    with pytest.raises(BadPolicy, match="clock"):
        quorum.check(_signed("abc"), POLICY, None, 60)


def test_the_empty_log_can_be_seen() -> None:
    empty = tlog.Checkpoint(ORIGIN, 0, tlog.EMPTY_ROOT)

    assert quorum.check(_signed("abc", checkpoint=empty), POLICY).checkpoint.size == 0
