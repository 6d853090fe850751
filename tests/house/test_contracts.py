"""The import contracts hold, and each is proved by a deliberate breach that breaks it and nothing else."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source_tree import PACKAGE, ROOT

CONTRACTS = ROOT / ".importlinter"

PARTIES = "parties"
MEASURING = "measuring-rooms"
PUBLISHING = "publishing-rooms"
RELYING = "relying-rooms"
TREE = "the-tree-knows-no-ai"

# contract, file (made if missing), the line that breaks it; the line goes into a function, so it is a lazy import.
BREACHES = [
    (PARTIES, "publish/report/__init__.py", "from counterproof.measure import suite"),
    (PARTIES, "errors.py", "from counterproof import tlog"),
    (PARTIES, "estimate/__init__.py", "from counterproof.measure import suite"),
    (PARTIES, "utils/__init__.py", "pass"),
    (PARTIES, "helpers.py", "pass"),
    (MEASURING, "measure/suite/__init__.py", "from counterproof.measure import grade"),
    (MEASURING, "measure/corpus/__init__.py", "from counterproof.measure import suite"),
    (MEASURING, "measure/population/__init__.py", "from counterproof.measure import adversary"),
    (MEASURING, "measure/dataset/__init__.py", "from counterproof.measure import suite"),
    (MEASURING, "measure/adversary/__init__.py", "from counterproof.measure import suite"),
    (MEASURING, "measure/target/__init__.py", "from counterproof.measure import trial"),
    (MEASURING, "measure/trial/__init__.py", "from counterproof.measure import population"),
    (MEASURING, "measure/whitebox/__init__.py", "from counterproof.measure import target"),
    (MEASURING, "measure/grade/__init__.py", "from counterproof.measure import suite"),
    (MEASURING, "measure/common/__init__.py", "pass"),
    (PUBLISHING, "publish/ledger/__init__.py", "pass"),
    (PUBLISHING, "publish/log/__init__.py", "from counterproof.publish import witness"),
    (PUBLISHING, "publish/report/__init__.py", "from counterproof.publish import attest"),
    (RELYING, "rely/verify/__init__.py", "from counterproof.rely import watch"),
    (RELYING, "rely/trust/__init__.py", "pass"),
    (RELYING, "rely/select/__init__.py", "from counterproof.rely import watch"),
    (RELYING, "rely/verify/__init__.py", "from counterproof.rely import select"),
    (RELYING, "rely/verify/__init__.py", "from counterproof.rely import gate"),
    (RELYING, "rely/trail/__init__.py", "from counterproof.rely import judge"),
    (RELYING, "rely/guard/__init__.py", "from counterproof.rely import proxy"),
    (RELYING, "rely/proxy/__init__.py", "from counterproof.rely import tools"),
    ("the-gate-asks-nobody", "rely/gate/_settle.py", "import asyncio"),
    ("the-gate-asks-nobody", "rely/gate/_memory.py", "import time"),
    ("nothing-trains", "rely/approval/__init__.py", "import inspect_ai"),
    (PARTIES, "rely/watch/__init__.py", "from counterproof.publish import log"),
    (PARTIES, "publish/log/__init__.py", "from counterproof.measure import suite"),
    (PARTIES, "publish/attest/__init__.py", "from counterproof.measure import suite"),
    (PARTIES, "tlog/__init__.py", "from counterproof import quorum"),
    (PARTIES, "note/__init__.py", "from counterproof import quorum"),
    (PARTIES, "tlog/__init__.py", "from counterproof import note"),
    (TREE, "tlog/__init__.py", "import msgspec"),
    (PARTIES, "server/__init__.py", "from counterproof import tlog"),
    (TREE, "note/__init__.py", "from counterproof import record"),
    (TREE, "quorum/__init__.py", "import msgspec"),
    ("cryptography-in-one-room", "rely/verify/__init__.py", "import cryptography"),
    ("cryptography-in-one-room", "quorum/__init__.py", "from cryptography.hazmat.primitives import hashes"),
    ("only-the-instrument-computes", "measure/target/__init__.py", "from counterproof import estimate"),
    ("only-the-instrument-computes", "measure/whitebox/__init__.py", "from counterproof import estimate"),
    ("the-report-computes-nothing", "publish/report/__init__.py", "from counterproof import estimate"),
    ("the-report-computes-nothing", "publish/report/__init__.py", "import numpy"),
    ("the-measurer-cannot-sign", "measure/instrument/__init__.py", "from counterproof import note"),
    ("common-ground", "estimate/__init__.py", "import pydantic"),
    ("common-ground", "record/__init__.py", "import pydantic"),
    ("records-hold-no-arrays", "measure/grade/__init__.py", "import numpy"),
    ("measuring-draws-nothing", "measure/trial/__init__.py", "from rich import progress"),
    ("charts-in-the-report", "cli/__init__.py", "import vl_convert"),
    ("nothing-trains", "measure/target/__init__.py", "import torch"),
    ("nothing-trains", "measure/whitebox/_edits.py", "import torch"),
    ("nothing-trains", "measure/whitebox/_need.py", "import safetensors"),
    ("nothing-trains", "measure/instrument/__init__.py", "import transformers"),
    ("nothing-trains", "measure/trial/__init__.py", "import inspect_ai"),
    ("nothing-trains", "estimate/__init__.py", "import scipy.stats"),
    (MEASURING, "measure/instrument/__init__.py", "from counterproof.measure import sweep"),
    ("one-file-each", "measure/sweep/_drive.py", "import ray"),
    ("one-file-each", "measure/sweep/_ray.py", "import duckdb"),
]


def _declared() -> dict[str, str]:
    read = configparser.ConfigParser()
    read.read(CONTRACTS, encoding="utf-8")
    head = "importlinter:contract:"
    return {s.removeprefix(head): read[s]["name"] for s in read.sections() if s.startswith(head)}


def _broken(folder: Path) -> set[str]:
    """Ids of the contracts that import-linter finds broken in the package that lies in `folder`."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache", "--config", CONTRACTS],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True, text=True, check=False,
    )
    ids = {name: key for key, name in _declared().items()}
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)(?: \(.*\))?$", done.stdout, flags=re.MULTILINE))
    assert set(verdicts) == set(ids), done.stdout + done.stderr
    return {ids[name] for name, verdict in verdicts.items() if verdict == "BROKEN"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package alone, without its weights, where it may be broken."""
    shutil.copytree(PACKAGE, tmp_path / "counterproof", ignore=shutil.ignore_patterns("*.npz", "*.json", "__pycache__"))
    return tmp_path


def test_all_contracts_are_kept(copied: Path) -> None:
    assert _broken(copied) == set()


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES, ids=[f"{c}: {f}: {i}" for c, f, i in BREACHES])
def test_a_breach_breaks_exactly_its_contract(copied: Path, contract: str, file: str, line: str) -> None:
    path = copied / "counterproof" / file
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n\ndef _breach():\n    {line}\n", encoding="utf-8")

    assert _broken(copied) == {contract}


def test_every_contract_is_proved_by_a_breach() -> None:
    assert {contract for contract, _, _ in BREACHES} == set(_declared())
