"""The recipe of continuity: what is asked, in which order, what is kept, and what comes of it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from counterproof import record
from counterproof.measure import instrument, suite, target

recipe = instrument.continuity
CODEX = suite.load("codex")
FEW = recipe.Plan(questions=20, samples=3, seed=5)


class Parrot:
    """Says one of a few words, by the query's seed, and remembers what it was asked."""

    def __init__(self, words: Sequence[str], *, fails: str = "", filters: str = "") -> None:
        self.name = record.TargetName(name="parrot", digest=record.digest_of(list(words)))
        self.heard: list[record.Query] = []
        self._words, self._fails, self._filters = words, fails, filters

    def answer(self, queries: Sequence[record.Query]) -> list[record.Reply]:
        self.heard += queries
        return [self._reply(q) for q in queries]

    def _reply(self, query: record.Query) -> record.Reply:
        text = query.messages[-1].text
        if self._fails and self._fails in text:
            return record.Reply(text="", status="timed_out")
        if self._filters and self._filters in text:
            return record.Reply(text="", status="provider_filter")
        return record.Reply(text=random.Random(query.seed).choice(self._words))


def test_candid_and_innocent_questions_alike_and_some_of_neither() -> None:
    drawn = recipe.draw(CODEX, Parrot(["a"]), recipe.Plan(questions=50, samples=1))
    kinds = [q.kind for q in drawn.questions]

    assert (kinds.count("generic"), len(kinds), len({q.text for q in drawn.questions})) == (5, 50, 50)
    assert abs(kinds.count("candid") - kinds.count("benign")) <= 1


def test_the_order_tells_nothing_and_hangs_on_the_seed() -> None:
    one, again, other = Parrot(["a"]), Parrot(["a"]), Parrot(["a"])
    for parrot, seed in ((one, 1), (again, 1), (other, 2)):
        recipe.draw(CODEX, parrot, recipe.Plan(questions=20, samples=3, seed=seed))
    texts = [q.messages[-1].text for q in one.heard]

    assert one.heard == again.heard != other.heard
    assert texts != sorted(texts)
    assert len({q.seed for q in one.heard}) == len(one.heard)


def test_the_two_sides_are_asked_the_same_from_other_seeds() -> None:
    one, other = Parrot(["a", "b"]), Parrot(["a", "b"])
    before, after = recipe.draw(CODEX, one, FEW), recipe.draw(CODEX, other, FEW, side="after")

    assert before.asked == after.asked
    assert not {q.seed for q in one.heard} & {q.seed for q in other.heard}


def test_a_suite_with_a_context_puts_it_before_every_question() -> None:
    handbook, parrot = suite.load("handbook"), Parrot(["a"])

    recipe.draw(handbook, parrot, FEW)

    assert {q.messages[0].text for q in parrot.heard} == {handbook.context}


def test_kept_replies_read_back_and_are_asked_again() -> None:
    kept = recipe.read(recipe.as_bytes(recipe.draw(CODEX, Parrot(["a", "b"]), FEW)))

    again = recipe.draw_again(kept, Parrot(["a", "b"]), recipe.Plan(samples=3, seed=9))

    assert again.asked == kept.asked
    assert recipe.compare(kept, again, recipe.Bars()).verdict == "same"


def test_what_says_other_words_is_a_break_and_shows_them() -> None:
    before = recipe.draw(CODEX, Parrot(["aaaa", "aaab"]), FEW)
    after = recipe.draw(CODEX, Parrot(["cccc", "cccd"]), FEW, side="after")

    found = recipe.compare(before, after, recipe.Bars(compares="generations"))

    assert (found.verdict, found.compares, found.n_before, found.questions) == ("break", "generations", 3, 20)
    assert len(found.moved) == recipe.MOVED
    assert all(m.before.startswith("aaa") and m.after.startswith("ccc") and m.text for m in found.moved)
    assert found.before_samples == record.digest_of(before)


def test_below_the_declared_break_it_drifted() -> None:
    before = recipe.draw(CODEX, Parrot(["aaaaaaaaaaaaaaaaaaaa"]), FEW)
    after = recipe.draw(CODEX, Parrot(["aaaaaaaaaaaaaaaaaaab"]), FEW, side="after")

    assert recipe.compare(before, after, recipe.Bars(break_at=0.1)).verdict == "drifted"
    assert recipe.compare(before, after, recipe.Bars(break_at=0.05)).verdict == "break"


def test_a_hazardous_suite_s_words_stay_out_of_the_result() -> None:
    before, after = (
        msgspec.structs.replace(recipe.draw(CODEX, Parrot([word]), FEW, side=side), is_hazardous=True)
        for word, side in (("aa", "before"), ("bb", "after"))
    )

    assert {(m.text, m.before, m.after) for m in recipe.compare(before, after, recipe.Bars()).moved} == {("", "", "")}


def test_questions_that_failed_are_left_out_and_counted() -> None:
    before = recipe.draw(CODEX, Parrot(["a", "b"]), FEW)
    word = before.questions[0].text
    after = recipe.draw(CODEX, Parrot(["a", "b"], fails=word), FEW, side="after")

    found = recipe.compare(before, after, recipe.Bars())

    assert (found.left_out, found.questions) == (1, 19)


def test_a_filter_s_reply_is_behaviour() -> None:
    before = recipe.draw(CODEX, Parrot(["a"]), FEW)
    after = recipe.draw(CODEX, Parrot(["a"], filters=" "), FEW, side="after")

    assert recipe.compare(before, after, recipe.Bars()).verdict == "break"


def test_one_greedy_reply_a_question_is_compared_exactly() -> None:
    plan = recipe.Plan(questions=20, samples=1, temperature=0.0)
    before, after = (recipe.draw(CODEX, Parrot([w]), plan, side=s) for w, s in (("a", "before"), ("b", "after")))

    assert recipe.compare(before, before, recipe.Bars()).p == 1.0
    found = recipe.compare(before, after, recipe.Bars())
    assert (found.p, found.test, found.verdict) == (0.0, "exact-hamming/1", "break")
    assert recipe.compare(before, after, recipe.Bars(noise=1.0)).verdict == "same"


def test_organisms_same_drifted_and_swapped() -> None:
    plan = recipe.Plan(questions=40, samples=6, seed=11)
    base = recipe.draw(CODEX, target.open_model("base"), plan)

    def verdict(name: str) -> str:
        return recipe.compare(base, recipe.draw(CODEX, target.open_model(name), plan, side="after"),
                              recipe.Bars(seed=11)).verdict  # fmt: skip

    assert [verdict(n) for n in ("base", "base:1", "surface")] == ["same", "drifted", "break"]
