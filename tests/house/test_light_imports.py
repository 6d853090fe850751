"""Importing costs little and does nothing: no heavy library before a command needs it, no file, socket or process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.source_tree import PACKAGE, modules

HEAVY = ("aiohttp", "cryptography", "jinja2", "numpy", "rich", "scipy", "vl_convert")

LOADED = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules} & set(%r))))"

# What an import may not do; opening a file to read it is how Python imports.
WATCH = """
import importlib, sys
import aiohttp, click, jinja2, msgspec, numpy, rich.console, vl_convert  # other people's work at import is theirs
def refuse(event, arguments):
    is_write = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if is_write or event.split(".")[0] in ("socket", "subprocess", "shutil", "tempfile", "urllib"):
        raise SystemExit(f"{event} {arguments} while importing")
    if event in ("os.system", "os.mkdir", "os.remove", "os.rename", "os.putenv", "os.fork", "os.exec"):
        raise SystemExit(f"{event} {arguments} while importing")
sys.dont_write_bytecode = True
sys.addaudithook(refuse)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def _run(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _names() -> list[str]:
    files = [p.relative_to(PACKAGE.parent).with_suffix("") for p in modules() if p.name != "__main__.py"]
    return sorted(".".join(f.parts).removesuffix(".__init__") for f in files)


@pytest.mark.parametrize(
    "code",
    [
        "import counterproof",
        "from counterproof import errors, record",
        "from counterproof.measure import adversary, grade, population, suite, trial",
        "from counterproof.rely import verify",
        "from counterproof.cli import main; main(['--help'], standalone_mode=False)",
        "from counterproof.cli import main; main(['measure', '--help'], standalone_mode=False)",
        "from counterproof.cli import main; main(['--version'], standalone_mode=False)",
    ],
)
def test_what_asks_for_little_loads_little(code: str) -> None:
    loaded = _run(f"{code}\n{LOADED % (HEAVY,)}").splitlines()[-1]

    assert json.loads(loaded) == []


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("from counterproof import estimate", {"numpy"}),
        ("from counterproof.measure import target", {"numpy"}),
        ("from counterproof.measure import instrument", {"numpy"}),
        ("from counterproof.publish import report", set[str]()),
    ],
)
def test_a_room_loads_only_what_it_needs(code: str, allowed: set[str]) -> None:
    loaded = _run(f"{code}\n{LOADED % (HEAVY,)}").splitlines()[-1]

    assert set(json.loads(loaded)) <= allowed


def test_verifying_loads_common_ground_and_itself() -> None:
    """The arithmetic, which needs NumPy, is loaded when numbers are computed again; what measures never."""
    code = (
        "import json, sys; from tests.rely.verify import whole_log as w; from counterproof.rely import verify\n"
        "verify.bundle(w.data(w.world().log.bundle()), w.trust(), w.NOW_S)\n"
        "print(json.dumps(sorted({'.'.join(m.split('.')[:2]) for m in sys.modules if m.startswith('counterproof.')})))"
    )

    rooms = {"chain", "errors", "note", "quorum", "record", "rely", "tlog"}
    assert set(json.loads(_run(code))) <= {f"counterproof.{room}" for room in rooms}


def test_importing_every_module_touches_nothing() -> None:
    assert _run(WATCH, *_names()) == ""


def test_the_watch_catches_work(tmp_path: object) -> None:
    with pytest.raises(AssertionError, match="while importing"):
        _run(f"{WATCH}\nopen({str(tmp_path)!r} + '/x', 'w')")
