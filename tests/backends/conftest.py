"""Real servers on loopback, run by `make test-backends` in an environment of its own, and not collected elsewhere.

An S3 server (moto) from PyPI; PostgreSQL and Redis from the system's packages (Debian: apt-get install postgresql
redis-server), PostgreSQL started in a folder of its own by a user that is not root.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
collect_ignore_glob: list[str] = []
_STARTS_WITHIN_S = 60.0


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves these tests to `make test-backends`; asked for by name where a part is missing, the folder fails."""
    is_asked_for = any(HERE.name in Path(a).parts for a in config.invocation_params.args)
    missing = [name for name in ("obstore", "asyncpg", "moto", "redis") if importlib.util.find_spec(name) is None]
    if is_asked_for and missing:
        raise pytest.UsageError(f"tests/backends needs {' and '.join(missing)}: make test-backends")
    return None if is_asked_for else collection_path.suffix == ".py"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a bucket on an S3 server of our own; how to reach it stands in the environment, as for users."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _until_it_answers(port)
        _asked(port, "PUT", "/logs")
        with pytest.MonkeyPatch.context() as environment:
            for name, value in {
                "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
            }.items():  # fmt: skip
                environment.setenv(name, value)
            yield "s3://logs"
    finally:
        server.terminate()
        server.wait(30)


def _asked(port: int, method: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path)
        connection.getresponse().read()


def _until_it_answers(port: int) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            _asked(port, "GET", "/")
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a database on a PostgreSQL of its own."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(programs[-1]) if programs else shutil.which("initdb")
    if found is None:
        raise pytest.UsageError("tests/backends needs PostgreSQL: apt-get install postgresql")
    bin_, user = Path(found).parent, "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder, port = Path(tempfile.mkdtemp(prefix="pg")), free_port()
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:
        shutil.chown(folder, user)
        as_user = {"user": user, "cwd": folder}
    try:
        subprocess.run(
            [str(bin_ / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "log", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, **as_user,
        )  # fmt: skip
        start = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        command = [str(bin_ / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l", str(folder / "said")]
        subprocess.run([*command, "-o", start, "start"], check=True, stdout=subprocess.DEVNULL, **as_user)
        try:
            yield f"postgres://log@127.0.0.1:{port}/postgres"
        finally:
            with contextlib.suppress(subprocess.SubprocessError):
                subprocess.run(
                    [*command, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, timeout=60, **as_user
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
