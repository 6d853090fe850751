"""What a reader sees of the page: files chosen or dropped, the verdict, the steps, both schemes, a phone, paper."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterproof import record
from counterproof.rely import verify
from tests.publish.report.browser import Page
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.asking import ask, opened_page
from tests.rely.verify.broken import Case

pytestmark = pytest.mark.slow

TIME = "2026-05-28T20:26:40"


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_page(chromium, tmp_path_factory.mktemp("page")) as opened:
        yield opened


def choose(page: Page, folder: Path, case: Case, *, width: int = 1280, scheme: str = "light") -> None:
    """Opens the page anew and picks both files, as a hand would."""
    data, trust, _ = case
    (folder / "bundle.json").write_bytes(data)
    (folder / "trust.json").write_bytes(trust)
    (folder / "verify.html").write_text(verify.page(), encoding="utf-8")
    page.open(folder / "verify.html", width=width, scheme=scheme)
    page.value(f"document.getElementById('time').value = '{TIME}'")
    root = page.call("DOM.getDocument")["root"]["nodeId"]
    for name in ("bundle", "trust"):
        node = page.call("DOM.querySelector", nodeId=root, selector=f"#{name}-file")["nodeId"]
        page.call("DOM.setFileInputFiles", nodeId=node, files=[str(folder / f"{name}.json")])
    waited = page.call(
        "Runtime.evaluate", awaitPromise=True, returnByValue=True,
        expression="new Promise((done) => { const result = document.getElementById('result'); const look = () => "
        "(result.hidden || result.getAttribute('aria-busy') === 'true') ? setTimeout(look, 10) : done(1); look(); })",
    )  # fmt: skip
    assert waited["result"]["value"] == 1


def text(page: Page, selector: str) -> str:
    return str(page.value(f"document.querySelector({selector!r})?.innerText ?? ''"))


def test_a_good_bundle(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, broken.opening(at=(0, 2)))

    assert text(page, "#verdict .word") == "Verified"
    assert page.value("document.querySelectorAll('#steps .passed').length") == 10
    assert "in part" in text(page, "#steps .partly")
    assert "newer" in text(page, "#unchecked")
    assert "0.98" in text(page, "#statement table")
    assert "not measured: the ceiling is too low" in text(page, "#statement table")
    assert "witness" in text(page, "#verdict .lede")
    assert page.value("document.activeElement.id") == "verdict"


@pytest.mark.parametrize("name", ["another entry", "two of four saw it", "signed by a stranger", "declared afterwards"])
def test_a_refusal_names_its_step_and_shows_nothing_of_the_statement(page: Page, tmp_path: Path, name: str) -> None:
    step, make = broken.CASES[name]

    choose(page, tmp_path, make())

    assert text(page, "#verdict .word") == "Refused"
    assert step in text(page, "#verdict .lede")
    assert page.value("document.querySelectorAll('#steps .refused').length") == 1
    assert page.value("document.getElementById('statement').hidden && document.getElementById('limits').hidden") is True


def test_what_a_stranger_wrote_is_text(page: Page, tmp_path: Path) -> None:
    nasty = "<img src=x onerror=alert(1)></script><b>"
    page.complaints.clear()

    choose(page, tmp_path, broken.good(version=nasty))

    assert nasty in text(page, "#statement")
    assert page.value("document.querySelectorAll('#statement b, #statement img').length") == 0
    assert page.complaints == []
    assert html.escape(nasty) not in text(page, "#statement")


def test_dropped_files_are_told_apart(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, broken.good())
    dropped = page.call(
        "Runtime.evaluate", awaitPromise=True, returnByValue=True,
        expression="take(['trust-file', 'bundle-file'].map((name) => document.getElementById(name).files[0]))"
        ".then(() => [document.querySelector('input').files[0].name, document.querySelector('.word').innerText])",
    )  # fmt: skip

    assert dropped["result"]["value"] == ["bundle.json", "Verified"]


def test_one_file_alone_shows_no_verdict(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "verify.html"
    file.write_text(verify.page(), encoding="utf-8")
    page.open(file)

    assert page.value("document.getElementById('result').hidden") is True


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (400, "light")])
def test_nothing_complains_and_nothing_sticks_out(page: Page, tmp_path: Path, width: int, scheme: str) -> None:
    page.complaints.clear()
    choose(page, tmp_path, broken.good(), width=width, scheme=scheme)

    picture = page.screenshot()

    assert page.value("document.documentElement.scrollWidth <= innerWidth") is True
    assert (sum(picture.pixel(5, 5)) < 3 * 128) == (scheme == "dark")
    assert page.complaints == []


def test_everything_has_a_name_for_those_who_listen(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, broken.good())

    assert page.value("[...document.querySelectorAll('input')].every((i) => i.labels.length === 1)") is True
    assert page.value("document.documentElement.lang") == "en"
    assert page.value("document.querySelectorAll('main, h1').length") == 2
    assert page.value("document.getElementById('result').getAttribute('aria-live')") == "polite"


def test_on_paper_without_the_files(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, broken.good())
    page.call("Emulation.setEmulatedMedia", media="print")

    assert page.value("getComputedStyle(document.getElementById('choose')).display") == "none"
    assert len(page.pdf()) > 10_000
    page.call("Emulation.setEmulatedMedia", media="")


def test_the_policy_lets_nothing_in_or_out() -> None:
    made = verify.page()

    assert "default-src 'none'" in made
    assert "'unsafe" not in made
    assert "http://" not in made
    addresses = {"https://" + part.partition('"')[0] for part in made.split("https://")[1:]}
    assert addresses == {record.STATEMENT_TYPE}


LARGE = (w.key("large.example/0", "ml-dsa-44"), w.key("large.example/1", "ml-dsa-44"))


def _seen(witnesses: w.Signers, needed: int, named: w.Signers) -> Case:
    made = w.world()
    checkpoint = made.log.checkpoint(witnesses=witnesses)
    trust = record.canonical_bytes(w.trust(policy=w.policy(named, needed)))
    return w.data(made.log.bundle(checkpoint=checkpoint)), trust, w.NOW_S


def test_ml_dsa_counts_for_nothing_here_and_it_says_so(page: Page, tmp_path: Path) -> None:
    named = (*w.WITNESSES[:2], *LARGE)
    needs_them, stands_without = _seen(named, 3, named), _seen(named, 2, named)

    assert [broken.verdict(case) for case in (needs_them, stands_without)] == ["", ""]
    (refused, said, _), (accepted, _, _) = ask(page, [needs_them, stands_without])
    assert (refused, accepted) == ("3 checkpoint", "")
    assert "ML-DSA" in said
    choose(page, tmp_path, stands_without)
    assert "ML-DSA cosignatures are not checked by this page" in text(page, "#unchecked")
