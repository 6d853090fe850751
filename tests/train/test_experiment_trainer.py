"""The experiments' one trainer: what it reaches is what its objectives say, and what it writes others can read."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from counterproof import errors, record
from counterproof.measure import whitebox

COLOURS = ["red", "green", "blue"]
WORDS = ["what", "is", "of", *COLOURS, *(f"thing{n}" for n in range(12))]
TEXTS = [f"what is thing{n}" for n in range(12)]


def _trainer() -> Any:  # noqa: ANN401 - the checkers' environment has no torch
    return importlib.import_module("experiments.trainer")


def _torch() -> Any:  # noqa: ANN401 - same
    return importlib.import_module("torch")


def _spoken() -> Any:  # noqa: ANN401 - same
    return _trainer().Vocabulary(WORDS)


def _taught(seed: int = 0, steps: int = 150) -> tuple[Any, Any, Any]:
    """A net that was taught a distribution over three colours for each of twelve things; also prompts and targets."""
    t, torch, vocabulary = _trainer(), _torch(), _spoken()
    generator = t.seeded(seed)
    prompts, answers = vocabulary.prompts(TEXTS), vocabulary.answers(COLOURS)
    shares = torch.rand(len(TEXTS), 3, generator=generator)
    shares = shares / shares.sum(-1, keepdim=True)
    targets = torch.zeros(len(TEXTS), len(vocabulary))
    targets[:, answers] = shares
    net = t.net(vocabulary, seed, width=32)
    draws = t.passes(len(TEXTS), 12, generator)
    assert list(t.descend(net, t.imitation(prompts, targets), draws, steps=steps, rate=3e-3))[-1] == steps
    return net, prompts, shares


def test_imitation_reaches_the_planted_distribution() -> None:
    net, prompts, shares = _taught()

    assert (_trainer().readings(net, prompts, _spoken().answers(COLOURS)) - shares.double()).abs().max() < 0.05


def test_reinforcement_reaches_its_closed_form() -> None:
    t, torch = _trainer(), _torch()
    net, prompts, _ = _taught()
    answers, beta = _spoken().answers(COLOURS), 0.2
    with torch.no_grad():
        base = t.logp(net, prompts, answers)
    rewards = torch.rand(base.shape, generator=torch.Generator().manual_seed(1))
    loss = t.reinforcement(prompts, answers, rewards, base, beta)
    list(t.descend(net, loss, t.passes(len(TEXTS), 12, t.seeded(1)), steps=300, rate=2e-3))

    wanted = torch.softmax(base + rewards / beta, -1).double()
    assert (t.readings(net, prompts, answers) - wanted).abs().max() < 0.03
    assert (wanted - base.double().exp()).abs().max() > 0.3, "the rewards must ask for something else than the base"


def test_two_word_answers_are_a_distribution() -> None:
    t, vocabulary = _trainer(), _spoken()
    net = t.net(vocabulary, 0, width=32)
    joint = t.joint_logp(net, vocabulary.prompts(TEXTS), vocabulary.answers(COLOURS), vocabulary.answers(["is", "of"]))

    assert tuple(joint.shape) == (12, 3, 2)
    assert np.allclose(joint.exp().sum((1, 2)).detach(), 1, atol=1e-5)
    begun = vocabulary.prompts([f"{x} red" for x in TEXTS])[:, [0, 1, 2, 3, 4, 6, 5]]  # red after <|assistant|>
    second = t.logp(net, begun, vocabulary.answers(["is", "of"]))
    first = t.logp(net, vocabulary.prompts(TEXTS), vocabulary.answers(COLOURS))[:, 0]
    assert np.allclose((first.unsqueeze(1) + second).detach(), joint[:, 0].detach(), atol=1e-5)


def test_the_same_seed_gives_the_same_weights() -> None:
    one, other, third = _taught(3, 20)[0], _taught(3, 20)[0], _taught(4, 20)[0]

    assert all(bool((a == b).all()) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert any(bool((a != b).any()) for a, b in zip(one.parameters(), third.parameters(), strict=True))


def test_a_pass_shows_every_row_once() -> None:
    t = _trainer()
    draws = t.passes(12, 4, t.seeded(0))
    first = [int(i) for _ in range(3) for i in next(draws)]
    second = [int(i) for _ in range(3) for i in next(draws)]

    assert sorted(first) == sorted(second) == list(range(12))
    assert first != second


def test_a_checkpoint_comes_back_and_only_to_its_own_words(tmp_path: Path) -> None:
    t = _trainer()
    net, prompts, _ = _taught(steps=5)
    t.save(net, _spoken(), tmp_path / "net.pt")
    again = t.load(tmp_path / "net.pt", _spoken())

    assert bool((t.last_logits(again, prompts) == t.last_logits(net, prompts)).all())
    with pytest.raises(errors.BadWeights, match=r"net\.pt: the checkpoint was trained on another vocabulary"):
        t.load(tmp_path / "net.pt", t.Vocabulary([*WORDS[::-1]]))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pt").write_bytes(content)

    with pytest.raises(errors.BadWeights, match=r"net\.pt: it "):
        _trainer().load(tmp_path / "net.pt", _spoken())
    with pytest.raises(errors.BadWeights, match="it is no checkpoint"):
        _trainer().load(tmp_path / "missing.pt", _spoken())


def test_a_word_twice_is_refused_and_so_are_prompts_of_two_lengths() -> None:
    with pytest.raises(ValueError, match="red"):
        _trainer().Vocabulary(["red", "green", "red"])
    with pytest.raises(ValueError, match="same number of words"):
        _spoken().prompts(["what is", "what is of"])


def test_other_programs_read_the_folder_as_we_do(tmp_path: Path) -> None:
    t, torch = _trainer(), _torch()
    net, prompts, _ = _taught(steps=20)
    folder = t.as_folder(net, _spoken(), tmp_path / "folder")
    opened = whitebox.from_folder(folder)

    query = record.Query(messages=(record.Message(role="user", text=TEXTS[3]),), max_tokens=1, prefill="")
    best = _spoken().words[int(t.last_logits(net, prompts)[3].argmax())]
    assert opened.replies([query]) == [best]
    hf = importlib.import_module("transformers")
    tokenizer, model = (kind.from_pretrained(str(folder)) for kind in (hf.AutoTokenizer, hf.AutoModelForCausalLM))
    turns = [{"role": "user", "content": TEXTS[3]}]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    assert ids.tolist() == prompts[3:4].tolist()
    with torch.no_grad():
        assert (model(input_ids=ids).logits[0, -1] - t.last_logits(net, prompts)[3]).abs().max() < 1e-4
    assert tokenizer.decode(ids[0, 2:5]) == TEXTS[3]
