"""The systems that are measured: how each is started in front of an upstream, and what it used of the processor.

A system that is not there, or does not come up, is a reason in words and no figure.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import material

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LITELLM = ROOT / ".venv-gatepeers/bin/litellm"
RAILS = ROOT / ".venv-rails/bin/python"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """A system that cannot be measured here, and why."""


@dataclasses.dataclass(frozen=True)
class Running:
    """A system that answers. `pid` 0: there is none in between."""

    port: int
    pid: int
    headers: tuple[str, ...] = ()

    def cpu_s(self) -> float:
        """User and system time of the process and all that it started, ended children included."""
        return sum(_cpu_s(pid) for pid in tree(self.pid)) if self.pid else 0.0

    def resident_mib(self) -> float:
        """Resident memory of all of them."""
        return sum(resident_mib(pid) for pid in tree(self.pid)) if self.pid else 0.0


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
    out = [pid]
    for each in out:
        out += parents.get(each, [])
    return out


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_s(pid: int) -> float:
    with contextlib.suppress(OSError):
        return sum(map(int, _fields(pid)[11:15])) * TICK_S
    return 0.0


def resident_mib(pid: int) -> float:
    """Resident memory of one process."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def built(folder: Path) -> tuple[Path, Path]:
    """The upstream and the load generator, built from their sources with the Go that is here."""
    if shutil.which("go") is None:
        raise Missing("no Go here (Debian: golang-go)")
    made = []
    for name in ("upstream", "load"):
        out = folder / name
        env = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}
        subprocess.run(["go", "build", "-o", str(out), str(HERE / name / "main.go")], env=env, check=True)
        made.append(out)
    return made[0], made[1]


@contextlib.contextmanager
def process(arguments: list[str], where: Path, port: int, *, env: dict[str, str] | None = None, within_s: float = 90,
            headers: tuple[str, ...] = (), path: str = "") -> Iterator[Running]:  # fmt: skip
    """A program that is up once it accepts at a port (or answers `path` with 200); ended at the block's end."""
    where.mkdir(parents=True, exist_ok=True)
    told = where / f"said-{port}.txt"
    with told.open("wb") as out:
        run = subprocess.Popen(arguments, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=where,
                               env={**os.environ, **(env or {})})  # fmt: skip
        try:
            ends = time.monotonic() + within_s
            while not _answers(port, path):
                if run.poll() is not None or time.monotonic() > ends:
                    last = told.read_text(errors="replace").strip()[-300:]
                    raise Missing(f"{Path(arguments[0]).name} did not come up: {last!r}")
                time.sleep(0.05)
            yield Running(port, run.pid, headers)
        finally:
            run.terminate()
            try:
                run.wait(10)
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()


def _answers(port: int, path: str) -> bool:
    try:
        if path:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as reply:
                return bool(reply.status == 200)
        with socket.create_connection(("127.0.0.1", port), 0.2):
            return True
    except (OSError, urllib.error.URLError):
        return False


@contextlib.contextmanager
def direct(upstream: int, folder: Path) -> Iterator[Running]:
    """Nothing in between."""
    del folder
    yield Running(upstream, 0)


@contextlib.contextmanager
def nginx(upstream: int, folder: Path) -> Iterator[Running]:
    """nginx, one process, keep-alive to the upstream, unbuffered."""
    if shutil.which("nginx") is None:
        raise Missing("no nginx here (Debian: nginx-light)")
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log error;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; tcp_nodelay on;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream model {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port}; client_body_buffer_size 64k;
    location / {{ proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_buffering off; }}
  }}
}}
""")
    program = shutil.which("nginx") or ""
    with process([program, "-p", str(folder), "-c", "nginx.conf"], folder, port) as running:
        yield running


@contextlib.contextmanager
def haproxy(upstream: int, folder: Path) -> Iterator[Running]:
    """haproxy, one thread, keep-alive to the upstream."""
    if shutil.which("haproxy") is None:
        raise Missing("no haproxy here (Debian: haproxy)")
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  option http-keep-alive
  option http-no-delay
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{upstream}
""")
    with process([shutil.which("haproxy") or "", "-db", "-f", "haproxy.cfg"], folder, port) as running:
        yield running


def our_gate(policy: dict[str, object]) -> Callable[[int, Path], contextlib.AbstractContextManager[Running]]:
    """Our gate with a policy: one worker, its record on disk."""

    @contextlib.contextmanager
    def started(upstream: int, folder: Path) -> Iterator[Running]:
        port = free_port()
        said = material.write_policy(folder / "policy", policy)
        kept = folder / f"trail-{port}"
        program = Path(sys.executable).with_name("counterproof")
        command = [
            sys.executable, "-c", "import sys; from counterproof.cli import main; sys.exit(main())",
        ] if not program.exists() else [str(program)]  # fmt: skip
        with process(
            [*command, "gate", "serve", f"http://127.0.0.1:{upstream}", "--policy", str(said), "--trail", str(kept),
             "--port", str(port)], folder, port, within_s=120,
        ) as running:  # fmt: skip
            yield running
        shutil.rmtree(kept, ignore_errors=True)

    return started


def litellm(*, is_guarded: bool) -> Callable[[int, Path], contextlib.AbstractContextManager[Running]]:
    """LiteLLM's proxy: no database, no telemetry, errors alone in its log. `is_guarded`: with our 1,000 patterns."""

    @contextlib.contextmanager
    def started(upstream: int, folder: Path) -> Iterator[Running]:
        if not LITELLM.exists():
            raise Missing("no LiteLLM here (make gate-peers)")
        port, key = free_port(), "sk-" + secrets.token_hex(16)
        folder.mkdir(parents=True, exist_ok=True)
        config: dict[str, object] = {
            "model_list": [{"model_name": "bench", "litellm_params": {
                "model": "openai/bench", "api_base": f"http://127.0.0.1:{upstream}/v1", "api_key": "none"}}],
            "litellm_settings": {"telemetry": False, "num_retries": 0},
            "general_settings": {"master_key": key},
        }  # fmt: skip
        if is_guarded:
            config["guardrails"] = [
                {
                    "guardrail_name": "terms",
                    "litellm_params": {
                        "guardrail": "litellm_content_filter",
                        "mode": "pre_call",
                        "default_on": True,
                        **_their_patterns(),
                    },
                }
            ]
        (folder / "config.yaml").write_text(json.dumps(config))
        env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MASTER_KEY": key,
               "LITELLM_TELEMETRY": "False", "PYTHONWARNINGS": "ignore"}  # fmt: skip
        arguments = [str(LITELLM), "--config", "config.yaml", "--port", str(port), "--host", "127.0.0.1",
                     "--num_workers", "1", "--telemetry", "False"]  # fmt: skip
        headers = (f"authorization: Bearer {key}",)
        with process(arguments, folder, port, env=env, headers=headers, path="/health/liveliness") as running:
            yield running

    return started


def _their_patterns() -> dict[str, object]:
    """Our 1,000: those with signs in them as expressions, the rest as words."""
    listed = set(material.phrases(material.PATTERNS, "policy"))
    every = [str(p) for rule in material.rules() for p in rule["patterns"]]  # type: ignore[attr-defined] # made there
    asked = [p for p in every if p not in listed]
    return {
        "patterns": [{"pattern_type": "regex", "name": f"p{n}", "pattern": f"(?i){p}", "action": "BLOCK"}
                     for n, p in enumerate(asked)],
        "blocked_words": [{"keyword": p, "action": "BLOCK"} for p in every if p in listed],
    }  # fmt: skip
