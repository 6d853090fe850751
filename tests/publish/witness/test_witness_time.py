"""A cosignature says which tree was the largest as of a time; a later one with an earlier time would contradict it."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterproof import note, quorum
from counterproof.publish.witness import Answer, Witness, load, new
from tests.publish.witness.toy_log import Clock, ToyLog, unlimited


def issued_s(answer: Answer) -> int:
    return int.from_bytes(note.split(b"x\n\n" + answer.body)[1][0].signature[:8], "big")


def test_a_clock_that_goes_back_a_little_repeats_the_last_time(seer: Witness, log: ToyLog, clock: Clock) -> None:
    first = issued_s(seer.add_checkpoint(log.request(0, 5)))
    clock.at_s -= quorum.MAX_SKEW_S
    assert issued_s(seer.add_checkpoint(log.request(5, 5))) == first
    assert issued_s(seer.add_checkpoint(log.request(5, 9))) == first
    clock.at_s += quorum.MAX_SKEW_S + 1
    assert issued_s(seer.add_checkpoint(log.request(9, 9))) == first + 1


def test_a_clock_that_goes_back_far_stops_the_cosigning(
    folder: Path, seer: Witness, log: ToyLog, clock: Clock
) -> None:
    seer.add_checkpoint(log.request(0, 5))
    seer.close()
    clock.at_s -= quorum.MAX_SKEW_S + 1
    after = load(folder, [log.verifier], clock_s=clock)

    assert after.add_checkpoint(log.request(5, 9)).status == 503
    clock.at_s += 1
    assert after.add_checkpoint(log.request(5, 9)).status == 200
    after.close()


def test_a_clock_before_the_epoch_stops_the_cosigning(seer: Witness, log: ToyLog, clock: Clock) -> None:
    clock.at_s = -5.0

    assert seer.add_checkpoint(log.request(0, 5)).status == 503


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(steps=st.lists(st.integers(-400, 400), max_size=12))
def test_times_never_decrease(folder: Path, log: ToyLog, steps: list[int]) -> None:
    rmtree(folder)
    new(folder, "witness.example/w")
    clock, size, last_s = Clock(), 0, 0
    seer = load(folder, [log.verifier], clock_s=clock, limit=unlimited())
    for step_s in steps:
        clock.at_s += step_s
        answer = seer.add_checkpoint(log.request(size, size + 1))
        if answer.status == 200:
            assert issued_s(answer) == max(last_s, clock.at_s)
            last_s, size = issued_s(answer), size + 1
        else:
            assert answer.status == 503
            assert last_s - clock.at_s > quorum.MAX_SKEW_S
    seer.close()
