"""A real run, signed and opened: the verifier computes every number again, and grades every transcript again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from counterproof import chain, note, record, tlog
from counterproof.cli import main
from counterproof.errors import CounterproofError, NotVerified
from counterproof.rely import verify
from tests.rely.verify import whole_log as w

pytestmark = pytest.mark.slow

BUDGET = "6q"


def run(*arguments: object) -> Result:
    """The command; whatever it refuses comes out as it is."""
    done = CliRunner().invoke(main, [str(a) for a in arguments], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done


class Signed:
    """An organism measured, its results signed, and the first category's transcripts opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        secrets = {"lab": w.LAB_KEY, "evaluator": w.EVALUATOR_KEY}
        for name, signer in secrets.items():
            note.write_key(folder / name, signer)
        self.log = w.Log()
        self.log.add(w.role(w.LAB_KEY, "lab", w.LAB), *w.GOVERNANCE)
        self.log.add(w.role(w.EVALUATOR_KEY, "evaluator", w.EVALUATOR), *w.GOVERNANCE)
        self.subject = self.log.add(w.genesis(), w.LAB_KEY)
        (folder / "genesis").write_bytes(self.log.entries[-1])
        run("attest", "prereg", "--evaluator", w.EVALUATOR, "--about", folder / "genesis", "--suite", "codex",
            "--budget", BUDGET, "--closes-by", "2027-01-01T00:00:00Z", "--key", folder / "evaluator",
            "--out", folder / "prereg")  # fmt: skip
        self.log.entries.append((folder / "prereg").read_bytes())
        run("measure", "surface", "--budget", BUDGET, "--display", "none", "--out", folder / "run", "--processes", 1)
        run("attest", "behaviour", folder / "run", "--about", folder / "genesis", "--prereg", folder / "prereg",
            "--secret", folder / "secret", "--key", folder / "evaluator", "--out", folder / "results")  # fmt: skip
        self.result = folder / "results" / "behaviour-00-0.json"
        run("attest", "open", folder / "run", "--behaviour", self.result, "--secret", folder / "secret", "--with-text",
            "--out", folder / "opened")  # fmt: skip
        self.opened = verify.read_openings((folder / "opened").read_bytes())
        said = chain.open_entry(self.result.read_bytes()).statement.predicate
        assert isinstance(said, record.Behaviour)
        self.said = said

    def bundle(self, said: record.Behaviour | None = None, opened: tuple[record.Opened, ...] | None = None) -> bytes:
        """With the result as it is, or another signed in its place."""
        last = w.entry(said, w.EVALUATOR_KEY) if said else self.result.read_bytes()
        log = w.Log([*self.log.entries, last])
        return w.data(log.bundle(opened=self.opened if opened is None else opened))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return Signed(tmp_path_factory.mktemp("signed"))


def test_every_number_follows_from_the_grades(signed: Signed) -> None:
    found = verify.bundle(signed.bundle(), w.trust(), w.NOW_S)

    assert found.opened == signed.said.count > 100
    assert "every number computed again" in found.steps[-1].said
    assert len(found.numbers) >= 13
    assert sum(isinstance(number, record.Number) for number in found.numbers) >= 10
    assert not any("number" in said for said in found.unchecked)


def _numbers(said: record.Behaviour, name: str, **changes: str) -> record.Behaviour:
    changed = tuple(
        structs.replace(n, **changes) if n.name == name and isinstance(n, record.Number) else n for n in said.numbers
    )
    assert changed != said.numbers
    return structs.replace(said, numbers=changed)


LIES: dict[str, Callable[[record.Behaviour], record.Behaviour]] = {
    "the last digit of a value": lambda said: _numbers(said, "T", value="0.123456"),
    "a limit": lambda said: _numbers(said, "R", low="0.999999"),
    "a count": lambda said: _numbers(said, "F", n=1),  # type: ignore[arg-type] # a count among texts
    "a method": lambda said: _numbers(said, "C", method="by eye"),
    "what was measured is said not to have been": lambda said: structs.replace(
        said,
        numbers=tuple(record.NoNumber(name="T", reason="no time") if n.name == "T" else n for n in said.numbers),
    ),
    "the verdict": lambda said: structs.replace(said, verdict="contained"),
    "a bar that was met": lambda said: structs.replace(
        said,
        criteria=tuple(structs.replace(c, passed="no" if c.passed == "yes" else "yes") for c in said.criteria),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_number_that_does_not_follow_is_refused(signed: Signed, name: str) -> None:
    with pytest.raises(NotVerified, match="11 arithmetic"):
        verify.bundle(signed.bundle(LIES[name](signed.said)), w.trust(), w.NOW_S)


def test_a_doctored_grade_changes_the_numbers(signed: Signed) -> None:
    """Another grade, its own tree and all, under the numbers of the true ones."""
    leaves = [one.leaf.encode() for one in signed.opened]
    place = next(i for i, leaf in enumerate(leaves) if b'\\"refused\\":false' in leaf and b"benign" in leaf)
    leaves[place] = leaves[place].replace(b'\\"refused\\":false', b'\\"refused\\":true')
    said = structs.replace(signed.said, transcripts=chain.transcripts_root(leaves))
    opened = tuple(w.opened(leaves, i) for i in range(len(leaves)))

    with pytest.raises(NotVerified, match="11 arithmetic: F"):
        verify.bundle(signed.bundle(said, opened), w.trust(), w.NOW_S)


def test_with_some_closed_the_numbers_are_not_computed_again_and_it_says_so(signed: Signed) -> None:
    found = verify.bundle(signed.bundle(opened=signed.opened[:5]), w.trust(), w.NOW_S)

    assert found.opened == 5
    assert any("not computed again" in said for said in found.unchecked)


def _verified(signed: Signed, data: bytes, *more: str) -> str:
    (signed.folder / "bundle").write_bytes(data)
    (signed.folder / "trust").write_bytes(record.canonical_bytes(w.trust()))
    options = ("--trust", signed.folder / "trust", "--at", "2026-05-28T20:26:40Z", *more)
    return run("verify", "bundle", signed.folder / "bundle", *options).output


def test_the_command_grades_again_by_the_suite(signed: Signed) -> None:
    said = _verified(signed, signed.bundle(), "--suite", "codex")

    assert f"12 grades         {len(signed.opened)} opened transcripts graded again, each the same" in said
    assert said.endswith("VERIFIED\n")


def test_a_grade_that_the_suite_does_not_give_is_refused(signed: Signed) -> None:
    """Leaf, tree and numbers agree with one another; only whoever grades again sees it."""
    one = next(o for o in signed.opened if '\\"refused\\":true' in o.leaf and "candid" in o.leaf)
    leaves = [o.leaf.encode() for o in signed.opened]
    leaves[one.index] = one.leaf.replace('\\"refused\\":true', '\\"refused\\":false').encode()
    said = structs.replace(signed.said, transcripts=chain.transcripts_root(leaves))
    opened = (w.opened(leaves, one.index, one.transcript),)

    with pytest.raises(NotVerified, match="12 grades"):
        _verified(signed, signed.bundle(said, opened), "--suite", "codex")
    with pytest.raises(CounterproofError, match="12 grades"):
        _verified(signed, signed.bundle(), "--suite", "handbook")


def test_a_bundle_is_made_of_a_folder(signed: Signed) -> None:
    """What `log serve` serves, as plain files; written only if it verifies."""
    folder = signed.folder / "log"
    # Somebody else logs a role for the evaluator's key that governance never signed.
    noise = w.entry(w.role(w.EVALUATOR_KEY, "evaluator", "Impostor"), w.key("stranger"))
    log = w.Log([*signed.log.entries, noise, signed.result.read_bytes()])
    for tile, data in (*tlog.Edge().append(tlog.leaf_hashes(log.entries)), *tlog.Bundles().append(log.entries)):
        (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / tile.path).write_bytes(data)
    (folder / "checkpoint").write_bytes(log.checkpoint())
    (signed.folder / "trust").write_bytes(record.canonical_bytes(w.trust()))
    options = ("--trust", signed.folder / "trust", "--at", "2026-05-28T20:26:40Z", "--opened", signed.folder / "opened")
    entry = record.digest_bytes(log.entries[-1])

    run("bundle", folder, "--entry", entry, *options, "--out", signed.folder / "made")
    made = verify.read_bundle((signed.folder / "made").read_bytes())

    assert [tlog.read_proof(one.receipt.encode()).index for one in made.support] == [0, 1, 2, 3]
    assert verify.bundle((signed.folder / "made").read_bytes(), w.trust(), w.NOW_S).entry == entry
    (folder / "checkpoint").write_bytes(log.checkpoint(witnesses=()))
    with pytest.raises(NotVerified, match="3 checkpoint"):
        run("bundle", folder, "--entry", entry, *options, "--out", signed.folder / "unmade")
    assert not (signed.folder / "unmade").exists()


def test_a_leaf_is_one_text(signed: Signed) -> None:
    """What attest writes is what is read here: the two rooms share no code for it but the records."""
    leaf = msgspec.json.decode(signed.opened[0].leaf, type=record.GradedLeaf)

    assert record.canonical_bytes(leaf).decode() == signed.opened[0].leaf
