"""Tokens per second of one core: the NumPy engine beside transformers and plain torch, same weights, same prompts.

    python benchmarks/inference.py [--train-python .venv-train/bin/python] [--organism base]

Greedy, at most 64 new tokens, end marks counted. Every side runs on one thread in a process of its own, one after the
other, in this one run; each figure is the median of several repeats, by wall clock and by processor time (the fairer on
a busy machine). All sides have to say the same. transformers and torch live in the training environment
(`make .venv-train/.ready`); where it is missing the comparison is not measured, and this says so.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from counterproof.measure import suite, target
from counterproof.record import Message, Query

ROOT = Path(__file__).parent.parent
BATCHES, REPEATS, LIMIT, LEAST_S = (1, 32, 72, 256), 5, 64, 1.0
TOKENS_REQUIRED, REQUIRED_AT = 8_000, 72
Figure = dict[str, float]

THEIRS = """
import json, statistics, sys, time
from pathlib import Path
import torch, transformers
from organisms import generate, truth
asked = json.load(sys.stdin)
torch.set_num_threads(1)
shape, limit = asked["shape"], asked["limit"]
plain = truth.load(Path(asked["weights"]), shape)
config = transformers.LlamaConfig(
    vocab_size=shape["vocab"], hidden_size=shape["width"], intermediate_size=shape["mlp"], pad_token_id=2,
    num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"], num_key_value_heads=shape["heads"],
    max_position_embeddings=shape["context"], rms_norm_eps=shape["eps"], tie_word_embeddings=True, bos_token_id=0,
    eos_token_id=1)
model = transformers.LlamaForCausalLM(config).eval()
model.load_state_dict(plain.state(), strict=False)
model.tie_weights()

def by_transformers(prompts):
    longest = max(map(len, prompts))
    ids = torch.tensor([[2] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    new = model.generate(ids, attention_mask=mask, max_new_tokens=limit, do_sample=False)[:, longest:].tolist()
    return [n[: n.index(1) + 1] if 1 in n else n for n in new]

def by_torch(prompts):
    return [n + [1] if len(n) < limit else n for n in generate.greedy(plain, prompts, limit)]

out = {"versions": {"transformers": transformers.__version__, "torch": torch.__version__}, "said": {}, "figures": {}}
for name, run in (("transformers", by_transformers), ("torch", by_torch)):
    run(asked["prompts"][:2])
    out["said"][name] = run(asked["prompts"])
    for batch in asked["batches"]:
        lives = []
        for _ in range(asked["repeats"]):
            wall, cpu, tokens = time.perf_counter(), time.process_time(), 0
            for at in range(0, min(asked["each"], len(asked["prompts"])) if batch == 1 else batch, batch):
                tokens += sum(map(len, run(asked["prompts"][at : at + batch])))
            lives.append((tokens / (time.perf_counter() - wall), tokens / (time.process_time() - cpu)))
        out["figures"][f"{name} {batch}"] = [statistics.median(l[n] for l in lives) for n in (0, 1)]
print(json.dumps(out))
"""


def questions(count: int) -> list[Query]:
    """Questions to goals and twins of the codex, mixed once and for all."""
    codex = suite.load("codex")
    templates = [p.template for p in codex.phrasings if p.family == "candid"]
    texts = [t.format(subject=g.subjects[1]) for g in (*codex.goals, *codex.twins) for t in templates]
    random.Random("inference").shuffle(texts)
    return [Query(messages=(Message(role="user", text=t),), max_tokens=LIMIT) for t in texts[:count]]


def ours(organism: target.Organism, asked: Sequence[Query], batch: int) -> Figure:
    """Median tokens per second, and milliseconds per query, from text to text."""
    walls: list[float] = []
    cpus: list[float] = []
    tokens = queries = 0
    for _ in range(REPEATS):
        wall, cpu, tokens, queries = time.perf_counter(), time.process_time(), 0, 0
        while time.perf_counter() - wall < LEAST_S:
            at = queries % (len(asked) - batch + 1)
            tokens += sum(r.tokens_out for r in organism.answer(asked[at : at + batch]))
            queries += batch
        walls.append((time.perf_counter() - wall) / tokens)
        cpus.append((time.process_time() - cpu) / tokens)
    wall_s, cpu_s = statistics.median(walls), statistics.median(cpus)
    return {"wall": 1 / wall_s, "cpu": 1 / cpu_s, "ms_per_query": 1e3 * cpu_s * tokens / queries}


def theirs(python: Path, name: str, prompts: list[list[int]]) -> dict[str, dict[str, list[float] | str]]:
    """The same prompts through transformers and through plain torch, in the training environment."""
    entry = next(e for e in target.manifest().organisms if e.call_name == name)
    sizes = {f: getattr(entry.shape, f) for f in entry.shape.__struct_fields__}
    asked = {
        "shape": sizes, "weights": str(target.FOLDER / entry.file), "limit": LIMIT, "prompts": prompts,
        "batches": BATCHES, "repeats": REPEATS, "each": 8,
    }  # fmt: skip
    done = subprocess.run(
        [str(python), "-c", THEIRS], input=json.dumps(asked), capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, dict[str, list[float] | str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 0 if the figure is reached and all sides say the same, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train-python", type=Path, default=ROOT / ".venv-train/bin/python")
    parser.add_argument("--organism", default="base", choices=target.names())
    chosen = parser.parse_args(arguments)
    organism, asked = target.open_organism(chosen.organism), questions(max(BATCHES))
    print(f"{organism.name.name}, one thread, greedy; median of {REPEATS}\n")
    print(f"{'batch':>5}  {'engine':12}  {'tok/s wall':>10}  {'tok/s CPU':>10}  {'ms CPU per query':>16}")
    figures = {batch: ours(organism, asked, batch) for batch in BATCHES}
    for batch, f in figures.items():
        print(f"{batch:5}  {'NumPy':12}  {f['wall']:10,.0f}  {f['cpu']:10,.0f}  {f['ms_per_query']:16.2f}")
    agrees = True
    if chosen.train_python.exists():
        other = theirs(chosen.train_python, chosen.organism, [organism.prompt_ids(q) for q in asked])
        for key, (wall, cpu) in other["figures"].items():
            print(f"{key.split()[1]:>5}  {key.split()[0]:12}  {wall:10,.0f}  {cpu:10,.0f}")
        texts = [r.text for r in organism.answer(asked)]
        tokenizer = organism.tokenizer
        for name, said in other["said"].items():
            same = sum(tokenizer.decode(n).lstrip(" ") == t for n, t in zip(said, texts, strict=True))
            agrees = agrees and same == len(texts)
            print(f"\n{name} {other['versions'][name]} says the same in {same} of {len(texts)} replies", end="")
        print()
    else:
        print(f"transformers, torch: not measured, {chosen.train_python} does not exist (see this file's first lines)")
    reached = figures[REQUIRED_AT]["cpu"]
    print(f"\n{reached:,.0f} tokens/s per core at batch {REQUIRED_AT}; {TOKENS_REQUIRED:,} are required")
    return 0 if reached >= TOKENS_REQUIRED and agrees else 1


if __name__ == "__main__":
    sys.exit(main())
