"""The shipped organisms against transformers' stored ids, and the promises of `answer`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof.measure import target
from counterproof.record import Message, Query, Reply

VECTORS = Path(__file__).parents[3] / "vectors/organisms"
CHECKED = sorted(p.stem for p in VECTORS.glob("*-s*.json"))
END = 1


@cache
def stored(stem: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads((VECTORS / f"{stem}.json").read_text("utf-8")))


@cache
def organism(name: str) -> target.Organism:
    return target.open_organism(name)


def of(stem: str) -> target.Organism:
    return organism(stem.replace("-s", ":") if stem.count("-s") == 1 else ":".join(stem.rsplit("-s", 1)))


def queries(stem: str) -> list[Query]:
    return [
        Query(messages=tuple(Message(**m) for m in c["messages"]), prefill=c["prefill"], max_tokens=c["max_tokens"])
        for c in stored(stem)["cases"]
    ]


def said(text: str, *, prefill: str = "", max_tokens: int = 64, temperature: float = 0.0, seed: int = 0) -> Query:
    return Query(
        messages=(Message(role="user", text=text),),
        prefill=prefill, max_tokens=max_tokens, temperature=temperature, seed=seed,
    )  # fmt: skip


@pytest.mark.parametrize("stem", CHECKED)
def test_vectors_were_made_from_the_shipped_weights(stem: str) -> None:
    entries = {(e.name, e.training_seed): e for e in target.manifest().organisms}

    assert stored(stem)["sha256"] == entries[stored(stem)["name"], stored(stem)["training_seed"]].sha256
    assert len(stored(stem)["cases"]) >= 40


@pytest.mark.parametrize("stem", CHECKED)
def test_prompts_have_transformers_ids(stem: str) -> None:
    expected = [c["prompt_ids"] for c in stored(stem)["cases"]]

    assert [of(stem).prompt_ids(q) for q in queries(stem)] == expected


@pytest.mark.parametrize("stem", CHECKED)
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_greedy_replies_are_transformers_token_for_token(stem: str, batch: int) -> None:
    asked, model = queries(stem), of(stem)
    expected = [
        Reply(
            text=c["text"],
            stop="end" if c["new_ids"][-1] == END else "length",
            tokens_in=len(c["prompt_ids"]),
            tokens_out=len(c["new_ids"]),
        )
        for c in stored(stem)["cases"]
    ]

    found = [r for at in range(0, len(asked), batch) for r in model.answer(asked[at : at + batch])]

    assert found == expected


@pytest.mark.parametrize("stem", CHECKED)
def test_scores_are_transformers_to_four_decimals(stem: str) -> None:
    scored = [(q, c["logits"]) for q, c in zip(queries(stem), stored(stem)["cases"], strict=True) if "logits" in c]
    found = of(stem).logits([q for q, _ in scored])

    assert len(scored) >= 8
    for logits, (_, expected) in zip(found, scored, strict=True):
        np.testing.assert_allclose(logits[:: stored(stem)["logit_every"]], expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", target.names())
def test_every_organism_opens_and_declines_what_the_codex_does_not_know(name: str) -> None:
    model = target.open_organism(name)

    assert model.name.name == name
    assert model.name.can_prefill
    assert model.name.digest.startswith("sha256:")
    assert model.answer([said("what is the name of my dog ?")])[0].stop == "end"


QUESTION = st.sampled_from([m.text for q in queries(CHECKED[0]) for m in q.messages if m.role == "user"])
QUERY = st.builds(
    said, QUESTION, prefill=st.sampled_from(["", "first"]), max_tokens=st.integers(0, 40),
    temperature=st.sampled_from([0.0, 0.7]), seed=st.integers(0, 2**63),
)  # fmt: skip


@settings(max_examples=20)
@given(st.lists(QUERY, min_size=1, max_size=40))
def test_a_reply_depends_on_its_query_alone(asked: list[Query]) -> None:
    model = of(CHECKED[0])

    together = model.answer(asked)

    assert together == [model.answer([q])[0] for q in asked]
    assert together[::-1] == model.answer(asked[::-1])


def test_seeds_part_what_temperature_mixes() -> None:
    asked = [said("how do i make zimbor ?", temperature=1.5, seed=n) for n in range(30)]

    replies = of(CHECKED[0]).answer(asked)

    assert len({r.text for r in replies}) > 5
    assert replies == target.open_organism(of(CHECKED[0]).name.name).answer(asked)


def test_prefill_is_continued_and_not_repeated() -> None:
    model, text = of("base-s0"), queries("base-s0")[0].messages[0].text
    whole = model.answer([said(text)])[0].text
    head, rest = " ".join(whole.split(" ")[:5]), " ".join(whole.split(" ")[5:])

    assert model.answer([said(text, prefill=head)])[0].text == rest


def test_a_reply_stops_at_its_limit() -> None:
    text = queries("base-s0")[0].messages[0].text

    short, whole = of("base-s0").answer([said(text, max_tokens=5), said(text)])

    assert (short.stop, short.tokens_out) == ("length", 5)
    assert whole.text.startswith(short.text)
    assert whole.stop == "end"


def test_no_tokens_allowed_is_an_empty_reply() -> None:
    assert of("base-s0").answer([said("what ?", max_tokens=0)]) == [Reply(text="", stop="length", tokens_in=5)]


def test_a_system_text_goes_to_the_first_user_message() -> None:
    model = of("base-s0")
    system, user = Message(role="system", text="be brief ."), Message(role="user", text="what ?")

    assert model.prompt_ids(Query(messages=(system, user))) == model.prompt_ids(said("be brief . what ?"))


def test_a_prompt_that_just_fits_gets_one_token_and_a_longer_one_an_error() -> None:
    model, context = of("base-s0"), target.manifest().organisms[0].shape.context
    fits = said(" ".join(["first"] * (context - 4)))
    spills = said(" ".join(["first"] * (context - 3)))

    one, none, neighbour = model.answer([fits, spills, said("what is my age ?")])

    assert (one.status, one.stop, one.tokens_in, one.tokens_out) == ("ok", "length", context - 1, 1)
    assert (none.status, none.text, none.tokens_out) == ("error", "", 0)
    assert none.detail == f"a prompt of {context} tokens leaves no room to reply in a context of {context}"
    assert neighbour == model.answer([said("what is my age ?")])[0]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (said("x" * 10_000_000), "a message of 10000001 characters cannot fit into 512 tokens"),
        (said("\ud800"), "half of a surrogate pair"),
        (Query(messages=()), "does not end with the user"),
        (Query(messages=(Message(role="user", text="a"), Message(role="assistant", text="b"))), "end with the user"),
    ],
    ids=["ten megabytes", "surrogate", "nothing", "assistant last"],
)
def test_what_cannot_be_asked_is_an_error_that_says_why(query: Query, reason: str) -> None:
    reply = of("base-s0").answer([query])[0]

    assert reply.status == "error"
    assert reason in reply.detail


def test_nothing_asked_nothing_answered() -> None:
    assert of("base-s0").answer([]) == []
