"""The status page: one HTML file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from importlib import resources

from counterproof import record
from counterproof.rely.desk._snapshot import Snapshot, quantile_s


def status_page(now: Snapshot, *, now_ms: int, rates: tuple[int, int, int] = (0, 0, 0)) -> tuple[str, str]:
    """The page, and the content security policy it is to be served with. `rates`: appeals waiting, upheld, denied."""
    import jinja2  # noqa: PLC0415 - loads only where a page is written

    css = _text("status.css")
    hashed = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(_text("status.html.jinja")).render(
        css=css, now=now, at_ms=now_ms, outcomes=record.OUTCOMES, rows=_rows(now), tiles=_tiles(now, rates),
        began=datetime.fromtimestamp(now.began_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )  # fmt: skip
    return page, policy


def _text(name: str) -> str:
    return resources.files("counterproof.rely.desk").joinpath(name).read_text(encoding="utf-8")


def _rows(now: Snapshot) -> list[tuple[str, str, list[int]]]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for kind, door, outcome, n in now.decisions:
        found.setdefault((kind, door), {})[outcome] = n
    return [(kind, door, [n.get(o, 0) for o in record.OUTCOMES]) for (kind, door), n in sorted(found.items())]


def _tiles(now: Snapshot, rates: tuple[int, int, int]) -> list[tuple[str, str]]:
    total = sum(n for *_, n in now.decisions)
    passed = sum(n for _, _, outcome, n in now.decisions if outcome in ("allow", "modify"))
    return [
        ("decisions, all in the record", f"{total:,}"),
        ("of them not passed on", f"{total - passed:,}"),
        ("half took at most", _took(quantile_s(now.latency, 0.5))),
        ("99 of 100 took at most", _took(quantile_s(now.latency, 0.99))),
        ("refused unseen, too busy", f"{now.sheds:,}"),
        ("refused, record not writable", f"{now.unkept:,}"),
        ("faults of the gate, refused", f"{now.faults:,}"),
        ("appeals waiting / upheld / denied", " / ".join(str(n) for n in rates)),
    ]


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "none yet"
    if seconds == float("inf"):
        return "over 10 s"
    return f"{seconds * 1e6:g} µs" if seconds < 0.001 else f"{seconds * 1e3:g} ms"
