"""A real Chromium, spoken to over a pipe (Chrome DevTools Protocol) with the standard library alone."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)
PATIENCE_S = 60.0
AS_3_AND_4 = (
    "import fcntl, os, sys\n"
    "a, b = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3])\n"
    "os.dup2(a, 3), os.dup2(b, 4)\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)
"""Chromium reads its commands from descriptor 3 and answers on 4."""


class Page:
    """One tab. `complaints` gathers what the console and the log say; `requests` every address that was asked for."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out, self._in, self._rest, self._next, self._session = to_browser, from_browser, b"", 0, ""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - the protocol's own JSON
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._next:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return cast("dict[str, Any]", answer["result"])

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser says nothing any more"
            block = os.read(self._in, 1 << 20)
            assert block, "the browser has gone away"
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\0")
        event: dict[str, Any] = json.loads(line)
        self._note(str(event.get("method", "")), cast("dict[str, Any]", event.get("params", {})))
        return event

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method in {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}:
            self.complaints.append(json.dumps(params))
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def open(self, path: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **screen)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=path.as_uri())
        until = time.monotonic() + PATIENCE_S
        while self.value(f"document.readyState === 'complete' && location.href === {path.as_uri()!r}") is not True:
            assert time.monotonic() < until, "the page never finished loading"

    def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever JSON the page gives
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self, selector: str | None = None) -> Image:
        options: dict[str, Any] = {"format": "png"}
        if selector is not None:
            box = self.value(
                f"(b => ({{x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height, scale: 1}}))"
                f"(document.querySelector({selector!r}).getBoundingClientRect())"
            )
            options |= {"clip": box, "captureBeyondViewport": True}
        return Image(base64.b64decode(self.call("Page.captureScreenshot", **options)["data"]))

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])


class Image:
    """A decoded PNG (8 bits, RGB or RGBA): rows of pixels. Filters: PNG specification, section 9."""

    def __init__(self, data: bytes) -> None:
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        self.width, self.height, depth, kind = struct.unpack(">IIBB", data[16:26])
        assert depth == 8
        assert kind in {2, 6}
        self._channels = 3 if kind == 2 else 4
        packed, at = b"", 8
        while at < len(data):
            size, name = struct.unpack(">I4s", data[at : at + 8])
            packed += data[at + 8 : at + 8 + size] if name == b"IDAT" else b""
            at += size + 12
        self.rows = self._unfiltered(zlib.decompress(packed))

    def _unfiltered(self, raw: bytes) -> list[bytearray]:
        rows: list[bytearray] = []
        n, stride = self._channels, self.width * self._channels
        above = bytearray(stride)
        for y in range(self.height):
            start = y * (stride + 1)
            kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
            if kind:
                for i in range(stride):
                    left, corner = (row[i - n], above[i - n]) if i >= n else (0, 0)
                    row[i] = (row[i] + _predicted(kind, left, above[i], corner)) & 0xFF
            rows.append(row)
            above = row
        return rows

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        r, g, b = self.rows[y][x * self._channels : x * self._channels + 3]
        return r, g, b

    def colours(self) -> dict[tuple[int, int, int], int]:
        found: dict[tuple[int, int, int], int] = {}
        for y in range(self.height):
            for x in range(self.width):
                found[self.pixel(x, y)] = found.get(self.pixel(x, y), 0) + 1
        return found


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda v: abs(guess - v))
    return (0, left, up, (left + up) // 2)[kind]


@contextlib.contextmanager
def browsing(chromium: Path, profile: Path) -> Generator[Page]:
    """Start the browser with a fresh profile, give its page, and end it."""
    browser_in, to_browser = os.pipe()
    from_browser, browser_out = os.pipe()
    log = profile / "log.txt"
    with log.open("wb") as sink, subprocess.Popen(
        [sys.executable, "-c", AS_3_AND_4, str(browser_in), str(browser_out), str(chromium), *FLAGS,
         f"--user-data-dir={profile}"],
        pass_fds=(browser_in, browser_out), stdout=sink, stderr=sink,
    ) as process:
        os.close(browser_in)
        os.close(browser_out)
        try:
            yield Page(to_browser, from_browser)
        finally:
            os.close(to_browser)
            os.close(from_browser)
            process.terminate()
