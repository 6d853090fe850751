"""A log from the command line: begun, added to, served, checked, with three witnesses that run beside the test."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterproof import note, quorum, record, tlog
from counterproof.cli import main
from counterproof.publish import witness
from tests.chain import small_chain

LOG = small_chain.key("log.example/commands", "ed25519")


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


@dataclass
class Place:
    """A folder with a log's key, its policy, a trust file and a chain's entries as files."""

    at: Path
    chain: small_chain.Chain

    @property
    def files(self) -> list[Path]:
        return sorted(self.at.glob("entry-*.json"))

    @property
    def log(self) -> Path:
        return self.at / "log"

    def checkpoint(self) -> tlog.Checkpoint:
        policy = quorum.read_policy((self.at / "policy").read_text())
        return quorum.check((self.log / "checkpoint").read_bytes(), policy).checkpoint


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    at = tmp_path_factory.mktemp("commands")
    made = Place(at, small_chain.Chain.begun())
    note.write_key(at / "key", LOG)
    lines = [f"log {LOG.verifier.text}"]
    with contextlib.ExitStack() as stack:
        for n in range(3):
            (verifier,) = witness.new(at / f"w{n}", f"w{n}.example")
            limit = witness.Limit(10_000, 10_000)
            seer = stack.enter_context(contextlib.closing(witness.load(at / f"w{n}", [LOG.verifier], limit=limit)))
            lines.append(f"witness w{n} {verifier.text} {stack.enter_context(witness.running(seer))}")
        (at / "policy").write_text("\n".join([*lines, "group g 2 w0 w1 w2", "quorum g\n"]))
        (at / "trust").write_bytes(record.canonical_bytes(small_chain.trust()))
        for n, entry in enumerate(made.chain.entries):
            (at / f"entry-{n}.json").write_bytes(entry + b"\n" * (n % 2))
        begun = invoke("log", "new", made.log, "--key", at / "key", "--policy", at / "policy", "--trust", at / "trust")
        assert begun.exit_code == 0
        assert LOG.verifier.text in begun.output
        assert invoke("log", "add", made.log, *made.files).exit_code == 0
        yield made


def test_receipts_lie_beside_the_files_and_hold(place: Place) -> None:
    head = place.checkpoint()
    for n, file in enumerate(place.files):
        proof = tlog.read_proof(Path(f"{file}.receipt").read_bytes())
        seen = quorum.open_checkpoint(proof.checkpoint, LOG.verifier)[0]
        leaf = tlog.leaf_hash(place.chain.entries[n])
        tlog.check_inclusion(proof.hashes, n, seen.size, leaf, seen.root)
    assert head.size == len(place.files)


def test_adding_again_changes_nothing(place: Place) -> None:
    before = place.checkpoint()

    done = invoke("log", "add", place.log, *place.files[:3], "--out", place.at / "again")

    assert done.exit_code == 0
    assert done.output.splitlines()[2] == f"2 {place.at / 'again' / place.files[2].name}.receipt"
    assert place.checkpoint() == before


@pytest.mark.parametrize("which", ["3", "file"])
def test_a_receipt_by_place_or_by_file(which: str, place: Place) -> None:
    out = place.at / f"receipt-{which}"

    done = invoke("log", "receipt", place.log, "3" if which == "3" else place.files[3], "--out", out)

    assert done.output == f"3 {out}\n"
    assert tlog.read_proof(out.read_bytes()).index == 3


def test_a_receipt_of_what_is_not_there(place: Place) -> None:
    (place.at / "other").write_bytes(b"other")
    for which in ("999", place.at / "other"):
        done = invoke("log", "receipt", place.log, which, "--out", place.at / "none")
        assert done.exit_code == 5
        assert not (place.at / "none").exists()


def test_a_stranger_s_statement_is_refused(place: Place) -> None:
    file = place.at / "stranger.json"
    file.write_bytes(small_chain.sealed(place.chain.genesis(), small_chain.key("stranger.example")))

    done = invoke("log", "add", place.log, file)

    assert done.exit_code == 2
    assert "signed by no key that this log knows" in done.output


def test_a_sound_log_is_said_to_be(place: Place) -> None:
    for more in ([], ["--policy", place.at / "policy"]):
        done = invoke("log", "check", place.log, *more)
        assert done.exit_code == 0
        assert done.output.endswith("all agrees\n")


def test_every_bad_file_is_named(place: Place, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for file in place.log.rglob("*"):
        if file.is_file() and ".writer" not in file.parts:
            there = copy / file.relative_to(place.log)
            there.parent.mkdir(parents=True, exist_ok=True)
            data = file.read_bytes()
            there.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if "tile" in there.parts else data)

    done = invoke("log", "check", copy, "--policy", place.at / "policy")

    assert done.exit_code == 5
    assert [line.split()[1] for line in done.output.splitlines()[:-1]] == [
        f"tile/0/000.p/{len(place.files)}:", "checkpoint:",
    ]  # fmt: skip
    assert done.output.endswith("does NOT agree\n")


def test_a_log_is_served_added_to_and_stopped(place: Place) -> None:
    command = [sys.executable, "-m", "counterproof", "log", "serve", str(place.log), "--listen", "127.0.0.1:0",
               "--period", "50ms", "--workers", "1"]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    said = server.stdout.readline()
    url = said.split(" at ")[1].strip()
    try:
        new = place.at / "new.json"
        new.write_bytes(small_chain.sealed(place.chain.genesis(subject="Another"), small_chain.LAB_KEY))
        done = invoke("log", "add", url, new)
        index, name = done.output.split()
        assert (int(index), name) == (len(place.files), f"{new}.receipt")
        assert invoke("log", "add", place.log, new).exit_code == 2  # the service is the one writer
        assert invoke("log", "receipt", place.log, new, "--out", place.at / "r").exit_code == 0
    finally:
        server.send_signal(signal.SIGTERM)
        _, wrong = server.communicate(timeout=60)
    assert (server.returncode, wrong) == (0, "")
    assert invoke("log", "check", place.log).exit_code == 0
    new.unlink()


def test_no_witness_means_no_receipt_and_exit_code_4(tmp_path: Path) -> None:
    key = small_chain.key("log.example/alone", "ed25519")
    note.write_key(tmp_path / "key", key)
    nobody = small_chain.key("nobody.example", "cosignature").verifier.text
    (tmp_path / "policy").write_text(f"log {key.verifier.text}\nwitness w {nobody} http://127.0.0.1:9\nquorum w\n")
    entry = tmp_path / "entry"
    entry.write_bytes(small_chain.sealed(small_chain.Chain().genesis(), small_chain.LAB_KEY))
    done = invoke("log", "new", tmp_path / "log", "--key", tmp_path / "key", "--policy", tmp_path / "policy", "--open")
    assert done.exit_code == 0

    done = invoke("log", "add", tmp_path / "log", entry)

    assert done.exit_code == 4
    assert "add the same entries again" in done.output
    assert not Path(f"{entry}.receipt").exists()
