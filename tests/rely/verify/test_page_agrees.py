"""The browser page in a real Chromium: the same verdict as the command's, at the same step, on everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publish.report.browser import Page
from tests.rely.verify import broken, mutations
from tests.rely.verify.asking import ask, differences, opened_page

pytestmark = pytest.mark.slow

MUTATED, RESEALED, REPOLICED = 600, 600, 300


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_page(chromium, tmp_path_factory.mktemp("page")) as opened:
        yield opened


def test_what_is_good_is_good(page: Page) -> None:
    assert [step for step, _, _ in ask(page, [make() for make in broken.GOOD.values()])] == [""] * len(broken.GOOD)


def test_each_thing_wrong_is_refused_at_its_step(page: Page) -> None:
    found = ask(page, [make() for _, make in broken.CASES.values()])

    assert {name: step for name, (step, _, _) in zip(broken.CASES, found, strict=True)} == {
        name: step for name, (step, _) in broken.CASES.items()
    }
    assert not any(is_fault for _, _, is_fault in found)


def test_mutated_bundles_get_one_verdict(page: Page) -> None:
    cases = list(mutations.mutated(MUTATED))

    assert differences(page, cases) == []
    assert len({broken.verdict(case) for case in cases}) >= 4  # the mutations reach beyond the format


def test_statements_in_any_form_get_one_verdict(page: Page) -> None:
    cases = list(mutations.resealed(RESEALED))

    assert differences(page, cases) == []
    assert len({broken.verdict(case) for case in cases}) >= 4


def test_policies_in_any_form_get_one_verdict(page: Page) -> None:
    cases = list(mutations.repoliced(REPOLICED))

    assert differences(page, cases) == []
    assert {broken.verdict(case) for case in cases} == {"", "2 trust"}


def test_nothing_is_fetched_and_nothing_complains(page: Page) -> None:
    ask(page, [broken.good()])

    assert page.complaints == []
    assert {address.partition(":")[0] for address in page.requests} <= {"file", "data"}
