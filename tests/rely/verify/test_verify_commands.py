"""`counterproof verify` and `counterproof bundle` as a reader meets them: exit codes, sentences, what is printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from counterproof import record
from counterproof.rely import verify
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w

AT = "2026-05-28T20:26:40Z"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "counterproof", *(str(a) for a in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "bundle").write_bytes(broken.good()[0])
    (tmp_path / "trust").write_bytes(broken.TRUST + b"\n")
    return tmp_path


def test_a_good_bundle(files: Path) -> None:
    done = run("verify", "bundle", files / "bundle", "--trust", files / "trust", "--at", AT)

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split("  ")[0][:17].strip() for line in done.stdout.splitlines()[:11]] == list(verify.STEPS)
    assert "0.98 [0.9, 1]" in done.stdout
    assert "not checked:\n  - " in done.stdout
    assert done.stdout.endswith("\nVERIFIED\n")


def test_long_after_it_is_stale(files: Path) -> None:
    done = run("verify", "bundle", files / "bundle", "--trust", files / "trust")

    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("error: 3 checkpoint: ")


@pytest.mark.parametrize(
    ("name", "code"), [("nothing", 2), ("another entry", 5), ("no trust", 2), ("signed by a stranger", 5)]
)
def test_a_refusal_is_one_sentence(files: Path, name: str, code: int) -> None:
    step, make = broken.CASES[name]
    data, trust, _ = make()
    (files / "bundle").write_bytes(data)
    (files / "trust").write_bytes(trust)

    done = run("verify", "bundle", files / "bundle", "--trust", files / "trust", "--at", AT)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"error: {step}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("when", ["yesterday", "2026-05-28", "2026-02-30T00:00:00Z", "\u0662026-05-28T20:26:40Z"])
def test_a_time_that_is_none(files: Path, when: str) -> None:
    done = run("verify", "bundle", files / "bundle", "--trust", files / "trust", "--at", when)

    assert done.returncode == 2
    assert "--at" in done.stderr


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    assert run("verify", "page", "--out", tmp_path / "verify.html").returncode == 0
    assert (tmp_path / "verify.html").read_text(encoding="utf-8") == verify.page()


def test_an_entry_that_the_log_does_not_hold(files: Path) -> None:
    log = w.world().log
    with pytest.raises(ValueError, match="--entry"):
        verify.needed(log.entries, "sha256:" + "0" * 64, w.trust())


def test_what_is_needed_is_what_it_rests_on() -> None:
    """Every good bundle can be made again from its log: with what the maker picks, it verifies."""
    for name, make in broken.GOOD.items():
        data, trust, now_s = make()
        if trust != broken.TRUST:
            continue
        bundle = verify.read_bundle(data)
        entries = [e.envelope.encode() for e in sorted((bundle.entry, *bundle.support), key=_index)]
        log = w.Log(entries)
        index, support = verify.needed(entries, record.digest_bytes(bundle.entry.envelope.encode()), w.trust())
        made = log.bundle(index, support=support, opened=bundle.opened)
        assert verify.bundle(w.data(made), w.trust(), now_s), name


def _index(entry: record.Entry) -> int:
    return int(entry.receipt.split("\n")[1].removeprefix("index "))
