"""The engine on random networks, against the formulas written out plainly in double precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from counterproof.measure.target import _generate
from counterproof.measure.target._decoder import ROWS, Decoder
from counterproof.measure.target._generate import Request, first_logits, generate

VOCAB, WIDTH, HEADS, LAYERS, MLP, CONTEXT, THETA, EPS, END = 50, 24, 3, 3, 40, 64, 10_000.0, 1e-5, 1
State = dict[str, NDArray[np.float32]]
Doubles = NDArray[np.float64]


def weights(seed: int) -> State:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.4, shape).astype(np.float32)

    state: State = {"model.embed_tokens.weight": draw(VOCAB, WIDTH), "model.norm.weight": 1 + draw(WIDTH)}
    for n in range(LAYERS):
        at = f"model.layers.{n}."
        state |= {f"{at}{norm}.weight": 1 + draw(WIDTH) for norm in ("input_layernorm", "post_attention_layernorm")}
        state |= {f"{at}self_attn.{p}_proj.weight": draw(WIDTH, WIDTH) for p in "qkvo"}
        state |= {f"{at}mlp.{p}_proj.weight": draw(MLP, WIDTH) for p in ("gate", "up")}
        state[f"{at}mlp.down_proj.weight"] = draw(WIDTH, MLP)
    return state


def norm(x: Doubles, weight: Doubles) -> Doubles:
    out: Doubles = x / np.sqrt((x**2).mean(-1, keepdims=True) + EPS) * weight
    return out


def turn(x_H_T_D: Doubles) -> Doubles:
    length, dim = x_H_T_D.shape[1:]
    frequency: Doubles = np.array([THETA ** (-n / dim) for n in range(0, dim, 2)] * 2)
    angle: Doubles = np.multiply.outer(np.arange(length, dtype=np.float64), frequency)
    cos, sin = np.cos(angle), np.sin(angle)
    out: Doubles = x_H_T_D * cos + np.concatenate([-x_H_T_D[..., dim // 2 :], x_H_T_D[..., : dim // 2]], -1) * sin
    return out


def attention(y_T_W: Doubles, w: dict[str, Doubles], at: str) -> Doubles:
    length, dim = len(y_T_W), WIDTH // HEADS
    q, k, v = ((y_T_W @ w[f"{at}{p}_proj.weight"].T).reshape(length, HEADS, dim).swapaxes(0, 1) for p in "qkv")
    scores = turn(q) @ turn(k).swapaxes(1, 2) / np.sqrt(dim) + np.triu(np.full((length, length), -np.inf), 1)
    share = np.exp(scores - scores.max(-1, keepdims=True))
    share /= share.sum(-1, keepdims=True)
    out: Doubles = (share @ v).swapaxes(0, 1).reshape(length, WIDTH) @ w[f"{at}o_proj.weight"].T
    return out


def plain_logits(state: State, tokens: Sequence[int]) -> Doubles:
    """Scores after the last token, nothing kept and nothing fused."""
    w = {k: v.astype(np.float64) for k, v in state.items()}
    x: Doubles = w["model.embed_tokens.weight"][list(tokens)]
    for n in range(LAYERS):
        at = f"model.layers.{n}."
        x = x + attention(norm(x, w[f"{at}input_layernorm.weight"]), w, f"{at}self_attn.")
        y = norm(x, w[f"{at}post_attention_layernorm.weight"])
        gate, up = y @ w[f"{at}mlp.gate_proj.weight"].T, y @ w[f"{at}mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[f"{at}mlp.down_proj.weight"].T
    return norm(x[-1], w["model.norm.weight"]) @ w["model.embed_tokens.weight"].T


def spy(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows that get read alone from now on."""
    rows: list[int] = []
    alone = decoder.alone

    def watched(tokens: Sequence[int], row: int) -> NDArray[np.float32]:
        rows.append(row)
        return alone(tokens, row)

    monkeypatch.setattr(decoder, "alone", watched)
    return rows


STATE = weights(0)
DECODER = Decoder(STATE, layers=LAYERS, heads=HEADS, context=CONTEXT, theta=THETA, eps=EPS)
PROMPT = st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=CONTEXT - 17).map(tuple)
REQUEST = st.builds(
    Request,
    prompt=PROMPT,
    limit=st.integers(1, 16),
    temperature=st.sampled_from([0.0, 0.0, 0.3, 1.0]),
    seed=st.integers(-(2**70), 2**70),
)


@settings(max_examples=30)
@given(st.lists(PROMPT, min_size=1, max_size=8))
def test_scores_are_those_of_the_plain_formulas(prompts: list[tuple[int, ...]]) -> None:
    found = first_logits(DECODER, [Request(p, 1) for p in prompts])

    for prompt, logits in zip(prompts, found, strict=True):
        np.testing.assert_allclose(logits, plain_logits(STATE, prompt), atol=2e-4)


@settings(max_examples=15)
@given(PROMPT)
def test_cached_steps_choose_what_the_plain_formulas_choose(prompt: tuple[int, ...]) -> None:
    said = generate(DECODER, [Request(prompt, 12)], END)[0]

    for step, token in enumerate(said):
        scores = plain_logits(STATE, [*prompt, *said[:step]])
        assert scores[token] >= scores.max() - 1e-3


@settings(max_examples=40)
@given(st.lists(REQUEST, min_size=1, max_size=20))
def test_neighbours_and_places_change_nothing(requests: list[Request]) -> None:
    together = generate(DECODER, requests, END)
    order = sorted(range(len(requests)), key=lambda i: (requests[i].limit, -i))

    shuffled = generate(DECODER, [requests[i] for i in order], END)

    assert [together[i] for i in order] == shuffled
    assert together == [generate(DECODER, [r], END)[0] for r in requests]


@settings(max_examples=40)
@given(st.lists(REQUEST, min_size=1, max_size=12))
def test_limits_and_end_marks_are_kept(requests: list[Request]) -> None:
    for request, said in zip(requests, generate(DECODER, requests, END), strict=True):
        assert 1 <= len(said) <= request.limit
        assert END not in said[:-1]
        assert len(said) == request.limit or said[-1] == END


def test_more_rows_than_one_batch_holds() -> None:
    rng = np.random.default_rng(1)
    requests = [
        Request(tuple(rng.integers(0, VOCAB, rng.integers(1, 40)).tolist()), int(rng.integers(1, 20)))
        for _ in range(ROWS + 60)
    ]

    together = generate(DECODER, requests, END)

    assert together == [said for r in requests for said in generate(DECODER, [r], END)]


def test_settling_every_choice_alone_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    requests = [
        Request(tuple(rng.integers(0, VOCAB, 9).tolist()), 12, temperature=float(n % 2), seed=n) for n in range(24)
    ]
    quickly = generate(DECODER, requests, END)
    asked = spy(DECODER, monkeypatch)
    monkeypatch.setattr(_generate, "NEAR", 1e9)

    assert generate(DECODER, requests, END) == quickly
    assert len(asked) == sum(map(len, quickly))


def test_an_exact_tie_is_settled_alone_and_takes_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {k: v.copy() for k, v in STATE.items()}
    state["model.embed_tokens.weight"][7] = state["model.embed_tokens.weight"][5]
    decoder = Decoder(state, layers=LAYERS, heads=HEADS, context=CONTEXT, theta=THETA, eps=EPS)
    settled = spy(decoder, monkeypatch)
    prompts = [Request((a, b), 1) for a in range(VOCAB) for b in range(0, VOCAB, 5)]

    said = {tokens[0] for tokens in generate(decoder, prompts, END)}

    assert settled
    assert 7 not in said


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_sampling_follows_softmax(temperature: float) -> None:
    """Each token's share over n draws lies within 5 standard errors of its probability."""
    n = 2000
    scores = plain_logits(STATE, [3, 4])
    share = np.exp((scores - scores.max()) / temperature)
    share /= share.sum()

    said = generate(DECODER, [Request((3, 4), 1, temperature, seed) for seed in range(n)], END)

    count = np.bincount([tokens[0] for tokens in said], minlength=VOCAB)
    assert (np.abs(count / n - share) <= 5 * np.sqrt(share * (1 - share) / n) + 1 / n).all()


def test_nothing_to_do() -> None:
    assert generate(DECODER, [], END) == []
