"""Asking witnesses: real ones over HTTP, and ones that lie, hang, lag, refuse, are down or never stop talking."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from counterproof import errors, note, quorum, tlog
from counterproof.publish import log, witness
from tests.publish.witness.toy_log import ToyLog, unlimited

LOG = ToyLog()
KEYS = [note.unsafe_seeded(f"w{n}.example", "cosignature", bytes([n]) * 32) for n in range(1, 5)]
Reply = Callable[["Fake", bytes], tuple[int, bytes]]


@dataclass
class Fake:
    """A witness made to misbehave: `replies` answers each request in turn, the last one for ever."""

    key: note.Signer
    replies: list[Reply]
    asked: list[bytes] = field(default_factory=list[bytes])
    url: str = ""

    @contextlib.contextmanager
    def serving(self) -> Generator[Fake]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                number = min(len(fake.asked), len(fake.replies) - 1)
                fake.asked.append(body)
                status, data = fake.replies[number](fake, body)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is overridden
                del format, args

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:  # else a test that fails leaves a thread that never ends, and with it the whole run
            server.shutdown()
            thread.join()
            server.server_close()


def head_of(body: bytes) -> tlog.Checkpoint:
    return tlog.read_checkpoint(note.split(body.partition(b"\n\n")[2])[0])


def cosigns(fake: Fake, body: bytes) -> tuple[int, bytes]:
    return 200, quorum.cosign(head_of(body), fake.key, int(time.time()))


def lies(fake: Fake, body: bytes) -> tuple[int, bytes]:
    """Cosigns another tree."""
    head = head_of(body)
    return 200, quorum.cosign(tlog.Checkpoint(head.origin, head.size, b"x" * 32), fake.key, int(time.time()))


def as_another(_: Fake, body: bytes) -> tuple[int, bytes]:
    """Cosigns with a key that nobody knows."""
    stranger = note.unsafe_seeded("w1.example", "cosignature", b"9" * 32)
    return 200, quorum.cosign(head_of(body), stranger, int(time.time()))


def from_the_future(fake: Fake, body: bytes) -> tuple[int, bytes]:
    return 200, quorum.cosign(head_of(body), fake.key, int(time.time()) + 100_000)


def says(status: int, data: bytes = b"") -> Reply:
    return lambda _fake, _body: (status, data)


def hangs(_: Fake, body: bytes) -> tuple[int, bytes]:
    del body
    time.sleep(5)
    return 500, b""


def none(_old: int, _new: int) -> Sequence[bytes]:
    raise AssertionError("no proof should be asked for")


@contextlib.contextmanager
def asking(
    replies: Sequence[list[Reply]], *, least: int = 3, deadline_s: float = 20.0
) -> Generator[tuple[log.Gatherer, list[Fake], quorum.Policy]]:
    """A gatherer and its witnesses, of which `least` are needed."""
    with contextlib.ExitStack() as stack:
        fakes = [stack.enter_context(Fake(key, each).serving()) for key, each in zip(KEYS, replies, strict=False)]
        lines = [f"witness w{n} {fake.key.verifier.text} {fake.url}/\n" for n, fake in enumerate(fakes, 1)]
        names = " ".join(f"w{n}" for n, _ in enumerate(fakes, 1))
        text = f"log {LOG.verifier.text}\n{''.join(lines)}group all {least} {names}\nquorum all\n"
        policy = quorum.read_policy(text)
        with log.Gatherer(policy, deadline_s=deadline_s) as gather:
            yield gather, fakes, policy


def names_on(cosigned: bytes, policy: quorum.Policy) -> set[str]:
    return {name for name, _ in quorum.check(cosigned, policy, int(time.time()), 600).cosigners}


@pytest.mark.parametrize(
    "bad",
    [lies, as_another, from_the_future, says(200), says(200, b"junk\n"), says(200, b"\xff" * 300_000), says(403),
     says(404), says(422), says(400), says(500), says(503), says(302), says(409, b"\n"), says(409, b"99\n"),
     says(409, b"-1\n"), says(409, b"0\n"), hangs],
)  # fmt: skip
def test_one_that_misbehaves_keeps_nobody_from_the_quorum(bad: Reply) -> None:
    with asking([[bad], [cosigns], [cosigns], [cosigns]]) as (gather, _, policy):
        assert names_on(gather(LOG.signed(5), 0, [], none), policy) == {"w2", "w3", "w4"}


def test_one_that_is_down_keeps_nobody_from_the_quorum() -> None:
    with asking([[cosigns]] * 4) as (_, fakes, policy):
        text = quorum.policy_text(policy).replace(fakes[0].url, "http://127.0.0.1:1")
        with log.Gatherer(quorum.read_policy(text)) as gather:
            assert names_on(gather(LOG.signed(5), 0, [], none), policy) == {"w2", "w3", "w4"}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (lies, "does not hold"), (as_another, "no line by its key"), (from_the_future, r"its clock is \+"),
        (says(200, b"junk\n"), "no signature lines"), (says(200, b"x" * 300_000), "no end"),
        (says(403, b"who?"), "403"), (says(422, b"bad proof"), "422, 'bad proof'"),
        (says(409, b"99\n"), "size 99 already"),
    ],
)  # fmt: skip
def test_too_few_is_said_at_once_and_who_and_why(bad: Reply, why: str) -> None:
    with (
        asking([[bad], [bad], [cosigns], [cosigns]], deadline_s=600) as (gather, _, _),
        pytest.raises(errors.NoQuorum, match=rf"size 5: .*w[12]: .*{why}") as caught,
    ):
        gather(LOG.signed(5), 0, [], none)
    assert caught.value.exit_code == 4
    assert caught.value.where == LOG.origin


@pytest.mark.parametrize(("bad", "why"), [(hangs, "no answer within 0.4 s"), (says(503), "status 503")])
def test_the_deadline_holds(bad: Reply, why: str) -> None:
    with asking([[bad], [bad], [cosigns], [cosigns]], deadline_s=0.4) as (gather, _, _):
        with pytest.raises(errors.NoQuorum, match=f"w1: {why}.*w2: {why}") as caught:
            gather(LOG.signed(5), 0, [], none)
        assert "w3" not in str(caught.value)


def test_one_that_lags_gets_the_proof_from_where_it_is() -> None:
    asked: list[tuple[int, int]] = []

    def prove(old: int, new: int) -> Sequence[bytes]:
        asked.append((old, new))
        return LOG.proof(old, new)

    with asking([[says(409, b"3\n"), cosigns]] * 4) as (gather, fakes, policy):
        assert len(names_on(gather(LOG.signed(9), 7, LOG.proof(7, 9), prove), policy)) >= 3
        first, second = (body.partition(b"\n\n")[0].split(b"\n") for body in fakes[0].asked[:2])
    assert (first[0], len(first) - 1) == (b"old 7", len(LOG.proof(7, 9)))
    assert (second[0], len(second) - 1) == (b"old 3", len(LOG.proof(3, 9)))
    assert set(asked) == {(3, 9)}, "proved once for all who need it"


def test_one_whose_proof_cannot_be_made_does_not_count() -> None:
    def cannot(_old: int, _new: int) -> Sequence[bytes]:
        raise errors.NotVerified("a tile is gone")

    with (
        asking([[says(409, b"3\n")], [cosigns], [cosigns], [cosigns]], least=4) as (gather, _, _),
        pytest.raises(errors.NoQuorum, match=r"w1: it has size 3, and .* cannot be proved: a tile is gone"),
    ):
        gather(LOG.signed(9), 7, LOG.proof(7, 9), cannot)


def test_a_fault_of_ours_in_asking_one_is_told_and_keeps_nobody_from_the_quorum() -> None:
    with asking([[says(409, b"3\n")], [cosigns], [cosigns], [cosigns]]) as (gather, _, policy):
        assert names_on(gather(LOG.signed(9), 0, [], none), policy) == {"w2", "w3", "w4"}
    with (
        asking([[says(409, b"3\n")]] * 3) as (gather, _, _),
        pytest.raises(errors.NoQuorum, match=r"w[123]: asking failed: AssertionError"),
    ):
        gather(LOG.signed(9), 0, [], none)


def test_one_that_says_come_again_is_asked_again() -> None:
    with asking([[says(503), says(429), cosigns]] * 3) as (gather, _, policy):
        assert names_on(gather(LOG.signed(9), 0, [], none), policy) == {"w1", "w2", "w3"}


def test_late_answers_are_collected() -> None:
    go = threading.Event()

    def late(fake: Fake, body: bytes) -> tuple[int, bytes]:
        go.wait(20)
        return cosigns(fake, body)

    with asking([[late], [cosigns], [cosigns], [cosigns]]) as (gather, _, policy):
        assert gather.latest() == b""
        first = gather(LOG.signed(5), 0, [], none)
        assert names_on(first, policy) == {"w2", "w3", "w4"}
        go.set()
        while len(names_on(gather.latest(), policy)) < 4:
            time.sleep(0.01)


def test_one_that_hangs_is_let_go_two_checkpoints_later() -> None:
    with asking([[hangs], [cosigns], [cosigns], [cosigns]]) as (gather, _, policy):
        for size in range(1, 8):
            cosigned = gather(LOG.signed(size), size - 1, LOG.proof(size - 1, size), LOG.proof)
            assert names_on(cosigned, policy) == {"w2", "w3", "w4"}


def test_an_address_with_two_keys_is_asked_once(tmp_path: Path) -> None:
    both = witness.new(tmp_path / "w", "witness.example/w", has_ml_dsa=True)
    seer = witness.load(tmp_path / "w", [LOG.verifier], limit=unlimited())
    with witness.running(seer) as url:
        lines = [f"witness k{n} {key.text} {url}\n" for n, key in enumerate(both)]
        policy = quorum.read_policy(f"log {LOG.verifier.text}\n{''.join(lines)}group both all k0 k1\nquorum both\n")
        with log.Gatherer(policy) as gather:
            assert names_on(gather(LOG.signed(5), 0, [], none), policy) == {"k0", "k1"}
    seer.close()


def test_real_witnesses_through_growth_rollback_and_a_fork(tmp_path: Path) -> None:
    forked = ToyLog(fork=3)
    with contextlib.ExitStack() as stack:
        text = f"log {LOG.verifier.text}\n"
        for number in range(4):
            (key,) = witness.new(tmp_path / str(number), f"witness.example/{number}")
            seer = witness.load(tmp_path / str(number), [LOG.verifier], limit=unlimited())
            stack.callback(seer.close)
            text += f"witness w{number} {key.text} {stack.enter_context(witness.running(seer))}\n"
        policy = quorum.read_policy(text + "group all 3 w0 w1 w2 w3\nquorum all\n")
        gather = stack.enter_context(log.Gatherer(policy))
        old = 0
        for new in (1, 2, 2, 9, 300, 301):
            assert len(names_on(gather(LOG.signed(new), old, LOG.proof(old, new), LOG.proof), policy)) >= 3
            old = new
        with pytest.raises(errors.NoQuorum, match="301 already, which is larger"):
            gather(LOG.signed(9), 9, [], LOG.proof)
        with pytest.raises(errors.NoQuorum, match="status 422"):
            gather(forked.signed(310), 301, forked.proof(301, 310), forked.proof)
        anew = stack.enter_context(log.Gatherer(policy))
        assert len(names_on(anew(LOG.signed(400), 0, [], LOG.proof), policy)) >= 3, "a start without any memory"


def test_callers_with_a_loop_of_their_own() -> None:
    with asking([[cosigns]] * 3) as (gather, _, policy):
        assert len(names_on(asyncio.run(gather.gather(LOG.signed(5), 0, [], none)), policy)) == 3


@pytest.mark.parametrize("address", ["", " ftp://x.example", " w1.example"])
def test_a_policy_that_cannot_be_asked_is_refused(address: str) -> None:
    policy = quorum.read_policy(f"log {LOG.verifier.text}\nwitness w {KEYS[0].verifier.text}{address}\nquorum w\n")

    with pytest.raises(errors.BadPolicy, match=r"no address"):
        log.Gatherer(policy)


def test_what_is_no_checkpoint_is_not_sent() -> None:
    with asking([[cosigns]] * 3) as (gather, fakes, _):
        with pytest.raises(errors.BadNote):
            gather(b"junk", 0, [], none)
        assert fakes[0].asked == []


def test_a_gatherer_can_be_closed_twice_and_with_one_hanging() -> None:
    with asking([[hangs], [cosigns], [cosigns], [cosigns]]) as (gather, _, _):
        gather(LOG.signed(5), 0, [], none)
        gather.close()
        gather.close()
