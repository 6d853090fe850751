"""A gate as it is deployed, several processes, with everything that it stands on where it can be made to fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import counterproof

INSIDE = Path(__file__).parent / "gate_inside"
_ROOM = "2g"
_POLICY = """\
format: counterproof-gate-policy/1
name: {name}
says: "[[the house says no]]"
views: [{views}]
memory: {{window_s: 3600, max_anchors: 20000}}
models:
  strict: {{endpoint: "http://127.0.0.1:{port}/v1", model: strict, max_at_once: 64}}
  lenient: {{endpoint: "http://127.0.0.1:{port}/v1", model: lenient, max_at_once: 64}}
rules:
  - name: always
    patterns: ['\\bstorm draughts?\\b', 'zarquon-[0-9]{{4}}', '\\bninth bell tolls\\b']
  - name: this-one
    patterns: ['\\b{only}\\b']
  - name: codes
    patterns: ['\\bQX-[0-9]{{6}}\\b']
    on: [message, span]
    action: modify
    replacement: "[code]"
  - name: wyrms
    patterns: ['\\bwyrm\\b']
    action: signal
  - name: griffins
    patterns: ['\\bgriffin\\b']
    action: signal
  - name: never
    when: memory.signal > 1.0e9
  - {{name: strict, prompt: words.md, model: strict, labels: {{PASS: allow, STOP: reject}}, on_failure: reject,
     deadline_ms: 500, on: [message], asks_when: 'hits["wyrms"] > 0'}}
  - {{name: lenient, prompt: words.md, model: lenient, labels: {{PASS: allow, STOP: reject}}, on_failure: allow,
     deadline_ms: 500, on: [message], asks_when: 'hits["griffins"] > 0'}}
"""
_KINDS = {
    "house-1": ("plain, folded", "cobalt otter"),
    "house-2": ("plain, folded", "amber otter"),
    "house-3": ("plain, folded, decoded", "jade otter"),
}
_BAD = ("rules: [", "format: counterproof-gate-policy/1\nname: x\nrules: []\n", "\x00", "name: {name: 1}\n")


def write_policy(folder: Path, name: str, port: int) -> None:
    """Puts a policy there, whole."""
    views, only = _KINDS[name]
    folder.mkdir(exist_ok=True)
    (folder / "words.md").write_text("Nothing wicked may be said.\n")
    _put(folder, _POLICY.format(name=name, views=views, only=only, port=port))


def break_policy(folder: Path, number: int) -> None:
    """Puts one there that cannot be used."""
    _put(folder, _BAD[number % len(_BAD)])


def _put(folder: Path, text: str) -> None:
    new = folder / "new"
    new.write_text(text)
    new.replace(folder / "gate.yaml")


class Disk:
    """A small file system that can be full at once: in memory where this user may mount one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "none", folder],
                              capture_output=True, check=False)  # fmt: skip
        self.is_mounted = done.returncode == 0

    def fill(self, pids: list[int]) -> None:
        """No room from now on. Where nothing can be mounted: no file of these processes may grow."""
        if self.is_mounted:
            stat = os.statvfs(self.folder)
            used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize
            self._resize(str(used + 8192))
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))

    def free(self, pids: list[int]) -> None:
        """Room again."""
        if self.is_mounted:
            self._resize(_ROOM)
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def _resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=False, capture_output=True)

    def close(self) -> None:
        """Lets go of it, with all that is there."""
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


class Store:
    """A Redis that can be killed and started again."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._port, self._folder = port, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begins, empty."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self._port), "--save", "", "--appendonly", "no", "--dir", self._folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        """Ends at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Inside:
    """The bytes by which the gate's processes are made to fail (gate_inside/sitecustomize.py)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(16))

    def share(self, what: int, share: float) -> None:
        """How often something happens: of all times, between 0 and 1."""
        self._write(2 * what, struct.pack("<H", round(share * 65_535)))

    def offset(self, ms: int) -> None:
        """By how much the machine's clock seems to have jumped."""
        self._write(8, struct.pack("<q", ms))

    def _write(self, at: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def acts(self) -> list[list[str]]:
        """What was done inside, a line each."""
        path = Path(f"{self.path}.acts")
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


class Gate:
    """The processes of `counterproof gate serve`."""

    def __init__(self, folder: Path, options: list[str], inside: Inside, *, python: str = sys.executable) -> None:
        self.said, self.errors = folder / "said.txt", folder / "errors.txt"
        source = Path(counterproof.__file__).parent.parent
        env = {**os.environ, "PYTHONPATH": f"{INSIDE}:{source}", "GATE_FAULTS": str(inside.path)}
        with self.said.open("wb") as out, self.errors.open("wb") as err:
            self.process = subprocess.Popen(
                [python, "-m", "counterproof", "gate", "serve", *options], stdout=out, stderr=err, env=env, cwd=folder
            )
        self.port = 0
        self.restarts = 0

    async def up(self, within_s: float = 60.0) -> None:
        """Waits until it serves.

        Raises:
            RuntimeError: it does not.
        """
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s and self.process.poll() is None:
            for line in self.said.read_text().splitlines():
                if line.startswith("Gate "):
                    self.port = int(line.split(" at ", 1)[1].split(" ", 1)[0].rsplit(":", 1)[1].rstrip(","))
                    return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the gate did not come up: {self.errors.read_text()[-2000:]}")

    def workers(self) -> list[int]:
        """The processes that decide, by number."""
        pid = self.process.pid
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    def memory_mib(self) -> list[float]:
        """What each of them has in memory."""
        found: list[float] = []
        for pid in self.workers():
            with contextlib.suppress(OSError, IndexError):
                found.append(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20)
        return found

    def reload(self) -> None:
        """Asks for the policy to be read again."""
        self.process.send_signal(signal.SIGHUP)

    async def stop(self) -> int:
        """Ends in order; how it ended."""
        self.process.send_signal(signal.SIGTERM)
        for _ in range(600):
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.1)
        else:
            self.process.kill()
        return self.process.wait()
