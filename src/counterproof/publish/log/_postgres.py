"""The lock in PostgreSQL; asyncpg is imported in this file alone."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Coroutine
from typing import Any

from counterproof.errors import MissingExtra, StorageFailed
from counterproof.publish.log._lock import EMPTY, Head, exists_already, is_unclear

_TABLE = "counterproof_head"
_ANSWERS_WITHIN_S = 30.0
_CLOSES_WITHIN_S = 5.0


def _asyncpg() -> Any:  # noqa: ANN401 - an extra, whose types the checkers' environment need not have
    try:
        return importlib.import_module("asyncpg")
    except ImportError as exc:
        raise MissingExtra(
            "a lock in PostgreSQL needs asyncpg", where="--lock", mend="pip install 'counterproof[log]'"
        ) from exc


class PostgresLock:
    """One row for each origin, moved by `UPDATE ... WHERE size = ... AND root = ...` that must change one row.

    Raises:
        MissingExtra: asyncpg is not installed.
        StorageFailed: here and in every method: the server did not answer, or the outcome is not known.
    """

    def __init__(self, url: str) -> None:
        self._pg = _asyncpg()
        self._runner = asyncio.Runner()
        try:
            self._db: Any = self._run(self._opened(url))
        except BaseException:
            self._runner.close()
            raise

    def read(self, origin: str) -> Head | None:
        """The head, or None."""
        row = self._run(self._db.fetchrow(f"SELECT size, root FROM {_TABLE} WHERE origin = $1", origin))  # noqa: S608 - a constant
        return Head(int(row["size"]), bytes(row["root"])) if row else None

    def create(self, origin: str) -> None:
        """Begin a log at `EMPTY`."""
        done = self._run(
            self._db.execute(
                f"INSERT INTO {_TABLE} VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", origin, EMPTY.size, EMPTY.root  # noqa: S608 - same
            )
        )
        if done != "INSERT 0 1":
            raise exists_already(origin)

    def swap(self, origin: str, old: Head, new: Head) -> bool:
        """Move the head: a transaction of its own, durable when the answer comes."""
        sql = f"UPDATE {_TABLE} SET size = $1, root = $2 WHERE origin = $3 AND size = $4 AND root = $5"  # noqa: S608 - same
        done: str = self._run(self._db.execute(sql, new.size, new.root, origin, old.size, old.root))
        return done == "UPDATE 1"

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(StorageFailed):
            self._run(self._closed())
        self._runner.close()

    async def _closed(self) -> None:
        try:
            await self._db.close(timeout=_CLOSES_WITHIN_S)
        except (OSError, TimeoutError, self._pg.InterfaceError):
            self._db.terminate()
            await asyncio.sleep(0)  # the loop closes the socket

    async def _opened(self, url: str) -> Any:  # noqa: ANN401 - same
        db = await self._pg.connect(
            url,
            timeout=_ANSWERS_WITHIN_S,
            command_timeout=_ANSWERS_WITHIN_S,
            server_settings={"synchronous_commit": "on"},
        )
        await db.execute(
            f"CREATE TABLE IF NOT EXISTS {_TABLE} (origin text PRIMARY KEY, size bigint NOT NULL, root bytea NOT NULL)"
        )
        return db

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - same
        try:
            return self._runner.run(work)
        except (OSError, self._pg.PostgresError, self._pg.InterfaceError, TimeoutError, ValueError) as exc:
            raise is_unclear("PostgreSQL", exc) from exc
