"""A Llama-layout decoder in NumPy: one pass over prompts, then one token per live row and step, keys and values kept.

Rows are aligned at their beginning, so that a row's slots are its positions. Softmax's denominator is one more column
of the product with the values. Sums in matrix products depend in their last bits on the shape of the batch; `alone`
gives scores that depend on one row's tokens only, for the caller to settle near ties by.

Layout: RMSNorm (Zhang and Sennrich 2019), rotary positions (Su et al. 2021) in the rotate-half form, SwiGLU (Shazeer
2020), tied embeddings. Array names end in their dimensions: R rows of the cache, B rows in use, T positions, P
positions of all rows in one list, L slots, W width, V vocabulary, X queries, keys or values of all heads side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUCKET = 8  # prompts of one bucket of lengths are read in one pass
PREFILL_POSITIONS = 1536  # so that the scratch of one pass stays in the processor's cache
ROWS = 144  # of one batch at most
SLOTS = 13_824  # of all rows together: 144 rows of 96 slots, or 27 rows of 512

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]


def whole(count: int, unit: int) -> int:
    """The least multiple of `unit` that is no less than `count`."""
    return -(-count // unit) * unit


@dataclass(frozen=True)
class _Layer:
    """One layer's matrices, inputs first, the norms' weights and the attention's scale folded in."""

    qkv: Floats  # (W, 2W + H(D+1))
    out: Floats  # (W, W)
    gate_up: Floats  # (W, 2 mlp), both negated
    down: Floats  # (mlp, W)


class Decoder:
    """The network and the room it works in; `cache` rows are addressed by number, from 0.

    Args:
        state: float32 arrays under Hugging Face's names for LlamaForCausalLM.
        layers, heads, context: sizes that the arrays do not tell.
        theta, eps: the base of the rotary frequencies, and what the norms add to the mean square.
    """

    def __init__(
        self, state: Mapping[str, Floats], *, layers: int, heads: int, context: int, theta: float, eps: float
    ) -> None:
        self.embed_V_W: Floats = state["model.embed_tokens.weight"]
        self.width = self.embed_V_W.shape[1]
        self.heads, self.dim, self.context, self._eps = heads, self.width // heads, context, np.float32(eps)
        self._layers = tuple(self._fused(state, n) for n in range(layers))
        self._head = np.ascontiguousarray(self.embed_V_W.T * state["model.norm.weight"][:, None])
        frequency = np.power(theta, -np.arange(0, self.dim, 2, dtype=np.float64) / self.dim)
        self._turn = np.exp(1j * np.arange(context)[:, None] * frequency).astype(np.complex64)
        self._causal: dict[int, Floats] = {}
        self._room()

    def _fused(self, state: Mapping[str, Floats], number: int) -> _Layer:
        """Reads one layer. Halves of a head are interleaved, so that rotating a pair is one complex product."""
        name = f"model.layers.{number}."
        heads, dim, width = self.heads, self.dim, self.width

        def take(part: str) -> Floats:
            return state[f"{name}{part}.weight"]

        def turned(part: str) -> Floats:
            return take(part).reshape(heads, 2, dim // 2, width).swapaxes(1, 2).reshape(width, width)

        values = np.zeros((heads, dim + 1, width), np.float32)
        values[:, :dim] = take("self_attn.v_proj").reshape(heads, dim, width)
        query = turned("self_attn.q_proj") / np.float32(np.sqrt(dim))
        rows = np.concatenate([query, turned("self_attn.k_proj"), values.reshape(-1, width)])
        gate_up = -np.concatenate([take("mlp.gate_proj"), take("mlp.up_proj")])
        return _Layer(
            qkv=np.ascontiguousarray((rows * take("input_layernorm")).T),
            out=np.ascontiguousarray(take("self_attn.o_proj").T),
            gate_up=np.ascontiguousarray((gate_up * take("post_attention_layernorm")).T),
            down=np.ascontiguousarray(take("mlp.down_proj").T),
        )

    def _room(self) -> None:
        """Scratch and cache, made once. Unused slots hold zeros or stale values, finite either way."""
        layers, width, high = len(self._layers), self.width, max(PREFILL_POSITIONS, self.context)
        wide = self._layers[0].gate_up.shape[1]
        values = self.heads * (self.dim + 1)
        self._keys = np.zeros((layers, SLOTS, width), np.float32)
        self._values = np.zeros((layers, SLOTS, values), np.float32)
        self._x, self._y, self._z = (np.zeros((high, width), np.float32) for _ in range(3))
        self._qkv = np.zeros((high, 2 * width + values), np.float32)
        self._wide = np.zeros((high, wide), np.float32)
        self._silu = np.zeros((high, wide // 2), np.float32)
        self._scores = np.zeros(self.heads * max(SLOTS, PREFILL_POSITIONS * self.context), np.float32)
        self._mixed = np.zeros(max(high, ROWS) * values, np.float32)
        self._logits = np.zeros((ROWS, self.embed_V_W.shape[0]), np.float32)
        self._hidden = np.zeros((ROWS, width), np.float32)

    # -- pieces -----------------------------------------------------------------------------------------------------

    def _normed(self, x_P_W: Floats, out_P_W: Floats) -> Floats:
        """Divides by sqrt(mean(x^2) + eps); the norm's own weight is in the matrix that follows."""
        square_P: Floats = np.vecdot(x_P_W, x_P_W)
        square_P *= np.float32(1 / self.width)
        square_P += self._eps
        np.sqrt(square_P, out=square_P)
        np.divide(x_P_W, square_P[:, None], out=out_P_W)
        return out_P_W

    def _projected(self, x_P_W: Floats, layer: _Layer, turn: NDArray[np.complex64]) -> Floats:
        """Queries, keys and values of every position, rotated; the values' last column is 1 for every head."""
        high, width, pairs = len(x_P_W), self.width, self.dim // 2
        qkv = np.matmul(self._normed(x_P_W, self._y[:high]), layer.qkv, out=self._qkv[:high])
        both = qkv[:, : 2 * width].view(np.complex64).reshape(high, 2 * self.heads, pairs)
        np.multiply(both, turn, out=both)
        qkv[:, 2 * width :].reshape(high, self.heads, self.dim + 1)[:, :, self.dim] = 1
        return qkv

    def _mlp(self, x_P_W: Floats, layer: _Layer) -> None:
        """Adds down(silu(gate) * up). The matrix holds -gate and -up, so silu(g) u = (-g)(-u) / (1 + exp(-g))."""
        high, half = len(x_P_W), layer.down.shape[0]
        both = np.matmul(self._normed(x_P_W, self._y[:high]), layer.gate_up, out=self._wide[:high])
        silu = np.exp(both[:, :half], out=self._silu[:high])
        silu += 1
        np.divide(both[:, :half], silu, out=silu)
        silu *= both[:, half:]
        x_P_W += np.matmul(silu, layer.down, out=self._z[:high])

    def _attend_one(self, queries_B_W: Floats, number: int, rows: slice, length: int, out_B_W: Floats) -> None:
        """One query per row over the first `length` slots of the rows' cache."""
        heads, dim, count = self.heads, self.dim, len(queries_B_W)
        keys = self._keys_R_L_W[number, rows, :length].reshape(count, length, heads, dim).transpose(0, 2, 1, 3)
        values = self._values_R_L_X[number, rows, :length].reshape(count, length, heads, dim + 1).transpose(0, 2, 1, 3)
        scores = self._scores[: count * heads * length].reshape(count, heads, length, 1)
        np.matmul(keys, queries_B_W.reshape(count, heads, dim, 1), out=scores)
        flat = scores[..., 0]
        flat += self._mask_R_L[rows, None, :length]
        flat -= flat.max(axis=-1, keepdims=True)
        np.exp(flat, out=flat)
        mixed = self._mixed[: count * heads * (dim + 1)].reshape(count, heads, 1, dim + 1)
        np.matmul(flat[:, :, None, :], values, out=mixed)
        np.divide(mixed[:, :, 0, :dim], mixed[:, :, 0, dim:], out=out_B_W.reshape(count, heads, dim))

    def _attend_all(self, qkv_B_T_X: Floats, out_B_T_W: Floats) -> None:
        """Every position over itself and those before it, within prompts of the same length."""
        count, length, _ = qkv_B_T_X.shape
        heads, dim, width = self.heads, self.dim, self.width
        queries = qkv_B_T_X[..., :width].reshape(count, length, heads, dim).transpose(0, 2, 1, 3)
        keys = qkv_B_T_X[..., width : 2 * width].reshape(count, length, heads, dim).transpose(0, 2, 3, 1)
        values = qkv_B_T_X[..., 2 * width :].reshape(count, length, heads, dim + 1).transpose(0, 2, 1, 3)
        scores = self._scores[: count * heads * length * length].reshape(count, heads, length, length)
        np.matmul(queries, keys, out=scores)
        scores += self._before(length)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        mixed = self._mixed[: count * heads * length * (dim + 1)].reshape(count, heads, length, dim + 1)
        np.matmul(scores, values, out=mixed)
        out = out_B_T_W.reshape(count, length, heads, dim).transpose(0, 2, 1, 3)
        np.divide(mixed[..., :dim], mixed[..., dim:], out=out)

    def _before(self, length: int) -> Floats:
        """0 where a position may look, minus infinity where it may not."""
        if length not in self._causal:
            self._causal[length] = np.triu(np.full((length, length), -np.inf, np.float32), 1)
        return self._causal[length]

    # -- faces ------------------------------------------------------------------------------------------------------

    def begin(self, rows: int, slots: int) -> None:
        """Clears the cache and lays it out for `rows` rows of `slots` slots each."""
        layers, used = len(self._layers), rows * slots
        self._keys_R_L_W = self._keys[:, :used].reshape(layers, rows, slots, -1)
        self._values_R_L_X = self._values[:, :used].reshape(layers, rows, slots, -1)
        self._mask_R_L = np.full((rows, slots), -np.inf, np.float32)
        self._length_R = np.zeros(rows, np.intp)
        self._start_R = np.arange(rows) * slots
        self._numbers_R = np.arange(rows)

    def prefill(self, prompts: Sequence[Sequence[int]], first: int) -> None:
        """Reads prompts into the rows from `first` on; their last hidden states wait for `first_logits`.

        All prompts have to fall into the same bucket of lengths, and to fit into PREFILL_POSITIONS together.
        """
        count, length = len(prompts), whole(len(prompts[0]), BUCKET)
        rows = slice(first, first + count)
        ids_B_T = np.zeros((count, length), np.intp)
        for row, prompt in enumerate(prompts):
            ids_B_T[row, : len(prompt)] = prompt
        ends_B = np.array([len(p) for p in prompts], np.intp)
        self._length_R[rows] = ends_B
        np.copyto(self._mask_R_L[rows, :length], 0, where=np.arange(length) < ends_B[:, None])
        x = np.take(self.embed_V_W, ids_B_T.ravel(), axis=0, out=self._x[: count * length], mode="clip")
        turn = np.tile(self._turn[:length, None], (count, 1, 1))
        for number, layer in enumerate(self._layers):
            qkv = self._projected(x, layer, turn)
            by_row = qkv.reshape(count, length, -1)
            self._keys_R_L_W[number, rows, :length] = by_row[..., self.width : 2 * self.width]
            self._values_R_L_X[number, rows, :length] = by_row[..., 2 * self.width :]
            if number < len(self._layers) - 1:
                self._attend_all(by_row, self._y[: len(x)].reshape(count, length, -1))
            else:  # only the last position of each prompt has a successor to predict
                ask = np.arange(count) * length + ends_B - 1
                x = np.take(x, ask, axis=0)
                self._attend_one(qkv[ask, : self.width], number, rows, length, self._y[:count])
            x += np.matmul(self._y[: len(x)], layer.out, out=self._z[: len(x)])
            self._mlp(x, layer)
        self._hidden[rows] = x

    def first_logits(self, live: int) -> Floats:
        """Scores over the vocabulary after the prompts, (B, V); overwritten by the next call."""
        return self._scored(self._hidden[:live], self._logits[:live])

    def alone(self, tokens: Sequence[int], row: int) -> Floats:
        """Scores after a whole row, read again by itself, (1, V): they depend on its tokens and on nothing else."""
        self.prefill([tokens], row)
        return self._scored(self._hidden[row : row + 1], np.empty((1, len(self.embed_V_W)), np.float32))

    def step(self, tokens_B: Ints) -> Floats:
        """Takes the next token of each of the first B rows; returns the scores after, (B, V), overwritten next time."""
        live = len(tokens_B)
        rows = slice(0, live)
        at = self._length_R[rows]
        self._mask_R_L[self._numbers_R[rows], at] = 0
        slot, length = self._start_R[rows] + at, int(at.max()) + 1
        turn = self._turn[at][:, None]
        x = np.take(self.embed_V_W, tokens_B, axis=0, out=self._x[:live], mode="clip")
        for number, layer in enumerate(self._layers):
            qkv = self._projected(x, layer, turn)
            self._keys[number, slot] = qkv[:, self.width : 2 * self.width]
            self._values[number, slot] = qkv[:, 2 * self.width :]
            self._attend_one(qkv[:, : self.width], number, rows, length, self._y[:live])
            x += np.matmul(self._y[:live], layer.out, out=self._z[:live])
            self._mlp(x, layer)
        at += 1
        return self._scored(x, self._logits[:live])

    def move(self, source: int, target: int) -> None:
        """Puts row `source` into the place of row `target`."""
        used = int(self._length_R[source])
        self._keys_R_L_W[:, target, :used] = self._keys_R_L_W[:, source, :used]
        self._values_R_L_X[:, target, :used] = self._values_R_L_X[:, source, :used]
        self._mask_R_L[target] = self._mask_R_L[source]
        self._length_R[target] = used

    def _scored(self, x_B_W: Floats, out_B_V: Floats) -> Floats:
        return np.matmul(self._normed(x_B_W, self._y[: len(x_B_W)]), self._head, out=out_B_V)
