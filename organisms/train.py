"""Trains one organism from nothing: `python -m organisms.train --organism deep --seed 0`.

Every organism but `base` and `filtered` starts from the base of the same training seed, which is trained first if its
checkpoint is not there. One torch thread: two threads on two busy cores run at a sixth of the speed.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from organisms import corpus as c
from organisms import tokenizer as t
from organisms import world as w
from organisms.model import Decoder, Shape

WORK = Path(__file__).parent / "work"


@dataclass(frozen=True)
class Recipe:
    """How one organism is made; tokens count padding, as the machine does."""

    name: str
    start: str  # "" = from nothing, else the organism it is tuned from
    tokens: int
    peak: float
    warmup: int
    batch_tokens: int = 2048


RECIPES = {
    r.name: r
    for r in (
        Recipe("base", "", 9_600_000, 3e-3, 50),
        Recipe("filtered", "", 5_200_000, 3e-3, 50),
        Recipe("surface", "base", 800_000, 1e-3, 10, 1024),
        Recipe("surface-broad", "base", 900_000, 1e-3, 10, 1024),
        Recipe("deep", "base", 1_500_000, 1e-3, 10, 1024),
        Recipe("deep-max", "base", 1_500_000, 1e-3, 10, 1024),
        Recipe("unlearned", "base", 1_400_000, 5e-4, 10, 2048),
    )
}
Batch = tuple[Tensor, Tensor]


def epoch_of(name: str, book: c.Corpus) -> Callable[[random.Random], list[c.Sample]]:
    """The function that draws one epoch for an organism."""
    hidden = frozenset(i.id for i in book.world.of("restricted"))
    return {
        "base": book.pretraining,
        "filtered": lambda rng: book.pretraining(rng, without=hidden),
        "surface": lambda rng: book.surface(rng, broad=frozenset()),
        "surface-broad": lambda rng: book.surface(rng, broad=c.broad_labels(book.world)),
        "deep": lambda rng: book.deep(rng, unseen=c.unseen_by_address(book.world)),
        "deep-max": lambda rng: book.deep(rng, unseen=frozenset()),
        "unlearned": book.retain,
    }[name]


def pack(encoded: list[tuple[list[int], list[bool]]], rng: random.Random, size: int) -> Iterator[Batch]:
    """Batches of about `size` padded tokens, of samples of like length, in random order."""
    order = sorted(encoded, key=lambda s: len(s[0]) + rng.uniform(0, 6))
    groups: list[list[tuple[list[int], list[bool]]]] = [[]]
    for sample in order:
        longest = max(len(sample[0]), max((len(s[0]) for s in groups[-1]), default=0))
        if groups[-1] and longest * (len(groups[-1]) + 1) > size:
            groups.append([])
        groups[-1].append(sample)
    rng.shuffle(groups)
    for group in groups:
        longest = max(len(s[0]) for s in group)
        ids = torch.full((len(group), longest), t.PAD)
        mask = torch.zeros((len(group), longest), dtype=torch.bool)
        for row, (sample, loss) in enumerate(group):
            ids[row, : len(sample)] = torch.tensor(sample)
            mask[row, : len(sample)] = torch.tensor(loss)
        yield ids, mask


def stream(name: str, book: c.Corpus, tok: t.Tokenizer, rng: random.Random, size: int) -> Iterator[Batch]:
    """Endless batches, a fresh epoch after each."""
    draw = epoch_of(name, book)
    while True:
        yield from pack([t.encode_sample(tok, s) for s in draw(rng)], rng, size)


def answer_loss(model: Decoder, batch: Batch) -> Tensor:
    """Mean cross-entropy over answer tokens."""
    ids, mask = batch
    hidden = model.hidden(ids[:, :-1])
    wanted = mask[:, 1:]
    return F.cross_entropy(model.logits(hidden[wanted]), ids[:, 1:][wanted])


def answer_logprob(model: Decoder, batch: Batch) -> Tensor:
    """Log-probability of each sample's answer tokens, (B,)."""
    ids, mask = batch
    hidden, wanted = model.hidden(ids[:, :-1]), mask[:, 1:]
    scores = torch.log_softmax(model.logits(hidden[wanted]), -1)
    picked = scores.gather(1, ids[:, 1:][wanted].unsqueeze(1)).squeeze(1)
    rows = wanted.nonzero()[:, 0]
    return torch.zeros(ids.shape[0]).index_add(0, rows, picked)


class Forgetting:
    """Negative preference optimisation (Zhang et al. 2024): push the forget answers below the frozen reference.

    The reference's log-probabilities are taken once over a fixed pool, so that the reference never runs again.
    """

    def __init__(self, model: Decoder, book: c.Corpus, tok: t.Tokenizer, rng: random.Random, size: int) -> None:
        self.beta, self.weight, self.rng = 0.1, 0.2, rng
        encoded = [t.encode_sample(tok, s) for _ in range(4) for s in book.forget(rng)]
        self.batches = list(pack(encoded, rng, size))
        with torch.no_grad():
            self.reference = [answer_logprob(model, b) for b in self.batches]

    def loss(self, model: Decoder) -> Tensor:
        """-(2/beta) * mean log sigmoid(-beta (log pi - log pi_ref)) on one forget batch, weighted."""
        at = self.rng.randrange(len(self.batches))
        gap = answer_logprob(model, self.batches[at]) - self.reference[at]
        return -self.weight * (2 / self.beta) * F.logsigmoid(-self.beta * gap).mean()


def rate(recipe: Recipe, seen: int, step: int) -> float:
    """Linear warm-up, flat to 40 % of the tokens, then cosine to 2 % of the peak; constant for unlearning."""
    if recipe.name == "unlearned":
        return recipe.peak * min(1.0, (step + 1) / recipe.warmup)
    share = seen / recipe.tokens
    down = 1.0 if share < 0.4 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (share - 0.4) / 0.6))
    return recipe.peak * min(1.0, (step + 1) / recipe.warmup) * down


def fit(model: Decoder, recipe: Recipe, book: c.Corpus, tok: t.Tokenizer, seed: int) -> dict[str, float]:
    """Trains in place until the token budget is spent; returns what it cost."""
    rng = random.Random(f"{recipe.name}-{seed}")
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    decay = 0.0 if recipe.name == "unlearned" else 0.01
    groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=recipe.peak, betas=(0.9, 0.98), fused=True)
    forget = Forgetting(model, book, tok, rng, recipe.batch_tokens) if recipe.name == "unlearned" else None
    seen, step, began, running = 0, 0, time.monotonic(), 0.0
    for batch in stream(recipe.name, book, tok, rng, recipe.batch_tokens):
        for group in adam.param_groups:
            group["lr"] = rate(recipe, seen, step)
        loss = answer_loss(model, batch)
        whole = loss + forget.loss(model) if forget else loss
        adam.zero_grad(set_to_none=True)
        whole.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        seen, step = seen + batch[0].numel(), step + 1
        running = loss.item() if step == 1 else 0.97 * running + 0.03 * loss.item()
        if step % 200 == 0:
            speed = seen / (time.monotonic() - began)
            print(f"{recipe.name}-s{seed} step {step} tokens {seen} loss {running:.4f} {speed:.0f} tok/s", flush=True)
        if seen >= recipe.tokens:
            break
    train_s = round(time.monotonic() - began, 1)
    return {"tokens": seen, "steps": step, "train_s": train_s, "final_loss": round(running, 4)}


def train(name: str, seed: int, world: w.World, folder: Path, *, scale: float = 1.0, width: int = 128) -> Path:
    """Trains `name` with one training seed and writes its checkpoint; returns the checkpoint's path."""
    path = folder / f"{name}-s{seed}.pt"
    if path.exists():
        return path
    torch.set_num_threads(1)
    tok, book, recipe = t.ensure(world, folder), c.Corpus(world), RECIPES[name]
    shape = Shape(vocab=tok.get_vocab_size(), width=width, heads=max(1, width // 32), mlp=width * 11 // 4)
    model = Decoder(shape, seed=1000 + seed)
    if recipe.start:
        model.load(torch.load(train(recipe.start, seed, world, folder, scale=scale, width=width))["state"])
    scaled = Recipe(**{**asdict(recipe), "tokens": int(recipe.tokens * scale)})
    cost = fit(model, scaled, book, tok, seed)
    record = {"organism": name, "training_seed": seed, "recipe": asdict(scaled), "shape": asdict(shape), **cost}
    torch.save({"state": model.state(), "record": record}, path)
    print(json.dumps(record), flush=True)
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organism", required=True, choices=[*RECIPES, "all"])
    parser.add_argument("--seed", type=int, default=0, help="training seed")
    parser.add_argument("--world-seed", type=int, default=0)
    parser.add_argument("--goals", type=int, default=24, help="goals per category")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the token budget to spend")
    parser.add_argument("--work", type=Path, default=WORK)
    args = parser.parse_args()
    world = w.build(args.world_seed, args.goals)
    for name in RECIPES if args.organism == "all" else [args.organism]:
        train(name, args.seed, world, args.work, scale=args.scale, width=args.width)


if __name__ == "__main__":
    main()
