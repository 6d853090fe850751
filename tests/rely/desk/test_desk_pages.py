"""The pages, asked for over a real socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import aiohttp
import msgspec
import pytest

from counterproof import errors
from counterproof.rely import appeal, desk
from tests.rely.desk.test_desk_numbers import one

KEY = {"Authorization": "Bearer word"}


class Process:
    """A process of a gate that says what it is told to."""

    def __init__(self, said: desk.Snapshot | None) -> None:
        self.said = said
        self.released: list[tuple[str, str]] = []

    async def now(self) -> desk.Snapshot:
        if self.said is None:
            raise ConnectionRefusedError("gone")
        return self.said

    async def release(self, name: str, outcome: Literal["allow", "reject"]) -> bool:
        if self.said is None:
            raise ConnectionRefusedError("gone")
        self.released.append((name, outcome))
        return name == "known"


@asynccontextmanager
async def served(found: desk.Desk) -> AsyncGenerator[aiohttp.ClientSession]:
    async with found.up("127.0.0.1", 0) as url, aiohttp.ClientSession(url) as client:
        yield client


def test_a_process_that_is_gone_is_a_problem_and_not_a_zero() -> None:
    async def main() -> None:
        async with served(desk.Desk([Process(one()), Process(None)])) as client:
            said = await (await client.get("/status.json")).json()
            ready = await client.get("/ready")
            assert (said["is_ready"], said["problems"]) == (False, ["1 of 2 processes do not answer"])
            assert ready.status == 503
            assert (await client.get("/live")).status == 200

    asyncio.run(main())


def test_no_process_at_all_is_said_in_a_sentence() -> None:
    async def main() -> None:
        async with served(desk.Desk([Process(None)])) as client:
            for path in ("/", "/metrics", "/status.json", "/ready"):
                answer = await client.get(path)
                assert (answer.status, await answer.json()) == (503, {"error": "no process of the gate answers"})

    asyncio.run(main())


def test_the_page_says_what_was_not_measured_and_escapes_what_it_shows() -> None:
    async def main() -> None:
        odd = one(is_measured=False, policy_name="<script>x</script>", problems=("the <record> is full",))
        async with served(desk.Desk([Process(odd)])) as client:
            answer = await client.get("/")
            page = await answer.text()
            assert "Nobody has measured" in page
            assert "&lt;script&gt;" in page
            assert "<script" not in page
            assert "the &lt;record&gt; is full" in page
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    asyncio.run(main())


def test_only_an_operator_releases_what_is_held() -> None:
    async def main() -> None:
        process = Process(one())
        async with served(desk.Desk([process, Process(None)], operator_key="word")) as client:
            said = msgspec.json.encode({"outcome": "allow"})
            assert (await client.post("/held/known", data=said)).status == 401
            assert (await client.get("/held")).status == 401
            assert (await client.post("/held/known", data=b"allow", headers=KEY)).status == 400
            assert (await client.post("/held/other", data=said, headers=KEY)).status == 404
            assert (await client.post("/held/known", data=said, headers=KEY)).status == 200
            assert process.released == [("other", "allow"), ("known", "allow")]
        async with served(desk.Desk([process])) as client:
            assert (await client.post("/held/known", data=said, headers={"Authorization": "Bearer "})).status == 401

    asyncio.run(main())


def test_an_appeal_is_heard_where_there_is_a_book(tmp_path: Path) -> None:
    async def main() -> None:
        book = appeal.Book(tmp_path / "book")
        async with served(desk.Desk([Process(one())], book=book)) as client:
            terms = await (await client.get("/appeal")).json()
            assert terms
            assert (await client.post("/appeal", data=b"{}")).status == 400
            assert (await client.post("/appeal", data=b"x" * 1_000_000)).status == 413
            receipt = appeal.new_receipt()
            answer = await client.post("/appeal/verdict", data=msgspec.json.encode({"receipt": receipt}))
            assert (await answer.json())["verdict"] == "undecided"
        book.close()
        async with served(desk.Desk([Process(one())])) as client:
            assert (await client.get("/appeal")).status == 404

    asyncio.run(main())


def test_a_process_answers_for_itself_at_its_own_socket(tmp_path: Path) -> None:
    async def main() -> None:
        process = Process(one())
        path = tmp_path / "w0.sock"
        remote = desk.Remote(path, "word")
        async with (
            desk.Desk([process], operator_key="word").up("", 0, path=str(path)),
            served(desk.Desk([remote, desk.Remote(tmp_path / "gone.sock")])) as client,
        ):
            said = await (await client.get("/status.json")).json()
            assert said["problems"] == ["1 of 2 processes do not answer"]
            assert await remote.now() == process.said
            assert await remote.release("known", "allow")
            assert not await remote.release("other", "allow")
            assert not await desk.Remote(path, "another").release("known", "allow")
        assert process.released == [("known", "allow"), ("other", "allow")]

    asyncio.run(main())


def test_an_address_that_is_taken_is_said_in_a_sentence() -> None:
    async def main() -> None:
        async with desk.Desk([Process(one())]).up("127.0.0.1", 0) as url:
            port = int(url.rpartition(":")[2])
            with pytest.raises(errors.BadOption, match="cannot listen at"):
                await desk.Desk([]).up("127.0.0.1", port).__aenter__()

    asyncio.run(main())


@pytest.mark.parametrize(
    "said", ["word", "bearer word", "Bearer  word", "Bearer word ", "Bearer wor", "Bearer", "", "Bearer \xff\xfe"]
)
def test_what_is_not_the_operators_key_is_refused_whatever_its_bytes(said: str) -> None:
    async def main() -> None:
        async with desk.Desk([Process(one())], operator_key="word").up("127.0.0.1", 0) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            head = b"GET /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: " + said.encode("latin-1")
            writer.write(head + b"\r\n\r\n")
            answer = await reader.read()
            writer.close()
        wanted = b"200" if said == "Bearer word " else b"401"  # blanks around a field's value are none of it
        assert answer.split()[1] == wanted

    asyncio.run(main())


def test_the_page_waits_for_the_book_where_nobody_else_does(tmp_path: Path) -> None:
    """In a gate of one process the desk shares its loop with traffic: a book that somebody holds stops nobody else."""
    others_are_served = threading.Event()

    class Slow(appeal.Book):
        def tally(self) -> dict[str, int]:
            assert others_are_served.wait(30)
            return super().tally()

    async def main() -> None:
        async with served(desk.Desk([Process(one())], book=Slow(tmp_path))) as client:
            page = asyncio.ensure_future(client.get("/"))
            assert (await client.get("/live")).status == 200
            others_are_served.set()
            assert (await page).status == 200

    asyncio.run(main())


def test_only_an_operator_learns_the_names_of_what_is_held() -> None:
    """Everything else on the pages is for whoever reaches the desk."""
    held = desk.HeldNow(name="its name", since_ms=1, kind="call", door="mcp", tool="rm", rules=("r",))

    async def main() -> None:
        async with served(desk.Desk([Process(one(held=(held,)))], operator_key="word")) as client:
            for path in ("/", "/status.json", "/metrics", "/ready", "/live", "/held"):
                assert "its name" not in await (await client.get(path)).text()
            shown = await (await client.get("/status.json")).json()
            assert [each["tool"] for each in shown["held"]] == ["rm"]
            for path in ("/status.json", "/held"):
                assert "its name" in await (await client.get(path, headers=KEY)).text()

    asyncio.run(main())
