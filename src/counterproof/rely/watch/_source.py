"""Where a log, or what a witness last saw of it, is read from: a folder or an address. Reading says not who reads."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import threading
import urllib.parse
from pathlib import Path
from typing import Protocol

from counterproof import errors

LIMIT_BYTES = 256 * (2 + 65_535)  # the largest file of a log: a full tile of entries, each of the largest size
CHECKPOINT_BYTES = 1 << 20
DEADLINE_S = 20.0
WHOLE_S = 120.0
_HOST = re.compile(r"[A-Za-z0-9_.:-]{1,253}", re.ASCII)
_PATH = re.compile(r"[!-~]*", re.ASCII)


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


class _Cuttable(http.client.HTTPConnection):
    """A connection that another thread can end at any point, the handshake of TLS included."""

    context: ssl.SSLContext | None = None
    is_cut = False

    def connect(self) -> None:
        """TCP, then TLS where there is a context: the socket can be reached before either is through."""
        super().connect()
        self._reached = self.sock
        if self.context is not None:
            secure = self.context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self._reached = self.sock = secure
            secure.do_handshake()
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """Whoever reads or writes gets an end or an error at once."""
        self.is_cut = True
        with contextlib.suppress(OSError, AttributeError):  # not connected yet: then `connect` does it
            # Not the method of SSLSocket, which would change what the reading thread is at.
            socket.socket.shutdown(self._reached, socket.SHUT_RDWR)


class Web:
    """A log's address: plain GET, one connection kept open, no redirects, no cookies.

    `deadline_s`: how long it may say nothing. `whole_s`: how long one file may take in all, whatever it does meanwhile.

    Raises:
        BadOption: the address is none.
    """

    def __init__(self, url: str, deadline_s: float = DEADLINE_S, whole_s: float = WHOLE_S) -> None:
        parts = _parts(url)
        self.name = url.rstrip("/")
        self._prefix, self._whole_s = parts.path.rstrip("/"), whole_s
        is_secure = parts.scheme == "https"
        port = parts.port or (443 if is_secure else 80)
        self._connection = _Cuttable(str(parts.hostname), port, timeout=deadline_s)
        self._connection.context = ssl.create_default_context() if is_secure else None

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
        connection = self._connection
        connection.is_cut = False
        timer = threading.Timer(self._whole_s, connection.cut)
        timer.daemon = True
        timer.start()
        try:
            for is_last in (False, True):  # a connection that lay idle may have been closed by the other side
                try:
                    found = _got(connection, path, limit_bytes)
                except (OSError, http.client.HTTPException, ValueError) as exc:
                    connection.close()
                    if is_last and not connection.is_cut:
                        raise _unreachable(where, str(exc)[:300] or type(exc).__name__) from exc
                else:
                    if not connection.is_cut:
                        return found
                if connection.is_cut:
                    raise _unreachable(where, f"not whole within {self._whole_s:g} s")
        finally:
            timer.cancel()
            if connection.is_cut:
                connection.close()
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def _got(connection: http.client.HTTPConnection, path: str, limit_bytes: int) -> tuple[int, bytes]:
    connection.request("GET", path, headers={"Accept-Encoding": "identity"})
    with connection.getresponse() as answer:
        data = answer.read(limit_bytes + 1)
        if answer.length and len(data) <= limit_bytes:  # `read` with a limit takes a broken answer for a short one
            raise http.client.IncompleteRead(data)
        is_whole = answer.isclosed()
    if not is_whole:
        connection.close()
    return answer.status, data


def _parts(url: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or "")) and parts.port != 0
        if is_one and _PATH.fullmatch(parts.path) and url.lower().startswith(f"{parts.scheme}://{parts.netloc.lower()}"):
            (parts.hostname or "").encode("idna")
            if "@" not in parts.netloc and not parts.query and not parts.fragment:
                return parts
    except ValueError:  # a port or a host that is none
        pass
    raise errors.BadOption(f"{url!r} is no address of a log", where="address", mend="give http(s)://host/prefix")


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
