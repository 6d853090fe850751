"""Another process of the same gate, asked at its Unix socket."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from counterproof.rely.desk._snapshot import Snapshot

_MAX_BYTES = 16 << 20


class Remote:
    """The desk of a process that listens at a Unix socket. `operator_key`: what its `/held` demands."""

    def __init__(self, path: Path, operator_key: str = "") -> None:
        self._path = path
        self._headers = {"Authorization": f"Bearer {operator_key}"} if operator_key else {}

    async def now(self) -> Snapshot:
        """Its counts.

        Raises:
            OSError: it does not answer.
            MsgspecError: what it answers is no snapshot.
        """
        status, body = await self._ask("GET", "/status.json")
        if status != 200:
            raise ConnectionError(f"the process at {self._path} answers {status}")
        return msgspec.json.decode(body, type=Snapshot)

    async def release(self, name: str, outcome: Literal["allow", "reject"]) -> bool:
        """Gives a person's word about a held event; whether one of that name was waiting there.

        Raises:
            OSError: it does not answer.
        """
        status, _ = await self._ask("POST", f"/held/{name}", msgspec.json.encode({"outcome": outcome}))
        return status == 200

    async def _ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        import aiohttp  # noqa: PLC0415 - loads only where several processes are served

        connector = aiohttp.UnixConnector(path=str(self._path))
        try:
            async with (
                aiohttp.ClientSession(connector=connector) as client,
                client.request(method, f"http://gate{path}", data=body, headers=self._headers) as answer,
            ):
                return answer.status, await answer.content.read(_MAX_BYTES)
        except aiohttp.ClientError as exc:
            raise ConnectionError(f"the process at {self._path} does not answer: {exc}") from exc
