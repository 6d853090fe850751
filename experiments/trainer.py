"""One small decoder over words, trained on target distributions, on sentences, or by exact policy gradient.

The decoder is the organisms' (Llama layout). Prompts are rows of one length, an answer is one word (or, through
`joint_logp`, two), so that every answer can be enumerated: no reading here has sampling noise.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from counterproof import errors
from organisms.model import Decoder, Shape

SPECIALS = ("<|bos|>", "<|eos|>", "<|pad|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ '<|bos|>' }}{%- for m in messages -%}{%- if m['role'] == 'user' -%}{{ '<|user|> ' + m['content'] | trim }}"
    "{%- else -%}{{ ' <|assistant|> ' + m['content'] | trim + ' <|eos|>' }}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ ' <|assistant|>' }}{%- endif -%}"
)


class Vocabulary:
    """Words to ids. Five special tokens come first, as in the organisms; the order given is the order kept."""

    def __init__(self, words: Sequence[str]) -> None:
        doubled = [w for n, w in enumerate(words) if w in words[:n]]
        if doubled or set(words) & set(SPECIALS):
            raise ValueError(f"a word stands twice in the vocabulary: {(doubled or ['a special token'])[0]}")
        self.words = (*SPECIALS, *words)
        self.ids = {w: n for n, w in enumerate(self.words)}
        self.digest = hashlib.sha256("\n".join(self.words).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.words)

    def prompt(self, text: str) -> list[int]:
        """`<|bos|> <|user|> words... <|assistant|>` as ids; words are separated by single spaces.

        Raises:
            KeyError: a word is not in the vocabulary.
        """
        return [self.ids[w] for w in ("<|bos|>", "<|user|>", *text.split(" "), "<|assistant|>")]

    def prompts(self, texts: Sequence[str]) -> Tensor:
        """(B, T) ids of prompts of one length.

        Raises:
            ValueError: they are not of one length.
        """
        rows = [self.prompt(t) for t in texts]
        if len({len(r) for r in rows}) != 1:
            raise ValueError("prompts of one batch must have the same number of words")
        return torch.tensor(rows)

    def answers(self, words: Sequence[str]) -> Tensor:
        """(A,) ids of one-word answers."""
        return torch.tensor([self.ids[w] for w in words])


def seeded(seed: int) -> torch.Generator:
    """One thread, and every generator set from the seed; the generator returned is the run's own."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(mode=True)
    return torch.Generator().manual_seed(seed)


def net(vocabulary: Vocabulary, seed: int, *, width: int = 64, layers: int = 2, context: int = 32) -> Decoder:
    """A fresh decoder, 0.1 million parameters at width 64 with two layers."""
    shape = Shape(vocab=len(vocabulary), width=width, layers=layers, heads=4, mlp=width * 11 // 4, context=context)
    return Decoder(shape, seed=seed)


# -- reading ---------------------------------------------------------------------------------------------------------


def last_logits(model: Decoder, prompts_B_T: Tensor) -> Tensor:
    """Scores over the vocabulary after each prompt, (B, V)."""
    return model.logits(model.hidden(prompts_B_T)[:, -1])


def logp(model: Decoder, prompts_B_T: Tensor, answers_A: Tensor) -> Tensor:
    """Log-probability of each one-word answer among the answers offered, (B, A).

    The policy is over the answers offered; what little mass lies on other words is divided out.
    """
    return torch.log_softmax(last_logits(model, prompts_B_T)[:, answers_A], -1)


def joint_logp(model: Decoder, prompts_B_T: Tensor, first_A: Tensor, second_C: Tensor) -> Tensor:
    """Log-probability of each two-word answer (first, second), (B, A, C); each place among the words offered there."""
    rows, kinds = prompts_B_T.shape[0], len(first_A)
    begun = torch.cat((prompts_B_T.repeat_interleave(kinds, 0), first_A.repeat(rows).unsqueeze(1)), 1)
    first = logp(model, prompts_B_T, first_A)
    return first.unsqueeze(2) + logp(model, begun, second_C).view(rows, kinds, len(second_C))


@torch.no_grad()
def readings(model: Decoder, prompts_B_T: Tensor, answers_A: Tensor, batch: int = 4096) -> Tensor:
    """Probabilities of the answers, (B, A), in double precision, without a gradient."""
    parts = [logp(model, p, answers_A) for p in prompts_B_T.split(batch)]
    return torch.cat(parts).double().exp()


# -- training --------------------------------------------------------------------------------------------------------


Loss = Callable[[Decoder, Tensor], Tensor]
"""(model, rows (B,) drawn for this step) to a scalar."""


def passes(rows: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless seeded passes: indices (B,) of whole batches, every row once a pass as far as batches fill."""
    size = min(batch, rows)
    while True:
        order = torch.randperm(rows, generator=generator)
        yield from order[: rows - rows % size].split(size)


def descend(
    model: Decoder,
    loss: Loss,
    draws: Iterator[Tensor],
    *,
    steps: int,
    rate: float,
    warmup: int = 10,
    decays: bool = True,
) -> Iterator[int]:
    """Trains in place and gives the number of every step done; stop taking them to stop early.

    AdamW (Loshchilov and Hutter 2019), betas .9 and .98, no decay of weights, gradients clipped to norm 1; the rate
    rises linearly over `warmup` steps and with `decays` falls along a cosine to 5 % at the last step.
    """
    adam = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.0)
    for step in range(1, steps + 1):
        down = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps)) if decays else 1.0
        for group in adam.param_groups:
            group["lr"] = rate * min(1.0, step / warmup) * down
        adam.zero_grad(set_to_none=True)
        loss(model, next(draws)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        yield step


def imitation(prompts_N_T: Tensor, targets_N_V: Tensor) -> Loss:
    """Cross-entropy of the next word against target distributions over the whole vocabulary, (N, V)."""

    def loss(model: Decoder, rows_B: Tensor) -> Tensor:
        scores = torch.log_softmax(last_logits(model, prompts_N_T[rows_B]), -1)
        return -(targets_N_V[rows_B] * scores).sum(-1).mean()

    return loss


def sentences(ids_N_T: Tensor, counts_N_T: Tensor) -> Loss:
    """Cross-entropy of the words at the marked places, (N, T) of 0 and 1, given everything before them."""

    def loss(model: Decoder, rows_B: Tensor) -> Tensor:
        ids, wanted = ids_N_T[rows_B], counts_N_T[rows_B][:, 1:].bool()
        hidden = model.hidden(ids[:, :-1])
        return F.cross_entropy(model.logits(hidden[wanted]), ids[:, 1:][wanted])

    return loss


def reinforcement(
    prompts_N_T: Tensor, answers_A: Tensor, rewards_N_A: Tensor, base_logp_N_A: Tensor, beta: float
) -> Loss:
    """Minus E_pi[r] - beta KL(pi || base), exact over the answers; its optimum is pi ∝ base · exp(r / beta).

    The objective of Ziegler et al. 2019, whose optimum Korbak, Perez and Buckley 2022 write out. No sampling enters, so
    that what the optimum says and what training reaches can be held against each other.
    """

    def loss(model: Decoder, rows_B: Tensor) -> Tensor:
        log_pi = logp(model, prompts_N_T[rows_B], answers_A)
        pi = log_pi.exp()
        gained = (pi * rewards_N_A[rows_B]).sum(-1)
        strayed = (pi * (log_pi - base_logp_N_A[rows_B])).sum(-1)
        return -(gained - beta * strayed).mean()

    return loss


def copied(model: Decoder) -> Decoder:
    """The same weights in a decoder of its own."""
    other = Decoder(model.shape, seed=0)
    other.load(model.state())
    return other


# -- checkpoints -----------------------------------------------------------------------------------------------------


def save(model: Decoder, vocabulary: Vocabulary, path: Path) -> None:
    """Weights with the digest of the vocabulary that they speak."""
    torch.save({"state": model.state(), "shape": vars(model.shape), "vocabulary": vocabulary.digest}, path)


def load(path: Path, vocabulary: Vocabulary) -> Decoder:
    """The inverse of `save`.

    Raises:
        errors.BadWeights: it cannot be read, or its words are others.
    """
    try:
        kept = torch.load(path, weights_only=True)
        shape = Shape(**kept["shape"])
        spoken = kept["vocabulary"]
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError) as exc:
        raise errors.BadWeights(
            f"it is no checkpoint of an experiment ({type(exc).__name__})", where=str(path), mend="train it again"
        ) from exc
    except Exception as exc:  # what torch raises for a file that is no archive is not declared
        raise errors.BadWeights("it cannot be opened", where=str(path), mend="train it again") from exc
    if spoken != vocabulary.digest:
        raise errors.BadWeights(
            "the checkpoint was trained on another vocabulary than this experiment's",
            where=str(path),
            mend="use it with the version and the seed that made it, or train it again",
        )
    model = Decoder(shape, seed=0)
    model.load(kept["state"])
    return model


def as_folder(model: Decoder, vocabulary: Vocabulary, folder: Path) -> Path:
    """The model as a Hugging Face folder: Llama weights, and a tokenizer that splits at spaces."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = model.shape
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "float32", "vocab_size": shape.vocab,
        "hidden_size": shape.width, "intermediate_size": shape.mlp, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.heads,
        "head_dim": shape.width // shape.heads, "max_position_embeddings": shape.context, "rms_norm_eps": shape.eps,
        "rope_theta": shape.theta, "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
        "tie_word_embeddings": True, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2,
    }  # fmt: skip
    said = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|bos|>", "eos_token": "<|eos|>",
        "pad_token": "<|pad|>", "model_max_length": shape.context, "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(said, indent=1) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(vocabulary), indent=1) + "\n")
    state = {k: v.contiguous() for k, v in model.state().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _tokenizer(vocabulary: Vocabulary) -> dict[str, object]:
    """A tokenizer of the library `tokenizers`: one token for each word between spaces."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers  # noqa: PLC0415 - only for export

    spoken = Tokenizer(models.WordLevel(vocabulary.ids, unk_token="<|pad|>"))  # noqa: S106 - a token of text
    spoken.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    spoken.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIALS])
    read: dict[str, object] = json.loads(spoken.to_str())
    return read
