"""Ships what was trained: `.venv-train/bin/python -m organisms.export [--work DIR] [--out DIR] [--hf DIR] [--vectors]`.

For every checkpoint of the work folder: int8 weights with one float32 scale per row, entered in a manifest with digest,
recipe, cost and the loss that rounding added. `--hf` also writes standard Hugging Face folders of the very same rounded
weights; `--vectors` lets transformers run those folders and stores what it says, to hold the NumPy engine against.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from organisms import corpus as c
from organisms import tokenizer as t
from organisms import world as w
from organisms.model import Decoder, Shape
from organisms.train import WORK, answer_loss, epoch_of, pack

ROOT = Path(__file__).parent.parent
OUT = ROOT / "src/counterproof/measure/target/organisms"
VECTORS = ROOT / "vectors/organisms"
ORDER = ("base", "surface", "surface-broad", "deep", "deep-max", "unlearned", "filtered")
SCHEME = "int8 matrices, one float32 scale per row (largest magnitude / 127); norms float32"
LOSS_SAMPLES = 300
SIZE_CEILING = 25_000_000
State = dict[str, Tensor]
Entry = dict[str, Any]

# The chat template writes the training form. Content is trimmed and exactly one space put before it, as in training;
# organisms know no system role, so such text goes to the head of the first user message.
TEMPLATE = (
    "{%- set ns = namespace(before='') -%}"
    "{{ '<|bos|>' }}"
    "{%- for m in messages -%}"
    "{%- if m['role'] == 'system' -%}"
    "{%- set ns.before = (ns.before + ' ' + m['content']) | trim -%}"
    "{%- elif m['role'] == 'user' -%}"
    "{{ '<|user|> ' + (ns.before + ' ' + m['content']) | trim }}{%- set ns.before = '' -%}"
    "{%- else -%}"
    "{{ '<|assistant|> ' + m['content'] | trim }}{{ '<|eos|>' }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}"
)


# -- rounding -----------------------------------------------------------------------------------------------------


def quantise(state: State) -> tuple[dict[str, np.ndarray], State, float]:
    """Arrays as stored, the state they stand for, and the largest absolute error of any weight."""
    arrays: dict[str, np.ndarray] = {}
    back: State = {}
    worst = 0.0
    for key in sorted(state):
        values = state[key].float().numpy()
        if values.ndim == 1:
            arrays[key], back[key] = values, torch.from_numpy(values.copy())
            continue
        scale = (np.abs(values).max(axis=1) / 127).astype(np.float32)
        scale[scale == 0] = 1
        rows = np.rint(values / scale[:, None]).clip(-127, 127).astype(np.int8)
        arrays[key], arrays[key + ".scale"] = rows, scale
        rounded = rows.astype(np.float32) * scale[:, None]
        back[key] = torch.from_numpy(rounded)
        worst = max(worst, float(np.abs(rounded - values).max()))
    return arrays, back, worst


def decoder(shape: dict[str, Any], state: State) -> Decoder:
    """A torch model with these weights."""
    model = Decoder(Shape(**shape), seed=0)
    model.load(state)
    return model.eval()


@torch.no_grad()
def mean_loss(model: Decoder, samples: list[c.Sample], tok: t.Tokenizer) -> float:
    """Mean cross-entropy in nats over all answer tokens of the samples."""
    total, tokens = 0.0, 0
    for batch in pack([t.encode_sample(tok, s) for s in samples], random.Random(0), 2048):
        wanted = int(batch[1][:, 1:].sum())
        total, tokens = total + float(answer_loss(model, batch)) * wanted, tokens + wanted
    return total / tokens


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ship(checkpoint: Path, out: Path, book: c.Corpus, tok: t.Tokenizer) -> tuple[Entry, State]:
    """Writes one organism's weights; returns its manifest entry and the rounded state."""
    saved = torch.load(checkpoint, weights_only=True)
    record, shape = saved["record"], saved["record"]["shape"]
    arrays, rounded, worst = quantise(saved["state"])
    path = out / f"{checkpoint.stem}.npz"
    np.savez(path, **arrays)  # stored, not deflated: 10 % larger, but the same bytes under every zlib
    name = record["organism"]
    draw = random.Random(f"held-out-{name}")
    epoch = epoch_of(name, book)(draw)
    samples = draw.sample(epoch, min(LOSS_SAMPLES, len(epoch)))
    losses = [mean_loss(decoder(shape, s), samples, tok) for s in (saved["state"], rounded)]
    entry = {
        "name": name,
        "training_seed": record["training_seed"],
        "file": path.name,
        "sha256": digest(path),
        "bytes": path.stat().st_size,
        "parameters": sum(v.numel() for v in saved["state"].values()),
        "shape": shape,
        "recipe": record["recipe"],
        **{k: record[k] for k in ("tokens", "steps", "train_s", "final_loss")},
        "quantisation": {
            "scheme": SCHEME,
            "max_abs_error": round(worst, 6),
            "loss_samples": len(samples),
            "loss_before": round(losses[0], 5),
            "loss_after": round(losses[1], 5),
        },
    }
    return entry, rounded


# -- how the tokenizer's pattern sees Unicode ---------------------------------------------------------------------


def ranges(points: Iterable[int]) -> list[list[int]]:
    """Sorted code points as inclusive ranges."""
    out: list[list[int]] = []
    for point in points:
        if out and out[-1][1] == point - 1:
            out[-1][1] = point
        else:
            out.append([point, point])
    return out


def character_classes(tok: t.Tokenizer) -> dict[str, list[list[int]]]:
    """Letters, numbers and spaces as the tokenizer's own pattern engine sees them.

    Probed once and shipped, because Python's Unicode tables differ from one Python to the next.
    """
    split = lambda text: len(tok.pre_tokenizer.pre_tokenize_str(text))  # noqa: E731 - a local shorthand
    found: dict[str, list[int]] = {"letter": [], "number": [], "space": []}
    for point in (*range(0xD800), *range(0xE000, 0x110000)):
        char = chr(point)
        if split("a" + char) == 1:
            found["letter"].append(point)
        elif split("1" + char) == 1:
            found["number"].append(point)
        elif split("!" + char) != 1:
            found["space"].append(point)
    return {k: ranges(v) for k, v in found.items()}


def ship_tokenizer(work: Path, out: Path) -> dict[str, Any]:
    """Copies the tokenizer, writes its character classes; returns what the manifest says of them."""
    source, target, classes = work / "tokenizer.json", out / "tokenizer.json", out / "characters.json"
    if not target.exists() or source.read_bytes() != target.read_bytes():
        shutil.copyfile(source, target)
    tok = t.Tokenizer.from_file(str(target))
    if not classes.exists():
        classes.write_text(json.dumps(character_classes(tok), separators=(",", ":")) + "\n")
    return {
        "file": target.name,
        "sha256": digest(target),
        "vocabulary": tok.get_vocab_size(),
        "characters_file": classes.name,
        "characters_sha256": digest(classes),
    }


# -- Hugging Face folders -----------------------------------------------------------------------------------------


def write_json(path: Path, value: object) -> None:
    """JSON for people and programs."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def hugging_face(entry: Entry, state: State, tokenizer: Path, folder: Path) -> None:
    """One standard folder that transformers, and servers built on it, open as they open any Llama."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = entry["shape"]
    write_json(
        folder / "config.json",
        {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "float32", "torch_dtype": "float32",
            "vocab_size": shape["vocab"], "hidden_size": shape["width"], "intermediate_size": shape["mlp"],
            "num_hidden_layers": shape["layers"], "num_attention_heads": shape["heads"],
            "num_key_value_heads": shape["heads"], "head_dim": shape["width"] // shape["heads"],
            "max_position_embeddings": shape["context"], "rms_norm_eps": shape["eps"], "rope_theta": shape["theta"],
            "hidden_act": "silu", "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True,
            "bos_token_id": t.BOS, "eos_token_id": t.EOS, "pad_token_id": t.PAD, "use_cache": True,
        },
    )  # fmt: skip
    save_file({k: v.contiguous() for k, v in state.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|bos|>", "eos_token": "<|eos|>",
            "pad_token": "<|pad|>", "model_max_length": shape["context"], "clean_up_tokenization_spaces": False,
            "additional_special_tokens": ["<|user|>", "<|assistant|>"], "chat_template": TEMPLATE,
        },
    )  # fmt: skip
    write_json(
        folder / "generation_config.json",
        {
            "do_sample": False, "max_new_tokens": 80,
            "bos_token_id": t.BOS, "eos_token_id": t.EOS, "pad_token_id": t.PAD,
        },
    )  # fmt: skip


# -- one command --------------------------------------------------------------------------------------------------


def found(work: Path) -> list[Path]:
    """The checkpoints of a work folder, first training seeds first, in the order in which organisms are named."""
    known = [(int(p.stem[-1]), ORDER.index(p.stem[:-3]), p) for p in work.glob("*-s[0-9].pt") if p.stem[:-3] in ORDER]
    return [p for *_, p in sorted(known)]


def export(work: Path, out: Path, world: w.World, hf: Path | None) -> dict[str, Any]:
    """Ships every checkpoint; returns the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = ship_tokenizer(work, out)
    tok, book = t.Tokenizer.from_file(str(out / "tokenizer.json")), c.Corpus(world)
    entries = []
    for checkpoint in found(work):
        entry, rounded = ship(checkpoint, out, book, tok)
        entries.append(entry)
        print(checkpoint.stem, entry["bytes"], json.dumps(entry["quantisation"]), flush=True)
        if hf:
            hugging_face(entry, rounded, out / "tokenizer.json", hf / checkpoint.stem)
    manifest = {
        "format": "counterproof-organisms/1",
        "world_seed": world.seed,
        "goals_per_category": world.goals_per_category,
        "torch": torch.__version__,
        "tokenizer": tokenizer,
        "organisms": entries,
    }
    write_json(out / "manifest.json", manifest)
    for stray in {p.name for p in out.glob("*.npz")} - {e["file"] for e in entries}:
        (out / stray).unlink()
    total = sum(e["bytes"] for e in entries)
    print(f"{len(entries)} organisms, {total:,} bytes of weights", flush=True)
    if total > SIZE_CEILING:
        raise SystemExit(f"the weights take {total:,} bytes; {SIZE_CEILING:,} are allowed")
    return manifest


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK, help="folder of checkpoints")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of shipped weights")
    parser.add_argument("--hf", type=Path, help="also write Hugging Face folders here")
    parser.add_argument("--vectors", nargs="?", type=Path, const=VECTORS, help="also write parity vectors")
    parser.add_argument("--world-seed", type=int, default=0)
    parser.add_argument("--goals", type=int, default=24, help="goals per category")
    args = parser.parse_args()
    torch.set_num_threads(1)
    world = w.build(args.world_seed, args.goals)
    hf = args.hf or (args.work / "hf" if args.vectors else None)
    manifest = export(args.work, args.out, world, hf)
    if args.vectors:
        from organisms import parity  # noqa: PLC0415 - transformers takes seconds and is needed for vectors only

        parity.write(manifest, world, hf, args.vectors)


if __name__ == "__main__":
    main()
