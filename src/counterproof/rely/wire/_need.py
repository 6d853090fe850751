"""The libraries of the extra `gate`, asked for where they are used."""

from __future__ import annotations

import asyncio
import importlib
from types import ModuleType
from typing import Any, Protocol, cast

from counterproof.errors import MissingExtra


class Parser(Protocol):
    """What is used of a parser of httptools."""

    def feed_data(self, data: bytes) -> None: ...
    def get_http_version(self) -> str: ...
    def should_keep_alive(self) -> bool: ...
    def should_upgrade(self) -> bool: ...
    def get_method(self) -> bytes: ...
    def get_status_code(self) -> int: ...


class Parsers(Protocol):
    """What is used of httptools."""

    HttpParserError: type[Exception]
    HttpParserUpgrade: type[Exception]

    def HttpRequestParser(self, protocol: object) -> Parser: ...  # noqa: N802 - httptools' own name
    def HttpResponseParser(self, protocol: object) -> Parser: ...  # noqa: N802 - httptools' own name


def parsers() -> Parsers:
    """The parser library.

    Raises:
        MissingExtra: it is not installed.
    """
    return cast("Parsers", need("httptools"))


def need(name: str) -> ModuleType:
    """The library of that name.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        mend = "install it with: pip install 'counterproof[gate]'"
        raise MissingExtra(f"the gate's door needs {name}", where="counterproof.rely.wire", mend=mend) from exc


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop for a door: uvloop's where it is installed, Python's otherwise."""
    try:
        uvloop: Any = importlib.import_module("uvloop")
    except ImportError:
        return asyncio.new_event_loop()
    return cast("asyncio.AbstractEventLoop", uvloop.new_event_loop())
