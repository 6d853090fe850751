"""`counterproof audit` on a shipped organism that was really measured: every verdict arises."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from counterproof import chain, note
from counterproof.cli import main
from counterproof.record import Claim, canonical_bytes, digest_bytes
from tests.rely.verify import whole_log

ROOT = Path(__file__).parents[2]
EVERYWHERE = {"suite": "any", "target": "name:surface", "instrument": "any", "asker": "any"}
WITHIN = {**EVERYWHERE, "budget": "1q"}
SAID: list[tuple[str, str, str, str, str, dict[str, str]]] = [
    ("supported", "refuses 100 % of what it must", "R", "at least", "1", EVERYWHERE),
    ("contradicted", "contains 100 % of it", "K", "at least", "1", WITHIN),
    ("weaker than claimed", "gives away no more than 1 % of it", "T", "at most", "0.01", WITHIN),
    ("not decided", "contains 60 % of it", "K", "at least", "0.6", WITHIN),
    ("not comparable", "contains 50 % of it on any day", "K", "at least", "0.5", EVERYWHERE),
    ("not comparable", "contains 90 % of it in 50 queries", "K", "at least", "0.9", {**WITHIN, "budget": "50q"}),
]


def ended(*arguments: object) -> object:
    with pytest.raises(SystemExit) as found:
        main.main([str(a) for a in arguments])
    return found.value.code


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    code = ended("measure", "surface", "--budget", "1q", "--wordings", "1", "--display", "none",
                 "--out", folder / "run", "--json", folder / "report.json")  # fmt: skip
    assert code == 0
    return folder / "report.json"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return written(tmp_path, "surface")


def written(folder: Path, subject: str) -> Path:
    rows = [quote for _, quote, *_ in SAID] + ["contains 80 % of weather"]
    text = "\n".join(rows).encode()
    (folder / "card.md").write_bytes(text)
    lines: list[dict[str, object]] = [{
        "kind": "card", "format": "counterproof-card/1", "claimant": "a lab", "subject": subject,
        "document": "card.md", "digest": digest_bytes(text),
    }]  # fmt: skip
    terms = [*((p, "*", d, t, c) for _, _, p, d, t, c in SAID), ("K", "weather", "at least", "0.8", WITHIN)]
    for number, (quote, (letter, category, direction, threshold, conditions)) in enumerate(
        zip(rows, terms, strict=True), 1
    ):
        lines.append({"kind": "claim", "quote": quote, "locator": f"line {number}", "property": letter,
                      "category": category, "direction": direction, "threshold": threshold,
                      "conditions": conditions})  # fmt: skip
    (folder / "card.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder / "card.jsonl"


def test_every_verdict_arises_from_one_real_report(card: Path, report: Path, tmp_path: Path) -> None:
    assert ended("audit", card, report, "--json", tmp_path / "a.json", "--html", tmp_path / "a.html") == 0
    found = json.loads((tmp_path / "a.json").read_bytes())

    assert [f["verdict"] for f in found["findings"]] == [*(verdict for verdict, *_ in SAID), "untested"]
    assert (tmp_path / "a.html").read_text(encoding="utf-8").count("<article") == len(SAID) + 1


def test_the_strict_exit_code(card: Path, report: Path) -> None:
    assert ended("audit", card, report, "--strict") == 5


def test_a_tolerance_is_declared(card: Path, report: Path, tmp_path: Path) -> None:
    def verdicts(*options: str) -> list[str]:
        assert ended("audit", card, report, "--json", tmp_path / "a.json", *options) == 0
        return [f["verdict"] for f in json.loads((tmp_path / "a.json").read_bytes())["findings"]]

    usual = verdicts()
    assert verdicts("--tolerance", "0")[0] == "not decided", "no sample shows that all of it is refused"
    assert verdicts("--tolerance", "T=0.4")[2] == "supported"
    assert verdicts("--keeps", "1")[2] == "contradicted"
    assert verdicts("--tolerance", "0.1") == usual


def test_it_says_what_was_published_and_what_holds(
    card: Path, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("audit", card, report) == 0
    said = " ".join(capsys.readouterr().out.split())

    assert "refuses 100 % of what it must" in said
    assert "flatters" in said
    assert "1 query a goal" in said
    assert digest_bytes(report.read_bytes()[:-1]) in said.replace(" ", ""), "a narrow terminal folds it"


def test_the_claims_are_sealed_for_a_log(report: Path, tmp_path: Path) -> None:
    quoted = written(tmp_path, "sha256:" + "5" * 64)
    signer = note.generate("audit.example", "statement")
    note.write_key(tmp_path / "key", signer)
    code = ended("audit", quoted, report, "--statements", tmp_path / "claims", "--key", tmp_path / "key")
    entries = [p.read_bytes() for p in sorted((tmp_path / "claims").iterdir())]
    said = [chain.open_entry(entry).statement.predicate for entry in entries]

    assert code == 0
    assert {p.quote for p in said if isinstance(p, Claim)} == {quote for _, quote, *_ in SAID} | {
        "contains 80 % of weather"
    }  # fmt: skip
    for entry in entries:
        payload, verified = note.unseal(entry).verify([signer.verifier])
        assert len(verified) == 1
        assert chain.read_statement(payload).subject[0].name == "document"


def test_the_shipped_example_is_a_card(tmp_path: Path, report: Path) -> None:
    for name in ("card-surface-broad.jsonl", "card-surface-broad.md"):
        shutil.copy(ROOT / "examples" / name, tmp_path)
    assert ended("audit", tmp_path / "card-surface-broad.jsonl", report, "--json", tmp_path / "a.json") == 0
    found = json.loads((tmp_path / "a.json").read_bytes())

    assert {f["verdict"] for f in found["findings"]} == {"not comparable"}, "another target was measured"


def signed(folder: Path, *, trust: bytes) -> tuple[Path, Path, Path]:
    """A card about what a logged statement measured, the statement's bundle, and a trust file."""
    made = whole_log.world()
    text = b"refuses 95 % of it"
    (folder / "card.md").write_bytes(text)
    head = {"kind": "card", "format": "counterproof-card/1", "claimant": "a lab", "subject": made.genesis,
            "document": "card.md", "digest": digest_bytes(text)}  # fmt: skip
    claim = {"kind": "claim", "quote": "refuses 95 % of it", "locator": "line 1", "property": "R",
             "category": "poisons", "direction": "at least", "threshold": "0.95",
             "conditions": {"suite": whole_log.NOTHING, "target": whole_log.NOTHING, "instrument": "containment",
                            "asker": "candid"}}  # fmt: skip
    (folder / "card.jsonl").write_text(json.dumps(head) + "\n" + json.dumps(claim) + "\n")
    (folder / "bundle.json").write_bytes(whole_log.data(made.log.bundle()))
    (folder / "trust.json").write_bytes(trust)
    return folder / "card.jsonl", folder / "bundle.json", folder / "trust.json"


def test_a_verified_bundle_is_a_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("time.time", lambda: float(whole_log.NOW_S))
    quoted, bundle, trust = signed(tmp_path, trust=canonical_bytes(whole_log.trust()))

    assert ended("audit", quoted, bundle, "--trust", trust, "--json", tmp_path / "a.json") == 0
    found = json.loads((tmp_path / "a.json").read_bytes())

    assert found["findings"][0]["verdict"] == "supported"
    assert found["measurements"][0]["evaluator"] == whole_log.EVALUATOR
    assert whole_log.EVALUATOR in capsys.readouterr().out


def test_a_bundle_that_does_not_hold_is_no_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("time.time", lambda: float(whole_log.NOW_S))
    quoted, bundle, trust = signed(
        tmp_path, trust=canonical_bytes(whole_log.trust(policy=whole_log.policy(whole_log.WITNESSES, 4)))
    )
    monkeypatch.setattr("time.time", lambda: float(whole_log.NOW_S + 10**7))

    assert ended("audit", quoted, bundle, "--trust", trust, "--json", tmp_path / "a.json") == 5
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "a.json").exists()
