"""Every colour of the report, once: on paper and in the dark."""

from __future__ import annotations

PALETTE: dict[str, tuple[str, str]] = {
    "paper": ("#fcfbf8", "#171715"),
    "card": ("#fefdfb", "#1e1e1b"),
    "ink": ("#21201d", "#ece8de"),
    "muted": ("#68645c", "#a8a398"),
    "hair": ("#d8d3c7", "#3c3a35"),
    "wash": ("#f3f0e8", "#24231f"),
    "good": ("#1f6f5c", "#74c7ae"),
    "warn": ("#8f5f10", "#e0b060"),
    "bad": ("#a83a22", "#f08a70"),
    "heat": ("#a83a23", "#f08a71"),
    "c0": ("#2b5c8f", "#7db4ea"),
    "c1": ("#9a5810", "#e9aa5c"),
    "c2": ("#7a3f78", "#d397d0"),
    "c3": ("#3f7a3a", "#93cc86"),
    "c4": ("#8a2f4f", "#ee8fae"),
    "c5": ("#3b7680", "#80c9d4"),
    "c6": ("#6b5b2a", "#cdbb7c"),
    "c7": ("#55555f", "#b5b5c4"),
}
"""Name to (light, dark). Values differ from each other, so that a chart's colour names its role."""

SERIES = tuple(name for name in PALETTE if name[0] == "c" and name[1:].isdigit())
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-left", "stroke", "triangle-right")
DASHES: tuple[list[int], ...] = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2], [1, 3], [12, 4], [5, 1, 1, 1])


def light(name: str) -> str:
    """The colour on paper, which is also the colour inside every chart."""
    return PALETTE[name][0]


def series(position: int) -> str:
    """The palette name of the n-th category; colours come round again after the eighth."""
    return SERIES[position % len(SERIES)]


def as_css() -> str:
    """Custom properties for both schemes, and rules that recolour the charts' attributes with them.

    A style rule outranks a presentation attribute (SVG 2, section 6.6), so one SVG serves both schemes and still looks
    right standing alone.
    """
    day = "".join(f"--{name}:{pair[0]};" for name, pair in PALETTE.items())
    night = "".join(f"--{name}:{pair[1]};" for name, pair in PALETTE.items())
    rules = "".join(
        f'.chart [{part}="{pair[0]}"]{{{part}:var(--{name})}}'
        for name, pair in PALETTE.items()
        for part in ("fill", "stroke")
    )
    return f":root{{{day}}}@media screen and (prefers-color-scheme:dark){{:root{{{night}}}}}{rules}"
