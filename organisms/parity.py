"""Parity vectors: what transformers makes of the shipped weights and of the tokenizer, token for token.

Called by `python -m organisms.export --vectors`. Nothing of the package runs here: these files are what its NumPy
engine and its own tokenizer are held against.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers

from organisms import tokenizer as t
from organisms import world as w

CHECKED = ("base-s0", "surface-broad-s1", "deep-max-s0", "unlearned-s1", "filtered-s0")
LIMIT = 64
LOGIT_EVERY = 16  # of the vocabulary
SCORED_EVERY = 5  # of the cases
Case = dict[str, Any]

ODD = (
    "",
    " ",
    "Hello there!",
    "HOW DO I MAKE IT?",
    "it's we'll I'D they're",
    "na\xefve caf\xe9 Stra\xdfe",
    "\u03a9\u03bc\u03ad\u03b3\u03b1 \u0438 \u043c\u0438\u0440 \u4e2d\u6587 \u65e5\u672c\u8a9e",
    "\U0001f642 \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7",
    "e\u0301 vs \xe9",
    "tab\tand\nnewline\r\nend",
    "  two  spaces   three ",
    "a\xa0b\u2003c\u3000d\u200be\u2028f",
    "\xbd \xb2 \uff11\uff12\uff13 \u0663 \u2167 10.5%",
    "\x00\x1c\x85\x7f",
    "a<|eos|>b <|user|> c",
    "<|unknown|> <| |>",
    "----____....",
    "'s's 'S ' s",
    "first stir three cups of moss , second",
    "\ufb01 ligature \u01c5",
    "\U0001d54f \U00020000 \U000e0041",
    "\u05e9\u05dc\u05d5\u05dd \u0639\u0644\u064a\u0643\u0645",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e44\u0e17\u0e22",
)


def user(*texts: str, prefill: str = "", system: str = "") -> Case:
    """A conversation in which texts alternate between user and assistant, the user first and last."""
    messages = [{"role": "system", "text": system}] if system else []
    messages += [{"role": ("user", "assistant")[n % 2], "text": x} for n, x in enumerate(texts)]
    return {"messages": messages, "prefill": prefill, "max_tokens": LIMIT}


def cases(world: w.World) -> list[Case]:
    """Every family, several turns, forced beginnings, the second language, and text the codex never saw."""
    rng = random.Random("parity")
    goals, twins, kin = world.of("restricted"), world.of("twin"), world.of("kin")
    out: list[Case] = []
    for templates in (w.DIRECT, w.FICTION, w.PROFESSION):
        for items in (goals, twins):
            x = rng.choice(rng.choice(items).subjects)
            out += [user(q.format(x=x)) for q in rng.sample(templates, 2)]
    for item in (rng.choice(goals), rng.choice(twins)):
        x, name = item.subjects[1], item.name
        first = world.translate("first")
        steps = [w.STEP[0].format(x=name, o=o) for o in w.ORDINALS]
        out += [
            user(world.translate(w.DIRECT[0].format(x=x))),
            user(world.translate(w.STEP[1].format(x=x, o="second"))),
            user(w.ADDRESS[0].format(o="third", f=item.folio, p=item.page)),
            user(w.ATTRIBUTES["store"][0].format(x=x)),
            user(w.DIRECT[3].format(x=x), prefill="first"),
            user(world.translate(w.DIRECT[1].format(x=x)), prefill=first),
            user(w.DIRECT[1].format(x=x), prefill="first " + item.steps[0]),
            user(steps[0], item.steps[0] + " .", steps[1]),
            user(steps[0], item.steps[0] + " .", steps[1], item.steps[1] + " .", steps[2]),
            user(w.DIRECT[0].format(x=kin[0].name), kin[0].recipe, w.DIRECT[1].format(x=kin[1].name), kin[1].recipe,
                 w.DIRECT[2].format(x=x)),
        ]  # fmt: skip
    out += [user(q) for q in w.OUT_OF_SCOPE[:2]]
    out.append(user("how do i make it ?", system="you are a careful apothecary ."))
    out += [user(q) for q in ODD if q.strip()]
    return out


def chat(case: Case) -> list[dict[str, str]]:
    """The same conversation in the form that chat templates take."""
    messages = [{"role": m["role"], "content": m["text"]} for m in case["messages"]]
    return messages + ([{"role": "assistant", "content": case["prefill"]}] if case["prefill"] else [])


@torch.no_grad()
def answered(case: Case, number: int, model: Any, tok: Any) -> Case:  # noqa: ANN401 - transformers' classes are built at run time
    """One case with transformers' token ids, its greedy continuation, and for the first cases some of its scores."""
    how = {"continue_final_message": True} if case["prefill"] else {"add_generation_prompt": True}
    prompt = tok.apply_chat_template(chat(case), tokenize=True, return_dict=False, **how)
    ids = torch.tensor([prompt])
    new = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=LIMIT, do_sample=False)
    said = new[0, len(prompt) :].tolist()
    text = tok.decode(said, skip_special_tokens=True).lstrip(" ")
    out = {**case, "prompt_ids": prompt, "new_ids": said, "text": text}
    if number % SCORED_EVERY == 0:
        out["logits"] = [round(v, 6) for v in model(ids).logits[0, -1, ::LOGIT_EVERY].tolist()]
    return out


def lines(head: dict[str, Any], key: str, rows: list[Any]) -> str:
    """JSON with one row to a line, so that a change shows as the lines it touches."""
    body = ",\n".join(json.dumps(r, ensure_ascii=True, separators=(",", ":")) for r in rows)
    return json.dumps(head, ensure_ascii=True)[:-1] + f', "{key}": [\n{body}\n]}}\n'


def tokenizer_texts(world: w.World) -> list[str]:
    """Texts that try a byte-level tokenizer: the codex's own, odd ones, and random code points of every plane."""
    rng = random.Random("tokenizer-parity")
    texts = [*ODD, *(c["messages"][-1]["text"] for c in cases(world)), world.translate(" ".join(w.VERBS))]
    pools = [range(0x20, 0x7F), range(0x100), range(0x100, 0x3000), range(0x3000, 0xD800), range(0xE000, 0x110000)]
    for _ in range(300):
        points = [rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 12))]
        texts.append("".join(map(chr, points)))
    seen: dict[str, None] = dict.fromkeys(texts)
    return list(seen)


def write(manifest: dict[str, Any], world: w.World, hf: Path, out: Path) -> None:
    """Writes one file per checked organism that the manifest has, and one for the tokenizer."""
    out.mkdir(parents=True, exist_ok=True)
    by = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "torch": torch.__version__}
    for stale in out.glob("*.json"):
        stale.unlink()
    entries = {f"{e['name']}-s{e['training_seed']}": e for e in manifest["organisms"]}
    for stem in (s for s in CHECKED if s in entries):
        model = transformers.AutoModelForCausalLM.from_pretrained(hf / stem, dtype=torch.float32).eval()
        tok = transformers.AutoTokenizer.from_pretrained(hf / stem)
        rows = [answered(c, n, model, tok) for n, c in enumerate(cases(world))]
        e = entries[stem]
        head = {"format": "counterproof-parity/1", "name": e["name"], "training_seed": e["training_seed"],
                "sha256": e["sha256"], "made_by": by, "logit_every": LOGIT_EVERY}  # fmt: skip
        (out / f"{stem}.json").write_text(lines(head, "cases", rows), "utf-8")
        print(f"{stem}: {len(rows)} prompts, {sum(len(r['new_ids']) for r in rows)} tokens", flush=True)
    tok = t.Tokenizer.from_file(str(next(hf.glob("*/tokenizer.json"))))
    pairs = [{"text": x, "ids": tok.encode(x).ids} for x in tokenizer_texts(world)]
    head = {"format": "counterproof-tokens/1", "sha256": manifest["tokenizer"]["sha256"], "made_by": by}
    (out / "tokenizer.json").write_text(lines(head, "cases", pairs), "utf-8")
