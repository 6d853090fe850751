"""The page in a real browser: nothing complains, every figure is there, both schemes, a phone, and paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from counterproof.publish import report as room
from tests.publish.report import making
from tests.publish.report.browser import Image, Page, browsing

pytestmark = pytest.mark.slow

PAGES = ("one", "fourteen", "nothing", "nasty")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {
        "one": room.as_html(making.report(("surface-broad",))),
        "fourteen": room.as_html(making.fourteen(), making.calibration()),
        "nothing": room.as_html(making.nothing_measured()),
        "nasty": room.as_html(making.nasty()),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(chromium, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("name", PAGES)
def test_no_complaint_and_nothing_fetched(page: Page, pages: dict[str, Path], name: str) -> None:
    page.complaints.clear()
    page.requests.clear()

    page.open(pages[name])
    page.screenshot()

    assert page.complaints == []
    assert {r for r in page.requests if not r.startswith("data:")} == {pages[name].as_uri()}


def test_the_console_is_heard(page: Page, tmp_path: Path) -> None:
    """The test above would notice: a page that breaks its own policy is caught."""
    broken = tmp_path / "broken.html"
    broken.write_text(
        "<!doctype html><meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><p style='color:red'>x",
        encoding="utf-8",
    )
    page.complaints.clear()

    page.open(broken)
    page.screenshot()

    assert any("Content Security Policy" in c for c in page.complaints)
    page.complaints.clear()


@pytest.mark.parametrize(("name", "figures"), [("one", 2), ("fourteen", 28), ("nasty", 4), ("nothing", 0)])
def test_every_figure_takes_room(page: Page, pages: dict[str, Path], name: str, figures: int) -> None:
    page.open(pages[name])
    boxes = page.value(
        "[...document.querySelectorAll('svg.chart')].map(s => [s.getBoundingClientRect().width,"
        " s.getBoundingClientRect().height, s.querySelectorAll('path,line').length])"
    )

    assert len(boxes) == figures
    assert all(width > 150 and height > 100 and marks > 10 for width, height, marks in boxes)


def _luminance(colour: tuple[int, int, int]) -> float:
    return (0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]) / 255


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("chart", ["#picture svg.chart", "#targets svg.chart"])
def test_figures_have_ink_in_both_schemes(page: Page, pages: dict[str, Path], scheme: str, chart: str) -> None:
    page.open(pages["one"], scheme=scheme)

    colours = page.screenshot(chart).colours()

    ground = max(colours, key=lambda c: colours[c])
    contrasting = sum(n for c, n in colours.items() if abs(_luminance(c) - _luminance(ground)) > 0.3)
    assert (_luminance(ground) > 0.8) == (scheme == "light")
    assert contrasting > 600


def test_text_contrasts_with_its_ground(page: Page, pages: dict[str, Path]) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1 for every colour that text is set in, on the page and on cards."""
    names = ("ink", "muted", "good", "warn", "bad", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
    for scheme in ("light", "dark"):
        page.open(pages["one"], scheme=scheme)
        value = "getComputedStyle(document.documentElement).getPropertyValue('--{}').trim()"
        for ground in ("paper", "card", "wash"):
            back = _linear(str(page.value(value.format(ground))))
            for name in names if ground != "wash" else ("ink", "muted", "good", "warn", "bad"):
                front = _linear(str(page.value(value.format(name))))
                ratio = (max(front, back) + 0.05) / (min(front, back) + 0.05)
                assert ratio >= 4.5, (scheme, ground, name, round(ratio, 2))


def _linear(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_the_body_never_scrolls_sideways(page: Page, pages: dict[str, Path], name: str, width: int) -> None:
    page.open(pages[name], width=width)

    assert page.value("document.documentElement.scrollWidth") <= width
    page.value("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert page.value("document.documentElement.scrollWidth") <= width


def test_nothing_scrolls_without_the_keyboard(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["fourteen"], width=390)

    assert page.value(
        "[...document.querySelectorAll('*')].filter(e => e.scrollWidth > e.clientWidth + 1 &&"
        " ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.tabIndex < 0).length"
    ) == 0


def test_markup_in_names_stays_text(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["nasty"])

    assert page.value("document.querySelectorAll('script').length") == 0
    assert "<script>alert(1)</script>" in page.value("document.body.innerText")


def test_it_prints(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["fourteen"], scheme="dark")
    page.call("Emulation.setEmulatedMedia", media="print")

    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(252, 251, 248)", "paper is light"
    printed = page.pdf()

    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") >= 8
    page.call("Emulation.setEmulatedMedia", media="")


def test_the_same_pixels_twice(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["one"])
    first: Image = page.screenshot("#picture svg.chart")
    page.open(pages["one"])

    assert page.screenshot("#picture svg.chart").rows == first.rows
