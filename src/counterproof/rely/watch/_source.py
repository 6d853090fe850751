"""Where a log, or what a witness last saw of it, is read from: a folder or an address. Reading says not who reads."""

from __future__ import annotations

import http.client
import ssl
import urllib.parse
from pathlib import Path
from typing import Protocol

from counterproof import errors

LIMIT_BYTES = 256 * (2 + 65_535)  # the largest file of a log: a full tile of entries, each of the largest size
CHECKPOINT_BYTES = 1 << 20
DEADLINE_S = 20.0


class Source(Protocol):
    """A place of files."""

    @property
    def name(self) -> str:
        """The folder or address, for sentences."""
        ...

    def read(self, path: str, limit_bytes: int = LIMIT_BYTES) -> bytes | None:
        """The file's bytes, or None where there is no such file.

        Raises:
            TargetUnreachable: nothing answers, or something else than a file.
        """
        ...

    def close(self) -> None:
        """Lets go of connections; reading opens them again."""
        ...


class Folder:
    """A log's folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = str(folder)

    def read(self, path: str, limit_bytes: int = LIMIT_BYTES) -> bytes | None:
        """The file's bytes, or None."""
        try:
            with (self._folder / path).open("rb") as file:
                data = file.read(limit_bytes + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise _unreachable(f"{self.name}/{path}", exc.strerror or str(exc)) from exc
        return _bounded(f"{self.name}/{path}", data, limit_bytes)

    def close(self) -> None:
        """Nothing to close: as `Web`."""


class Web:
    """A log's address: plain GET, one connection kept open, no redirects, no cookies."""

    def __init__(self, url: str, deadline_s: float = DEADLINE_S) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise errors.BadOption(f"{url!r} is no address of a log", where="address", mend="give http(s)://host/prefix")
        self.name = url.rstrip("/")
        self._prefix = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(parts.netloc, timeout=deadline_s, context=context)
        else:
            self._connection = http.client.HTTPConnection(parts.netloc, timeout=deadline_s)

    def read(self, path: str, limit_bytes: int = LIMIT_BYTES) -> bytes | None:
        """The answer's body, or None where the answer is 404 or 410."""
        where = f"{self.name}/{path}"
        status, data = self._answer(where, f"{self._prefix}/{path}", limit_bytes)
        if status in (404, 410):
            return None
        if status != 200:
            raise _unreachable(where, f"status {status}")
        return _bounded(where, data, limit_bytes)

    def _answer(self, where: str, path: str, limit_bytes: int) -> tuple[int, bytes]:
        for is_last in (False, True):  # a connection that lay idle may have been closed by the other side
            try:
                self._connection.request("GET", path, headers={"Accept-Encoding": "identity"})
                with self._connection.getresponse() as answer:
                    return answer.status, answer.read(limit_bytes + 1)
            except (OSError, http.client.HTTPException) as exc:
                self._connection.close()
                if is_last:
                    raise _unreachable(where, str(exc) or type(exc).__name__) from exc
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def at(address: str) -> Folder | Web:
    """The source at an address: `http(s)://host/prefix`, or a folder.

    Raises:
        BadOption: the address is none, or there is no such folder.
    """
    if "://" in address:
        return Web(address)
    if not Path(address).is_dir():
        raise errors.BadOption("there is no such folder", where=address, mend="name a log's folder or its http address")
    return Folder(Path(address))


def _bounded(where: str, data: bytes, limit_bytes: int) -> bytes:
    if len(data) > limit_bytes:
        raise _unreachable(where, f"more than {limit_bytes} bytes")
    return data


def _unreachable(where: str, why: str) -> errors.TargetUnreachable:
    return errors.TargetUnreachable(f"cannot be read ({why})", where=where, mend="see whether the log is served there")
