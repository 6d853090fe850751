"""Asks the browser page what it says of bundles, and holds that against the command's own verdict."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import cast

from counterproof.rely import verify
from tests.publish.report.browser import Page, browsing
from tests.rely.verify import broken
from tests.rely.verify.broken import Case

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


@contextlib.contextmanager
def opened_page(chromium: Path, folder: Path) -> Generator[Page]:
    """The page in a fresh browser; `folder` is empty and the browser's to use."""
    file = folder / "verify.html"
    file.write_text(verify.page(), encoding="utf-8")
    profile = folder / "profile"
    profile.mkdir()
    with browsing(chromium, profile) as opened:
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
