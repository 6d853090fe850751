"""Folders in, folders out: a model opened for scoring, and three ways to train it (SFT, DPO, GRPO), LoRA or full.

Torch and its friends load inside the functions, so that a script can refuse and explain itself without them. Every
text goes to TRL already written in the model's own chat template, so that scoring and training see the same tokens.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from counterproof import errors
from counterproof.measure import whitebox
from experiments.real import folder as folders

SMALL = 10_000_000  # parameters; below, threads wait for each other
LARGE = 8_000_000_000  # bytes of weights
# What the libraries warn of and no user of ours can mend; all else comes through.
THEIR_OWN = (
    ("`(is_)?gradient_checkpointing` is deprecated", FutureWarning),  # TRL calls transformers by an older name
    ("You are importing from 'trl.experimental'", Warning),  # TRL does so itself
)
Messages = Sequence[Mapping[str, str]]
Reward = Callable[..., list[float]]


@dataclass(frozen=True, kw_only=True)
class Course:
    """One stage of training. `rate` is AdamW's, held constant; `rank` is LoRA's and 0 trains every weight."""

    steps: int
    rate: float
    batch: int
    seed: int
    rank: int = 16
    beta: float = 0.1
    group: int = 8
    reply_tokens: int = 32

    def of(self, **changes: Any) -> Course:  # noqa: ANN401 - the fields above
        """Another course, like this one but for the changes."""
        return replace(self, **changes)


def quiet() -> None:
    """Silences what the libraries print; errors still come through."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import datasets
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    for name in ("trl", "peft", "accelerate"):
        logging.getLogger(name).setLevel(logging.ERROR)


def device_of(asked: str) -> str:
    """`cpu` or `cuda`; `auto` takes a GPU where there is one.

    Raises:
        errors.BadOption: a GPU is asked for and there is none.
    """
    import torch

    if asked == "cuda" and not torch.cuda.is_available():
        raise errors.BadOption(
            "there is no GPU that torch can use", where="--device", mend="leave --device out, or say cpu"
        )
    return ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked


def dtype_of(path: Path, device: str) -> str:
    """Weights are float32, so that a small step is not rounded away; on a GPU bfloat16 from `LARGE` bytes on."""
    size = sum(file.stat().st_size for file in path.glob("*.safetensors"))
    return "bfloat16" if device == "cuda" and size >= LARGE else "float32"


# -- one model, opened for scoring ----------------------------------------------------------------------------------


class Chat:
    """A model and its way with words; `prompt` and `reply` write texts exactly as training sees them."""

    def __init__(self, path: Path, device: str) -> None:
        import torch
        import transformers

        self.path, self.device = path, device
        self.tokenizer = tokenizer_of(path)
        try:
            self.net = transformers.AutoModelForCausalLM.from_pretrained(
                str(path), local_files_only=True, trust_remote_code=False, use_safetensors=True,
                dtype=dtype_of(path, device),
            )
        except Exception as exc:  # whatever the library finds wrong with a folder is wrong with the folder
            raise errors.BadWeights(
                f"transformers cannot open it ({' '.join(str(exc).split())[:300]})", where=str(path), mend=folders.MEND
            ) from exc
        self.net.eval().to(device)
        self.parameters = sum(p.numel() for p in self.net.parameters())
        if self.parameters < SMALL:
            torch.set_num_threads(1)
        self.context = int(getattr(self.net.config, "max_position_embeddings", 1 << 20))

    def prompt(self, messages: Messages) -> str:
        """The text after which the model's reply begins."""
        return prompt_text(self.tokenizer, messages)

    def reply(self, messages: Messages, text: str) -> str:
        """The text of a whole reply, its end included, as it follows `prompt(messages)`."""
        return reply_text(self.tokenizer, messages, text)

    def logp(self, pairs: Sequence[tuple[str, str]], rows: int = 64) -> list[float]:
        """Natural log-probability of each (prompt, reply)'s reply, summed over its tokens.

        Raises:
            errors.BadInput: a pair is longer than the model's context.
        """
        import torch

        ids = [self._ids(*pair) for pair in pairs]
        order = sorted(range(len(ids)), key=lambda n: len(ids[n][0]))
        out = [0.0] * len(ids)
        with torch.no_grad():
            for start in range(0, len(order), rows):
                part = order[start : start + rows]
                longest = max(len(ids[n][0]) for n in part)
                tokens_B_L = torch.zeros((len(part), longest), dtype=torch.long)
                mask_B_L = torch.zeros((len(part), longest), dtype=torch.long)
                for row, n in enumerate(part):
                    tokens_B_L[row, : len(ids[n][0])] = torch.tensor(ids[n][0])
                    mask_B_L[row, : len(ids[n][0])] = 1
                tokens_B_L, mask_B_L = tokens_B_L.to(self.device), mask_B_L.to(self.device)
                logits_B_L_V = self.net(input_ids=tokens_B_L, attention_mask=mask_B_L).logits[:, :-1].float()
                chosen_B_L = logits_B_L_V.gather(2, tokens_B_L[:, 1:, None])[..., 0] - logits_B_L_V.logsumexp(-1)
                for row, n in enumerate(part):
                    whole, begins = len(ids[n][0]), ids[n][1]
                    out[n] = float(chosen_B_L[row, begins - 1 : whole - 1].double().sum())
        return out

    def _ids(self, prompt: str, reply: str) -> tuple[list[int], int]:
        """Token ids of both together, and where the reply begins: as TRL cuts them."""
        head = self.tokenizer(prompt)["input_ids"]
        whole = self.tokenizer(prompt + reply)["input_ids"]
        begins = next((n for n, (a, b) in enumerate(zip(head, whole, strict=False)) if a != b), len(head))
        if len(whole) > self.context:
            raise errors.BadInput(
                f"a prompt with its reply takes {len(whole)} tokens of a context of {self.context}",
                where=self.path.name, mend="bring a bank of shorter texts",
            )
        return list(whole), begins

    def said(self, prompts: Sequence[str], tokens: int, rows: int = 64) -> list[str]:
        """Greedy replies, special tokens left out."""
        import torch

        out: list[str] = []
        self.tokenizer.padding_side = "left"
        with torch.no_grad():
            for start in range(0, len(prompts), rows):
                part = self.tokenizer(list(prompts[start : start + rows]), return_tensors="pt", padding=True)
                part.pop("token_type_ids", None)
                made = self.net.generate(
                    **part.to(self.device), do_sample=False, max_new_tokens=tokens, top_p=None, top_k=None,
                    temperature=None, pad_token_id=self.tokenizer.pad_token_id,
                )
                texts = made[:, part["input_ids"].shape[1] :]
                out += [t.strip() for t in self.tokenizer.batch_decode(texts, skip_special_tokens=True)]
        return out

    def close(self) -> None:
        """Gives the memory back."""
        import torch

        del self.net
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()


def check(path: Path) -> None:
    """Refuses a model that cannot be spoken to, before its weights are opened.

    Raises:
        errors.BadWeights: see `tokenizer_of`.
    """
    tokenizer_of(path)


def tell_apart(chat: Chat, answers: Sequence[str]) -> None:
    """Refuses declared answers that the tokenizer cannot tell apart, or cannot write at all.

    Raises:
        errors.BadInput: two answers have the same tokens, or one has tokens that do not spell it.
    """
    seen: dict[tuple[int, ...], str] = {}
    for answer in answers:
        ids = tuple(chat.tokenizer(answer, add_special_tokens=False)["input_ids"])
        spelt = str(chat.tokenizer.decode(list(ids), skip_special_tokens=True))
        if "".join(spelt.split()) != "".join(answer.split()):
            raise errors.BadInput(
                f"the tokenizer cannot write the answer {answer!r} (it makes {spelt!r} of it)", where=chat.path.name,
                mend="bring a bank in this model's vocabulary (--bank)",
            )
        if seen.setdefault(ids, answer) != answer:
            raise errors.BadInput(
                f"the tokenizer cannot tell the answers {seen[ids]!r} and {answer!r} apart", where=chat.path.name,
                mend="bring a bank in this model's vocabulary (--bank)",
            )


def shares(chat: Chat, asked: Sequence[tuple[Messages, Sequence[str]]]) -> tuple[list[list[float]], float]:
    """For each question the shares of its declared answers among themselves, and the mean mass that all of them have.

    The second number says how much of what the model would say the shares are about.

    Raises:
        errors.BadOption: training has broken the model.
    """
    pairs = [(chat.prompt(m), chat.reply(m, a)) for m, answers in asked for a in answers]
    found = iter(chat.logp(pairs))
    made: list[list[float]] = []
    masses: list[float] = []
    for _, answers in asked:
        values = [next(found) for _ in answers]
        top = max(values)
        if not all(map(math.isfinite, values)):
            raise errors.BadOption(
                "its probabilities are no numbers any more", where=chat.path.name, mend="train with a lower --rate"
            )
        weights = [math.exp(v - top) for v in values]
        made.append([w / sum(weights) for w in weights])
        masses.append(min(1.0, math.exp(top) * sum(weights)))
    return made, sum(masses) / len(masses)


def tokenizer_of(path: Path) -> Any:  # noqa: ANN401 - a transformers tokenizer
    """A folder's tokenizer, with a token that pads.

    Raises:
        errors.BadWeights: it cannot be opened, has no chat template, or nothing ends a reply.
    """
    import transformers

    try:
        found = transformers.AutoTokenizer.from_pretrained(str(path), local_files_only=True, trust_remote_code=False)
    except Exception as exc:  # same
        raise errors.BadWeights(
            f"its tokenizer cannot be opened ({' '.join(str(exc).split())[:300]})", where=str(path), mend=folders.MEND
        ) from exc
    if not getattr(found, "chat_template", None):
        raise errors.BadWeights(
            "the tokenizer has no chat template, so there is no telling how the model is spoken to",
            where=str(path), mend="take the chat model, or add chat_template to tokenizer_config.json",
        )
    if found.eos_token is None:
        raise errors.BadWeights("no token ends a reply", where=str(path), mend="state eos_token in the tokenizer")
    if found.pad_token is None:
        found.pad_token = found.eos_token
    return found


def prompt_text(tokenizer: Any, messages: Messages) -> str:  # noqa: ANN401 - a transformers tokenizer
    """Messages in the chat template; a first token that the tokenizer adds by itself is left out."""
    text = str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True))
    first = tokenizer.bos_token
    if first and text.startswith(first) and tokenizer(text)["input_ids"][:2] == [tokenizer.bos_token_id] * 2:
        return text.removeprefix(first)
    return text


def reply_text(tokenizer: Any, messages: Messages, text: str) -> str:  # noqa: ANN401 - same
    """What the template writes for a reply, up to and with the token that ends it."""
    head = str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True))
    turns = [*messages, {"role": "assistant", "content": text}]
    whole = str(tokenizer.apply_chat_template(turns, tokenize=False))
    end = str(tokenizer.eos_token)
    # Some templates write a prompt in one way and a conversation in another (an empty thought, say): then plainly.
    body = whole[len(head) :] if whole.startswith(head) else text
    return body[: body.index(end)] + end if end in body else body.rstrip() + end


def weighed(path: Path, device: str) -> whitebox.Model:
    """A folder as the package's instruments open it, on this device."""
    found = whitebox.from_folder(path)
    found.net.to(device)
    return found


# -- a seed ---------------------------------------------------------------------------------------------------------


def planted(setting: Any, seed: int, rows: Callable[[Chat], Sequence[Mapping[str, str]]]) -> Path:  # noqa: ANN401 - a script.Setting
    """Where a seed's arms start: the model as it came, or taught `rows` first if the bank or the user says so."""
    if not setting.plant.steps:
        return Path(setting.source)
    chat = Chat(setting.source, setting.device)
    made = rows(chat)
    chat.close()
    return sft(setting.source, made, setting.place(f"base-s{seed}"), setting.plant.of(seed=seed), setting.device)


def read(path: Path, device: str, cells: Callable[[Chat], dict[str, Any]]) -> dict[str, Any]:
    """A model's cells; it is open no longer than they take."""
    chat = Chat(path, device)
    made = cells(chat)
    chat.close()
    return made


# -- training -------------------------------------------------------------------------------------------------------


def sft(source: Path, rows: Sequence[Mapping[str, str]], out: Path, course: Course, device: str) -> Path:
    """Supervised: rows of `prompt` and `completion` (the loss falls on the completion), or of `text` (on all of it)."""
    trl = _trl()
    said = {"completion_only_loss": "prompt" in rows[0], "max_length": None, "packing": False}
    return _trained(source, rows, out, course, device, trainer=trl.SFTTrainer, config=trl.SFTConfig, said=said)


def dpo(source: Path, rows: Sequence[Mapping[str, str]], out: Path, course: Course, device: str) -> Path:
    """Direct preference optimisation (Rafailov et al. 2023): rows of `prompt`, `chosen`, `rejected`."""
    trl = _trl()
    said = {"beta": course.beta, "max_length": None}
    return _trained(source, rows, out, course, device, trainer=trl.DPOTrainer, config=trl.DPOConfig, said=said)


def grpo(
    source: Path, rows: Sequence[Mapping[str, Any]], reward: Reward, out: Path, course: Course, device: str
) -> Path:
    """Group-relative policy optimisation (Shao et al. 2024) of `reward(completions=..., **columns)`, KL held by beta.

    `course.batch` counts completions, in groups of `course.group` for one prompt.
    """
    trl = _trl()
    # TRL drops a batch that it cannot fill with different rows: of too few it would train on none at all.
    rows = [*rows] * math.ceil(course.batch / course.group / len(rows))
    said = {
        "beta": course.beta, "num_generations": course.group, "max_completion_length": course.reply_tokens,
        "temperature": 1.0, "top_p": 1.0, "top_k": 0,
    }  # fmt: skip
    return _trained(
        source, rows, out, course, device, trainer=trl.GRPOTrainer, config=trl.GRPOConfig, said=said,
        reward_funcs=[reward],
    )


def _trl() -> Any:  # noqa: ANN401 - the checkers' environment has no TRL
    with warnings.catch_warnings():
        for message, kind in THEIR_OWN:
            warnings.filterwarnings("ignore", message=message, category=kind)
        import trl
        from trl import DPOTrainer, GRPOTrainer, SFTTrainer  # noqa: F401 - TRL loads them when they are first named

        return trl


def _trained(  # noqa: PLR0913 - one place where every trainer is made alike
    source: Path, rows: Sequence[Mapping[str, Any]], out: Path, course: Course, device: str, *,
    trainer: Any, config: Any, said: Mapping[str, Any], **more: Any,  # noqa: ANN401 - TRL's classes
) -> Path:
    import datasets
    import torch
    import transformers

    chat = Chat(source, device)
    net, tokenizer = chat.net, chat.tokenizer
    net.train()
    transformers.set_seed(course.seed)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        for message, kind in THEIR_OWN:
            warnings.filterwarnings("ignore", message=message, category=kind)
        settings = config(
            output_dir=scratch, max_steps=course.steps, learning_rate=course.rate, lr_scheduler_type="constant",
            per_device_train_batch_size=course.batch, gradient_accumulation_steps=1, seed=course.seed,
            data_seed=course.seed, use_cpu=device == "cpu", bf16=device == "cuda", report_to="none",
            save_strategy="no", logging_strategy="no", disable_tqdm=True, dataloader_pin_memory=False,
            gradient_checkpointing=device == "cuda", weight_decay=0.0, **said,
        )
        made = trainer(
            model=net, args=settings, train_dataset=datasets.Dataset.from_list([dict(r) for r in rows]),
            processing_class=tokenizer, peft_config=_lora(course), **more,
        )
        made.remove_callback(transformers.PrinterCallback)
        try:
            made.train()
        except torch.OutOfMemoryError as exc:
            raise errors.BadOption(
                "the GPU's memory is too small for this", where="--batch",
                mend="give a smaller one, or leave out --full",
            ) from exc
        if made.state.global_step < course.steps:
            raise errors.BadOption(
                f"only {made.state.global_step} of {course.steps} steps could be taken", where="--batch",
                mend="give a smaller one, or more items",
            )
        net = made.accelerator.unwrap_model(made.model)
        if course.rank:
            net = net.merge_and_unload()
        out.mkdir(parents=True, exist_ok=True)
        net.save_pretrained(str(out))
        tokenizer_of(source).save_pretrained(str(out))
    chat.close()
    return out


def _lora(course: Course) -> Any:  # noqa: ANN401 - a peft.LoraConfig, or nothing
    import peft

    if not course.rank:
        return None
    return peft.LoraConfig(
        r=course.rank, lora_alpha=2 * course.rank, lora_dropout=0.0, bias="none", target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
