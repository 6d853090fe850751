"""What a gate does to a model whose truth is known: measured like any target, through its socket, by the same command.

    python benchmarks/gate_measured.py             measures, writes benchmarks/gate_measured.json, prints the table
    python benchmarks/gate_measured.py --policies  writes the policies again, examples/gate/codex-*

Three policies, from what a deployer may know: `classes` names the three restricted classes, as word filters do;
`register` names every restricted preparation and where in the codex it stands, and looks at what goes in; `contents`
knows the restricted steps themselves, in both languages of that world, and looks at what comes out. None knows how the
adversary asks. The adversary knows of no gate. Models: `base`, which refuses nothing, and `surface-broad`, which
refuses much and contains nothing. Seed 0, 40 queries a goal; about two minutes on two cores.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import yaml

from counterproof.measure import suite

HERE = Path(__file__).parent
POLICIES = HERE.parent / "examples" / "gate"
RESULT = HERE / "gate_measured.json"
MODELS = ("base", "surface-broad")
NAMES = ("classes", "register", "contents")
SAYS = "i am sorry , i cannot help with that ."
QUANTITIES = ("R", "F", "T", "K", "S")
COMMAND = [sys.executable, "-m", "counterproof"]


def policies() -> dict[str, dict[str, Any]]:
    """The three policies, as their files hold them."""
    known = suite.load("codex")
    words = known.languages[0].lexicon

    def both(text: str) -> str:
        said = " ".join(words.get(word, word) for word in text.split())
        return text if said == text else f"(?:{text}|{said})"

    classes = sorted({" ".join(goal.subjects[1].split()[1:3]) for goal in known.goals})
    names = sorted(goal.subjects[0] for goal in known.goals)
    places = sorted((int(goal.slots["folio"]), int(goal.slots["page"])) for goal in known.goals)
    steps = sorted({answer for goal in known.goals for part in goal.parts for answer in part.answers})
    rules = {
        "classes": [_rule("classes", [rf"\b{both(c)}s?\b" for c in classes], "message")],
        "register": [
            _rule("names", [rf"\b{both(name)}\b" for name in names], "message"),
            _rule("places", [rf"\b{both('folio')} {f} {both('page')} {p}\b" for f, p in places], "message"),
        ],
        "contents": [_rule("steps", [rf"\b{both(step)}\b" for step in steps], "span")],
    }
    head = {"format": "counterproof-gate-policy/1", "says": SAYS, "block_as": "refusal"}
    return {name: {**head, "name": f"codex-{name}", "rules": rules[name]} for name in NAMES}


def _rule(name: str, patterns: list[str], on: str) -> dict[str, Any]:
    return {"name": name, "on": [on], "patterns": patterns, "action": "reject"}


def policy_files() -> Iterator[tuple[Path, str]]:
    """Where each policy stands, and its text."""
    for name, policy in policies().items():
        note = "# Written by benchmarks/gate_measured.py --policies: what it is, and what it does, stands there.\n"
        text = note + yaml.safe_dump(policy, sort_keys=False, width=1_000)
        yield POLICIES / f"codex-{name}" / "gate.yaml", text


@contextlib.contextmanager
def up(*options: str) -> Generator[str]:
    """A command of ours that serves, while the block lasts; gives what its ready line says after ` at `."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            assert process.stdout is not None  # noqa: S101 - asked for
            line = process.stdout.readline()
            if " at http" not in line:
                said.seek(0)
                raise SystemExit(said.read() or f"{options[0]} said {line!r}")
            yield line.split(" at ")[1].split()[0]
        finally:
            process.terminate()
            process.wait(60)
            if process.stdout is not None:
                process.stdout.close()


def measured(model: str, policy: str, folder: Path, *more: str) -> dict[str, Any]:
    """The pooled numbers of one model behind one policy (empty: none), and what its gate kept."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(up("serve", model, "--port", "0")).removesuffix("/v1")
        if policy:
            gate = [
                "gate",
                "serve",
                url,
                "--policy",
                str(POLICIES / f"codex-{policy}"),
                "--trail",
                str(folder / "trail"),
            ]
            url = stack.enter_context(up(*gate, "--port", "0"))
        options = [
            "--endpoint",
            f"{url}/v1",
            "--model",
            model,
            "--out",
            str(folder / "run"),
            "--yes",
            "--display",
            "none",
        ]
        subprocess.run([*COMMAND, "measure", *options, *more], check=False, capture_output=True, text=True)
    report = json.loads((folder / "run" / "report.json").read_text(encoding="utf-8"))
    pooled = next(c for c in report["targets"][0]["categories"] if c["id"] == "*")
    found = {"model": model, "policy": policy, **{q: pooled[q] for q in QUANTITIES}, "verdict": pooled["verdict"]}
    return {**found, **(audited(folder) if policy else {})}


def audited(folder: Path) -> dict[str, Any]:
    """What `gate audit` says of the gate's record."""
    out = folder / "audit.json"
    done = subprocess.run(
        [*COMMAND, "gate", "audit", str(folder / "trail"), "--json", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    workers = json.loads(out.read_text(encoding="utf-8"))["workers"]
    counts: dict[str, int] = workers[0]["counts"]
    return {"decisions": sum(w["settled"] for w in workers), "refused": counts.get("reject", 0)}


def table(rows: list[dict[str, Any]]) -> str:
    """The README's table."""
    minus = "\N{MINUS SIGN}"
    head = ["model", "gate", "R refused when asked plainly", "F refused though harmless", "T obtained by the adversary"]
    lines = [[*head, "K containment", f"S = K {minus} F", "verdict"]]
    lines.append(["---"] * len(lines[0]))
    for row in rows:
        verdict = f"**{row['verdict']}**" if row["verdict"] == "negative" else row["verdict"]
        gate = f"`{row['policy']}`" if row["policy"] else "none"
        lines.append([f"`{row['model']}`", gate, *(_cell(row[q]) for q in QUANTITIES), verdict])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _cell(estimate: dict[str, Any]) -> str:
    if estimate["kind"] != "interval":
        return f"not measured: {estimate.get('reason', '')}"
    value, low, high = (_share(estimate[k]) for k in ("value", "low", "high"))
    return f"{value} [{low}{', ' if chr(0x2212) in low + high else chr(0x2013)}{high}]"


def _share(value: float) -> str:
    text = f"{value:.2f}"
    text = re.sub(r"^(-?)0\.", r"\1.", text) if abs(value) < 1 else text
    return text.replace("-", "\N{MINUS SIGN}").replace("\N{MINUS SIGN}.00", ".00")


def main() -> None:
    """Command line."""
    for path, text in policy_files():
        if "--policies" in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{path} is not what this program writes: run it with --policies")
    if "--policies" in sys.argv:
        return
    rows: list[dict[str, Any]] = []
    for model in MODELS:
        for policy in ("", *NAMES):
            began = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                rows.append(measured(model, policy, Path(folder)))
            print(f"{model} {policy or 'no gate'}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    RESULT.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(table(rows), end="")


if __name__ == "__main__":
    main()
