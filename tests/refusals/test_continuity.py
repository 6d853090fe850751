"""Every way a test of continuity is refused: one sentence, its exit code, no traceback."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from counterproof import errors, record
from counterproof.cli import main
from counterproof.measure import instrument, suite

recipe = instrument.continuity
CODEX = suite.load("codex")
PLAN = recipe.Plan(questions=10, samples=2)


class Says:
    """Always the same word; or nothing but faults."""

    def __init__(self, word: str) -> None:
        self.name = record.TargetName(name="says", digest=record.digest_of(word))
        self._word = word

    def answer(self, queries: Sequence[record.Query]) -> list[record.Reply]:
        status: record.Status = "ok" if self._word else "overloaded"
        return [record.Reply(text=self._word, status=status) for _ in queries]


def kept(folder: Path, *, word: str = "a", name: str = "a.samples") -> Path:
    """A file of kept replies."""
    path = folder / name
    path.write_bytes(recipe.as_bytes(recipe.draw(CODEX, Says(word), PLAN)))
    return path


def refusal(arguments: Sequence[str], capsys: pytest.CaptureFixture[str], code: int = 2) -> str:
    """What the command line says."""
    with pytest.raises(SystemExit) as ended:
        main.main(["continuity", *arguments])
    said = capsys.readouterr()

    assert (ended.value.code, said.out, said.err.count("\n")) == (code, "", 1)
    return said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["base"], "nothing to compare with"),
        (["base", "base", "--samples", "1"], "cannot be told from chance"),
        (["base", "base", "--samples", "2", "--questions", "2"], "cannot give a p below 0.11, and the level is 0.05"),
        (["base", "base", "--level", "0.0001"], "cannot give a p below 0.0005"),
        (["base", "base", "--level", "0"], "decides nothing"),
        (["base", "base", "--break-at", "2"], "is no share"),
        (["base", "base", "--noise", "x"], "is no share"),
        (["base", "nobody"], "nobody"),
        (["base", "base", "--keep", "kept.json"], "let it end in .samples"),
        (["nowhere.samples", "base"], "cannot be read"),
        (["base", "base", "--suite", "nowhere"], "nowhere"),
    ],
)
def test_options_that_mean_nothing(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in refusal(arguments, capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--keep", "b.samples"], "are kept already"),
        (["--questions", "5"], "--questions: the kept replies say what is asked"),
        (["--temperature", "0.5"], "--temperature: the kept replies say what is asked"),
        (["--suite", "handbook"], "another suite"),
    ],
)
def test_options_that_kept_replies_settle(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refusal([str(kept(tmp_path)), "base", *arguments], capsys)


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(["base", "http://127.0.0.1:9/v1#base", "--questions", "10", "--deadline", "1s"], capsys, code=4)

    assert "127.0.0.1:9" in said


def test_an_edited_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"replies":["a"', b'"replies":["b"', 1))

    assert "it was cut or edited" in refusal([str(path), "base"], capsys)


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -40])
def test_a_cut_file(cut: int) -> None:
    data = recipe.as_bytes(recipe.draw(CODEX, Says("a"), PLAN))

    with pytest.raises(errors.BadRunFolder, match="cut or edited"):
        recipe.read(data[:cut])


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"\xff", b"[" * 5000, b'{"format":"counterproof-samples/2"}'],
)  # fmt: skip
def test_a_file_of_another_format(line: bytes) -> None:
    with pytest.raises(errors.BadRunFolder, match="counterproof-samples/1"):
        recipe.read(line + b"\n" + record.digest_bytes(line).encode() + b"\n")


def whole() -> record.Samples:
    """Replies that fit together."""
    return recipe.draw(CODEX, Says("a"), PLAN)


@pytest.mark.parametrize("part", ["asked", "temperature", "questions", "uneven", "twice"])
def test_parts_that_do_not_fit_together(part: str) -> None:
    found = whole()
    first = found.questions[0]
    broken = {
        "asked": msgspec.structs.replace(found, asked="sha256:0"),
        "temperature": msgspec.structs.replace(found, temperature=0.5),
        "questions": msgspec.structs.replace(found, questions=()),
        "uneven": msgspec.structs.replace(
            found, questions=(msgspec.structs.replace(first, replies=("a",)), *found.questions[1:])
        ),
        "twice": msgspec.structs.replace(found, questions=(first, *found.questions)),
    }[part]

    with pytest.raises(errors.BadRunFolder, match="fit together"):
        recipe.read(recipe.as_bytes(broken))


def test_other_bytes_of_the_same_record() -> None:
    line = b" " + record.canonical_bytes(whole())

    with pytest.raises(errors.BadRunFolder, match="fit together"):
        recipe.read(line + b"\n" + record.digest_bytes(line).encode() + b"\n")


def test_other_questions() -> None:
    other = recipe.draw(CODEX, Says("a"), recipe.Plan(questions=10, samples=2, seed=1))

    with pytest.raises(errors.BadOption, match="asked other questions"):
        recipe.compare(whole(), other, recipe.Bars())


def test_another_suite() -> None:
    other = recipe.draw(suite.load("handbook"), Says("a"), PLAN)

    with pytest.raises(errors.BadOption, match="asked other suites"):
        recipe.compare(whole(), other, recipe.Bars())


def test_one_sample_taken_for_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(kept(tmp_path))

    assert "drawn from the same seeds" in refusal([path, path], capsys)


def test_one_side_that_hardly_answers() -> None:
    silent = recipe.draw_again(whole(), Says(""), PLAN)

    with pytest.raises(errors.TargetUnreachable, match="failed to answer 10 of 10"):
        recipe.compare(whole(), silent, recipe.Bars())
