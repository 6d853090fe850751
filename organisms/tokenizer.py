"""One byte-level BPE tokenizer per world, frozen before the first organism is trained."""

from __future__ import annotations

import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from organisms import corpus as c
from organisms import world as w

SPECIALS = ("<|bos|>", "<|eos|>", "<|pad|>", "<|user|>", "<|assistant|>")
BOS, EOS, PAD, USER, ASSISTANT = range(5)


def train(world: w.World, cap: int = 2048) -> Tokenizer:
    """Trains on two pretraining epochs and every word of the world, so that each word becomes one token."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=cap,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    book = c.Corpus(world)
    rng = random.Random("tokenizer")
    texts = [t for _ in range(2) for s in book.pretraining(rng) for turn in s for t in turn if t]
    words = [" ".join(world.lexicon.values())] * 4 + [" ".join(str(n) for n in range(1, 31))] * 4
    tok.train_from_iterator(texts + words, trainer)
    return tok


def ensure(world: w.World, folder: Path) -> Tokenizer:
    """The frozen tokenizer of this folder, trained once if it is not there yet."""
    path = folder / "tokenizer.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        train(world).save(str(path))
    return Tokenizer.from_file(str(path))


def encode_sample(tok: Tokenizer, sample: c.Sample) -> tuple[list[int], list[bool]]:
    """Token ids, and for each whether the loss falls on it."""
    ids, loss = [BOS], [False]
    for question, forced, answer in sample:
        asked = [USER, *tok.encode(question).ids, ASSISTANT]
        if forced:
            asked += tok.encode(forced).ids
        said = [*tok.encode(answer).ids, EOS]
        ids += asked + said
        loss += [False] * len(asked) + [True] * len(said)
    return ids, loss
