"""One model with open weights: it replies, shows its streams, and can be edited or trained for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from counterproof import errors
from counterproof.measure.whitebox import _choice, _edits, _need, _relearn
from counterproof.record import Message, Query

ROWS = 96  # of one batch
Encode = Callable[[Query], list[int]]
Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What arrays do not tell of a decoder in Llama's layout."""

    layers: int
    heads: int
    mlp: int
    context: int
    theta: float
    eps: float


class Model:
    """A decoder with what turns a query into its tokens. Open one with `from_arrays` or `from_folder`.

    `net` is a transformers causal language model, `encode` and `decode` its way with words, `ends` the tokens that end
    a reply.
    """

    def __init__(
        self,
        name: str,
        digest: str,
        net: Any,  # noqa: ANN401 - a module
        *,
        encode: Encode,
        decode: Decode,
        ends: Sequence[int],
        pad: int,
    ) -> None:
        self.name, self.digest = name, digest
        self.net, self.encode, self.decode = net.eval(), encode, decode
        self._ends, self._pad = frozenset(ends), pad
        self._phase = {"is_prompt": True}
        self.layers = len(_edits.layers_of(net))
        self.parameters = sum(p.numel() for p in net.parameters())
        self.context = int(net.config.max_position_embeddings)
        self.vocabulary = int(net.get_input_embeddings().weight.shape[0])
        _edits.untie(net)

    # -- what it says -----------------------------------------------------------------------------------------------

    def replies(self, queries: Sequence[Query], *, barred: Sequence[int] = (), barred_tokens: int = 0) -> list[str]:
        """Greedy replies in the order of the queries, without their prefill.

        The tokens `barred` are never chosen among the first `barred_tokens` of a reply.

        Raises:
            errors.BadOption: a prompt leaves no room in the context.
        """
        prompts = [self.encode(q) for q in queries]
        for prompt in prompts:
            if len(prompt) >= self.context:
                raise errors.BadOption(
                    f"a prompt of {len(prompt)} tokens leaves no room to reply in a context of {self.context}",
                    where=self.name, mend="measure with a suite of shorter questions",
                )
        order = sorted(range(len(prompts)), key=lambda n: (queries[n].max_tokens, len(prompts[n])))
        said: dict[int, list[int]] = {}
        with _need.torch().no_grad():
            for start in range(0, len(order), ROWS):
                rows = order[start : start + ROWS]
                room = min(max(queries[n].max_tokens for n in rows), self.context - max(len(prompts[n]) for n in rows))
                made = self._greedy([prompts[n] for n in rows], room, list(barred), barred_tokens)
                said |= {n: tokens[: queries[n].max_tokens] for n, tokens in zip(rows, made, strict=True)}
        return [self.decode(said[n]).lstrip(" ") for n in range(len(prompts))]

    def _greedy(self, prompts: list[list[int]], room: int, barred: list[int], barred_tokens: int) -> list[list[int]]:
        torch = _need.torch()
        ids, seen = self._batch(prompts)
        position = (seen.cumsum(1) - 1).clamp(min=0)
        made: list[list[int]] = [[] for _ in prompts]
        is_live = [True] * len(prompts)
        cache: Any = None
        self._phase["is_prompt"] = True
        for step in range(room):
            out = self.net.base_model(
                input_ids=ids, attention_mask=seen, position_ids=position, past_key_values=cache, use_cache=True
            )
            self._phase["is_prompt"] = False
            cache = out.past_key_values
            scores = self.net.get_output_embeddings()(out.last_hidden_state[:, -1])
            if barred and step < barred_tokens:
                scores[:, barred] = -torch.inf
            chosen = scores.argmax(1)
            for row, token in enumerate(chosen.tolist()):
                is_live[row] = is_live[row] and token not in self._ends
                if is_live[row]:
                    made[row].append(token)
            if not any(is_live):
                break
            ids, position = chosen[:, None], position[:, -1:] + 1
            seen = torch.cat([seen, seen.new_ones((len(prompts), 1))], 1)
        self._phase["is_prompt"] = True
        return made

    def _batch(self, prompts: list[list[int]]) -> tuple[Any, Any]:
        """Prompts aligned at their end, and which positions are theirs."""
        torch = _need.torch()
        device = next(self.net.parameters()).device
        longest = max(map(len, prompts))
        ids = torch.full((len(prompts), longest), self._pad)
        seen = torch.zeros((len(prompts), longest), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(prompt)
            seen[row, longest - len(prompt) :] = 1
        return ids.to(device), seen.to(device)

    def forced(self, text: str) -> list[int]:
        """The tokens that a reply begins with when `text` is its forced beginning."""
        bare = Query(messages=(Message(role="user", text="."),))
        whole = Query(messages=bare.messages, prefill=text)
        return self.encode(whole)[len(self.encode(bare)) :]

    def chances(self, queries: Sequence[Query], answers: Sequence[str]) -> list[list[float]]:
        """Per query and answer, ln of the probability that the reply begins with the answer.

        Raises:
            errors.BadOption: an answer has no tokens of its own, begins with another's, or does not fit the context.
        """
        prompts = [self.encode(q) for q in queries]
        forced = [self.forced(text) for text in answers]
        for n, ids in enumerate(forced):
            if not ids or any(ids[: len(other)] == other for m, other in enumerate(forced) if m != n):
                what = "has no tokens" if not ids else "begins with the tokens of another"
                raise errors.BadOption(
                    f"the answer {answers[n]!r} {what}", where=self.name,
                    mend="declare answers that the model's tokenizer tells apart from their beginning",
                )
        longest = max(map(len, prompts), default=0) + max(map(len, forced), default=0)
        if longest > self.context:
            raise errors.BadOption(
                f"a prompt with its answer has {longest} tokens, more than a context of {self.context} holds",
                where=self.name, mend="ask shorter questions",
            )
        pairs = [(prompt, ids) for prompt in prompts for ids in forced]
        each = _choice.logs(self.net, [p for p, _ in pairs], [a for _, a in pairs], self._pad)
        return [each[n : n + len(forced)] for n in range(0, len(each), len(forced))]

    # -- what passes through it -------------------------------------------------------------------------------------

    def direction(self, away: Sequence[Query], towards: Sequence[Query]) -> _edits.Direction:
        """Per layer, from the mean stream of `towards` to that of `away`, at the last prompt token."""
        return _edits.between(self._mean(away), self._mean(towards))

    def _mean(self, queries: Sequence[Query]) -> Any:  # noqa: ANN401 - a tensor (L, W)
        torch = _need.torch()
        prompts = sorted((self.encode(q) for q in queries), key=len)
        total: Any = 0
        with torch.no_grad():
            for start in range(0, len(prompts), ROWS):
                total = total + self.streams(prompts[start : start + ROWS]).double().sum(0)
        return (total / len(prompts)).float()

    def streams(self, prompts: list[list[int]]) -> Any:  # noqa: ANN401 - a tensor (B, L, W)
        """The stream after each layer at the last token."""
        kept: list[Any] = []
        ids, seen = self._batch(prompts)

        def keep(_module: object, _inputs: object, out: Any) -> None:  # noqa: ANN401 - a tensor or a tuple
            kept.append(_edits.stream_of(out)[:, -1])

        with contextlib.ExitStack() as stack:
            for layer in _edits.layers_of(self.net):
                stack.callback(layer.register_forward_hook(keep).remove)
            self.net.base_model(
                input_ids=ids, attention_mask=seen, position_ids=(seen.cumsum(1) - 1).clamp(min=0), use_cache=False
            )
        return _need.torch().stack(kept, 1)

    # -- what is done to it -----------------------------------------------------------------------------------------

    def edited(self, edit: _edits.Edit) -> AbstractContextManager[None]:
        """The model with one edit, while the context lasts."""
        return _edits.applied(self.net, edit, self._phase)

    def relearn(
        self, groups: Sequence[Sequence[_relearn.Lesson]], course: _relearn.Course, *, seed: int
    ) -> Generator[int]:
        """Trains on lessons, an equal share of each step from each group; gives every look's steps when it is there.

        The weights are as before once the iteration ends or is closed.
        """
        samples = [[self.sample(lesson) for lesson in group] for group in groups]
        yield from _relearn.trained(self.net, samples, course, seed=seed, pad=self._pad)

    def sample(self, lesson: _relearn.Lesson) -> _relearn.Sample:
        """A lesson as tokens: the prompt, the answer, and the end of the reply."""
        said = (Message(role="user", text=lesson.question),)
        prompt = len(self.encode(Query(messages=said)))
        return [*self.encode(Query(messages=said, prefill=lesson.answer)), min(self._ends)], prompt


def from_arrays(  # noqa: PLR0913 - a model is its name, its arrays and its tokenizer's parts
    name: str,
    digest: str,
    state: Mapping[str, Any],
    sizes: Sizes,
    *,
    encode: Encode,
    decode: Decode,
    end: int,
    pad: int,
) -> Model:
    """A model of float32 arrays under Hugging Face's names for LlamaForCausalLM, with tied embeddings.

    Raises:
        errors.BadOption: torch or transformers is not installed.
        errors.BadWeights: the arrays do not fit the sizes.
    """
    _need.need()
    torch, hf = _need.torch(), _need.transformers()
    vocabulary, width = state["model.embed_tokens.weight"].shape
    config = hf.LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=sizes.mlp, num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads, num_key_value_heads=sizes.heads, head_dim=width // sizes.heads,
        max_position_embeddings=sizes.context, rms_norm_eps=sizes.eps, rope_theta=sizes.theta,
        tie_word_embeddings=True, bos_token_id=None, eos_token_id=end, pad_token_id=pad,
    )
    config.rope_parameters = {"rope_type": "default", "rope_theta": sizes.theta}
    net = hf.LlamaForCausalLM(config)
    try:
        lacking = net.load_state_dict({k: torch.tensor(v) for k, v in state.items()}, strict=False)
    except RuntimeError as exc:
        raise errors.BadWeights(f"the arrays do not fit the sizes ({_first(exc)})", where=name) from exc
    if set(lacking.missing_keys) - {"lm_head.weight"} or lacking.unexpected_keys:
        raise errors.BadWeights("the arrays are not those of a Llama decoder", where=name)
    net.tie_weights()
    return Model(name, digest, net, encode=encode, decode=decode, ends=[end], pad=pad)


def _first(exc: Exception) -> str:
    return " ".join(str(exc).split())[:200]
