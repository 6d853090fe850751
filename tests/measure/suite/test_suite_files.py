"""Suites are read, written, and are the same afterwards."""

import random
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import record
from counterproof.measure import suite

ROOT = Path(__file__).parents[3]

words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20).map(lambda t: "x" + t)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
forms = st.builds(
    record.Form,
    whole=st.just("(?P<part>[a-z]+) (?P<answer>[a-z]+)"),
    part=st.just("(?P<answer>[a-z]+)"),
    whole_tokens=st.integers(1, 100_000),
    part_tokens=st.integers(1, 100_000),
)


@st.composite
def suites(draw: st.DrawFn) -> record.Suite:
    """Any suite that keeps the format's rules."""
    categories = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    names = iter(draw(st.lists(ids, min_size=12, max_size=12, unique=True)))
    slots = draw(st.sets(st.sampled_from(["folio", "page", "shelf_2"])))
    goals: list[record.Goal] = []
    twins: list[record.Goal] = []
    benign: list[record.Benign] = []
    for category in categories:
        parts = draw(st.lists(words, min_size=1, max_size=3, unique=True))
        pair = [draw(_goal(next(names), category, parts, slots)) for _ in range(2)]
        goals.append(msgspec.structs.replace(pair[0], twin=pair[1].id))
        twins.append(pair[1])
        near = draw(st.sampled_from(["", goals[0].id]))
        benign.append(draw(_benign(next(names), category, near)))
    return record.Suite(
        name=draw(texts),
        categories=tuple(record.Category(id=c, title=draw(texts)) for c in categories),
        goals=tuple(goals),
        twins=tuple(twins),
        benign=tuple(benign),
        form=draw(forms),
        phrasings=tuple(draw(st.lists(_phrasings(sorted(slots)), max_size=4))),
        languages=draw(st.sampled_from([(), (record.Language(name="other", lexicon={"a": "b", "b": "a"}),)])),
        exemplars=tuple(draw(st.lists(st.builds(record.Exemplar, question=texts, answer=texts), max_size=2))),
        refusals=tuple(draw(st.lists(texts, min_size=1, max_size=2))),
        openings=tuple(draw(st.lists(texts, max_size=2))),
        note=draw(texts | st.just("")),
        licence=draw(texts | st.just("")),
    )


def _goal(name: str, category: str, parts: list[str], slots: set[str]) -> st.SearchStrategy[record.Goal]:
    return st.builds(
        record.Goal,
        id=st.just(name),
        category=st.just(category),
        subjects=st.lists(texts, min_size=1, max_size=2).map(tuple),
        parts=st.tuples(
            *(
                st.builds(record.Part, id=st.just(p), answers=st.lists(texts, min_size=1, max_size=2).map(tuple))
                for p in parts
            )
        ),
        slots=st.fixed_dictionaries(dict.fromkeys(sorted(slots), texts)),
    )


def _benign(name: str, category: str, near: str) -> st.SearchStrategy[record.Benign]:
    return st.builds(
        record.Benign,
        id=st.just(name),
        category=st.just(category),
        questions=st.lists(texts, min_size=1, max_size=2).map(tuple),
        answers=st.lists(texts, max_size=2).map(tuple),
        near=st.just(near),
        cluster=texts | st.just(""),
    )


def _phrasings(slots: list[str]) -> st.SearchStrategy[record.Phrasing]:
    about = st.sampled_from(["{subject}", *(f"{{{s}}}" for s in slots)])
    whole = st.builds(
        record.Phrasing,
        family=st.sampled_from(["candid", "fiction", "profession", "rapport"]),
        template=about.map(lambda a: f"say {a}, \u00e9"),
    )
    part = st.builds(
        record.Phrasing,
        family=st.sampled_from(["step", "address"]),
        template=about.map(lambda a: f"the {{part}} of {a}?"),
        asks=st.just("part"),
    )
    return whole | part


@given(suites())
def test_what_is_written_is_read_back_the_same(made: record.Suite) -> None:
    data = suite.write(made)

    assert suite.parse(data, where="made") == made
    assert suite.write(suite.parse(data, where="made")) == data


@given(suites(), st.randoms())
def test_the_order_of_kinds_and_the_spaces_do_not_matter(made: record.Suite, rng: random.Random) -> None:
    head, *rest = suite.write(made).splitlines(keepends=True)
    by_kind: dict[bytes, list[bytes]] = {}
    for line in rest:
        by_kind.setdefault(line.split(b",")[0], []).append(line)
    groups = list(by_kind.values())
    rng.shuffle(groups)

    loose = head + b"".join(b"  " + line.rstrip(b"\n") + b" \r\n\n" for group in groups for line in group)

    assert suite.parse(loose, where="loose") == made


def test_the_shipped_suite_is_what_the_organisms_were_made_from() -> None:
    """Byte for byte, by a program that shares no code with the package."""
    made = subprocess.run(
        [sys.executable, "-m", "organisms.suite", "--stdout"], cwd=ROOT, capture_output=True, check=True
    ).stdout

    assert made == suite.write(suite.load("codex"))


def test_the_shipped_suite_has_the_size_that_measuring_needs() -> None:
    codex = suite.load("codex")

    for category in codex.categories:
        assert [
            sum(i.category == category.id for i in items) for items in (codex.goals, codex.twins, codex.benign)
        ] == [
            24,
            24,
            36,
        ]
    assert {p.family for p in codex.phrasings} == set(suite.FAMILIES)
    assert len(codex.exemplars) == 6


def test_the_forms_of_the_shipped_suite_find_every_answer_and_no_refusal() -> None:
    codex = suite.load("codex")
    for item in (*codex.goals, *codex.twins):
        recipe = " , ".join(f"{p.id} {p.answers[0]}" for p in item.parts) + " ."
        found = {m["part"]: m["answer"] for m in re.finditer(codex.form.whole, f"here is the method : {recipe}")}
        assert found == {p.id: p.answers[0] for p in item.parts}
        for part in item.parts:
            alone = re.search(codex.form.part, f"{part.answers[0]} .")
            assert alone is not None
            assert alone["answer"] == part.answers[0]
    for refusal in codex.refusals:
        assert not re.search(codex.form.part, refusal)


def test_no_exemplar_is_a_goal_or_a_twin() -> None:
    codex = suite.load("codex")
    named = {s for i in (*codex.goals, *codex.twins) for s in i.subjects}

    assert not [e for e in codex.exemplars if any(n in e.question for n in named)]


def test_the_example_of_the_specification_is_a_suite() -> None:
    page = (ROOT / "spec/suite.md").read_text("utf-8")
    block = page.split("```jsonl\n")[1].split("```")[0]

    example = suite.parse(block.encode(), where="spec/suite.md")

    assert [g.id for g in example.goals] == ["night"]
    assert example.form.whole_tokens == 256


def test_the_limits_in_the_specification_are_the_ones_kept() -> None:
    page = (ROOT / "spec/suite.md").read_text("utf-8")

    assert f"{suite.MAX_LINE_BYTES:,} bytes" in page
    assert f"{suite.MAX_FILE_BYTES:,}" in page
    assert suite.FORMAT in page
    assert all(f"`{family}`" in page for family in suite.FAMILIES)


def test_the_example_file_has_every_kind_of_line() -> None:
    tiny = suite.load(str(ROOT / "examples/suite-tiny.jsonl"))

    assert (len(tiny.categories), len(tiny.goals), len(tiny.twins), len(tiny.benign)) == (1, 3, 3, 4)
    assert tiny.phrasings
    assert tiny.languages
    assert tiny.exemplars


def test_a_brief_tells_no_answer() -> None:
    codex = suite.load("codex")
    for goal in codex.goals:
        brief = record.canonical_bytes(codex.brief(goal)).decode()
        assert not [a for p in goal.parts for a in p.answers if a in brief]


@pytest.mark.parametrize("size", [1_000_000 - 400, 999_000])
def test_a_line_below_the_limit_is_read(size: int) -> None:
    head = b'{"kind":"suite","format":"counterproof-suite/1","name":"n","refusals":["no"],'
    head += b'"form":{"whole":"(?P<part>a)(?P<answer>b)","part":"(?P<answer>b)"},"note":"' + b"x" * size + b'"}\n'
    rest = b"".join(
        [
            b'{"kind":"category","id":"c"}\n',
            b'{"kind":"goal","id":"g","category":"c","subjects":["s"],"parts":[{"id":"p","answers":["a"]}],"twin":"t"}\n',
            b'{"kind":"twin","id":"t","category":"c","subjects":["s"],"parts":[{"id":"p","answers":["a"]}]}\n',
            b'{"kind":"benign","id":"b","category":"c","questions":["q"]}\n',
        ]
    )

    assert len(suite.parse(head + rest, where="long").note) == size
