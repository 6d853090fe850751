"""The audit for a terminal: what was said on the left, what the measurement supports on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterproof.publish.attest import _audit, _audit_words
from counterproof.record import Audit, ClaimMark, ClaimVerdict, Finding, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

_STYLES: dict[ClaimVerdict, str] = {
    "supported": "bold green", "weaker than claimed": "bold yellow", "contradicted": "bold red", "not decided": "bold",
    "untested": "dim italic", "not comparable": "dim italic",
}
_MARKED: dict[ClaimMark, str] = {"worse than honest reporting": "bold red", "flatters": "bold yellow"}
_ASCII = {
    "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{HORIZONTAL ELLIPSIS}": "~", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"', "\N{BLACK CIRCLE}": "*",
    "\N{CIRCLE WITH LEFT HALF BLACK}": "~", "\N{MULTIPLICATION X}": "x", "\N{WHITE CIRCLE}": "o",
    "\N{NOT EQUAL TO}": "#", "\N{MIDDLE DOT}": "-",
}
_NARROW = 78


def audit_terminal(found: Audit, console: Console, *, files: Sequence[tuple[str, str]] = ()) -> None:
    """Print every claim beside its honest version, then how it was decided; `files` are (label, path) written."""
    count = len(found.findings)
    _say(console, f"{_audit_words.clean(found.claimant)} on {_audit_words.short(found.subject)}: {count}"
                  f" claim{'s' if count != 1 else ''} of {_audit_words.clean(found.name)} held against"
                  f" {_measurements(found)}", "bold")
    for finding in found.findings:
        _say(console, "")
        _claim(finding, console)
    _say(console, "")
    tally = ", ".join(f"{number} {verdict}" for verdict, number in _audit.counts(found).items())
    worse = sum(f.mark == "worse than honest reporting" for f in found.findings)
    _say(console, f"{tally}{f'; {worse} worse than honest reporting' if worse else ''}.", "bold")
    for line in _audit_words.terms(found):
        _say(console, line, "dim")
    _appendix(found, console, files)


def _measurements(found: Audit) -> str:
    count = len(found.measurements)
    return f"{count} measurement{'s' if count != 1 else ''}"


def _claim(finding: Finding, console: Console) -> None:
    from rich.table import Table  # noqa: PLC0415 - rich loads only where something is printed

    head = plain("", console)
    head.append_text(plain(f"{_audit_words.GLYPHS[finding.verdict]} {_audit_words.word(finding)}", console,
                           _STYLES[finding.verdict]))
    if finding.mark:
        head.append_text(plain(f"  {finding.mark}", console, _MARKED[finding.mark]))
    console.print(head)
    left = plain("", console)
    left.append_text(plain(f"\N{LEFT DOUBLE QUOTATION MARK}{_audit_words.clean(finding.claim.quote)}"
                           "\N{RIGHT DOUBLE QUOTATION MARK}", console, "bold"))
    left.append_text(plain(f"\n{finding.claim.locator}: {_audit_words.short_claim(finding.claim)}", console, "dim"))
    if finding.claim.reading:
        left.append_text(plain(f"\nread as: {_audit_words.clean(finding.claim.reading)}", console, "dim"))
    right = _right(finding, console)
    grid = Table.grid(padding=(0, 2), expand=True)
    if console.width < _NARROW:
        grid.add_column()
        grid.add_row(left)
        grid.add_row(right)
    else:
        grid.add_column(ratio=5)
        grid.add_column(ratio=7)
        grid.add_row(left, right)
    console.print(grid)


def _right(finding: Finding, console: Console) -> Text:
    if not finding.readings:
        return plain(finding.because, console)
    ruling = finding.readings[0]
    lines = [plain(_audit_words.shown(ruling), console)]
    lines += [plain(f"\N{MIDDLE DOT} {sentence}", console) for sentence in ruling.beside_honest]
    if ruling.mark:
        lines.append(plain(ruling.mark_because, console, _MARKED[ruling.mark]))
    lines.append(plain(finding.because, console, "dim"))
    lines += [plain(_other(reading), console, "dim") for reading in finding.readings[1:]]
    return plain("\n", console).join(lines)


def _other(reading: Reading) -> str:
    return f"Measurement {reading.measurement + 1} says: {reading.verdict}. {reading.because}"


def _appendix(found: Audit, console: Console, files: Sequence[tuple[str, str]]) -> None:
    from rich.table import Table  # noqa: PLC0415 - rich loads only where something is printed

    _say(console, "")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in [*_audit_words.facts(found), *files]:
        grid.add_row(plain(label, console, "bold"), plain(value, console))
    console.print(grid)


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(plain(text, console, style), soft_wrap=False)


def plain(text: str, console: Console, style: str = "") -> Text:
    """Text that rich never reads as markup, in the characters that the console can write."""
    from rich.text import Text  # noqa: PLC0415 - rich loads only where something is printed

    if not console.encoding.lower().startswith("utf"):
        for fancy, simple in _ASCII.items():
            text = text.replace(fancy, simple)
        text = text.encode(console.encoding, "replace").decode(console.encoding)
    return Text(text, style=style)
