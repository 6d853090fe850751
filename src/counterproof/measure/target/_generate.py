"""Continuations of many prompts at once: which share a batch, which token comes next, and who is done.

A continuation depends on its own request alone. Rows that finish leave the batch: the last live row takes their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterproof.measure.target._decoder import BLOCK, PREFILL_POSITIONS, ROWS, SLOTS, Decoder, Floats, Ints, whole


@dataclass(frozen=True)
class Request:
    """Token ids to continue by at most `limit` tokens; `temperature` 0 takes the likeliest token, `seed` feeds others."""

    prompt: tuple[int, ...]
    limit: int
    temperature: float = 0.0
    seed: int = 0

    @property
    def slots(self) -> int:
        """Room in the cache, in whole blocks."""
        return whole(len(self.prompt) + self.limit, BLOCK)


def generate(decoder: Decoder, requests: Sequence[Request], end: int) -> list[list[int]]:
    """New tokens of each request, in order, with the end mark if it came; every limit is at least 1."""
    out: list[list[int]] = [[] for _ in requests]
    for group in _groups(requests):
        chosen = [requests[i] for i in group]
        with np.errstate(over="ignore"):  # exp(-gate) may be infinite, and then silu is 0, as it should be
            said = _run(decoder, chosen, end)
        for i, tokens in zip(group, said, strict=True):
            out[i] = tokens
    return out


def _groups(requests: Sequence[Request]) -> Iterator[list[int]]:
    """Numbers of requests that run together: of like length, within the cache's rows and slots."""
    order = sorted(range(len(requests)), key=lambda i: (requests[i].slots, len(requests[i].prompt), i))
    group: list[int] = []
    for i in order:
        if group and (len(group) == ROWS or (len(group) + 1) * requests[i].slots > SLOTS):
            yield group
            group = []
        group.append(i)
    if group:
        yield group


def _read(decoder: Decoder, requests: Sequence[Request]) -> None:
    """Prefills every prompt into the row of its number, those of one length in as few passes as the scratch allows."""
    at = 0
    while at < len(requests):
        length = whole(len(requests[at].prompt), BLOCK // 2)
        most = max(1, PREFILL_POSITIONS // length)
        count = 0
        for request in requests[at : at + most]:
            if whole(len(request.prompt), BLOCK // 2) != length:
                break
            count += 1
        decoder.prefill([r.prompt for r in requests[at : at + count]], at)
        at += count


class _Chooser:
    """Picks next tokens; each sampled request draws from its own Philox stream, whoever its neighbours are."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._heat_R = np.array([r.temperature for r in requests])
        self._any_hot = bool((self._heat_R > 0).any())
        most = max(r.limit for r in requests)
        self._draws_R_N = np.zeros((len(requests), most if self._any_hot else 0))
        for row, request in enumerate(requests):
            if request.temperature > 0:
                philox = np.random.Philox(key=request.seed & (2**128 - 1))
                self._draws_R_N[row, : request.limit] = np.random.Generator(philox).random(request.limit)

    def __call__(self, logits_B_V: Floats, owner_B: Ints, step: int) -> Ints:
        """The next token of each row, whose request has the number `owner_B`."""
        tokens: Ints = logits_B_V.argmax(axis=1)
        if self._any_hot:
            hot = np.flatnonzero(self._heat_R[owner_B] > 0)
            if len(hot):
                owner = owner_B[hot]
                tokens[hot] = _sampled(logits_B_V[hot], self._heat_R[owner], self._draws_R_N[owner, step])
        return tokens


def _sampled(logits_B_V: Floats, heat_B: NDArray[np.float64], draws_B: NDArray[np.float64]) -> Ints:
    """Inverse-transform sampling from softmax(logits / temperature) with one uniform draw per row."""
    scaled = (logits_B_V - logits_B_V.max(axis=1, keepdims=True)).astype(np.float64) / heat_B[:, None]
    total = np.cumsum(np.exp(scaled), axis=1)
    below: Ints = (total <= draws_B[:, None] * total[:, -1:]).sum(axis=1)
    return np.minimum(below, logits_B_V.shape[1] - 1)


def _run(decoder: Decoder, requests: Sequence[Request], end: int) -> list[list[int]]:
    """One group from its prompts to the last row's end."""
    live, most = len(requests), max(r.limit for r in requests)
    decoder.begin(live, requests[-1].slots)
    _read(decoder, requests)
    choose = _Chooser(requests)
    limit_R, owner = np.array([r.limit for r in requests]), np.arange(live)
    said_R_N = np.full((live, most), end, np.intp)
    logits = decoder.first_logits(live)
    for step in range(most):
        tokens = choose(logits, owner[:live], step)
        said_R_N[owner[:live], step] = tokens
        done = (tokens == end) | (limit_R[owner[:live]] <= step + 1)
        if done.any():
            for row in np.flatnonzero(done)[::-1].tolist():
                live -= 1
                if row != live:
                    decoder.move(live, row)
                    tokens[row], owner[row] = tokens[live], owner[live]
            if not live:
                break
        logits = decoder.step(tokens[:live])
    return [_until(row, r.limit, end) for row, r in zip(said_R_N.tolist(), requests, strict=True)]


def _until(tokens: list[int], limit: int, end: int) -> list[int]:
    """The tokens up to the end mark, which is kept, or up to the limit."""
    tokens = tokens[:limit]
    return tokens[: tokens.index(end) + 1] if end in tokens else tokens


def first_logits(decoder: Decoder, requests: Sequence[Request]) -> list[Floats]:
    """Scores over the vocabulary after each prompt, (V,) each."""
    out: dict[int, Floats] = {}
    for group in _groups(requests):
        decoder.begin(len(group), requests[group[-1]].slots)
        with np.errstate(over="ignore"):
            _read(decoder, [requests[i] for i in group])
            for i, row in zip(group, decoder.first_logits(len(group)).copy(), strict=True):
                out[i] = row
    return [out[i] for i in range(len(requests))]
