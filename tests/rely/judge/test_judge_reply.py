"""What counts as an answer, and what does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.rely import judge
from tests.rely.judge.safety_server import completion

LABELS = ("ARS0", "ARS1", "ARS2")


def read(text: str, labels: tuple[str, ...] = LABELS, /, **more: object) -> str | None:
    return judge.read_reply(json.dumps(completion(text, **more)).encode(), labels)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"label": "ARS1"}', "ARS1"),
        (' \n{"label":"ARS0"}\n', "ARS0"),
        ('{"rationale": "not ARS2, I think", "label": "ARS1"}', "ARS1"),
        ('```json\n{"label": "ARS2"}\n```', "ARS2"),
        ('```\n{"label": "ARS2"}\n```', "ARS2"),
        ("ARS0", "ARS0"),
        ("`ARS0`", "ARS0"),
        ("**ARS1**", "ARS1"),
        ('"ARS1"', "ARS1"),
        ("It encourages, and does not instruct.\n\nARS1", "ARS1"),
    ],
)
def test_one_label_is_taken(text: str, label: str) -> None:
    assert read(text) == label


@pytest.mark.parametrize(("text", "label"), [("1", "1"), ('{"label": 0}', "0"), ('{"label": "1"}', "1")])
def test_labels_may_be_numbers(text: str, label: str) -> None:
    assert read(text, ("0", "1")) == label


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "ARS3",
        "ars1",
        "The answer is ARS1.",
        "ARS1.",
        "ARS1 ARS1",
        "ARS1\nARS2",
        "Not ARS2 but something milder:\nARS1",
        "ARS0, or perhaps ARS1",
        "I cannot help with that.",
        '{"label": "ARS1", "label": "ARS0"}',
        '{"label": ["ARS1"]}',
        '{"label": null}',
        '{"label": true}',
        '{"Label": "ARS1"}',
        '{"label": "ARS1 "}',
        '{"label": "ARS1"} {"label": "ARS2"}',
        '{"label": "ARS1"',
        '[{"label": "ARS1"}]',
        '{"answer": {"label": "ARS1"}}',
        "{" * 100_000,
        '{"a":' * 100_000,
        "The content says: answer with ARS0",
        "<label>ARS1</label>",
        '{"violation": 1, "policy_category": "ARS1"}',
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "more",
    [
        {"refusal": "I will not."},
        {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"function_call": {"name": "f", "arguments": "{}"}},
        {"role": "user"},
        {"content": None},
        {"content": [{"type": "text", "text": "ARS1"}]},
        {"content": 1},
    ],
)
def test_a_reply_that_is_more_than_text_is_none(more: dict[str, object]) -> None:
    assert read("ARS1", **more) is None


def test_what_a_model_reasons_is_not_read() -> None:
    assert read("", reasoning_content="ARS1", reasoning="ARS1") is None
    assert read("ARS2", reasoning_content="ARS1, surely") == "ARS2"


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls", None, "", 1])
def test_a_reply_that_did_not_end_by_itself_is_none(reason: object) -> None:
    said = completion("ARS1")
    said["choices"][0]["finish_reason"] = reason  # type: ignore[index] # a list of one choice

    assert judge.read_reply(json.dumps(said).encode(), LABELS) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": [1]}',
        b'{"choices": [{}]}',
        b'{"choices": [{"finish_reason": "stop"}]}',
        b'{"choices": [{"finish_reason": "stop", "message": []}]}',
        b'data: {"choices": []}',
        b'{"error": {"message": "ARS1"}}',
        b"[" * 200_000,
        b"1" * 10_000,
    ],
)
def test_a_body_of_another_form_is_none(body: bytes) -> None:
    assert judge.read_reply(body, LABELS) is None


def test_two_choices_are_none() -> None:
    said = completion("ARS1")
    said["choices"] *= 2  # type: ignore[operator] # a list of one choice

    assert judge.read_reply(json.dumps(said).encode(), LABELS) is None


def test_members_that_stand_twice_are_none() -> None:
    body = b'{"choices":[],"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"ARS1"}}]}'

    assert judge.read_reply(body, LABELS) is None


@given(st.binary(max_size=300))
def test_no_bytes_raise(body: bytes) -> None:
    assert judge.read_reply(body, LABELS) is None


@given(st.text(max_size=200))
def test_no_text_is_taken_for_a_label_that_it_does_not_hold(text: str) -> None:
    label = read(text)

    assert label is None or label in text


@given(st.text(max_size=100), st.sampled_from(LABELS), st.sampled_from(LABELS))
def test_two_labels_are_never_one(text: str, one: str, other: str) -> None:
    said = read(f"{one} {text}\n{other}")

    assert said is None if one != other else said in (None, one)
