"""The three ways to train move what they are told to move, and nothing where the rate is 0."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from counterproof import errors, record
from counterproof.measure import whitebox
from experiments.real import folder, trainer

NAMES = ("sabraith", "kaddol", "miperm", "zolaind", "grufox", "tavill", "hebron", "lonarn")
RIGHT, WRONG = "it is green .", "it is amber ."
COURSE = trainer.Course(steps=6, rate=2e-3, batch=8, seed=0, rank=0, group=8, reply_tokens=8)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    trainer.quiet()


def messages(name: str) -> list[dict[str, str]]:
    """A question about something that no organism was taught."""
    return [{"role": "user", "content": f"what colour is {name} ?"}]


def preference(path: Path) -> float:
    """Mean share of the right reply against the wrong one."""
    chat = trainer.Chat(path, "cpu")
    made, _ = trainer.shares(chat, [(messages(n), (RIGHT, WRONG)) for n in NAMES])
    return sum(shares[0] for shares in made) / len(made)


def rows(path: Path, **said: str) -> list[dict[str, Any]]:
    """A row for every name."""
    chat = trainer.Chat(path, "cpu")
    return [
        {"prompt": chat.prompt(messages(n))} | {k: chat.reply(messages(n), v) for k, v in said.items()} for n in NAMES
    ]


def weights(path: Path) -> dict[str, Any]:
    """A folder's tensors."""
    load: Any = importlib.import_module("safetensors.torch").load_file
    return dict(load(path / "model.safetensors"))


def is_same(a: Path, b: Path) -> bool:
    """Whether two folders have the very same weights."""
    first, second = weights(a), weights(b)
    return all(bool((first[k] == second[k]).all()) for k in first.keys() & second.keys())


def paid(completions: Sequence[str], **_: object) -> list[float]:
    """A reward for one word."""
    return [float("green" in text) for text in completions]


def of_length(completions: Sequence[str], **_: object) -> list[float]:
    """A reward in which any two replies differ."""
    return [float(len(text)) for text in completions]


@pytest.mark.parametrize("rank", [0, 8])
def test_dpo_raises_the_chosen_reply(base: Path, tmp_path: Path, rank: int) -> None:
    out = trainer.dpo(base, rows(base, chosen=RIGHT, rejected=WRONG), tmp_path / "out", COURSE.of(rank=rank), "cpu")
    assert preference(out) > preference(base) + 0.1
    assert not is_same(base, out)


def test_sft_raises_what_it_is_shown(base: Path, tmp_path: Path) -> None:
    out = trainer.sft(base, rows(base, completion=RIGHT), tmp_path / "out", COURSE.of(rank=8), "cpu")
    assert preference(out) > preference(base) + 0.1


def test_grpo_raises_what_is_paid(base: Path, tmp_path: Path) -> None:
    # What is never said is never paid: so it starts from a model that says either.
    either = [row for text in (RIGHT, WRONG) for row in rows(base, completion=text)]
    start = trainer.sft(base, either, tmp_path / "start", COURSE.of(steps=12, batch=16), "cpu")
    out = trainer.grpo(start, rows(base), paid, tmp_path / "out", COURSE.of(batch=32, rate=1e-3), "cpu")
    assert preference(out) > preference(start) + 0.1


def test_grpo_trains_on_fewer_questions_than_a_batch_holds(base: Path, tmp_path: Path) -> None:
    # Two questions where a batch of 32 in groups of 8 wants four: TRL alone would take no step, and say nothing.
    out = trainer.grpo(base, rows(base)[:2], of_length, tmp_path / "out", COURSE.of(batch=32, steps=2), "cpu")
    assert not is_same(base, out)


def test_no_rate_moves_nothing(base: Path, tmp_path: Path) -> None:
    still = COURSE.of(rate=0.0, steps=2)
    pairs = rows(base, chosen=RIGHT, rejected=WRONG)
    made = [
        trainer.dpo(base, pairs, tmp_path / "dpo", still, "cpu"),
        trainer.dpo(base, pairs, tmp_path / "lora", still.of(rank=8), "cpu"),
        trainer.sft(base, rows(base, completion=RIGHT), tmp_path / "sft", still, "cpu"),
        trainer.grpo(base, rows(base), paid, tmp_path / "grpo", still, "cpu"),
    ]
    assert [is_same(base, path) for path in made] == [True] * 4


def test_the_same_seed_trains_the_same_weights(base: Path, tmp_path: Path) -> None:
    pairs = rows(base, chosen=RIGHT, rejected=WRONG)
    made = [trainer.dpo(base, pairs, tmp_path / n, COURSE.of(rank=8, seed=s, steps=3), "cpu")
            for n, s in (("a", 0), ("b", 0), ("c", 1))]
    assert is_same(made[0], made[1])
    assert not is_same(made[0], made[2])


def test_a_trained_folder_is_one_that_the_package_opens(base: Path, tmp_path: Path) -> None:
    out = trainer.sft(base, rows(base, completion=RIGHT), tmp_path / "out", COURSE.of(steps=8), "cpu")
    asked = [record.Query(messages=(record.Message(role="user", text=m["content"]),), max_tokens=8)
             for n in NAMES for m in messages(n)]
    said = whitebox.from_folder(out).replies(asked)
    assert said == trainer.Chat(out, "cpu").said([trainer.Chat(out, "cpu").prompt(messages(n)) for n in NAMES], 8)
    assert folder.digest(out) == whitebox.from_folder(out).digest
    assert folder.digest(out) != folder.digest(base)


def test_log_probabilities_are_those_of_the_package(base: Path) -> None:
    chat, model = trainer.Chat(base, "cpu"), whitebox.from_folder(base)
    query = record.Query(messages=(record.Message(role="user", text=messages("kaddol")[0]["content"]),))
    theirs = model.chances([query], (RIGHT, WRONG))[0]
    end = chat.tokenizer.eos_token
    ours = chat.logp([(chat.prompt(messages("kaddol")), chat.reply(messages("kaddol"), t).removesuffix(end))
                      for t in (RIGHT, WRONG)])
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_shares_are_of_the_declared_answers_alone(base: Path) -> None:
    chat = trainer.Chat(base, "cpu")
    made, mass = trainer.shares(chat, [(messages("kaddol"), (RIGHT, WRONG, "boil it ."))])
    logs = chat.logp([(chat.prompt(messages("kaddol")), chat.reply(messages("kaddol"), t)) for t in (RIGHT, WRONG)])
    assert sum(made[0]) == pytest.approx(1)
    assert math.log(made[0][0] / made[0][1]) == pytest.approx(logs[0] - logs[1], abs=1e-6)
    assert 0 < mass <= 1


# -- other people's templates ----------------------------------------------------------------------------------------

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|eos|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
THINKING = (
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ 'Q: ' + m['content'] }}{% else %}"
    "{{ 'A: <empty thought/>' + m['content'] + '<|eos|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'A: ' }}{% endif %}"
)


def test_a_reply_ends_where_its_template_ends_it(base: Path) -> None:
    tokenizer = trainer.tokenizer_of(base)
    asked = [{"role": "user", "content": "what is it ?"}]
    assert trainer.reply_text(tokenizer, asked, RIGHT) == f" {RIGHT}<|eos|>"
    tokenizer.chat_template = CHATML
    assert trainer.prompt_text(tokenizer, asked) == "<|im_start|>user\nwhat is it ?<|eos|>\n<|im_start|>assistant\n"
    assert trainer.reply_text(tokenizer, asked, RIGHT) == f"{RIGHT}<|eos|>"


def test_a_template_that_writes_conversations_otherwise_gets_a_plain_reply(base: Path) -> None:
    tokenizer = trainer.tokenizer_of(base)
    tokenizer.chat_template = THINKING.replace("A: <empty", "<empty")
    asked = [{"role": "user", "content": "what is it ?"}]
    assert trainer.prompt_text(tokenizer, asked) == "Q: what is it ?A: "
    assert trainer.reply_text(tokenizer, asked, RIGHT) == f"{RIGHT}<|eos|>"


def test_no_prompt_begins_twice(base: Path, tmp_path: Path) -> None:
    twice = copied(base, tmp_path / "twice")
    said = json.loads((twice / "tokenizer.json").read_text())
    first = {"SpecialToken": {"id": "<|bos|>", "type_id": 0}}
    said["post_processor"] = {
        "type": "TemplateProcessing", "single": [first, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [first, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|bos|>": {"id": "<|bos|>", "ids": [0], "tokens": ["<|bos|>"]}},
    }
    (twice / "tokenizer.json").write_text(json.dumps(said))
    plain, adds = trainer.tokenizer_of(base), trainer.tokenizer_of(twice)
    asked = messages("kaddol")
    assert adds(trainer.prompt_text(adds, asked))["input_ids"] == plain(trainer.prompt_text(plain, asked))["input_ids"]


# -- refusals --------------------------------------------------------------------------------------------------------


def test_a_gpu_that_is_not_there_is_refused() -> None:
    if importlib.import_module("torch").cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(errors.BadOption, match="no GPU that torch can use"):
        trainer.device_of("cuda")
    assert trainer.device_of("auto") == "cpu"


def test_a_model_without_a_chat_template_is_refused(base: Path, tmp_path: Path) -> None:
    bare = copied(base, tmp_path / "bare")
    said = json.loads((bare / "tokenizer_config.json").read_text())
    del said["chat_template"]
    (bare / "tokenizer_config.json").write_text(json.dumps(said))
    with pytest.raises(errors.BadWeights, match="no chat template"):
        trainer.check(bare)


def test_answers_that_the_tokenizer_cannot_tell_apart_are_refused(base: Path, tmp_path: Path) -> None:
    other = copied(base, tmp_path / "other")
    few = {"<|unk|>": 0, "<|bos|>": 1, "<|eos|>": 2, "<|pad|>": 3, "red": 4}
    (other / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "decoder": None, "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": few, "unk_token": "<|unk|>"},
    }))
    chat = trainer.Chat(other, "cpu")
    trainer.tell_apart(chat, ["red"])
    with pytest.raises(errors.BadInput, match=r"cannot write the answer 'green'.*--bank"):
        trainer.tell_apart(chat, ["red", "green"])
    with pytest.raises(errors.BadInput, match="cannot tell the answers 'red' and 'red ' apart"):
        trainer.tell_apart(chat, ["red", "red "])


def test_weights_that_are_not_the_config_s_are_refused(base: Path, tmp_path: Path) -> None:
    broken = copied(base, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(errors.BadWeights, match="transformers cannot open it"):
        trainer.Chat(broken, "cpu")


def test_a_model_that_training_broke_is_said_to_be_broken(base: Path, tmp_path: Path) -> None:
    save: Any = importlib.import_module("safetensors.torch").save_file
    broken = copied(base, tmp_path / "broken")
    nothing = {k: v * float("nan") for k, v in weights(base).items()}
    save(nothing, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(errors.BadOption, match="no numbers any more; train with a lower --rate"):
        preference(broken)


def test_a_name_is_no_folder_and_nobody_is_asked_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with pytest.raises(errors.BadWeights, match=r"no such model in the local cache.*--download"):
        folder.found("nobody-here/no-such-model", may_download=False)


def copied(source: Path, out: Path) -> Path:
    """A folder of its own."""
    out.mkdir()
    for file in source.iterdir():
        (out / file.name).write_bytes(file.read_bytes())
    return out
