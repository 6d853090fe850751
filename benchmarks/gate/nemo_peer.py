"""NeMo Guardrails in process: its rail of regular expressions over the same text. Run by its own environment.

python nemo_peer.py TEXTS.json
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from importlib.metadata import version
from pathlib import Path

from nemoguardrails import LLMRails, RailsConfig
from nemoguardrails.guardrails.iorails import IORails

CALLS = 60


async def measured(rails: object, texts: list[str]) -> tuple[float, float, int]:
    """p50 in ms, processor ms per call, how many were let pass."""
    passed, took = 0, []
    for n in range(CALLS + 10):
        if n == 10:
            cpu, took, passed = time.process_time(), [], 0
        began = time.perf_counter()
        found = await rails.check_async([{"role": "user", "content": texts[n % len(texts)]}])  # type: ignore[attr-defined] # either engine
        took.append(time.perf_counter() - began)
        passed += "pass" in str(found.status).lower()
    used = (time.process_time() - cpu) / CALLS * 1e3
    return sorted(took)[len(took) // 2] * 1e3, used, passed


async def main(given: dict[str, list[str]]) -> None:
    """One line per engine and number of patterns."""
    logging.disable(logging.CRITICAL)
    print(
        f"  NeMo Guardrails {version('nemoguardrails')}, input rail of regular expressions, in process, {CALLS} calls:"
    )
    for many in (4, len(given["patterns"])):
        patterns = given["patterns"][:many]
        said = {"models": [{"type": "main", "engine": "openai", "model": "none", "parameters": {"api_key": "none"}}],
                "rails": {"config": {"regex_detection": {"input": {"patterns": patterns, "case_insensitive": True}}},
                          "input": {"flows": ["regex check input"]}}}  # fmt: skip
        for name, engine in (("LLMRails", LLMRails), ("IORails", IORails)):
            rails = engine(RailsConfig.from_content(yaml_content=json.dumps(said)))
            p50, cpu, passed = await measured(rails, given["texts"])
            print(f"  {name}, {many:,} patterns: p50 {p50:.2f} ms, CPU {cpu:.2f} ms a call, {passed} of {CALLS} passed",
                  flush=True)  # fmt: skip
            if hasattr(rails, "stop"):
                await rails.stop()


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
