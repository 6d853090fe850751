"""The memory's benchmark as a picture: docs/gate-memory.svg from the rows that it wrote.

python benchmarks/gate_memory_picture.py ROWS.jsonl docs/gate-memory.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gate_memory
import vl_convert

Row = dict[str, object]


def point(rows: Sequence[Row], panel: str, line: str, at: float) -> Row:
    """One mark with its limits."""
    share, low, high = gate_memory.limits(rows)
    return {"panel": panel, "line": line, "at": at, "stopped": share, "low": low, "high": high}


def points(rows: Sequence[Row]) -> list[Row]:
    """Every mark of every panel."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(json.dumps(row["setting"]), []).append(row)
    usual = json.loads(json.dumps(gate_memory.asdict(gate_memory.BASE)))
    found: list[Row] = []
    for key, some in groups.items():
        setting = json.loads(key)
        differs = {name for name, value in setting.items() if value != usual[name]}
        back = setting["background"]
        if differs <= {"background"}:
            found.append(point(some, "1 background (times the attack)", "our anchors", back))
        if differs <= {"background", "window"} and setting["window"] == 0:
            found.append(point(some, "1 background (times the attack)", "no memory", back))
        if setting["anchors"] == ["identity"] and setting["identities"] in (0, 1):
            name = "identity counters, attacker has 1" if setting["identities"] else "identity counters, one a query"
            found.append(point(some, "1 background (times the attack)", name, back))
        if differs <= {"background", "window"} and setting["window"] and back in (1, 10):
            found.append(point(some, "2 window (times the attacker's pause)", f"background {back}x", setting["window"]))
        if differs <= {"background", "k"} and back in (1, 10):
            found.append(point(some, "3 K, fragments per anchor", f"background {back}x", setting["k"]))
        if differs <= {"background", "curious"} and back == 10:
            found.append(point(some, "4 ordinary share that asks for a part", "background 10x", setting["curious"]))
    return found


def spec(marks: Sequence[Row]) -> Row:
    """What Vega-Lite draws."""
    panels: list[Row] = []
    for panel in sorted({str(m["panel"]) for m in marks}):
        values = [m for m in marks if m["panel"] == panel]
        x = {"field": "at", "type": "quantitative", "scale": {"type": "log"}, "title": panel.partition(" ")[2],
             "axis": {"values": sorted({float(str(m["at"])) for m in values}), "grid": False}}  # fmt: skip
        y = {"field": "stopped", "type": "quantitative", "scale": {"domain": [0, 1]}, "title": "goals stopped",
             "axis": {"format": "%"}}  # fmt: skip
        colour = {
            "field": "line",
            "type": "nominal",
            "title": None,
            "legend": {"orient": "bottom", "columns": 2, "labelLimit": 260},
        }
        panels.append({
            "width": 300, "height": 190, "data": {"values": values},
            "layer": [
                {"mark": {"type": "rule", "opacity": 0.5},
                 "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour}},
                {"mark": {"type": "line", "point": True}, "encoding": {"x": x, "y": y, "color": colour}},
            ],
        })  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json", "background": "white",
        "title": "Goals of the adversary that a gate's memory stops, where it refuses 1 % of ordinary traffic",
        "columns": 2, "concat": panels, "resolve": {"scale": {"color": "independent"}},
    }  # fmt: skip


def main() -> None:
    """Command line."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    Path(sys.argv[2]).write_text(vl_convert.vegalite_to_svg(spec(points(rows)), vl_version="5.21"))


if __name__ == "__main__":
    main()
