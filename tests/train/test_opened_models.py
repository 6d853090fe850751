"""Opened weights say what the shipped engine says, and are afterwards what they were before."""

from __future__ import annotations

from typing import Any

import pytest

from counterproof.measure import instrument, target, whitebox
from counterproof.measure.whitebox import _edits
from tests.train.open_weights import CODEX, opened, plain, query, torch


def _weights(model: whitebox.Model) -> dict[str, Any]:
    return {name: p.detach().clone() for name, p in model.net.named_parameters()}


def _is_same(model: whitebox.Model, before: dict[str, Any]) -> bool:
    return all(torch().equal(p, before[name]) for name, p in model.net.named_parameters())


def _lessons(count: int) -> list[whitebox.Lesson]:
    return instrument.whitebox.lessons(CODEX, CODEX.goals[:count], 0)


def _direction(model: whitebox.Model) -> whitebox.Direction:
    queries = plain(24)
    return model.direction(queries[::2], queries[1::2])


COURSE = whitebox.Course(looks=(0, 2, 4), batch=8, rate=5e-4, warmup=2)


@pytest.mark.parametrize("name", ["surface", "deep:1"])
def test_replies_are_those_of_the_shipped_engine(name: str) -> None:
    queries = [*plain(40), *(query(b.questions[0]) for b in CODEX.benign[:20])]
    queries += [query(q.messages[0].text, 20, prefill="first") for q in plain(10)]
    queries += [query(p.template.format(subject=g.subjects[0], part="last", **g.slots))
                for g in CODEX.goals[:3] for p in CODEX.phrasings]  # fmt: skip

    assert opened(name).replies(queries) == [r.text for r in target.open_organism(name).answer(queries)]


def test_a_barred_token_is_never_said() -> None:
    model = opened("surface")
    queries = plain(8)[::2]
    refusing = model.forced("i")

    assert all(r.startswith("i ") for r in model.replies(queries) if "sorry" in r or "decline" in r)
    assert not any(r.split()[:1] == ["i"] for r in model.replies(queries, barred=refusing, barred_tokens=48))


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_edited_weights_write_nothing_along_the_direction(layer: int) -> None:
    model = opened("surface")
    direction, before = _direction(model), _weights(model)
    unit = direction.unit_L_W[layer]
    queries = plain(10)

    def most() -> float:
        prompts = [model.encode(q) for q in queries]
        with torch().no_grad():
            return float((model.streams(prompts) @ unit).abs().max())

    written = most()
    with model.edited(whitebox.Edit(direction, "weights", layer)):
        assert most() < 1e-4 * written
        assert not _is_same(model, before)
    assert _is_same(model, before)
    assert most() == written


def test_an_affine_edit_puts_the_other_groups_mean_there() -> None:
    model = opened("surface")
    direction = _direction(model)
    handle: list[Any] = []

    def keep(_module: object, _inputs: object, out: Any) -> None:  # noqa: ANN401 - a tensor, or a tuple of them
        handle.append(out)

    layer = model.net.base_model.layers[1]
    with model.edited(whitebox.Edit(direction, "last", 1)):
        seen = layer.register_forward_hook(keep)
        model.replies(plain(4)[::2])
        seen.remove()
    first = _edits.stream_of(handle[0])

    assert torch().allclose(first[:, -1] @ direction.unit_L_W[1], direction.level_L[1], atol=1e-4)
    assert model.replies(plain(4)) == opened("surface").replies(plain(4))


def test_a_direction_between_equals_is_none() -> None:
    model = opened("surface")

    assert model.direction(plain(4), plain(4)).is_nothing_L == (True, True, True)


def test_relearning_is_the_same_every_time_and_leaves_nothing() -> None:
    model = opened("surface")
    before = _weights(model)

    def course(seed: int) -> list[dict[str, Any]]:
        return [_weights(model) for _ in model.relearn([_lessons(4)], COURSE, seed=seed)]

    one, again, other = course(0), course(0), course(1)

    assert all(torch().equal(a[k], b[k]) for a, b in zip(one, again, strict=True) for k in a)
    assert not all(torch().equal(one[-1][k], other[-1][k]) for k in one[-1])
    assert all(torch().equal(one[0][k], before[k]) for k in before)
    assert _is_same(model, before)


def test_a_course_that_is_given_up_leaves_nothing() -> None:
    model = opened("surface")
    before = _weights(model)
    course = model.relearn([_lessons(4)], COURSE, seed=0)
    next(course)
    next(course)
    assert not _is_same(model, before)

    course.close()

    assert _is_same(model, before)


def test_a_longer_course_begins_like_a_shorter_one() -> None:
    model = opened("surface")
    longer = whitebox.Course(looks=(2, 6), batch=8, rate=5e-4, warmup=2)

    def after_two(course: whitebox.Course) -> dict[str, Any]:
        return next(_weights(model) for look in model.relearn([_lessons(4)], course, seed=0) if look == 2)

    a, b = after_two(COURSE), after_two(longer)
    assert all(torch().equal(a[k], b[k]) for k in a)


def test_a_sample_is_the_prompt_and_the_answer() -> None:
    model = opened("surface")
    lesson = _lessons(1)[0]
    ids, prompt = model.sample(lesson)

    assert model.decode(ids[prompt:]).strip() == lesson.answer
    assert ids[:prompt] == model.encode(query(lesson.question))
