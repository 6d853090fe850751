"""The audit as one HTML file that loads nothing: no script, no font, no picture from outside, one style block."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib import resources

from counterproof.publish.attest import _audit, _audit_words
from counterproof.record import Audit, NoNumber, Number, as_decimal

SPAN = 100


def audit_html(found: Audit) -> str:
    """Render the audit as one page, for paper and dark; its content security policy allows its own style only."""
    import jinja2  # noqa: PLC0415 - loads only where a page is written

    css = _text("audit.css")
    hashed = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{hashed}'; img-src data:; base-uri 'none'; form-action 'none'"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    more: dict[str, Callable[..., object]] = {
        "clean": _audit_words.clean, "short": _audit_words.short, "short_claim": _audit_words.short_claim,
        "shown": _audit_words.shown, "word": _audit_words.word, "scale": _scale,
    }
    environment.filters.update(more)
    return environment.from_string(_text("audit.html.jinja")).render(
        css=css, policy=policy, audit=found, counts=_audit.counts(found), glyphs=_audit_words.GLYPHS,
        meanings=_audit_words.MEANINGS, marks=_audit_words.MARKS, terms=_audit_words.terms(found),
        facts=_audit_words.facts(found), worse=sum(f.mark == "worse than honest reporting" for f in found.findings),
        honest=_audit_words.own_card(found),
    )


def _text(name: str) -> str:
    return resources.files("counterproof.publish.attest").joinpath(name).read_text(encoding="utf-8")


def _scale(number: Number | NoNumber, threshold: str) -> dict[str, str] | None:
    """Where interval, point and claim stand on a line of 100; None where that line is not a share's or has no end.

    S, O and a negative K use the line from -1 to 1.
    """
    name = number.name.partition("_")[0]
    if isinstance(number, NoNumber) or name == "D" or not number.high:
        return None
    low, high, said = as_decimal(number.low), as_decimal(number.high), as_decimal(threshold)
    value = as_decimal(number.value) if number.value else low
    is_signed = name in ("S", "O")

    def place(share: object) -> float:
        found = float(str(share))
        found = (found + 1) / 2 if is_signed else found
        return SPAN * min(1.0, max(0.0, found))

    return {
        "low": f"{place(low):.1f}", "width": f"{max(0.6, place(high) - place(low)):.1f}",
        "value": f"{min(98.4, place(value)):.1f}", "said": f"{min(99.2, place(said)):.1f}",
        "left": f"{_audit_words.MINUS}1" if is_signed else "0", "right": "1",
    }
