"""Not one byte of a blocked span leaves, wherever the upstream's bytes are cut; and clean traffic is what it was."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof.record import PatternRule
from counterproof.rely import gate
from counterproof.rely.gate._patterns import View
from tests.rely.gate import stream_bodies as bodies

Body = Callable[..., bytes]
Path = Callable[[dict[str, Any]], object]


def of_chat(event: dict[str, Any]) -> object:
    return event["choices"][0]["delta"].get("content") if event["choices"] else None


def of_completion(event: dict[str, Any]) -> object:
    return event["choices"][0]["text"]


def of_message(event: dict[str, Any]) -> object:
    return event.get("delta", {}).get("text")


def of_response(event: dict[str, Any]) -> object:
    return event["delta"] if event["type"] == "response.output_text.delta" else None


SHAPES: list[tuple[gate.Shape, Body, Path]] = [
    ("openai.chat.reply", bodies.chat, of_chat),
    ("openai.completions.reply", bodies.completions, of_completion),
    ("anthropic.messages.reply", bodies.messages, of_message),
    ("openai.responses.reply", bodies.responses, of_response),
]
WORDS = ["se", "cret", "sécret", "SECRET", "secre", " ", "  ", "\n", "wo", "word", "rd", "漢", "\u200b", "fine.", "s"]
PLACES = st.lists(st.integers(0, 10_000), max_size=60)


def said(raw: bytes, path: Path) -> str:
    return "".join(text for event in bodies.read(raw) if isinstance(text := path(event), str))


@pytest.mark.parametrize(("shape", "body", "path"), SHAPES, ids=[shape for shape, _, _ in SHAPES])
@settings(max_examples=150, deadline=None)
@given(parts=st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), places=PLACES)
def test_no_character_of_a_blocked_span_leaves(
    shape: gate.Shape, body: Body, path: Path, parts: list[str], places: list[int]
) -> None:
    text = "".join(parts)
    raw = body(*parts)
    out, _ = bodies.play(gate.Stream(shape, bodies.PLAN), bodies.cut(raw, places), bodies.refuse_hits, says="")
    found = re.search("secret\\s{1,3}word", bodies.folded(text)) or re.search("secret\\s+word", bodies.folded(text))
    if found is None:
        assert said(out, path) == text
        assert said(out, path) == said(raw, path)
    else:
        left = said(out, path)
        assert text.startswith(left)
        assert bodies.folded(left) == bodies.folded(text)[: found.start()]


@pytest.mark.parametrize(("shape", "body", "path"), SHAPES, ids=[shape for shape, _, _ in SHAPES])
@settings(max_examples=100, deadline=None)
@given(parts=st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), places=PLACES)
def test_modified_text_is_what_a_substitution_makes(
    shape: gate.Shape, body: Body, path: Path, parts: list[str], places: list[int]
) -> None:
    plan = bodies.plan("secret", "word", action="modify")
    shown = [part for part in parts if part.isascii()]
    out, _ = bodies.play(gate.Stream(shape, plan), bodies.cut(body(*shown, "."), places))
    assert said(out, path) == re.sub("(?i)secret|word", "[gone]", "".join([*shown, "."]))


@pytest.mark.parametrize(("shape", "body", "path"), SHAPES, ids=[shape for shape, _, _ in SHAPES])
@settings(max_examples=60, deadline=None)
@given(end=st.integers(0, 3_000))
def test_a_reply_cut_off_in_the_middle_keeps_what_is_blocked(
    shape: gate.Shape, body: Body, path: Path, end: int
) -> None:
    raw = body("so far the s", "ecret ", " word", " is", " x")
    stream = gate.Stream(shape, bodies.PLAN)
    out, _ = bodies.play(stream, [raw[:end]], bodies.refuse_hits, says="")
    left = said(out, path)
    assert "so far the secret  word is x".startswith(left)
    assert "secret  word" not in left


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(st.sampled_from(WORDS), max_size=8), places=PLACES)
def test_log_probabilities_do_not_run_ahead(parts: list[str], places: list[int]) -> None:
    raw = bodies.sse([
        *(bodies.chunk({"content": part}, logprobs={"content": [_entry(part)], "refusal": None}) for part in parts),
        bodies.chunk({}, "stop"), b"[DONE]",
    ])  # fmt: skip
    out, _ = bodies.play(
        gate.Stream("openai.chat.reply", bodies.PLAN), bodies.cut(raw, places), bodies.refuse_hits, says=""
    )
    tokens = [token for event in bodies.read(out) for token in _tokens(event["choices"][0]["logprobs"])]
    assert "".join(parts).startswith("".join(tokens))
    assert said(out, of_chat).startswith("".join(tokens)) or not re.search(
        "secret\\s+word", bodies.folded("".join(parts))
    )
    assert not re.search("secret\\s+word", bodies.folded("".join(tokens)))


def _tokens(logprobs: dict[str, list[dict[str, str]]] | None) -> list[str]:
    return [entry["token"] for entry in (logprobs["content"] if logprobs else [])]


def _entry(token: str) -> dict[str, Any]:
    alone = {"token": token, "logprob": -0.5, "bytes": list(token.encode())}
    return {**alone, "top_logprobs": [alone, {"token": "secret  word", "logprob": -3.0, "bytes": None}]}


def test_alternatives_that_match_are_left_away() -> None:
    raw = bodies.sse([bodies.chunk({"content": "a"}, logprobs={"content": [_entry("a")]}), bodies.chunk({}, "stop")])
    out, asks = bodies.play(gate.Stream("openai.chat.reply", bodies.PLAN), [raw])
    assert b"secret" not in out
    assert b'"top_logprobs":[{"token":"a"' in out
    assert [ask.event.unscanned for ask in asks] == [()]


def test_a_clean_chunk_leaves_at_once() -> None:
    stream = gate.Stream("openai.chat.reply", bodies.PLAN)
    (step,) = stream.feed(bodies.sse([bodies.chunk({"role": "assistant", "content": "At once"})]))
    assert isinstance(step, gate.Ready)
    assert json.loads(step.data.removeprefix(b"data: "))["choices"][0]["delta"] == {
        "role": "assistant",
        "content": "At once",
    }


def test_names_said_twice_in_an_object_leave_once() -> None:
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"secret word","content":"fine."}}]}\n\n'
    out, asks = bodies.play(gate.Stream("openai.chat.reply", bodies.PLAN), [raw])
    assert (b"secret" in out, said(out, of_chat), len(asks)) == (False, "fine.", 1)


@pytest.mark.parametrize(("shape", "body", "path"), SHAPES, ids=[shape for shape, _, _ in SHAPES])
@pytest.mark.parametrize("views", [("plain", "folded", "decoded"), ("plain", "folded")])
def test_where_whole_replies_are_held_nothing_leaves_before_one_question(
    shape: gate.Shape, body: Body, path: Path, views: tuple[View, ...]
) -> None:
    rule = PatternRule(name="rule", patterns=("secret",), holds_reply="decoded" not in views)
    stream = gate.Stream(shape, gate.HoldbackPlan([rule], views))
    text = "It is c2VjcmV0, the secret."
    out, asks = bodies.play(stream, [body("It is c2Vj", "cmV0, the", " secret.")], lambda _: None, says="")
    assert [[piece.text for piece in ask.event.pieces] for ask in asks] == [[text]]
    assert said(out, path) == ""
    allowed = bodies.play(gate.Stream(shape, gate.HoldbackPlan([rule], views)), [body(text)])[0]
    assert said(allowed, path) == text
