"""The table of answers of C2SP tlog-witness v1.0.0, one line after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterproof import note, quorum, tlog
from counterproof.publish.witness import MAX_BODY_BYTES, Answer, Limit, Witness, load
from tests.publish.witness.toy_log import Clock, ToyLog, database, hashed, request

SIZE = "text/x.tlog.size"


def cosigned(seer: Witness, answer: Answer, checkpoint: tlog.Checkpoint) -> list[int]:
    """The times of both cosignatures, each of which holds."""
    assert answer.status == 200, answer.body
    _, lines = note.split(checkpoint.body + b"\n" + answer.body)
    assert [line.key_id for line in lines] == [key.key_id for key in seer.verifiers]
    return [quorum.cosigned_at(checkpoint, line, key) for line, key in zip(lines, seer.verifiers, strict=True)]


def test_200_both_keys_cosign_what_extends(seer: Witness, log: ToyLog, clock: Clock) -> None:
    assert [key.kind for key in seer.verifiers] == ["cosignature", "ml-dsa-44"]
    for old, new in [(0, 1), (1, 5), (5, 5), (5, 8), (8, 300)]:
        assert cosigned(seer, seer.add_checkpoint(log.request(old, new)), log.checkpoint(new)) == [int(clock())] * 2


def test_200_the_same_size_again_has_a_fresh_time(seer: Witness, log: ToyLog, clock: Clock) -> None:
    first = seer.add_checkpoint(log.request(0, 5))
    clock.at_s += 60
    second = seer.add_checkpoint(log.request(5, 5))

    assert cosigned(seer, second, log.checkpoint(5))[0] == cosigned(seer, first, log.checkpoint(5))[0] + 60


def test_200_an_empty_tree_may_come_first(seer: Witness, log: ToyLog) -> None:
    cosigned(seer, seer.add_checkpoint(log.request(0, 0)), log.checkpoint(0))
    cosigned(seer, seer.add_checkpoint(log.request(0, 0)), log.checkpoint(0))
    cosigned(seer, seer.add_checkpoint(log.request(0, 3)), log.checkpoint(3))


def test_200_lines_by_others_are_ignored_and_not_kept(seer: Witness, log: ToyLog) -> None:
    other = note.unsafe_seeded("log.example/one", "ed25519", b"7" * 32)
    grease = note.Line("grease.example", b"abcd", b"x" * 64).encode()
    signed = note.append(note.sign(log.checkpoint(5).body, other, log.signer), grease)

    cosigned(seer, seer.add_checkpoint(request(0, [], signed)), log.checkpoint(5))

    kept = note.split(seer.latest(hashed(log.origin)).body)[1]
    assert [line.key_id for line in kept] == [log.verifier.key_id, *(key.key_id for key in seer.verifiers)]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n", b"old 0", b"old 0\n", b"old 0\n\n", b"old 00\n\n%s", b"old -1\n\n%s", b"old +1\n\n%s",
        b"old  0\n\n%s", b"Old 0\n\n%s", b"old 0\r\n\n%s", b"old 0 \n\n%s", b"old \xd9\xa0\n\n%s", b"size 0\n\n%s",
        b"old 9223372036854775808\n\n%s", b"old 0\nAAAA\n\n%s", b"old 0\n" + b"A" * 43 + b"\n\n%s",
        b"old 0\n" + b"A" * 42 + b"B=\n\n%s", b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n%s",
        b"old 0\n\n%s\n", b"old 0\n%s", b"\xff", b"old 0\n\n\xff\xff\n\n\n",
        b"old 0\n\n" + b"x" * MAX_BODY_BYTES,
    ],
)  # fmt: skip
def test_400_what_is_no_request(seer: Witness, log: ToyLog, body: bytes) -> None:
    assert seer.add_checkpoint(body.replace(b"%s", log.signed(5))).status == 400
    assert seer.latest(hashed(log.origin)).status == 404


def test_400_an_old_size_above_the_checkpoint(seer: Witness, log: ToyLog) -> None:
    assert seer.add_checkpoint(request(6, [], log.signed(5))).status == 400
    seer.add_checkpoint(log.request(0, 6))
    assert seer.add_checkpoint(request(6, [], log.signed(5))).status == 400, "a rollback, told as one"


@pytest.mark.parametrize(
    "text",
    ["{o}\n05\n{r}\n", "{o}\n5\nAAAA\n", "{o}\n9223372036854775808\n{r}\n", "{o}\n5\n{r}\n\nmore\n",
     "{o}\n5\n{r}\nmore\n", "{o}\n-5\n{r}\n", "{o}\n1_0\n{r}\n",
     "{o}\n 5\n{r}\n", "{o}\n\u0665\n{r}\n", "{o}\n5\n", "{o}\n0\nAAAA\n"],
)  # fmt: skip
def test_400_what_the_log_signed_is_no_checkpoint(seer: Witness, log: ToyLog, text: str) -> None:
    body = text.format(o=log.origin, r="A" * 43 + "=").encode()

    assert seer.add_checkpoint(request(0, [], note.sign(body, log.signer))).status == 400


def test_403_not_signed_by_the_log(seer: Witness, log: ToyLog) -> None:
    thief = ToyLog(seed=b"2" * 32)

    assert seer.add_checkpoint(thief.request(0, 5)).status == 403


def test_403_the_key_of_the_log_and_a_signature_that_does_not_hold(seer: Witness, log: ToyLog) -> None:
    text = log.checkpoint(5).body
    line = note.Line(log.origin, log.verifier.key_id, b"\0" * 64).encode()

    assert seer.add_checkpoint(request(0, [], text + b"\n" + line)).status == 403


def test_403_comes_before_what_needs_the_record(seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 5))

    assert seer.add_checkpoint(request(3, [], ToyLog(seed=b"2" * 32).signed(9))).status == 403


def test_404_a_checkpoint_without_an_origin(seer: Witness, log: ToyLog) -> None:
    assert seer.add_checkpoint(request(0, [], b"\n" + log.signed(5))).status == 404


def test_404_an_unknown_log_leaves_no_trace(seer: Witness) -> None:
    stranger = ToyLog("stranger.example")

    assert seer.add_checkpoint(stranger.request(0, 5)).status == 404
    assert seer.latest(hashed("stranger.example")).status == 404
    assert database(seer).execute("SELECT count(*) FROM seen").fetchone() == (0,)


@pytest.mark.parametrize("new", [5, 8])
def test_409_first_contact_with_another_old_size_than_0(seer: Witness, log: ToyLog, new: int) -> None:
    answer = seer.add_checkpoint(log.request(5, new))

    assert (answer.status, answer.body, answer.content_type) == (409, b"0\n", SIZE)


@pytest.mark.parametrize(("old", "new"), [(0, 9), (3, 9), (9, 9), (0, 5), (3, 5), (4, 4)])
def test_409_another_old_size_than_the_one_held(seer: Witness, log: ToyLog, old: int, new: int) -> None:
    seer.add_checkpoint(log.request(0, 5))
    answer = seer.add_checkpoint(log.request(old, new))

    assert (answer.status, answer.body, answer.content_type) == (409, b"5\n", SIZE)


def test_422_first_contact_with_a_proof(seer: Witness, log: ToyLog) -> None:
    assert seer.add_checkpoint(request(0, [b"j" * 32], log.signed(5))).status == 422
    assert seer.add_checkpoint(request(0, [], log.signed(5))).status == 200


def test_422_the_same_size_with_another_root(seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 5))

    assert seer.add_checkpoint(ToyLog(fork=2).request(5, 5)).status == 422
    assert seer.add_checkpoint(log.request(5, 5)).status == 200


def test_422_a_proof_that_does_not_hold(seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 5))
    good = log.proof(5, 9)

    for bad in ([], good[:-1], [*good, b"x" * 32], [b"x" * 32, *good[1:]], good[::-1], log.proof(4, 9)):
        assert seer.add_checkpoint(request(5, bad, log.signed(9))).status == 422
    assert seer.add_checkpoint(request(5, [b"x" * 32], log.signed(5))).status == 422
    assert seer.add_checkpoint(request(5, good, log.signed(9))).status == 200


def test_422_a_tree_without_leaves_and_another_root(seer: Witness, log: ToyLog) -> None:
    body = f"{log.origin}\n0\n{'A' * 43}=\n".encode()

    assert seer.add_checkpoint(request(0, [], note.sign(body, log.signer))).status == 422


def test_429_a_log_that_asks_too_often_and_only_that_one(folder: Path, log: ToyLog) -> None:
    other, now = ToyLog("log.example/two"), Clock(0.0)
    seer = load(folder, [log.verifier, other.verifier], limit=Limit(1, 3, now))

    for _ in range(3):
        assert seer.add_checkpoint(ToyLog(seed=b"2" * 32).request(0, 1)).status == 403, "strangers use up nothing"
    assert [seer.add_checkpoint(log.request(0, 1)).status for _ in range(5)] == [200, 409, 409, 409, 429]
    assert seer.add_checkpoint(other.request(0, 1)).status == 200
    now.at_s += 1
    assert [seer.add_checkpoint(log.request(1, 1)).status for _ in range(2)] == [200, 429]
    seer.close()


def test_monitors_read_the_newest_checkpoint_with_all_signatures(seer: Witness, log: ToyLog) -> None:
    assert seer.latest(hashed(log.origin)).status == 404
    seer.add_checkpoint(log.request(0, 5))
    seer.add_checkpoint(log.request(5, 9))

    text, lines = note.split(seer.latest(hashed(log.origin)).body)

    assert text == log.checkpoint(9).body
    assert len(lines) == 3
    assert quorum.open_checkpoint(seer.latest(hashed(log.origin)).body, log.verifier)[0] == log.checkpoint(9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.data())
def test_whatever_is_changed_in_a_request_is_refused_or_means_the_same(
    seer: Witness, log: ToyLog, data: st.DataObject
) -> None:
    seer.add_checkpoint(log.request(0, 5))
    good = bytearray(log.request(5, 9))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= 1 << data.draw(st.integers(0, 7))

    answer = seer.add_checkpoint(bytes(good))

    assert answer.status in (400, 403, 404, 409, 422)
    assert re.match(rb"log.example/one\n5\n", seer.latest(hashed(log.origin)).body)


@given(body=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_any_bytes_are_answered(seer: Witness, body: bytes) -> None:
    assert seer.add_checkpoint(body).status in (400, 404)
    assert seer.add_checkpoint(b"old 0\n\n" + body).status in (400, 404)
