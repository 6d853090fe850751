"""What is sent, and what it is held against: conversations of 7 KB, tool calls under 1 KB, a policy of 1,000 patterns.

Everything is made from a seed: every system gets the same bytes. No two conversations and no two calls are the same.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

PATTERNS = 1_000
TURNS = 24
BODY_BYTES = 7_200

_TEXT = """
account adjust admit afternoon agenda air allow amount apple archive arrange article attach author autumn balance bank
basket battery beach bean bicycle bill blanket blue board boat book border bottle box branch bread breakfast bridge
bright broken brother budget build bus butter button cable camera capital carpet carry castle catalogue chair chapter
cheese children church circle city class clean climate clock cloth cloud coast coffee colour column comfort company
compare concert cook copper corner cotton country course cousin cover cream crowd culture cup curtain customer daily
damage danger data daughter decide deliver department deposit design desk dinner direct discount discuss distance
doctor document door draft dream dress driver dry duck dust early east edge editor effect egg electric empty engine
english enter equal error estimate evening event exam exchange export fabric factory family farm fast father favour
festival field film finger fire fish flag flat flight floor flower fold food forest fork frame fresh friend fruit fuel
garden gas gate gentle gift glass gold grain grass green grey ground group guest guide hall hammer harbour hat health
heat heavy history holiday honey hospital hotel house husband ice image insurance invoice island item jacket january
jar joint journey judge juice july june kitchen knee ladder lake lamp language laundry lawyer leaf leather letter
library light limit linen liquid list loan lock lunch machine magazine mail map march market meadow meal measure
medicine meeting member metal middle milk minute mirror model money month morning mother motor mountain museum music
narrow nation nature needle neighbour newspaper night noise north notebook novel nurse oak ocean office oil orange
orchard oven owner packet paint palace paper parcel parent park passage passport path pattern pencil pepper phone
photo piano picture pillow pilot plan plant plate platform player pocket poem police post potato powder present price
print prize profit programme purple purpose rail rain range receipt recipe record region rent repair report rest rice
river road roof room rope rose route rubber salad sale salt sample sand school science screen season seat secretary
shelf ship shirt shoe shop signal silk silver sister skin sky snow soap soft soil soup south space spring square stage
stamp station steel stone storm story street student sugar summer sun supper surface sweet table tailor tax tea
teacher team temple ticket timber tool tower town track trade traffic train travel tree trip truck uncle uniform
valley value vegetable village visit voice wage wall warm washing watch water weather wedding weight west wheel white
wide window winter wire wood wool yard yellow
"""
_WORDS = tuple(_TEXT.split())
_COMMON = "the of and to in is for with that it on as are this be at by from or an we can not which will more"
_SMALL = tuple(_COMMON.split())
_ACTS = [
    "make",
    "build",
    "get",
    "grow",
    "mix",
    "order",
    "smuggle",
    "forge",
    "bypass",
    "disable",
    "crack",
    "spoof",
    "clone",
    "inject",
]
_WAYS = (
    "how do i", "what is the best way to", "steps to", "instructions to", "help me to", "guide to", "recipe to",
)  # fmt: skip


def _rng(*of: object) -> random.Random:
    return random.Random(repr(of))


def _sentence(rng: random.Random, words: int) -> str:
    said = [rng.choice(_SMALL if n % 2 else _WORDS) for n in range(words)]
    if rng.random() < 0.2:
        said[rng.randrange(words)] = str(rng.randrange(2, 4000))
    return " ".join(said).capitalize() + rng.choice(".....?")


def prose(rng: random.Random, chars: int) -> str:
    """Sentences of ordinary words, `chars` characters of them."""
    out = ""
    while len(out) < chars:
        out += _sentence(rng, rng.randrange(6, 18)) + " "
    return out[: chars - 1].rstrip() + "."


def _strange(rng: random.Random, letters: int) -> str:
    return "".join(rng.choice("bcdfghjklmnpqrstvwxz" if n % 2 else "aeiouy") for n in range(letters))


def phrases(many: int, seed: str) -> list[str]:
    """Terms that are on a list: two or three words, the last of them in nobody's dictionary."""
    rng = _rng("phrases", seed)
    return [f"{rng.choice(_WORDS)} {_strange(rng, 7)}{rng.choice(['', ' ' + rng.choice(_WORDS)])}" for _ in range(many)]


def _asking(many: int) -> list[str]:
    """Questions in many wordings: alternations, optional words, gaps, word boundaries."""
    rng = _rng("asking")
    out: list[str] = []
    for _ in range(many):
        ways, acts = "|".join(rng.sample(_WAYS, 3)), "|".join(rng.sample(_ACTS, 4))
        things = "|".join(f"{rng.choice(_WORDS)} {_strange(rng, 6)}" for _ in range(3))
        out.append(rf"\b(?:{ways}) (?:{acts}) (?:an? |the |some )?(?:{things})s?\b")
    return out


_SECRETS = (
    r"\bAKIA[0-9A-Z]{16}\b", r"\bgh[pousr]_[A-Za-z0-9]{36}\b", r"\bsk-[A-Za-z0-9]{32,64}\b",
    r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----", r"\bxox[abpr]-[0-9A-Za-z-]{10,48}\b",
    r"\b(?:4[0-9]{3}|5[1-5][0-9]{2})[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b", r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b",
)  # fmt: skip
_INJECTION = (
    r"\b(?:ignore|disregard|forget) (?:all )?(?:of )?(?:the |your )?(?:previous|prior) (?:instructions?|rules?)\b",
    r"\byou are now (?:in )?(?:developer|dan|god|jailbreak) mode\b",
    r"\b(?:print|reveal|repeat|show) (?:me )?(?:your|the) (?:system|hidden|initial) (?:prompt|instructions)\b",
    r"\brm\s{1,8}-[rf]{1,2}\s{1,8}/", r"\bcurl\s{1,8}\S{1,120}\s{0,8}\|\s{0,8}(?:ba)?sh\b",
    r"(?:;|\bor\b)\s{0,8}1\s{0,8}=\s{0,8}1\b",
)  # fmt: skip


def rules(kind: str = "mixed") -> list[dict[str, object]]:
    """1,000 patterns in ten rules. `mixed`: 600 listed terms, 387 questions, secrets, injections; `listed`: terms."""
    special = [] if kind == "listed" else [*_SECRETS, *_INJECTION]
    asked = [] if kind == "listed" else _asking(400 - len(special))
    listed = phrases(PATTERNS - len(asked) - len(special), "policy")
    groups: list[dict[str, object]] = []
    for name, patterns, into, action in (
        ("special", special, 1, "reject"), ("asked", asked, 4, "signal"), ("listed", listed, 5, "signal"),
    ):  # fmt: skip
        if not patterns:
            continue
        each = -(-len(patterns) // into)
        groups += [
            {"name": f"{name}-{n}", "patterns": patterns[n * each : (n + 1) * each], "action": action, "weight": 1.0}
            for n in range(into)
        ]
    return groups


def policy(kind: str = "mixed", *, weighty: bool = False) -> dict[str, object]:
    """The full policy: patterns, two conditions, two thresholds, memory. `weighty`: none of them refuses."""
    above = 1e9 if weighty else 40.0
    conditions = [
        {"name": "fast", "when": 'memory.contexts > 400.0 && memory.signal > 3.0 && event.kind == "message"',
         "action": "escalate"},
        {"name": "odd", "when": 'event.tool.startsWith("admin_") || (event.unscanned > 0 && memory.rarity > 0.99)',
         "action": "reject"},
    ]  # fmt: skip
    thresholds = [
        {"name": "campaign", "threshold": "memory.signal", "above": above, "action": "reject"},
        {"name": "huge", "threshold": "event.size_bytes", "above": 2_000_000, "action": "reject"},
    ]
    return {
        "format": "counterproof-gate-policy/1",
        "name": f"bench-{kind}", "rules": rules(kind) + thresholds + conditions,
        "memory": {"window_s": 86_400, "fragments": 50},
    }  # fmt: skip


def empty_policy() -> dict[str, object]:
    """One rule that nothing comes near, and no memory: what is left is reading, deciding and the record."""
    rule = {"name": "huge", "threshold": "event.size_bytes", "above": 2_000_000, "action": "reject"}
    return {"format": "counterproof-gate-policy/1", "name": "bench-empty", "rules": [rule]}


def write_policy(folder: Path, said: dict[str, object]) -> Path:
    """A folder with gate.yaml in it (JSON is YAML)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gate.yaml").write_text(json.dumps(said))
    return folder


def conversation(number: int, *, hits: int = 0, size: int = BODY_BYTES) -> bytes:
    """A chat request of `TURNS` messages and `size` bytes. `hits`: so many listed terms stand in its last question."""
    rng = _rng("conversation", number)
    listed = phrases(PATTERNS, "policy")[:300]
    turns = [{"role": "system", "content": "You are a helpful assistant of a shop. " + prose(_rng("system"), 300)}]
    turns += [{"role": "user" if n % 2 else "assistant", "content": prose(rng, 262)} for n in range(1, TURNS)]
    turns[-1]["content"] += "".join(f" {rng.choice(listed)}," for _ in range(hits))
    body = {"model": "bench", "messages": turns, "temperature": 0.7, "max_tokens": 256}
    left = size - len(json.dumps(body))
    turns[-1]["content"] += " " + prose(rng, left - 1) if left > 1 else ""
    return json.dumps(body).encode()


def call(number: int) -> tuple[str, dict[str, object], bytes]:
    """A tool call of under 1 KB: its tool, its arguments, and the same as MCP's `tools/call`."""
    rng = _rng("call", number)
    tool = rng.choice(["search_orders", "read_file", "send_mail", "update_ticket", "run_query"])
    arguments: dict[str, object] = {
        "path": f"/srv/{rng.choice(_WORDS)}/{rng.choice(_WORDS)}-{rng.randrange(10_000)}.txt",
        "query": prose(rng, 160),
        "recipient": f"{rng.choice(_WORDS)}{rng.randrange(1000)}@{rng.choice(_WORDS)}.example",
        "limit": rng.randrange(1, 500),
        "note": prose(rng, 240),
    }
    said = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    return tool, arguments, json.dumps(said).encode()
