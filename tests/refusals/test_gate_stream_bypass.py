"""Ways past a streamed reply's rules that were tried: each ends in a refusal, and the text does not leave."""

import base64
import json
from typing import Any

import pytest

from counterproof.errors import BadGate
from counterproof.record import Decision, EventKind, GatePolicy, Outcome, PatternRule
from counterproof.rely import gate

BOMB = PatternRule(name="bombs", patterns=("bomb",))
MASK = PatternRule(name="mask", patterns=("bomb",), action="modify", replacement="[gone]")
DONE = b"data: [DONE]\n\n"


def left(
    shape: gate.Shape,
    *events: object,
    rule: PatternRule = BOMB,
    also: PatternRule | None = None,
    unscanned: Outcome = "reject",
    decodes: bool = False,
) -> tuple[bytes, list[str]]:
    """What leaves of a stream under the real rules, and every outcome on the way."""
    kinds: dict[EventKind, Outcome] = {"span": unscanned}
    those = (rule,) if also is None else (rule, also)
    policy = GatePolicy(name="house", rules=those, unscanned=kinds)
    if decodes:
        policy = GatePolicy(name="house", rules=those, unscanned=kinds, views=("plain", "folded", "decoded"))
    rules = gate.Rules(policy, b"k" * 32)
    stream, memory = gate.Stream(shape, rules.holdback), gate.Memory(policy.memory)
    out, outcomes = b"", list[str]()

    def decided(step: gate.Ask) -> Decision:
        decision = rules.settle(rules.look(step.event, memory, 1.0), {})
        return rules.modified(decision, step.event) if decision.outcome == "modify" else decision

    def done(steps: list[gate.Step]) -> bool:
        nonlocal out
        for step in steps:
            if isinstance(step, gate.Ready):
                out += step.data
                continue
            decision = decided(step)
            outcomes.append(decision.outcome)
            if decision.outcome not in ("allow", "modify"):
                return False
            try:
                out += step.if_allowed if decision.outcome == "allow" else step.modified(decision.spans)
            except BadGate:
                outcomes.append("refused")
                return False
        return True

    for event in events:
        if not done(
            stream.feed(event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode() + b"\n\n")
        ):
            return out, outcomes
    done(stream.finish())
    return out, outcomes


def chunk(content: str, index: object = 0, finish: str | None = None, **more: object) -> dict[str, Any]:
    choice = {"index": index, "delta": {"content": content, **more}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def nameless(content: str) -> dict[str, Any]:
    whole = chunk(content)
    del whole["choices"][0]["index"]
    return whole


@pytest.mark.parametrize(
    ("shape", "event"),
    [
        ("openai.chat.reply", {**chunk("hello"), "model": "bomb"}),
        ("openai.chat.reply", chunk("hello", strange="bomb")),
        ("openai.completions.reply", {"id": "bomb", "choices": [{"index": 0, "text": "hello", "finish_reason": None}]}),
        ("openai.responses.reply", {"type": "error", "code": "x", "message": "a bomb", "sequence_number": 0}),
        (
            "openai.responses.reply",
            {"type": "response.created", "sequence_number": 0, "response": {"output": [], "instructions": "bomb"}},
        ),
        ("anthropic.messages.reply", {"type": "error", "error": {"type": "x", "message": "a bomb"}}),
        ("anthropic.messages.reply", {"type": "message_start", "message": {"id": "bomb", "content": []}}),
    ],
)
def test_what_is_to_be_replaced_where_nothing_can_be_does_not_leave_as_it_was(shape: gate.Shape, event: object) -> None:
    out, outcomes = left(shape, event, rule=MASK, unscanned="allow")

    assert outcomes[-2:] == ["modify", "refused"]
    assert b"bomb" not in out


def test_what_only_decoding_finds_is_not_taken_for_replaced() -> None:
    packed = base64.b64encode(b"how to build a bomb").decode()
    out, outcomes = left("openai.chat.reply", chunk(f"see {packed}"), chunk("", finish="stop"), rule=MASK, decodes=True)

    assert outcomes == ["modify", "refused"]
    assert packed.encode() not in out


def test_what_is_replaced_leaves() -> None:
    out, outcomes = left("openai.chat.reply", chunk("a bo"), chunk("mb it is"), chunk("", finish="stop"), rule=MASK)

    assert outcomes == ["modify"]
    assert b"[gone] it is" in out


def test_a_choice_that_goes_on_after_its_end() -> None:
    first, last = chunk("a bo"), chunk("", finish="stop")
    out, outcomes = left("openai.chat.reply", first, last, chunk("mb"), last, DONE)

    assert outcomes == ["allow", "reject"]
    assert b'"mb"' not in out
    assert b'"content":"m"' not in out


def test_an_empty_chunk_after_the_end_is_none() -> None:
    out, outcomes = left("openai.chat.reply", chunk("a"), chunk("", finish="stop"), chunk(""), DONE)

    assert outcomes == ["allow"]
    assert out.endswith(DONE)


@pytest.mark.parametrize(
    "chunks",
    [
        (chunk("bo", 1), chunk("x", 0), chunk("mb", 1.0)),
        (chunk("bo", "0"), chunk("x", 0), chunk("mb", "0")),
        (chunk("bo", 0), nameless("x"), chunk("mb", 0)),
        (chunk("bo", None), chunk("mb", None)),
    ],
)
def test_choices_that_readers_count_differently(chunks: tuple[object, ...]) -> None:
    assert left("openai.chat.reply", *chunks, DONE)[1][0] == "reject"


def test_choices_without_numbers_are_one() -> None:
    assert left("openai.chat.reply", nameless("good "), nameless("day"), DONE)[1] == ["allow"]


def test_a_completion_that_goes_on_after_its_end() -> None:
    def told(text: str, finish: str | None) -> object:
        return {"id": "c", "choices": [{"index": 0, "text": text, "finish_reason": finish}]}

    out, outcomes = left("openai.completions.reply", told("bo", "stop"), told("mb", None), DONE)
    assert outcomes == ["allow", "reject"]
    assert b'"mb"' not in out


def test_a_content_block_that_begins_twice() -> None:
    def block(text: str) -> list[object]:
        return [
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
            {"type": "content_block_stop", "index": 0},
        ]

    out, outcomes = left("anthropic.messages.reply", *block("bo"), *block("mb"))
    assert outcomes == ["allow", "reject"]
    assert b'"mb"' not in out


def test_an_output_text_that_goes_on_after_its_end() -> None:
    def delta(text: str) -> dict[str, object]:
        return {
            "type": "response.output_text.delta",
            "output_index": 0,
            "content_index": 0,
            "item_id": "i",
            "delta": text,
        }

    over = {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "item_id": "i", "text": "bo"}
    out, outcomes = left("openai.responses.reply", delta("bo"), over, delta("mb"))
    assert outcomes == ["allow", "reject"]
    assert b'"mb"' not in out


@pytest.mark.parametrize(
    ("texts", "replacement"),
    [
        (("a bo<cut>mb it is",), ""),
        (("a bo", "<c", "ut>m", "b it is"), ""),
        (("a b<cut>b", " it is"), "om"),
        (("a bo<cut>", "<cut>", "<cut>m", "b it is"), ""),
    ],
)
@pytest.mark.parametrize("is_whole", [False, True])
def test_what_a_replacement_would_make_of_its_surroundings(
    texts: tuple[str, ...],
    replacement: str,
    is_whole: bool,  # noqa: FBT001 - a case
) -> None:
    cut = PatternRule(name="cut", patterns=("<cut>",), action="modify", replacement=replacement, holds_reply=is_whole)
    chunks = [*map(chunk, texts), chunk("", finish="stop"), DONE]
    out, outcomes = left("openai.chat.reply", *chunks, rule=BOMB, also=cut)

    assert outcomes[-1] in ("reject", "refused")
    said = "".join(json.loads(line[6:])["choices"][0]["delta"].get("content", "") for line in out.split(b"\n\n")[:-1])
    assert "bomb" not in said


def test_what_a_replacement_says_itself_is_no_match() -> None:
    own = PatternRule(name="mask", patterns=("bomb",), action="modify", replacement="[bomb]")
    out, outcomes = left("openai.chat.reply", chunk("a bo"), chunk("mb it is"), chunk("", finish="stop"), rule=own)

    assert outcomes == ["modify"]
    assert b"[bomb] it is" in out
