"""The client of a store: Valkey or Redis, by an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast
from urllib.parse import urlsplit

from counterproof.errors import BadGate, MissingExtra

_SCHEMES = ("redis", "rediss", "valkey", "valkeys", "unix")
_ANSWERS_WITHIN_S = 5.0


class Store(Protocol):
    """What is asked of a client."""

    async def execute_command(self, *args: object) -> object:
        """One command and its answer."""
        ...

    async def aclose(self) -> None:
        """Closes its connections."""
        ...


def client_of(url: str) -> Store:
    """A client that connects when it is first asked, and does not try again by itself.

    Raises:
        BadGate: the address is none of a store.
        MissingExtra: the client is not installed.
    """
    scheme = urlsplit(url).scheme
    if scheme not in _SCHEMES:
        mend = f"begin it with one of {', '.join(s + '://' for s in _SCHEMES)}"
        raise BadGate("this is no address of a store", where=shown(url), mend=mend)
    try:
        from redis.asyncio import Redis  # noqa: PLC0415 - an extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - an extra
        from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra
    except ImportError:
        mend = "pip install 'counterproof[gate]'"
        raise MissingExtra("the client of Valkey and Redis is not installed", mend=mend) from None
    plain = "redis" + url.removeprefix("valkey") if scheme.startswith("valkey") else url
    try:
        client = cast("Callable[..., Store]", Redis.from_url)
        return client(
            plain,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_ANSWERS_WITHIN_S,
            socket_connect_timeout=_ANSWERS_WITHIN_S,
        )
    except (TypeError, ValueError) as e:
        raise BadGate(f"this is no address of a store ({e})", where=shown(url)) from None


def shown(url: str) -> str:
    """An address without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
