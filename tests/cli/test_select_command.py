"""`counterproof select` as a reader meets it: exit codes, what is printed, what is written."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from msgspec import structs

from counterproof import record, tlog
from counterproof.cli import main
from counterproof.rely import select
from tests.rely.select import small_market as m
from tests.rely.select.small_market import JUDGES, STORM, WHOLE, Counter, Market
from tests.rely.verify import whole_log as w

AT = "2026-05-28T20:26:40Z"


def _run(*words: str | Path) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "160"}).invoke(main, [str(word) for word in words], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    """One system that is allowed and one that is not, as files."""
    market = Market.opened("one", "two")
    market.everything()
    market.measured("two", STORM, JUDGES[1], numbers=m.numbers("0.3", "0.1"))
    made = market.summed_up()
    _write(tmp_path, made)
    return made


def _write(folder: Path, made: Counter) -> None:
    (folder / "trust.json").write_bytes(record.canonical_bytes(w.trust()))
    (folder / "policy.json").write_bytes(select.policy_bytes(m.policy()))
    (folder / "heads.json").write_bytes(made.heads)
    (folder / "leaves.json").write_bytes(select.leaves_bytes(made.leaves))
    for index, data in made.bundles.items():
        (folder / f"{index}.json").write_bytes(data)
    grown = tlog.Edge().append(tlog.leaf_hashes(made.log.entries)) + tlog.Bundles().append(made.log.entries)
    for tile, data in grown:
        (folder / "log" / tile.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "log" / tile.path).write_bytes(data)
    (folder / "log" / "checkpoint").write_bytes(made.log.checkpoint())


def _select(folder: Path, *bundles: int, more: tuple[str | Path, ...] = ()) -> tuple[int, str]:
    given = [folder / f"{index}.json" for index in bundles]
    files = ("--trust", folder / "trust.json", "--heads", folder / "heads.json", "--leaves", folder / "leaves.json")
    return _run("select", folder / "policy.json", *given, *files, "--at", AT, *more)


def test_somebody_is_allowed(tmp_path: Path, counter: Counter) -> None:
    code, said = _select(tmp_path, *counter.bundles, more=("--json", tmp_path / "decision.json"))

    assert code == 0, said
    assert said.splitlines()[-1] == "1 of 2 ALLOWED"
    assert "  1 ALLOW   sha256:" in said
    assert "storm: Judge B: K_joint may be as low as 0.3, below 0.75" in said
    assert "not checked:" in said
    written = (tmp_path / "decision.json").read_bytes()
    decided = msgspec.json.decode(written, type=record.Selection)
    assert record.canonical_bytes(decided) + b"\n" == written
    assert decided == counter.decide(m.policy())


def test_nobody_is_allowed_without_results(tmp_path: Path, counter: Counter) -> None:
    code, said = _select(tmp_path)

    assert counter.bundles
    assert code == 5
    assert said.splitlines()[-1] == "NOBODY IS ALLOWED"
    assert "no candidate" in said


def test_a_bundle_that_does_not_verify_is_as_if_it_were_not_there(tmp_path: Path, counter: Counter) -> None:
    first, *_ = counter.bundles
    (tmp_path / f"{first}.json").write_bytes(b"{}")

    code, said = _select(tmp_path, *counter.bundles)

    assert code == 5, said
    assert "not verified: " in said
    assert "was not handed over" in said


def test_the_whole_log_is_read(tmp_path: Path, counter: Counter) -> None:
    (tmp_path / "policy.json").write_bytes(select.policy_bytes(m.policy(**WHOLE)))

    code, said = _select(tmp_path, *counter.bundles, more=("--log", tmp_path / "log"))

    assert code == 0, said
    assert "by its whole log" in said
    code, said = _select(tmp_path, *counter.bundles)
    assert code == 5
    assert "log: the policy wants the whole log read; hand over the log's folder" in said


def test_fewer_organisations_than_the_trust_file_needs(tmp_path: Path, counter: Counter) -> None:
    (tmp_path / "trust.json").write_bytes(record.canonical_bytes(w.trust(organisations_needed=2)))

    code, said = _select(tmp_path, *counter.bundles)

    assert code == 2
    assert "asks for 1 organisations, the trust file for 2" in said


def test_a_stale_summary(tmp_path: Path, counter: Counter) -> None:
    (tmp_path / "policy.json").write_bytes(select.policy_bytes(structs.replace(m.policy(), max_age_s=59)))

    code, said = _select(tmp_path, *counter.bundles)

    assert code == 5
    assert "heads: the head it lies under was seen 60 s ago; the policy takes 59 s" in said


def test_the_log_writes_the_leaves_of_its_summary(tmp_path: Path, counter: Counter) -> None:
    assert counter.leaves
    key = tmp_path / "operator.key"
    _run("key", "new", "operator", "--out", key)

    words = ("--trust", tmp_path / "trust.json", "--key", key, "--out", tmp_path / "entry.json")
    code, said = _run("attest", "heads", tmp_path / "log", *words, "--leaves", tmp_path / "again.json")

    assert code == 0, said
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "leaves.json").read_bytes()
    code, said = _run("attest", "heads", tmp_path / "log", *words, "--leaves", tmp_path / "third.json")
    assert code == 2, "an entry is never overwritten"
    assert not (tmp_path / "third.json").exists()
