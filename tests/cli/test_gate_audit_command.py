"""`counterproof gate publish` and `gate audit` on a real log: what was published convicts what was changed."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from counterproof import chain, note, record
from counterproof.cli import main
from counterproof.publish import witness
from counterproof.rely import gate, trail
from tests.chain import small_chain
from tests.rely.trail.small_trail import GATE, POLICY, SIGNER, Worker, opened, rewritten

LOG = small_chain.key("log.example/gates", "ed25519")
OWNER, OWNER_KEY = "Deployer D", small_chain.key("deployer.example/1")
SECOND, SECOND_KEY = "Deployer E", small_chain.key("second.example/1")


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@dataclass
class Place:
    """A log with its witnesses, a trust file, keys."""

    at: Path

    @property
    def log(self) -> Path:
        return self.at / "log"

    def publish(self, folder: Path, *more: object, key: str = "owner.key", organisation: str = OWNER) -> Result:
        return invoke(
            "gate", "publish", folder, "--organisation", organisation, "--key", self.at / key, "--log", self.log, *more
        )

    def audit(self, folder: Path, *more: object) -> Result:
        return invoke("gate", "audit", folder, "--heads", self.log, "--trust", self.at / "trust", *more)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    for name, signer in (("log.key", LOG), ("owner.key", OWNER_KEY), ("second.key", SECOND_KEY), ("head.key", SIGNER)):
        note.write_key(tmp_path / name, signer)
    lines = [f"log {LOG.verifier.text}"]
    with contextlib.ExitStack() as stack:
        (verifier,) = witness.new(tmp_path / "w", "w.example")
        limit = witness.Limit(10_000, 10_000)
        seer = stack.enter_context(contextlib.closing(witness.load(tmp_path / "w", [LOG.verifier], limit=limit)))
        lines.append(f"witness w {verifier.text} {stack.enter_context(witness.running(seer))}")
        policy = "\n".join([*lines, "quorum w\n"])
        (tmp_path / "policy").write_text(policy)
        trust = record.Trust(policy=policy, governance=(small_chain.text(small_chain.GOVERNANCE[0]),))
        (tmp_path / "trust").write_bytes(record.canonical_bytes(trust))
        for number, (signer, organisation) in enumerate(((OWNER_KEY, OWNER), (SECOND_KEY, SECOND))):
            said = small_chain.role(signer, "relying", organisation)
            (tmp_path / f"role-{number}.json").write_bytes(small_chain.sealed(said, small_chain.GOVERNANCE[0]))
        begun = invoke("log", "new", made.log, "--key", tmp_path / "log.key", "--policy", tmp_path / "policy",
                       "--trust", tmp_path / "trust")  # fmt: skip
        assert begun.exit_code == 0, begun.output
        added = invoke("log", "add", made.log, tmp_path / "role-0.json", tmp_path / "role-1.json")
        assert added.exit_code == 0, added.output
        yield made


def _decided(folder: Path, worker: str = "a", times: int = 40) -> None:
    with opened(folder, worker) as kept:
        Worker(kept).decide(times)


def _published(place: Place, folder: Path) -> None:
    _decided(folder)
    assert place.publish(folder).exit_code == 0
    _decided(folder)
    _decided(folder, "b")
    done = place.publish(folder)
    assert done.exit_code == 0, done.output


def test_what_was_published_agrees_with_the_record(place: Place, tmp_path: Path) -> None:
    folder, out = tmp_path / "trail", tmp_path / "audit.json"
    _published(place, folder)

    done = place.audit(folder, "--key", tmp_path / "head.key", "--json", out)

    assert done.exit_code == 0, done.output
    assert done.output.endswith("all agrees\n")
    assert "published heads: 2" in done.output
    found = json.loads(out.read_bytes())
    assert [one["settled"] for one in found["workers"]] == [80, 40]
    kept = sorted(path.name for path in (folder / "published").iterdir())
    assert [name.split(".")[0][:11] for name in kept if name.endswith(".receipt")] == [
        "head-000000",
        "head-000001",
        kept[-2][:11],
    ]
    entries = [chain.open_entry((folder / "published" / name).read_bytes()) for name in kept if name.endswith(".json")]
    assert [entry.statement.kind for entry in entries] == ["gate-head", "gate-head", "gate-policy"]
    said = entries[1].statement.predicate
    assert isinstance(said, record.GateHead)
    assert [(one.worker, said.seq) for one in said.workers] == [("a", 1), ("b", 1)]
    assert said.prev == entries[0].digest


def test_a_record_that_was_rewritten_whole_is_caught(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    _published(place, folder)
    rewritten(folder, lambda line: None if line[0] == "decision" and line[1] == 9 else line)

    done = place.audit(folder)

    assert done.exit_code == 5
    assert "DIFFERS published head" in done.output
    assert "do NOT agree" in done.output
    refused = place.publish(folder)
    assert refused.exit_code == 5
    assert "published" in refused.stderr


def test_a_head_that_contradicts_another_is_told_by_the_log_itself(place: Place, tmp_path: Path) -> None:
    """The owner shows the log another record than before, from a folder that does not know of the first."""
    folder, other = tmp_path / "trail", tmp_path / "other"
    _published(place, folder)
    _decided(other, times=3)
    assert place.publish(other).exit_code == 0

    done = place.audit(folder)

    assert done.exit_code == 5
    assert "BROKEN gate-head:" in done.output
    assert "rewrote its record" in done.output


def test_a_policy_that_was_logged_otherwise_is_told(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    _decided(folder)
    numbers = (record.NoNumber(name="error rates", reason="none"),)
    said = trail.policy_said(POLICY, OWNER, GATE, numbers, "1")
    lied = replace(said, unscanned={"call": "allow"})
    (tmp_path / "lied.json").write_bytes(small_chain.sealed(lied, OWNER_KEY))
    assert invoke("log", "add", place.log, tmp_path / "lied.json").exit_code == 0
    assert place.publish(folder).exit_code == 0

    done = place.audit(folder)

    assert done.exit_code == 5
    assert "its unscanned are others" in done.output
    assert "BROKEN gate-policy:" in done.output


def test_what_was_signed_and_not_added_is_added_first(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    _decided(folder)
    shutil.move(place.log / "checkpoint", tmp_path / "kept")
    shutil.move(place.log, tmp_path / "away")
    assert place.publish(folder).exit_code != 0
    assert not list((folder / "published").glob("*.receipt"))
    shutil.move(tmp_path / "away", place.log)
    shutil.move(tmp_path / "kept", place.log / "checkpoint")

    _decided(folder)
    done = place.publish(folder)

    assert done.exit_code == 0, done.output
    assert place.audit(folder).output.endswith("all agrees\n")
    assert len(list((folder / "published").glob("head-*.receipt"))) == 2


def _rates(policy: str) -> gate.Rates:
    """As `gate test` writes them."""
    share = record.Interval(value=0.1, low=0.02, high=0.3, level=0.95, n=30, clusters=30, method="wilson")
    none = record.NotMeasured(reason="no examples")
    each = gate.RuleRates(
        rule="", kind="policy", allowed=30, stopped=0, failed=0, false_positives=share, recall=none, precision=none,
        worst_false_positives=share, best_false_positives=share, worst_recall=none, best_recall=none, matrix=(),
    )  # fmt: skip
    return gate.Rates(policy=policy, rules=(each, replace(each, rule="judged", kind="prompt")))


def test_measured_error_rates_are_logged(place: Place, tmp_path: Path) -> None:
    folder, rates = tmp_path / "trail", tmp_path / "rates.json"
    _decided(folder)
    rates.write_bytes(record.canonical_bytes(_rates("sha256:" + "0" * 64)))
    refused = place.publish(folder, "--measured", rates)
    assert refused.exit_code == 2
    assert "measures no policy that decided" in refused.stderr

    rates.write_bytes(record.canonical_bytes(_rates(record.digest_of(POLICY))) + b"\n")
    assert place.publish(folder, "--measured", rates).exit_code == 0
    (path,) = (folder / "published").glob("policy-*.json")
    said = chain.open_entry(path.read_bytes()).statement.predicate
    assert isinstance(said, record.LoggedGatePolicy)
    assert [one.name for one in said.numbers][:5] == [
        "false positives", "worst false positives", "recall", "worst recall", "judged: false positives",
    ]  # fmt: skip
    assert said.numbers[0] == record.Number(
        name="false positives", value="0.1", low="0.02", high="0.3", level="0.95", n=30, clusters=30, method="wilson"
    )
    assert said.numbers[2] == record.NoNumber(name="recall", reason="no examples")
    assert place.audit(folder).exit_code == 0


def test_gates_of_one_name_by_two_organisations(place: Place, tmp_path: Path) -> None:
    folder, other = tmp_path / "trail", tmp_path / "other"
    _decided(folder)
    _decided(other, times=9)
    assert place.publish(folder).exit_code == 0
    assert place.publish(other, key="second.key", organisation=SECOND).exit_code == 0

    assert "is a gate of 2 organisations" in place.audit(folder).stderr
    assert place.audit(folder, "--organisation", OWNER).exit_code == 0
    assert place.audit(folder, "--organisation", SECOND).exit_code == 5
    assert "holds no head of gate" in place.audit(folder, "--organisation", "Nobody").stderr


def test_nobody_else_s_words_count(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    _decided(folder)
    assert place.publish(folder).exit_code == 0
    head = trail.head_said(folder, OWNER, None)
    lied = replace(head, allowed=head.allowed + 9)
    (tmp_path / "lied.json").write_bytes(small_chain.sealed(lied, SECOND_KEY))
    assert invoke("log", "add", place.log, tmp_path / "lied.json").exit_code == 0

    assert place.audit(folder).exit_code == 0


def test_refusals(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    _decided(folder)

    assert "go together" in invoke("gate", "audit", folder, "--heads", place.log).stderr
    assert "is no trail" in invoke("gate", "audit", tmp_path).stderr
    assert "is no day" in invoke("gate", "audit", folder, "--day", "monday").stderr
    assert "holds no head of gate" in place.audit(folder).stderr
    assert invoke("gate", "audit", folder, "--key", OWNER_KEY.verifier.text).exit_code == 2
    (tmp_path / "empty").mkdir()
    nowhere = invoke("gate", "audit", folder, "--heads", tmp_path / "empty", "--trust", tmp_path / "trust")
    assert nowhere.exit_code == 5
    assert "serves no checkpoint" in nowhere.stderr


def test_what_was_damaged_is_named_with_both_sides(tmp_path: Path) -> None:
    folder = tmp_path / "trail"
    _decided(folder)

    def milder(line: list[object]) -> list[object]:
        if line[0] == "decision" and isinstance(line[7], list):
            line[7] = ["allow", [], [], "", []]
        return line

    rewritten(folder, milder)
    done = invoke("gate", "audit", folder)

    assert done.exit_code == 5
    assert "recorded: allow by no rule (all clear)" in done.output
    assert "and " in done.output.splitlines()[-3]
    assert (folder / "workers" / "a" / "000000000000.jsonl").as_posix() in done.output
