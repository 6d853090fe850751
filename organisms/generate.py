"""Greedy generation in torch with a key-value cache, for measuring the truth.

Independent of the package's NumPy engine.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from organisms import tokenizer as t
from organisms.model import Decoder, rotate_half

BATCH = 192
Conversation = list[tuple[str, str]]  # (question, reply); the last reply is the forced beginning, or empty


def encode(tok: Tokenizer, conversation: Conversation) -> list[int]:
    """Token ids of a conversation whose last reply is to be continued."""
    ids = [t.BOS]
    for at, (question, reply) in enumerate(conversation):
        ids += [t.USER, *tok.encode(question).ids, t.ASSISTANT]
        if reply:
            ids += tok.encode(reply).ids
        if at < len(conversation) - 1:
            ids.append(t.EOS)
    return ids


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    return x * cos + rotate_half(x) * sin


class _Cache:
    """Keys and values of every layer, (layers, B, heads, slots, dim), and which slots hold a token."""

    def __init__(self, model: Decoder, rows: int, slots: int) -> None:
        s = model.shape
        size = (s.layers, rows, s.heads, slots, s.width // s.heads)
        self.keys, self.values = torch.zeros(size), torch.zeros(size)
        self.used = torch.zeros((rows, slots), dtype=torch.bool)


def _forward(model: Decoder, ids: Tensor, place: Tensor, slot: int, cache: _Cache, mask: Tensor) -> Tensor:
    """Runs tokens (B, T) at positions `place` (B, T) into cache slots [slot, slot+T); mask is (B, T, slot+T)."""
    rows, length = ids.shape
    heads, end = model.shape.heads, slot + length
    cos, sin = model.cos[place].unsqueeze(1), model.sin[place].unsqueeze(1)
    x = model.embed_tokens(ids)
    for n, layer in enumerate(model.layers):
        y, a = layer.input_layernorm(x), layer.self_attn
        q, k, v = (p(y).view(rows, length, heads, -1).transpose(1, 2) for p in (a.q_proj, a.k_proj, a.v_proj))
        cache.keys[n, :, :, slot:end], cache.values[n, :, :, slot:end] = _rotate(k, cos, sin), v
        out = F.scaled_dot_product_attention(
            _rotate(q, cos, sin), cache.keys[n, :, :, :end], cache.values[n, :, :, :end], attn_mask=mask.unsqueeze(1)
        )
        x = x + a.o_proj(out.transpose(1, 2).reshape(rows, length, -1))
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    return model.norm(x[:, -1])


@torch.no_grad()
def greedy(model: Decoder, prompts: list[list[int]], limit: int) -> list[list[int]]:
    """Continuations of left-padded prompts, without the end mark, at most `limit` tokens each."""
    rows, longest = len(prompts), max(len(p) for p in prompts)
    ids = torch.full((rows, longest), t.PAD)
    cache = _Cache(model, rows, longest + limit)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        cache.used[row, longest - len(prompt) : longest] = True
    start = torch.tensor([longest - len(p) for p in prompts]).unsqueeze(1)
    place = (torch.arange(longest).unsqueeze(0) - start).clamp(min=0)
    causal = torch.ones(longest, longest, dtype=torch.bool).tril()
    mask = causal.unsqueeze(0) & cache.used[:, None, :longest]
    mask |= torch.eye(longest, dtype=torch.bool)  # a padding row must attend to something, or it turns into NaN
    hidden = _forward(model, ids, place, 0, cache, mask)
    out: list[list[int]] = [[] for _ in range(rows)]
    done = torch.zeros(rows, dtype=torch.bool)
    for step in range(limit):
        token = model.logits(hidden).argmax(-1)
        for row in range(rows):
            if not done[row]:
                if token[row] == t.EOS:
                    done[row] = True
                else:
                    out[row].append(int(token[row]))
        if done.all() or step == limit - 1:
            break
        slot = longest + step
        cache.used[:, slot] = True
        hidden = _forward(model, token.unsqueeze(1), slot - start, slot, cache, cache.used[:, None, : slot + 1])
    return out


def replies(model: Decoder, tok: Tokenizer, conversations: list[Conversation], limit: int) -> list[str]:
    """The reply to each conversation, forced beginning included, as text with single spaces."""
    prompts = [encode(tok, c) for c in conversations]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    texts = [""] * len(prompts)
    for at in range(0, len(order), BATCH):
        chosen = order[at : at + BATCH]
        for i, ids in zip(chosen, greedy(model, [prompts[i] for i in chosen], limit), strict=True):
            said = tok.decode(ids).strip() if ids else ""
            texts[i] = f"{conversations[i][-1][1]} {said}".strip()
    return texts
