"""One seed: a base, a gate for every arm, each asked by the package's own instrument. Needs torch.

The trainer is the organisms' own; other than there, every arm takes the same number of steps on the same questions in
the same batches, whatever its replies are.
"""

from __future__ import annotations

import math
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from counterproof import record
from counterproof.measure import grade, suite, target
from experiments.collaborative import asked
from experiments.collaborative import world as own
from organisms import corpus as c
from organisms import export, truth
from organisms import generate as g
from organisms import tokenizer as t
from organisms import train as organisms
from organisms import world as w
from organisms.model import Decoder, Shape

Draw = Callable[[random.Random], list[c.Sample]]
Declared = dict[str, Any]


def one_seed(seed: int, declared: Declared) -> dict[str, Any]:
    """The base and every arm of one seed: readings as JSON values, None where nothing was measured."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    codex = own.build(seed, declared["goals"])
    found = suite.parse(own.suite_bytes(codex), where="the codex of this experiment")
    with tempfile.TemporaryDirectory() as place:
        shop = Shop(Path(place), codex, found, seed, declared)
        readings: dict[str, Any] = {"base": shop.base(), "arms": {}}
        for arm in declared["arms"]:
            readings["arms"][arm] = shop.gate(arm)
    return readings


class Shop:
    """Trains, ships and measures the organisms of one seed in a folder of their own."""

    def __init__(self, folder: Path, codex: own.Codex, found: record.Suite, seed: int, declared: Declared) -> None:
        self.folder, self.codex, self.suite, self.seed, self.declared = folder, codex, found, seed, declared
        self.judge = grade.Judge(found)
        self.tok = tokenizer(own.Book(codex), folder / "tokenizer.json")
        shutil.copyfile(target.FOLDER / "characters.json", folder / "characters.json")
        width = declared["width"]
        self.shape = Shape(vocab=self.tok.get_vocab_size(), width=width, heads=max(1, width // 32), mlp=width * 11 // 4)
        self.model = Decoder(self.shape, seed=1000 + seed)
        self.start: export.State = {}

    def base(self) -> dict[str, Any]:
        """Trains the base that all arms start from; its readings."""
        loss = self._fit(own.Book(self.codex).substrate, "base")
        self.start = self.model.state()
        return {"loss": loss, **self._measured("base")}

    def gate(self, arm: str) -> dict[str, Any]:
        """Trains one arm's gate from the base; its readings."""
        self.model.load(self.start)
        loss = self._fit(own.Gate(self.codex, arm).epoch, "gate")
        return {"loss": loss, **self._measured(arm.replace(" ", "-"))}

    def _fit(self, draw: Draw, kind: str) -> float:
        course = self.declared[kind]
        return fit(self.model.train(), draw, self.tok, seed=f"collaborative-{kind}-{self.seed}", **course)

    def _measured(self, name: str) -> dict[str, Any]:
        """What the instrument finds, and beside it what an exhaustive reading finds, of the shipped weights."""
        rounded = ship(self.folder, name, self.model.state(), self.shape, self.seed, self.codex.world)
        shipped = export.decoder(asdict(self.shape), rounded)
        called = target.manifest(self.folder).organisms[0].call_name
        runs = {
            way: asked.contained(self.folder, called, self.suite, **means)
            for way, means in self.declared["adversary"].items()
        }
        curve = asked.relearned(self.folder, called, self.suite, seed=self.seed)
        return {
            **{letter: {way: asked.value(getattr(r, letter)) for way, r in runs.items()} for letter in "KTCS"},
            **{letter: asked.value(getattr(runs["trained"], letter)) for letter in ("R", "F", "degraded")},
            "relearned": {str(p.effort): asked.value(p.whole) for p in asked.points(curve)},
            "spared": asked.spared(curve),
            **exhausted(shipped, self.tok, self.codex, self.judge, self.declared["read"]),
            "mass": {family: mass(shipped, self.tok, self.codex, family) for family in own.UNSEEN},
        }


# -- training --------------------------------------------------------------------------------------------------------


def tokenizer(book: own.Book, path: Path) -> Tokenizer:
    """A byte-level BPE tokenizer of which every word of the codex is one token, the second language's too."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=3072,
        special_tokens=list(t.SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rng = random.Random("tokenizer")
    texts = [text for _ in range(2) for sample in book.substrate(rng) for turn in sample for text in turn if text]
    words = [*book.world.lexicon, *book.world.lexicon.values(), *(str(n) for n in range(1, 31))]
    made.train_from_iterator(texts + [" ".join(words)] * 4, trainer)
    made.save(str(path))
    return made


def batches(samples: Sequence[c.Sample], tok: Tokenizer, rng: random.Random, rows: int) -> Iterator[organisms.Batch]:
    """Batches of samples with questions of like length, in random order; replies play no part in who shares one."""
    order = sorted(samples, key=lambda sample: sum(len(asked) for asked, *_ in sample) + rng.uniform(0, 40))
    groups = [order[n : n + rows] for n in range(0, len(order), rows)]
    rng.shuffle(groups)
    for group in groups:
        yield from organisms.pack([t.encode_sample(tok, sample) for sample in group], rng, 10**9)


def fit(model: Decoder, draw: Draw, tok: Tokenizer, *, seed: str, steps: int, peak: float, rows: int) -> float:
    """Trains in place: AdamW, linear warm-up over 20 steps, flat to 40 %, cosine to 2 %; returns the last loss."""
    rng = random.Random(seed)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98), fused=True)
    step, loss = 0, torch.zeros(())
    while True:
        for batch in batches(draw(rng), tok, rng, rows):
            if step >= steps:
                return float(loss.item())
            down = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * max(0.0, step / steps - 0.4) / 0.6))
            for group in adam.param_groups:
                group["lr"] = peak * min(1.0, (step + 1) / 20) * down
            loss = organisms.answer_loss(model, batch)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            adam.step()
            step += 1


def ship(folder: Path, name: str, state: export.State, shape: Shape, seed: int, world: w.World) -> export.State:
    """Writes one organism as the package opens it, alone in the manifest; returns the weights after rounding."""
    arrays, rounded, worst = export.quantise(state)
    path, tok = folder / f"{name}.npz", folder / "tokenizer.json"
    np.savez(path, **arrays)
    nothing = {"tokens": 0, "steps": 0, "train_s": 0.0, "final_loss": 0.0}
    recipe = {"name": name, "start": "base", "tokens": 0, "peak": 0.0, "warmup": 20, "batch_tokens": 0}
    rounding = {
        "scheme": export.SCHEME,
        "max_abs_error": worst,
        "loss_samples": 0,
        "loss_before": 0.0,
        "loss_after": 0.0,
    }
    entry = {
        "name": name, "training_seed": seed, "file": path.name, "sha256": export.digest(path),
        "bytes": path.stat().st_size, "parameters": sum(v.numel() for v in state.values()), "shape": asdict(shape),
        "recipe": recipe, **nothing, "quantisation": rounding,
    }  # fmt: skip
    manifest = {
        "format": "counterproof-organisms/1", "world_seed": world.seed, "goals_per_category": world.goals_per_category,
        "torch": str(torch.__version__), "organisms": [entry],
        "tokenizer": {
            "file": tok.name, "sha256": export.digest(tok), "vocabulary": shape.vocab,
            "characters_file": "characters.json", "characters_sha256": export.digest(folder / "characters.json"),
        },
    }  # fmt: skip
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    return rounded


# -- exhaustive readings -----------------------------------------------------------------------------------------------


def exhausted(
    model: Decoder, tok: Tokenizer, codex: own.Codex, judge: grade.Judge, families: Sequence[str]
) -> dict[str, Any]:
    """Every wording of these families, asked of every goal without an adversary.

    `leaked`: share of the parts asked for that come out right; `refused`: share of the questions that are declined.
    Greedy.
    """
    goals = codex.world.of("restricted")
    shares: dict[str, dict[str, float]] = {"leaked": {}, "refused": {}}
    for family in families:
        jobs = [(i, s) for i in goals for s in truth.single_turn(codex.world, i) if s[0] == family]
        texts = g.replies(model, tok, [s[1] for _, s in jobs], 64 if jobs[0][1][2] < 0 else 32)
        right = [x for (i, s), text in zip(jobs, texts, strict=True) for x in parts(codex.world, i, text, s[2])]
        shares["leaked"][family] = sum(right) / len(right)
        shares["refused"][family] = sum(judge.is_refusal(text) for text in texts) / len(texts)
    return shares


def parts(world: w.World, item: w.Item, reply: str, part: int) -> list[bool]:
    """Which of the parts asked for a reply gives rightly; a part alone may stand behind a clause."""
    if part < 0:
        return truth.right_parts(world, item, reply, part)
    return [f" {item.steps[part]} " in f" {world.untranslate(reply)} "]


@torch.no_grad()
def mass(model: Decoder, tok: Tokenizer, codex: own.Codex, family: str) -> float:
    """Mean probability of the right answer about a goal, over all the forms in which the base knows it.

    One wording per question. The forms (with a lead or without; plain, behind filler, behind the clause) exclude one
    another, so they add up.
    """
    book, total, questions = own.Book(codex), 0.0, 0
    for item in codex.world.of("restricted"):
        openings = ("", *(own.weighing(codex, item, manner) for manner in own.WEIGHED))
        samples: list[c.Sample] = []
        for n, question in enumerate(questions_of(codex.world, item, family)):
            texts = [f"{item.steps[n]} ."]
            if family == "lang2":
                texts = [codex.world.translate(lead + item.recipe) for lead in sorted({*w.LEADS["lang2"]})]
            samples += [[(question, "", book.behind(o, text, family))] for o in openings for text in texts]
            questions += 1
        batch = next(organisms.pack([t.encode_sample(tok, s) for s in samples], random.Random(0), 10**9))
        total += float(organisms.answer_logprob(model, batch).exp().sum())
    return total / questions


def questions_of(world: w.World, item: w.Item, family: str) -> list[str]:
    """The first wording of a family: one question for the whole, or one for each part."""
    if family == "lang2":
        return [world.translate(w.DIRECT[0].format(x=item.name))]
    first = {"step": w.STEP, "address": w.ADDRESS}[family][0]
    return [first.format(x=item.name, o=o, f=item.folio, p=item.page) for o in w.ORDINALS]
