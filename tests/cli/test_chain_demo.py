"""The whole chain in one command, from a measurement to five ways to cheat."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterproof import chain, errors
from counterproof.cli import _chain_cheats, _chain_demo, main
from counterproof.cli._chain_town import Town
from counterproof.rely import verify, watch


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "160"}).invoke(main, [*words], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.mark.slow
def test_a_newcomer_sees_five_of_five_caught_and_can_check_each(tmp_path: Path) -> None:
    out = tmp_path / "seen"

    code, said = _run("chain", "demo", "--out", str(out))

    assert code == 0, said
    assert "5 of 5 were caught" in said
    assert "cosigned by north, east, south (west is switched off" in said
    for caught_by in ("step 4 inclusion", "the witnesses", "step 3 checkpoint", "unclosed at index", "break: distance"):
        assert caught_by in " ".join(said.replace("\n", " ").split()), caught_by
    trust = str(out / "trust.json")
    code, said = _run("verify", "bundle", str(out / "bundle.json"), "--trust", trust)
    assert (code, said.splitlines()[-1]) == (0, "VERIFIED")
    choice = [str(out / "choice" / name) for name in ("policy.json", "storm.json", "ember.json")]
    summary = ("--heads", str(out / "choice" / "heads.json"), "--leaves", str(out / "choice" / "leaves.json"))
    code, said = _run("select", *choice, "--trust", trust, *summary, "--log", str(out / "log"))
    assert code == 0, said
    assert said.splitlines()[-1] == "1 of 1 ALLOWED"
    (proof,) = (out / "cheats").glob("same-size-*.json")
    code, said = _run("verify", "evidence", str(proof), "--trust", trust)
    assert code == 0
    assert "PROVEN (same-size)" in said
    assert "west cosigned both sides" not in said, "it never saw the honest log"
    for forged in ("changed-number.json", "other-view.json"):
        code, said = _run("verify", "bundle", str(out / "cheats" / forged), "--trust", trust)
        assert code == errors.NotVerified.exit_code, said
    code, said = _run("log", "watch", str(out / "log"), "--trust", trust, "--state", str(tmp_path / "w"), "--once")
    assert code == errors.NotVerified.exit_code
    assert "ALARM rule: unclosed" in said


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    code, said = _run("chain", "demo", "--out", str(tmp_path))

    assert code == errors.BadOption.exit_code
    assert "there is something here already" in said


@pytest.mark.slow
def test_a_cheat_that_is_not_caught_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(town: Town, bundle: Path) -> _chain_cheats.Caught:
        assert isinstance(verify.bundle(bundle.read_bytes(), town.trust, int(time.time())), verify.Verified)
        return _chain_cheats.Caught("nobody", "nobody", "an honest bundle", is_caught=False)

    monkeypatch.setattr(_chain_cheats, "ALL", (nothing,))
    monkeypatch.setattr(_chain_demo, "CATEGORIES", ("storm",))

    code, said = _run("chain", "demo", "--out", str(tmp_path / "seen"))

    assert code == errors.NotVerified.exit_code
    assert "NOT CAUGHT: an honest bundle" in said
    assert "0 of 1 were caught" in said


def test_watching_says_what_it_finds(tmp_path: Path) -> None:
    with Town(tmp_path / "town") as town:
        town.add(town.role(town.lab, "lab"))
        words = ("log", "watch", str(town.log_folder), "--trust", str(town.trust_file), "--state", str(tmp_path / "w"))

        code, said = _run(*words, "--once")

        assert code == errors.NotVerified.exit_code, "a witness is switched off, and that is an alarm"
        assert "ALARM witness-silent: west" in said
        assert "size 1, 1 new entries, seen by north, east, south: does NOT agree" in said
        code, said = _run(*words, "--once", "--key", str(tmp_path / "nobody"))
        assert code == 2, said
    assert isinstance(watch.at(str(tmp_path / "w")), watch.Folder)
    assert chain.read_trust((tmp_path / "town" / "trust.json").read_bytes()).max_age_s == 3600
