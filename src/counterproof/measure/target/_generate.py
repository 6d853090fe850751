"""Continuations of many prompts at once: which share a batch, which token comes next, and who is done.

Rows that finish leave the batch: the last live row takes their place. A continuation depends on its own request alone,
whoever shares the batch: scores move in their last bits with the batch's shape, by 1e-5 at most where we looked, so any
choice that a change of `NEAR` could turn is made again from scores of that row read alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterproof.measure.target._decoder import BUCKET, PREFILL_POSITIONS, ROWS, SLOTS, Decoder, Floats, Ints, whole

NEAR = 5e-4  # in units of a score, or of probability times temperature; 50 times what batches were seen to move


@dataclass(frozen=True)
class Request:
    """Token ids to continue by at most `limit` tokens: the likeliest at `temperature` 0, else drawn from `seed`."""

    prompt: tuple[int, ...]
    limit: int
    temperature: float = 0.0
    seed: int = 0

    @property
    def slots(self) -> int:
        """Room in the cache, in whole buckets."""
        return whole(len(self.prompt) + self.limit, BUCKET)


def generate(decoder: Decoder, requests: Sequence[Request], end: int) -> list[list[int]]:
    """New tokens of each request, in order, with the end mark if it came; every limit is at least 1."""
    out: list[list[int]] = [[] for _ in requests]
    for group in _groups(requests):
        chosen = [requests[i] for i in group]
        with np.errstate(over="ignore"):  # exp(-gate) may be infinite, and then silu is 0, as it should be
            said = _Run(decoder, chosen, end).tokens()
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
        length = whole(len(requests[at].prompt), BUCKET)
        most = max(1, PREFILL_POSITIONS // length)
        count = 0
        for request in requests[at : at + most]:
            if whole(len(request.prompt), BUCKET) != length:
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

    def __call__(self, logits_B_V: Floats, owner_B: Ints, step: int) -> tuple[Ints, NDArray[np.bool_]]:
        """The next token of each row, whose request has the number `owner_B`, and which choices are near ties."""
        tokens_B, near_B = _likeliest(logits_B_V)
        if self._any_hot:
            hot = np.flatnonzero(self._heat_R[owner_B] > 0)
            if len(hot):
                heat, draws = self._heat_R[owner_B[hot]], self._draws_R_N[owner_B[hot], step]
                tokens_B[hot], near_B[hot] = _sampled(logits_B_V[hot], heat, draws)
        return tokens_B, near_B


def _likeliest(logits_B_V: Floats) -> tuple[Ints, NDArray[np.bool_]]:
    """The highest score's token, and whether the second is near."""
    rows, tokens_B = np.arange(len(logits_B_V)), logits_B_V.argmax(axis=1)
    best_B = logits_B_V[rows, tokens_B]
    logits_B_V[rows, tokens_B] = -np.inf
    near_B = best_B - logits_B_V.max(axis=1) < NEAR
    logits_B_V[rows, tokens_B] = best_B
    return tokens_B, near_B


def _sampled(
    logits_B_V: Floats, heat_B: NDArray[np.float64], draws_B: NDArray[np.float64]
) -> tuple[Ints, NDArray[np.bool_]]:
    """Inverse-transform sampling from softmax(logits / temperature), and whether the draw fell near a boundary."""
    scaled = (logits_B_V - logits_B_V.max(axis=1, keepdims=True)).astype(np.float64) / heat_B[:, None]
    total_B_V = np.cumsum(np.exp(scaled), axis=1)
    total_B_V /= total_B_V[:, -1:]
    over_B_V = total_B_V - draws_B[:, None]
    tokens_B: Ints = (over_B_V <= 0).sum(axis=1)
    near_B = np.abs(over_B_V).min(axis=1) < NEAR / heat_B
    return np.minimum(tokens_B, logits_B_V.shape[1] - 1), near_B


class _Run:
    """One group from its prompts to the last row's end."""

    def __init__(self, decoder: Decoder, requests: Sequence[Request], end: int) -> None:
        self._decoder, self._requests, self._end = decoder, requests, end
        self._live = len(requests)
        self._limit_R, self._owner_R = np.array([r.limit for r in requests]), np.arange(self._live)
        self._said_R_N = np.full((self._live, max(r.limit for r in requests)), end, np.intp)
        self._choose = _Chooser(requests)
        decoder.begin(self._live, requests[-1].slots)
        _read(decoder, requests)

    def tokens(self) -> list[list[int]]:
        """Every request's new tokens."""
        logits = self._decoder.first_logits(self._live)
        for step in range(self._said_R_N.shape[1]):
            chosen = self._chosen(logits, step)
            owner = self._owner_R[: self._live]
            self._said_R_N[owner, step] = chosen
            done = (chosen == self._end) | (self._limit_R[owner] <= step + 1)
            if done.any():
                self._retire(chosen, np.flatnonzero(done)[::-1].tolist())
                if not self._live:
                    break
            logits = self._decoder.step(chosen[: self._live])
        return [_until(row, r.limit, self._end) for row, r in zip(self._said_R_N.tolist(), self._requests, strict=True)]

    def _chosen(self, logits_B_V: Floats, step: int) -> Ints:
        """The next token of each live row, near ties settled by the row alone."""
        owner = self._owner_R[: self._live]
        tokens, near = self._choose(logits_B_V, owner, step)
        if near.any():
            for row in np.flatnonzero(near).tolist():
                whose = owner[row : row + 1]
                so_far = [*self._requests[int(whose[0])].prompt, *self._said_R_N[int(whose[0]), :step].tolist()]
                settled, _ = self._choose(self._decoder.alone(so_far, row), whose, step)
                tokens[row] = settled[0]
        return tokens

    def _retire(self, chosen_B: Ints, rows: list[int]) -> None:
        """Takes rows out of the batch, from the last to the first, closing each gap with the last live row."""
        for row in rows:
            self._live -= 1
            if row != self._live:
                self._decoder.move(self._live, row)
                chosen_B[row], self._owner_R[row] = chosen_B[self._live], self._owner_R[self._live]


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
            out |= dict(zip(group, decoder.first_logits(len(group)).copy(), strict=True))
    return [out[i] for i in range(len(requests))]
