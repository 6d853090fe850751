from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from counterproof import record
from counterproof.errors import BadGate
from counterproof.rely import gate, pool
from counterproof.rely.pool import _frame, _pool, _store

SECRET = b"s" * 32
Entry = tuple[bytes, dict[bytes, bytes]]


class Server:
    """As much of a store as a pool asks of, with a clock of its own; `is_down`: nothing answers."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.expiries: list[object] = []
        self.now_s = 1_000
        self.is_down = False
        self.in_maps = False

    async def execute_command(self, *args: object) -> object:
        await asyncio.sleep(0)
        if self.is_down:
            raise ConnectionError("nothing answers")
        answers = {"TIME": self._time, "XADD": self._add, "EXPIRE": self._expire, "XREAD": self._read}
        return answers[str(args[0])](args)

    def _time(self, _: tuple[object, ...]) -> object:
        return (self.now_s, 0)

    def _expire(self, args: tuple[object, ...]) -> object:
        self.expiries.append(args[2])
        return True

    def _add(self, args: tuple[object, ...]) -> object:
        who, what = args[7], args[9]
        assert isinstance(who, str)
        assert isinstance(what, bytes)
        place = b"%d-%d" % (1000 * self.now_s, len(self.entries))
        self.entries.append((place, {b"o": who.encode(), b"d": what}))
        return place

    def _read(self, args: tuple[object, ...]) -> object:
        count, after = args[2], args[5]
        assert isinstance(count, int)
        assert isinstance(after, bytes)
        at = [place for place, _ in self.entries].index(after) + 1 if after != b"0-0" else 0
        found = self.entries[at : at + count]
        if not found:
            return None
        return {b"name": [found]} if self.in_maps else [(b"name", found)]

    async def aclose(self) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    one = Server()

    def client_of(_: str) -> Server:
        return one

    monkeypatch.setattr(_pool, "client_of", client_of)
    return one


def joined(secret: bytes = SECRET, window_s: int = 3_600) -> tuple[gate.Memory, pool.Pool]:
    memory = gate.Memory(record.MemoryPolicy(window_s=window_s))
    shared = pool.Local(memory, lambda: 50.0)
    return memory, pool.Pool("redis://store", shared, secret, window_s=3_600, every_s=0.01)


def add(memory: gate.Memory, n: int) -> None:
    memory.add(("a:1",), 1.0, f"context {n}", "", f"fragment {n}", 50.0, f"words {n}")


def exchanged(*pools: pool.Pool) -> None:
    async def run() -> None:
        for each in pools:
            await each.exchange()

    asyncio.run(run())


async def until(holds: Callable[[], object]) -> None:
    while not holds():  # noqa: ASYNC110 - what is waited for happens in a task that tells nobody
        await asyncio.sleep(0.01)


def signal(memory: gate.Memory) -> float:
    return round(memory.read(["a:1"], 50.0).signal, 2)


@pytest.mark.parametrize("in_maps", [False, True])
def test_gates_hear_of_each_other(server: Server, *, in_maps: bool) -> None:
    server.in_maps = in_maps
    (one, first), (two, second) = joined(), joined()
    for n in range(3):
        add((one, two, one)[n], n)

    exchanged(first, second, first, second)

    assert (signal(one), signal(two)) == (3.0, 3.0)
    assert (first.status.sent, first.status.taken, first.status.is_connected) == (1, 1, True)
    assert set(server.expiries) == {3_600}


def test_words_stay_where_they_were_said(server: Server) -> None:
    one, first = joined()
    add(one, 1)
    exchanged(first)

    assert b"words" not in b"".join(fields[b"d"] for _, fields in server.entries)


def test_a_gate_that_starts_late_hears_how_old_it_is(server: Server) -> None:
    (one, first), (two, second) = joined(), joined()
    add(one, 1)
    exchanged(first)
    server.now_s += 1_800
    exchanged(second)

    assert signal(two) == 0.5


def test_without_the_store_the_gate_goes_on_and_says_so(server: Server) -> None:
    server.is_down = True
    (one, first), (two, second) = joined(), joined()
    for n in range(2):
        add(one, n)
        exchanged(first)

    away = first.status
    server.is_down = False
    exchanged(first, second)

    assert (away.is_connected, away.waiting, away.failures, away.said) == (
        False, 2, 2, "ConnectionError: nothing answers",
    )  # fmt: skip
    assert (signal(one), signal(two)) == (2.0, 2.0)
    assert (first.status.waiting, first.status.is_connected) == (0, True)


def test_what_waited_for_the_store_is_as_old_as_it_is(server: Server) -> None:
    seal = _frame.Seal(SECRET)
    other = gate.Memory(record.MemoryPolicy(window_s=3_600))
    other.share()
    add(other, 1)
    server.entries.append((b"1000000-0", {b"o": b"other", b"d": seal.sealed(other.delta("other"), waited_s=1_800.0)}))
    memory, one = joined()
    exchanged(one)

    assert signal(memory) == 0.5


def test_too_much_that_waits_is_dropped_and_counted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pool, "_MOST_WAITING_BYTES", 400)
    server.is_down = True
    one, first = joined()
    for n in range(20):
        add(one, n)
        exchanged(first)

    assert 0 < first.status.waiting < 20
    assert first.status.lost == 20 - first.status.waiting


@pytest.mark.parametrize(
    ("secret", "window_s", "said"),
    [(b"x" * 32, 3_600, "another secret"), (SECRET, 60, "cannot be shared")],
)
def test_what_cannot_be_used_is_refused_and_said(server: Server, secret: bytes, window_s: int, said: str) -> None:
    (one, first), (two, second) = joined(secret, window_s), joined()
    add(one, 1)
    exchanged(first, second)

    assert (second.status.refused, second.status.taken, signal(two)) == (1, 0, 0.0)
    assert said in second.status.said
    assert second.status.is_connected


@pytest.mark.parametrize("frame", [b"", b"x" * 31, b"x" * 500])
def test_rubbish_in_the_store_is_refused(server: Server, frame: bytes) -> None:
    server.entries.append((b"1000000-0", {b"o": b"other", b"d": frame}))
    _, one = joined()
    exchanged(one)

    assert (one.status.refused, one.status.is_connected) == (1, True)


def test_it_works_in_the_background_and_tells_what_is_left_when_it_ends(server: Server) -> None:
    (one, first), (two, second) = joined(), joined()

    async def run() -> None:
        first.start()
        first.start()
        second.start()
        add(one, 1)
        await until(lambda: signal(two))
        await second.close()
        add(one, 2)
        await first.close()

    asyncio.run(asyncio.wait_for(run(), 30))

    assert len(server.entries) == 2


def test_it_ends_even_if_the_client_makes_another_error_of_being_cancelled(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one = joined()
    waits = asyncio.Event()

    async def stubborn(*_: object) -> object:
        waits.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectionError("cut off") from None
        return None

    monkeypatch.setattr(server, "execute_command", stubborn)

    async def run() -> None:
        one.start()
        await waits.wait()
        await one.close()

    asyncio.run(asyncio.wait_for(run(), 30))

    assert (one.status.failures, one.status.said) == (1, "ConnectionError: cut off")


def test_it_tries_again_by_itself(server: Server) -> None:
    server.is_down = True
    one, first = joined()
    add(one, 1)

    async def run() -> None:
        first.start()
        await until(lambda: first.status.failures)
        server.is_down = False
        await until(lambda: first.status.sent)
        await first.close()

    asyncio.run(asyncio.wait_for(run(), 30))

    assert len(server.entries) == 1


@pytest.mark.parametrize("url", ["http://store", "store", "", "redis://store:notaport"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadGate, match="no address of a store"):
        _store.client_of(url)


@pytest.mark.parametrize("url", ["redis://a:secret@host:1/2", "valkey://host", "valkeys://host", "unix:///run/store"])
def test_an_address_is_shown_without_its_password(url: str) -> None:
    shown = _store.shown(url)

    assert "secret" not in shown
    assert shown.partition("://")[0] == url.partition("://")[0]
    assert _store.client_of(url)
