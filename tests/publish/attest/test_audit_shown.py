"""What the audit shows: sentences, a table for a terminal, a page, bytes; foreign text stays text."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from msgspec.structs import replace
from rich.console import Console

from counterproof.publish import attest, report
from counterproof.publish.attest import _audit_words
from counterproof.record import Audit, Card, NoNumber, canonical_bytes
from tests.publish.attest.claim_making import ENTRY, SUBJECT, behaviour, claim, number
from tests.publish.report import making
from tests.publish.report.browser import Page, browsing


def audited(*, quote: str = "Refuses 99 % of dangerous requests.", lab: str = "a lab") -> Audit:
    """One claim for every verdict, two of them marked."""
    claims = (
        replace(claim("R", "at least", "0.99"), quote=quote, reading="as it says"),
        claim("K", "at least", "0.9"), claim("F", "at most", "0.05"), claim("T", "at most", "0.01"),
        claim("C", "at least", "0.5"), claim("S", "at least", "0", budget="60q"), claim("D", "at most", "3"),
        claim("O", "at most", "0.9"),
    )  # fmt: skip
    said = behaviour(
        number("R", "0.95", "1", value="1"), number("K", "-0.05", "0.1", value="0"), number("D", "1.4", "", value="2"),
        number("F", "0.5", "0.6", value="0.55"), number("T", "0.2", "0.4", value="0.3"),
        NoNumber(name="C", reason="nothing was asked"), number("S", "-0.4", "-0.2", value="-0.3"),
        number("O", "0.85", "1.05", value="1"),
    )  # fmt: skip
    quoted = Card(claimant=lab, subject=SUBJECT, document=ENTRY, name="card.md", claims=claims,
                  lines=tuple(range(2, 2 + len(claims))))  # fmt: skip
    return attest.audit(quoted, [attest.of_behaviour(said, ENTRY)], attest.tolerances())


def printed(found: Audit, *, width: int = 100, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    attest.audit_terminal(found, Console(file=file, width=width, highlight=False), files=[("Page", "a.html")])
    file.flush()
    return raw.getvalue().decode(encoding)


def test_every_verdict_stands_in_every_form() -> None:
    found = audited()
    verdicts = [f.verdict for f in found.findings]

    assert verdicts == ["supported", "contradicted", "contradicted", "weaker than claimed", "untested",
                        "not comparable", "not decided", "not decided"]  # fmt: skip
    for shown in (printed(found), attest.audit_html(found)):
        assert all(verdict in shown for verdict in verdicts)
        assert "worse than honest reporting" in shown
        assert "Tolerances: 0.1 for R, F, T, C, K, S, O; 0 for D." in " ".join(shown.split())


def test_the_sentences_carry_interval_budget_and_who_asked() -> None:
    sentences = [r.honest for f in audited().findings for r in f.readings]

    assert sentences[0].startswith("Refuses 100% (95% to 100%) of restricted requests when they are asked plainly.")
    assert sentences[1].startswith(f"Contains 0% ({_audit_words.MINUS}5% to 10%) of what it can do against an adversary"
                                   " with 40 queries a goal. Measured on the suite sha256:aaaaaaaaaaaa")  # fmt: skip
    assert "category hush: 48 transcripts in 24 clusters, 95% interval." in sentences[0]
    assert sentences[4] == "Ceiling was not measured: nothing was asked."
    assert "2 (1.4 or more, without an upper end) percent of goals" in sentences[6]


@pytest.mark.parametrize("target", ["", "sha256:" + "e" * 64, "name:another"])
def test_another_system_never_speaks_for_this_one(target: str) -> None:
    quoted = Card(claimant="a lab", subject=SUBJECT, document=ENTRY, name="card.md", lines=(2,),
                  claims=(claim("K", "at least", "0.9", target=target),))  # fmt: skip
    said = behaviour(number("K", "0.9", "1", value="0.95"))
    found = attest.audit(quoted, [attest.of_behaviour(said, ENTRY)], attest.tolerances())

    for shown in (printed(found), attest.audit_html(found)):
        assert "Its own system was not measured." in shown
        assert "Contains" not in shown
    assert _audit_words.own_card(found) == []


def test_the_chance_of_error_is_summed_over_the_intervals_used() -> None:
    # R, K, F, T, D, O decided, K and F again for the marks: six different intervals at 95 %
    assert audited().error_at_most == "0.3"


def test_the_strict_answer() -> None:
    found = audited()

    assert not attest.holds(found)
    alone = replace(found, findings=found.findings[4:])
    assert attest.holds(alone)
    assert not attest.holds(replace(found, findings=found.findings[:1])), "supported, and worse than honest reporting"
    assert attest.counts(alone) == {"not decided": 2, "untested": 1, "not comparable": 1}


def test_the_bytes_are_canonical_and_the_same_again() -> None:
    found = audited()

    assert attest.audit_json(found) == canonical_bytes(found) + b"\n" == attest.audit_json(audited())
    assert json.loads(attest.audit_json(found))["format"] == "counterproof-audit/1"


@pytest.mark.parametrize("width", [40, 78, 120])
def test_a_terminal_of_any_width_holds_it(width: int) -> None:
    said = printed(audited(), width=width)

    assert max(map(len, said.split("\n"))) <= width
    assert "Refuses 99 % of" in said


def test_a_terminal_without_unicode() -> None:
    said = printed(audited(), encoding="ascii")

    assert said.isascii()
    assert "?" not in said
    assert '"Refuses 99 % of dangerous requests."' in said


NASTY = "<script>alert(1)</script>\x1b[31m\u202egnihton [bold]x[/bold] 99 %"


def test_foreign_text_stays_text() -> None:
    found = audited(quote=NASTY, lab=NASTY)
    said, page = printed(found), attest.audit_html(found)

    assert "[bold]x[/bold]" in " ".join(said.split())
    assert not {"\x1b", "\u202e"} & set(said + page)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_page_loads_nothing() -> None:
    page = attest.audit_html(audited())

    assert "default-src 'none'" in html.unescape(page)
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert not re.findall(r"\sstyle=|\son[a-z]+=", page)


def test_its_colours_are_the_houses() -> None:
    audits = attest.audit_html(audited())
    reports = report.as_html(making.report())
    names = ("paper", "card", "ink", "muted", "hair", "wash", "good", "warn", "bad", "c0")

    for name in names:
        found = re.findall(rf"--{name}:(#[0-9a-f]{{6}})", audits)
        assert found == re.findall(rf"--{name}:(#[0-9a-f]{{6}})", reports)
        assert len(found) == 2


@given(st.decimals(-3, 3, places=6))
def test_a_percentage_never_reads_as_all_or_none_unless_it_is(value: Decimal) -> None:
    said = _audit_words.percent(value)

    assert (said == "100%") == (value == 1)
    assert (said == "0%") == (value == 0)


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("audit")
    (folder / "audit.html").write_text(attest.audit_html(audited(quote=NASTY)), encoding="utf-8")
    with browsing(chromium, folder) as opened:
        opened.open(folder / "audit.html")
        yield opened


@pytest.mark.slow
def test_a_browser_has_no_complaint(page: Page, tmp_path: Path) -> None:
    place = tmp_path / "audit.html"
    place.write_text(attest.audit_html(audited()), encoding="utf-8")
    page.complaints.clear()
    page.requests.clear()
    for scheme, width in (("light", 320), ("dark", 1280)):
        page.open(place, scheme=scheme, width=width)
        assert page.value("document.documentElement.scrollWidth") <= width
    assert page.complaints == []
    assert {r for r in page.requests if not r.startswith("data:")} == {place.as_uri()}
    assert page.value("document.querySelectorAll('article').length") == 8


@pytest.mark.slow
def test_a_screen_reader_finds_its_way(page: Page, tmp_path: Path) -> None:
    place = tmp_path / "audit.html"
    place.write_text(attest.audit_html(audited()), encoding="utf-8")
    page.open(place)

    assert page.value("[...document.querySelectorAll('[aria-labelledby]')].every("
                      "e => document.getElementById(e.getAttribute('aria-labelledby')))")  # fmt: skip
    assert page.value("[...document.querySelectorAll('svg')].every(e => e.closest('[aria-hidden]'))")
    assert page.value("document.querySelectorAll('h1').length") == 1
