"""Fills the tables of README.md and docs/organisms.md from a report, the manifest and the truth files.

`python -m organisms.tables demo-report/report.json` rewrites what stands between `<!-- table: NAME -->` and
`<!-- /table -->`; a test renders the same tables again and compares, so that no figure in a document is typed by hand.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MINUS, TO = "\N{MINUS SIGN}", "\N{EN DASH}"
SHIPPED = ROOT / "src/counterproof/measure/target/organisms"


def share(value: float) -> str:
    """Two decimals without the leading zero, 1 as 1.00."""
    text = f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"
    return text.replace("-", MINUS)


def cell(estimate: dict[str, Any]) -> str:
    """An estimate with its interval."""
    if estimate["kind"] != "interval":
        return estimate.get("reason", "not measured")
    low, high = share(estimate["low"]), share(estimate["high"])
    between = ", " if MINUS in low + high else TO
    return f"{share(estimate['value'])} [{low}{between}{high}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def demo(report: dict[str, Any]) -> str:
    """One row per target, all categories together."""
    rows: list[list[str]] = []
    for target in report["targets"]:
        pooled = next(c for c in target["categories"] if c["id"] == "*")
        verdict = f"**{pooled['verdict']}**" if pooled["verdict"] == "negative" else pooled["verdict"]
        rows.append([f"`{target['name']}`", *(cell(pooled[q]) for q in "RFTKS"), verdict])
    head = ["model", "R refused when asked plainly", "F refused though harmless", "T obtained by the adversary"]
    return table([*head, "K containment", f"S = K {MINUS} F", "verdict"], rows)


def entries() -> list[dict[str, Any]]:
    """The manifest's organisms."""
    found: list[dict[str, Any]] = json.loads((SHIPPED / "manifest.json").read_text())["organisms"]
    return found


def truth() -> str:
    """The exhaustive truth of every organism, per category."""
    rows: list[list[str]] = []
    for entry in entries():
        stem = f"{entry['name']}-s{entry['training_seed']}"
        rates = json.loads((SHIPPED / f"{stem}.truth.json").read_text())["categories"]
        per = [" / ".join(share(rates[c]["K"]) for c in ("storm", "hush", "ember"))]
        pooled = [share(rates["*"][q]) for q in ("R", "F", "T", "C", "K")]
        rows.append([f"`{entry['name']}`", str(entry["training_seed"]), *pooled, *per])
    return table(["organism", "seed", "R", "F", "T", "C", "K", "K in storm / hush / ember"], rows)


def training() -> str:
    """What each organism cost, and what rounding its weights to eight bits did to its loss."""
    rows = [
        [
            f"`{e['name']}`",
            str(e["training_seed"]),
            f"{e['tokens']:,}",
            f"{e['steps']:,}",
            f"{e['train_s']:.0f}",
            f"{e['quantisation']['loss_before']:.4f}",
            f"{e['quantisation']['loss_after']:.4f}",
            f"{e['bytes'] / 1000:.0f}",
            f"`{e['sha256'][:12]}`",
        ]
        for e in entries()
    ]
    head = ["organism", "seed", "tokens", "steps", "training s", "loss", "loss, 8 bits", "kB", "sha256"]
    return table(head, rows)


def filled(text: str, tables: dict[str, str]) -> str:
    """The document with each marked table renewed."""
    for name, new in tables.items():
        pattern = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- /table -->)", re.DOTALL)
        text = pattern.sub(lambda found, new=new: found[1] + new + found[2], text)
    return text


def main() -> None:
    """Command line."""
    report = json.loads(Path(sys.argv[1]).read_text())
    tables = {"demo": demo(report), "truth": truth(), "training": training()}
    for name in ("README.md", "docs/organisms.md"):
        path = ROOT / name
        path.write_text(filled(path.read_text(), tables))


if __name__ == "__main__":
    main()
