"""The browser page in a real Chromium: the same verdict as the command's, at the same step, on everything."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from counterproof.rely import verify
from tests.publish.report.browser import Page, browsing
from tests.rely.verify import broken
from tests.rely.verify.broken import Case

pytestmark = pytest.mark.slow

MUTATED = 600
AT_A_TIME = 50
ASK = """(async () => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const said = [];
  for (const [bundle, trust, now] of %s) {
    const found = await verify(bytes(bundle), bytes(trust), BigInt(now));
    said.push([found.ok ? "" : found.step, found.said ?? "", Boolean(found.isFault)]);
  }
  return said;
})()"""


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    file = tmp_path_factory.mktemp("page") / "verify.html"
    file.write_text(verify.page(), encoding="utf-8")
    with browsing(chromium, tmp_path_factory.mktemp("profile")) as opened:
        opened.open(file)
        yield opened


def ask(page: Page, cases: Sequence[Case]) -> list[tuple[str, str, bool]]:
    """The page's verdicts: the step that refused, what it said, and whether the page itself failed."""
    found: list[tuple[str, str, bool]] = []
    for start in range(0, len(cases), AT_A_TIME):
        sent = [
            (base64.b64encode(data).decode(), base64.b64encode(trust).decode(), str(now_s))
            for data, trust, now_s in cases[start : start + AT_A_TIME]
        ]
        answer = page.call(
            "Runtime.evaluate", expression=ASK % json.dumps(sent), awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        found += [cast("tuple[str, str, bool]", tuple(one)) for one in answer["result"]["value"]]
    return found


def differences(page: Page, cases: Sequence[Case]) -> list[str]:
    told = [(broken.verdict(case), *said) for case, said in zip(cases, ask(page, cases), strict=True)]
    return [f"{i}: {one!r}, there {other!r}: {said}" for i, (one, other, said, _) in enumerate(told) if one != other]


def test_what_is_good_is_good(page: Page) -> None:
    assert [step for step, _, _ in ask(page, [make() for make in broken.GOOD.values()])] == [""] * len(broken.GOOD)


def test_each_thing_wrong_is_refused_at_its_step(page: Page) -> None:
    found = ask(page, [make() for _, make in broken.CASES.values()])

    assert {name: step for name, (step, _, _) in zip(broken.CASES, found, strict=True)} == {
        name: step for name, (step, _) in broken.CASES.items()
    }
    assert not any(is_fault for _, _, is_fault in found)


def test_mutated_bundles_get_one_verdict(page: Page) -> None:
    cases = list(broken.mutated(MUTATED))

    assert differences(page, cases) == []
    assert len({broken.verdict(case) for case in cases}) >= 4  # the mutations reach beyond the format


def test_nothing_is_fetched_and_nothing_complains(page: Page) -> None:
    ask(page, [broken.good()])

    assert page.complaints == []
    assert {address.partition(":")[0] for address in page.requests} <= {"file", "data"}
