"""`counterproof key` and `attest`: from a real run to entries that break no rule, and every way to be refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from counterproof import chain, note, record, tlog
from counterproof.cli import main
from counterproof.rely import verify
from tests.rely.verify import whole_log

BUDGET = ("--budget", "1q")


def ended(*arguments: object) -> object:
    with pytest.raises(SystemExit) as found:
        main.main([str(a) for a in arguments])
    return found.value.code


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attested") / "run"
    code = ended("measure", "surface", *BUDGET, "--wordings", "1", "--category", "storm", "--category", "hush",
                 "--display", "none", "--out", folder)  # fmt: skip
    assert code == 0
    return folder


class Desk:
    """A folder with everybody's keys and entries, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.logged = folder, list[Path]()
        for name in ("gov", "lab", "lab2", "eval", "eval2", "operator"):
            assert ended("key", "new", f"{name}.example", "--out", self / f"{name}.key") == 0

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def key(self, name: str) -> note.Signer:
        return note.read_key(self / f"{name}.key")

    def sign(self, *arguments: object, by: str, out: str) -> Path:
        """Runs `attest`; every entry is logged in this order."""
        path = self / out
        assert ended("attest", *arguments, "--key", self / f"{by}.key", "--out", path) == 0
        self.logged += sorted(path.iterdir()) if path.is_dir() else [path]
        return path

    @property
    def trust(self) -> record.Trust:
        governance = (self.key("gov").verifier.text,)
        return record.Trust(policy=whole_log.policy(), governance=governance)

    def rulings(self) -> list[chain.Ruling]:
        rules = chain.Rules(self.trust)
        return [rules.admit(index, path.read_bytes()) for index, path in enumerate(self.logged)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    for name, role, organisation in (("eval", "evaluator", "Evaluator E"), ("lab", "lab", "Lab A"),
                                     ("lab2", "lab", "Lab A"), ("operator", "log", "Operator")):  # fmt: skip
        made.sign("role", made / f"{name}.key", "--role", role, "--organisation", organisation, "--next",
                  made / "eval2.key", by="gov", out=f"role-{name}.json")  # fmt: skip
    made.sign("genesis", "--lab", "Lab A", "--subject", "Clerk", "--category", "storm", "--next", made / "lab2.key",
              by="lab", out="genesis.json")  # fmt: skip
    made.sign("generation", made / "genesis.json", "--changed", "first release", by="lab", out="generation.json")
    return made


def _declared(desk: Desk, out: str = "prereg.json", *more: object) -> Path:
    return desk.sign(
        "prereg", "--evaluator", "Evaluator E", "--about", desk / "generation.json", "--suite", "codex", *BUDGET,
        "--category", "storm", "--category", "hush", "--closes-by", "2027-01-01T00:00:00Z", *more, by="eval", out=out,
    )  # fmt: skip


def _results(desk: Desk, run: Path, out: str = "results", declared: str = "prereg.json", *more: object) -> Path:
    return desk.sign(
        "behaviour", run, "--about", desk / "generation.json", "--prereg", desk / declared, "--secret", desk / "salt",
        *more, by="eval", out=out,
    )  # fmt: skip


def test_from_a_run_to_entries_that_break_no_rule(desk: Desk, run: Path) -> None:
    _declared(desk)
    first = _results(desk, run)
    _declared(desk, "again.json", "--opens", 3, "--beacon", "round 9")
    after = [word for path in sorted(first.iterdir()) for word in ("--after", path)]
    second = _results(desk, run, "more", "again.json", *after)

    assert [ruling.breaches for ruling in desk.rulings()] == [()] * len(desk.logged)
    said = [chain.open_entry(path.read_bytes()).statement.predicate for path in sorted(second.iterdir())]
    assert [(one.category, one.seq) for one in said if isinstance(one, record.Behaviour)] == [("storm", 1), ("hush", 1)]


def test_everything_opened_verifies_offline_and_the_arithmetic_is_redone(desk: Desk, run: Path) -> None:
    _declared(desk)
    result = min(_results(desk, run).iterdir())
    opening = ("attest", "open", run, "--behaviour", result, "--secret", desk / "salt", "--with-text")
    assert ended(*opening, "--out", desk / "all.json") == 0
    log = whole_log.Log([path.read_bytes() for path in desk.logged])
    index = desk.logged.index(result)
    bundle = log.bundle(index, opened=verify.read_openings((desk / "all.json").read_bytes()))

    found = verify.bundle(whole_log.data(bundle), desk.trust, whole_log.NOW_S)

    assert found.opened == len(verify.read_openings((desk / "all.json").read_bytes()))
    assert "every number computed again" in found.steps[-1].said


def test_a_beacon_opens_what_it_chooses(desk: Desk, run: Path) -> None:
    _declared(desk)
    result = min(_results(desk, run).iterdir())
    said = chain.open_entry(result.read_bytes()).statement.predicate
    assert isinstance(said, record.Behaviour)
    opening = ("attest", "open", run, "--behaviour", result, "--secret", desk / "salt", "--beacon", "0123")

    assert ended(*opening, "--opens", 5, "--out", desk / "some.json") == 0

    found = verify.read_openings((desk / "some.json").read_bytes())
    assert tuple(one.index for one in found) == chain.beacon_indexes("0123", said.transcripts, said.count, 5)
    assert not any(one.transcript for one in found)


def test_a_withheld_suite_is_opened_without_text(
    desk: Desk, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _declared(desk)
    result = min(_results(desk, run).iterdir())
    monkeypatch.setattr(record.Suite, "is_hazardous", True)
    opening = ("attest", "open", run, "--behaviour", result, "--secret", desk / "salt", "--out", desk / "all.json")

    assert ended(*opening, "--with-text") == 2
    assert "real hazards, never quoted" in capsys.readouterr().err
    assert not (desk / "all.json").exists()


def test_every_other_kind_of_entry(desk: Desk, run: Path) -> None:
    _declared(desk)
    results = sorted(_results(desk, run).iterdir())
    other = _declared(desk, "other.json", "--seed", 5)
    words = ("--organisation", "Evaluator E", "--reason", "a test")
    desk.sign("abandon", other, "--reason", "no budget", by="eval", out="abandon.json")
    desk.sign("dispute", results[0], *words, by="eval", out="dispute.json")
    desk.sign("retract", results[0], *words, by="eval", out="retract.json")
    desk.sign("verifier-audit", "--auditor", "Evaluator E", "--evaluator", "Evaluator F", "--planted", "9/10",
              by="eval", out="audit.json")  # fmt: skip
    out = desk / "rotate.json"
    rotation = ("attest", "rotate", desk / "eval.key", desk / "eval2.key", "--organisation", "Evaluator E")
    assert ended(*rotation, "--next", desk / "lab2.key", "--out", out) == 0
    desk.logged.append(out)
    desk.sign("compromise", desk / "eval2.key", *words, by="gov", out="compromise.json")
    desk.sign("generation", desk / "generation.json", "--changed", "new keys", "--keys-from-now", desk / "lab2.key",
              "--next", desk / "eval.key", "--key", desk / "lab.key", by="lab2", out="second.json")  # fmt: skip

    assert [rule for ruling in desk.rulings() for rule in ruling.breaches] == []


def _write(log: whole_log.Log, folder: Path) -> None:
    edge, bundles = tlog.Edge(), tlog.Bundles()
    for tile, data in edge.append(tlog.leaf_hashes(log.entries)) + bundles.append(log.entries):
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "checkpoint").write_bytes(log.checkpoint())


def test_the_log_sums_itself_up(desk: Desk, run: Path) -> None:
    _declared(desk)
    _results(desk, run)
    log = whole_log.Log([path.read_bytes() for path in desk.logged])
    _write(log, desk / "log")
    (desk / "trust.json").write_bytes(record.canonical_bytes(desk.trust))

    desk.sign("heads", desk / "log", "--trust", desk / "trust.json", by="operator", out="heads.json")

    assert desk.rulings()[-1].breaches == ()


def test_a_key_is_kept_for_its_owner_and_shown_by_its_public_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in note.KINDS:
        path = tmp_path / kind
        assert ended("key", "new", "me.example", "--kind", kind, "--out", path) == 0
        assert ended("key", "show", path) == 0
        made, shown = capsys.readouterr().out.split()
        assert made == shown == note.read_key(path).verifier.text
        assert note.read_verifier(made).kind == kind
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ended("key", "new", "me.example", "--out", tmp_path / "statement") == 2
    assert "never overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("abandon", "generation.json", "--reason", "x"), "is no preregistration"),
        (("generation", "role-eval.json", "--changed", "x"), "is no genesis or generation"),
        (("retract", "missing.json", "--reason", "x", "--organisation", "E"), "cannot be read"),
        (("retract", "eval.key", "--reason", "x", "--organisation", "E"), "not an envelope"),
        (("genesis", "--lab", "L", "--subject", "S", "--category", "c"), "nobody may take over"),
        (("genesis", "--lab", "L", "--subject", "S", "--category", "c", "--next", "x", "--commit", "y"), "NAME=DIGEST"),
        (("verifier-audit", "--auditor", "A", "--evaluator", "E", "--planted", "9"), "is no share"),
        (("verifier-audit", "--auditor", "A", "--evaluator", "E", "--planted", "9/3"), "more tasks were right"),
        (("compromise", "no-such", "--reason", "x", "--organisation", "E"), "cannot be read"),
        (("continuity", "generation.json", "--before", "generation.json"), "cannot be signed"),
        (("retract", "generation.json", "--reason", "", "--organisation", "E"), "its reason is empty"),
        (("role", "eval.key", "--role", "lab", "--organisation", "Lab\u200b A"), "looks the same"),
        (("role", "eval.key", "--role", "lab", "--organisation", "Labe\u0301"), "looks the same"),
        (("role", "eval.key", "--role", "lab", "--organisation", "E", "--conflict", "Lab\xa0A"), "looks the same"),
    ],
)
def test_what_cannot_be_signed_is_refused_in_one_sentence(
    desk: Desk, arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [desk / word if word.endswith((".json", ".key")) else word for word in arguments]
    named = [desk / "lab2.key" if word == "x" and named[at - 1] == "--next" else word for at, word in enumerate(named)]
    capsys.readouterr()

    assert ended("attest", *named, "--key", desk / "gov.key", "--out", desk / "out.json") == 2

    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (desk / "out.json").exists()


def test_a_run_that_is_not_what_was_declared(desk: Desk, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declared = _declared(desk, "prereg.json", "--seed", 5)
    secret, out = desk / "salt", desk / "results"
    words = ("--about", desk / "generation.json", "--secret", secret, "--key", desk / "eval.key", "--out", out)

    assert ended("attest", "behaviour", run, "--prereg", declared, *words) == 2
    assert "its seed is not the one that was declared" in capsys.readouterr().err
    assert ended("attest", "behaviour", run, "--prereg", declared, *words, "--target", "another") == 2
    assert "name one of surface" in capsys.readouterr().err
    assert ended("attest", "behaviour", run, "--prereg", declared, *words, "--after", declared) == 2
    assert "is no result of the same evaluator" in capsys.readouterr().err


def test_entries_are_never_overwritten(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    before = (desk / "generation.json").read_bytes()
    words = ("--changed", "x", "--key", desk / "lab.key", "--out", desk / "generation.json")

    assert ended("attest", "generation", desk / "genesis.json", *words) == 2
    assert "there is a file already" in capsys.readouterr().err
    assert (desk / "generation.json").read_bytes() == before


def test_what_continuity_found_is_signed(desk: Desk) -> None:
    digest = "sha256:" + "0" * 64
    name = record.TargetName(name="surface", digest=digest)
    distance = record.Interval(value=0.01, low=0.0, high=0.02, level=0.95, n=100, clusters=10, method="bootstrap")
    result = record.ContinuityResult(
        compares="evaluated and served", before=name, after=name, before_samples=digest, after_samples=digest,
        suite="codex", suite_digest=digest, asked=digest, test="mmd/1", temperature=1.0, n_before=100, n_after=100,
        questions=10, left_out=0, seed=0, distance=distance, noise=0.01, p=0.5, level=0.05, break_at=0.1,
        verdict="same", moved=(),
    )  # fmt: skip
    (desk / "result.json").write_bytes(record.canonical_bytes(result))

    desk.sign("continuity", desk / "result.json", "--before", desk / "generation.json", by="eval", out="same.json")

    assert desk.rulings()[-1].does_count
    said = chain.open_entry((desk / "same.json").read_bytes()).statement.predicate
    assert isinstance(said, record.Continuity)
    assert (said.before == said.after, said.verdict, said.p) == (True, "same", "0.5")


def test_keys_are_given_as_text_or_as_files(desk: Desk) -> None:
    text = desk.key("eval2").verifier.text
    (desk / "eval2.pub").write_text(text + "\n", encoding="utf-8")
    words = ("--role", "monitor", "--organisation", "M", "--key", desk / "gov.key")

    for number, holder in enumerate((text, desk / "eval2.pub", desk / "eval2.key")):
        assert ended("attest", "role", holder, *words, "--out", desk / f"{number}.json") == 0

    assert len({(desk / f"{number}.json").read_bytes() for number in range(3)}) == 1
