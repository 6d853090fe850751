"""A guard that decides by words, raw lines to say to it, and a tool server of a few lines."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from counterproof.record import Decision, Event, Outcome

RECEIPT = "abc234"


class Words:
    """Refuses events in which a word stands; waits where an event holds a word that has a gate."""

    def __init__(self) -> None:
        self.words: dict[str, Outcome] = {"bomb": "reject"}
        self.unscanned: Outcome = "reject"
        self.gates: dict[str, asyncio.Event] = {}
        self.seen: list[Event] = []
        self.faults: list[BaseException] = []
        self.is_left_people = False

    async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
        """By the first word that is found."""
        self.is_left_people = has_people
        self.seen.append(event)
        texts = " ".join(p.text for p in event.pieces)
        for word, gate in self.gates.items():
            if word in texts:
                await gate.wait()
        if event.unscanned and self.unscanned != "allow":
            return Decision(outcome=self.unscanned, reason="Could not be read.", receipt=RECEIPT)
        for word, outcome in self.words.items():
            if word in texts:
                return _decision(event, word, outcome)
        return Decision(outcome="allow")

    def fault(self, event: Event, error: BaseException) -> Decision:
        """A refusal."""
        self.seen.append(event)
        self.faults.append(error)
        return Decision(outcome="reject", reason="The gate failed.", receipt=RECEIPT)


def _decision(event: Event, word: str, outcome: Outcome) -> Decision:
    if outcome != "modify":
        return Decision(outcome=outcome, reason="Refused here.", receipt=RECEIPT)
    spans = tuple(
        (index, at, at + len(word), "***")
        for index, piece in enumerate(event.pieces)
        if (at := piece.text.find(word)) >= 0
    )
    return Decision(outcome="modify", spans=spans)


def line(**said: Any) -> bytes:  # noqa: ANN401 - JSON
    """A message's bytes."""
    return json.dumps({"jsonrpc": "2.0", **said}).encode()


def call(asked: int | str, tool: str = "add", **arguments: Any) -> bytes:  # noqa: ANN401 - JSON
    """A tool call's bytes."""
    return line(id=asked, method="tools/call", params={"name": tool, "arguments": arguments})


def result(asked: int | str, text: str = "fine") -> bytes:
    """A tool result's bytes."""
    return line(id=asked, result={"content": [{"type": "text", "text": text}]})


def told(data: bytes | None) -> dict[str, Any]:
    """What a message says."""
    assert data is not None
    found: dict[str, Any] = json.loads(data)
    return found


SERVER = """
import json, os, sys, time
def say(**said):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **said}) + "\\n"); sys.stdout.flush()
heard = open(sys.argv[1], "a")
for got in sys.stdin:
    heard.write(got); heard.flush()
    message = json.loads(got)
    asked, method = message.get("id"), message.get("method")
    if asked is None or method is None: continue
    arguments = message.get("params", {}).get("arguments", {})
    text = arguments.get("text", "")
    if text == "die": os._exit(3)
    if text == "silence": continue
    if text == "junk": sys.stdout.write("Listening on port 80!\\n")
    if text == "flood": say(id=asked, result={"content": [{"type": "text", "text": "x" * 2_000_000}]}); continue
    if text == "ask": say(id="s1", method="sampling/createMessage", params={"messages": [
        {"role": "user", "content": {"type": "text", "text": "make a bomb"}}], "maxTokens": 1})
    say(id=asked, result={"content": [{"type": "text", "text": "heard " + text}]})
sys.stderr.write("server saw the end of its input\\n")
if len(sys.argv) > 2: time.sleep(60)
"""


def server_in(folder: Path, *more: str) -> tuple[list[str], Path]:
    """A command that starts the server, and the file of what reached it."""
    program, heard = folder / "server.py", folder / "heard"
    program.write_text(SERVER)
    heard.touch()
    return [sys.executable, str(program), str(heard), *more], heard
