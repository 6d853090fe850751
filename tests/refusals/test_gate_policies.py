"""Every way to be refused with a gate's policy: one sentence with file, line or rule, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from counterproof import errors
from counterproof.rely.gate._policy import read_policy
from counterproof.rely.gate._policy_rates import RATES, read_rates

GOOD = """\
format: counterproof-gate-policy/1
name: shop
memory: {window_s: 60}
models:
  judge: {endpoint: "http://localhost/v1", model: m}
rules:
  - name: words
    patterns: [needle]
  - name: long
    threshold: event.size_bytes
    above: 10
  - name: late
    when: fired["long"]
  - name: asked
    prompt: asked.md
    model: judge
    labels: {A0: allow, A1: reject}
    on_failure: reject
    deadline_ms: 100
    examples: [asked.csv]
examples: [whole.csv]
"""

# What is put in place of what, where the refusal points, and what it says.
CHANGED: dict[str, tuple[str, str, str, str]] = {
    "no YAML": ("name: shop", "name: [shop", "gate.yaml:", "is no YAML"),
    "control character": ("name: shop", "name: sh\x07op", "gate.yaml", "is no YAML"),
    "no mapping": (GOOD, "- 1", "gate.yaml:1", "is no mapping"),
    "empty file": (GOOD, "", "gate.yaml:1", "is no mapping"),
    "member twice": ("name: shop", "name: shop\nname: shop", "gate.yaml:3", "'name' twice"),
    "alias": ("{window_s: 60}", "&m {window_s: 60}", "gate.yaml:3", "anchor"),
    "alias used": ("name: shop", "name: *m", "gate.yaml:2", "alias"),
    "merge": ("{window_s: 60}", "{<<: {window_s: 60}}", "gate.yaml:3 memory", "unknown member '<<'"),
    "tag": ("name: shop", "name: !!python/name:os.system shop", "gate.yaml:2", "tag"),
    "nested": ("name: shop", "name: " + "[" * 40 + "]" * 40, "gate.yaml:2", "too deep"),
    "bomb": ("name: shop", "name: " + "[" * 5_000, "gate.yaml:2", "too deep"),
    "two documents": (GOOD, GOOD + "---\na: 1\n", "gate.yaml", "documents"),
    "member with a name that is no text": ("name: shop", "name: shop\n? [a]\n: 1", "gate.yaml:3", "no text"),
    "no format": ("format: counterproof-gate-policy/1\n", "", "gate.yaml:1", "lacks 'format'"),
    "other format": ("policy/1", "policy/2", "gate.yaml:1", "reads counterproof-gate-policy/1"),
    "no name": ("name: shop\n", "", "gate.yaml:1", "lacks 'name'"),
    "bad name": ("name: shop", "name: a b", "gate.yaml:2", "use letters"),
    "name is a number": ("name: shop", "name: 12", "gate.yaml:2", "quotation marks"),
    "unknown member": ("name: shop", "name: shop\nfail_open: true", "gate.yaml:3", "unknown member 'fail_open'"),
    "unknown view": ("name: shop", "name: shop\nviews: [plain, x]", "gate.yaml:3", "known are plain"),
    "view twice": ("name: shop", "name: shop\nviews: [plain, plain]", "gate.yaml:3", "twice"),
    "block_as": ("name: shop", "name: shop\nblock_as: nothing", "gate.yaml:3", "known are reply"),
    "hold_s": ("name: shop", "name: shop\nhold_s: -1", "gate.yaml:3", "between 0"),
    "hold_s no number": ("name: shop", "name: shop\nhold_s: soon", "gate.yaml:3", "no number"),
    "hold_s true": ("name: shop", "name: shop\nhold_s: true", "gate.yaml:3", "no number"),
    "unscanned kind": ("name: shop", "name: shop\nunscanned: {image: reject}", "gate.yaml:3 unscanned", "kinds are"),
    "unscanned outcome": ("name: shop", "name: shop\nunscanned: {call: ok}", "gate.yaml:3 unscanned", "outcomes"),
    "unscanned no mapping": ("name: shop", "name: shop\nunscanned: reject", "gate.yaml:3", "no mapping"),
    "memory": ("{window_s: 60}", "{window_s: 60, fragments: 0}", "gate.yaml:3 memory", "between 1"),
    "memory broken number": ("{window_s: 60}", "{window_s: 1.5}", "gate.yaml:3 memory", "no whole number"),
    "memory anchors": ("{window_s: 60}", "{window_s: 60, anchors: [face]}", "gate.yaml:3 memory", "known are target"),
    "memory unknown": ("{window_s: 60}", "{window_s: 60, for_ever: true}", "gate.yaml:3 memory", "unknown member"),
    "endpoint": ("http://localhost/v1", "ftp://localhost", "gate.yaml:5 model 'judge'", "http(s)"),
    "endpoint file": ("http://localhost/v1", "file:///etc/passwd", "gate.yaml:5 model 'judge'", "http(s)"),
    "endpoint password": ("http://localhost/v1", "http://a:b@localhost", "gate.yaml:5 model 'judge'", "http(s)"),
    "endpoint port": ("http://localhost/v1", "http://localhost:99999", "gate.yaml:5 model 'judge'", "http(s)"),
    "endpoint host": ("http://localhost/v1", "http://[::1", "gate.yaml:5 model 'judge'", "http(s)"),
    "model's member": ("model: m}", "model: m, temperature: 0}", "gate.yaml:5 model 'judge'", "unknown member"),
    "max_at_once": ("model: m}", "model: m, max_at_once: 0}", "gate.yaml:5 model 'judge'", "between 1"),
    "no rules": (GOOD[GOOD.index("rules:") :], "rules: []\n", "gate.yaml", "let everything through"),
    "rules left out": (GOOD[GOOD.index("rules:") :], "", "gate.yaml:1", "let everything through"),
    "nothing stops": (
        GOOD[GOOD.index("  - name: words") :],
        "  - {name: a, patterns: [b], action: signal}\n",
        "gate.yaml",
        "stops",
    ),
    "rule no mapping": ("  - name: words\n    patterns: [needle]", "  - words", "gate.yaml:7 rule 1", "no mapping"),
    "rule without name": ("name: words", "reason: words", "gate.yaml:7 rule 1", "lacks 'name'"),
    "two rules of a name": ("name: long", "name: words", "gate.yaml:9 rule 'words'", "rename"),
    "gate's own name": ("name: words", "name: gate:words", "gate.yaml:7 rule 1", "use letters"),
    "no kind": ("    patterns: [needle]", "    action: reject", "gate.yaml:7 rule 'words'", "nothing to look for"),
    "two kinds": (
        "patterns: [needle]",
        "patterns: [needle]\n    when: 'true'",
        "gate.yaml:7 rule 'words'",
        "a rule has one of",
    ),
    "unknown member of a rule": (
        "patterns: [needle]",
        "patterns: [needle]\n    severity: 3",
        "gate.yaml:9 rule 'words'",
        "'severity'",
    ),
    "unknown kind of event": (
        "patterns: [needle]",
        "patterns: [needle]\n    on: [image]",
        "gate.yaml:9 rule 'words'",
        "known are message",
    ),
    "no kind of event": (
        "patterns: [needle]",
        "patterns: [needle]\n    on: []",
        "gate.yaml:9 rule 'words'",
        "empty one",
    ),
    "unknown action": (
        "patterns: [needle]",
        "patterns: [needle]\n    action: block",
        "gate.yaml:9 rule 'words'",
        "known are allow",
    ),
    "unknown failure": (
        "patterns: [needle]",
        "patterns: [needle]\n    on_failure: open",
        "gate.yaml:9 rule 'words'",
        "known are allow",
    ),
    "modify on failure": (
        "patterns: [needle]",
        "patterns: [needle]\n    on_failure: modify",
        "gate.yaml:9 rule 'words'",
        "known are allow",
    ),
    "unknown role": (
        "patterns: [needle]",
        "patterns: [needle]\n    roles: [model]",
        "gate.yaml:9 rule 'words'",
        "known are system",
    ),
    "weight": ("patterns: [needle]", "patterns: [needle]\n    weight: -1", "gate.yaml:9 rule 'words'", "between 0"),
    "replacement without modify": (
        "[needle]",
        "[needle]\n    replacement: x",
        "gate.yaml:7 rule 'words'",
        "action: modify",
    ),
    "no flag": ("[needle]", "[needle]\n    holds_reply: 1", "gate.yaml:9 rule 'words'", "neither true nor false"),
    "no patterns": ("patterns: [needle]", "patterns: []", "gate.yaml:8 rule 'words'", "empty one"),
    "pattern no text": ("patterns: [needle]", "patterns: [1]", "gate.yaml:8 rule 'words'", "no list of texts"),
    "pattern twice": ("patterns: [needle]", "patterns: [a, b, a]", "gate.yaml:8 rule 'words'", "twice"),
    "bad pattern": ("patterns: [needle]", "patterns: ['a(?=b)']", "gate.yaml:8 rule 'words'", "lookahead"),
    "empty pattern": ("patterns: [needle]", "patterns: ['a*']", "gate.yaml:8 rule 'words'", "empty text"),
    "unbounded pattern on spans": ("[needle]", "['a.*b']", "gate.yaml:8 rule 'words'", "no longest match"),
    "too wide a pattern on spans": ("[needle]", "['(?:.{1,200}x){6}']", "gate.yaml:8 rule 'words'", "1,206 characters"),
    "list outside": ("patterns: [needle]", "patterns_file: ../list.txt", "gate.yaml:8 rule 'words'", "outside"),
    "list by its full name": (
        "patterns: [needle]",
        "patterns_file: /etc/passwd",
        "gate.yaml:8 rule 'words'",
        "outside",
    ),
    "no list": ("patterns: [needle]", "patterns_file: none.txt", "gate.yaml:8 rule 'words'", "put it into the folder"),
    "list is a folder": ("patterns: [needle]", "patterns_file: .", "gate.yaml:8 rule 'words'", "cannot be read"),
    "empty list": ("patterns: [needle]", "patterns_file: empty.txt", "gate.yaml:8 rule 'words'", "without patterns"),
    "list with a bad pattern": ("patterns: [needle]", "patterns_file: bad.txt", "bad.txt:3", "backreference"),
    "list with a line twice": ("patterns: [needle]", "patterns_file: twice.txt", "twice.txt:2", "keep one"),
    "list no text": ("patterns: [needle]", "patterns_file: latin.txt", "latin.txt:2", "not UTF-8"),
    "list too large": ("patterns: [needle]", "patterns_file: large.txt", "large.txt", "4,000,000 bytes"),
    "threshold of nothing": ("event.size_bytes", "event.size_miles", "gate.yaml:10 rule 'long'", "numbers are"),
    "no limit": ("    above: 10\n", "", "gate.yaml:9 rule 'long'", "lacks 'above'"),
    "limit no number": ("above: 10", "above: .nan", "gate.yaml:11 rule 'long'", "no number"),
    "threshold that signals": ("above: 10", "above: 10\n    action: signal", "gate.yaml:12 rule 'long'", "known are"),
    "threshold on no memory": (
        "{window_s: 60}",
        "{window_s: 0}\nsays: x",
        "gate.yaml:11 rule 'long'",
        "nothing is remembered",
    ),
    "bad condition": ('fired["long"]', "1 +", "gate.yaml:13 rule 'late'", "ends too early"),
    "condition no bool": ('fired["long"]', "1 + 1", "gate.yaml:13 rule 'late'", "not a bool"),
    "condition on no rule": ('fired["long"]', 'fired["lang"]', "gate.yaml:13 rule 'late'", "no such rule"),
    "condition on itself": ('fired["long"]', 'fired["late"]', "gate.yaml:13 rule 'late'", "after it"),
    "hits of no pattern": ('fired["long"]', 'hits["long"] > 0', "gate.yaml:13 rule 'late'", "with patterns"),
    "prompt outside": ("prompt: asked.md", "prompt: ../asked.md", "gate.yaml:15 rule 'asked'", "outside"),
    "empty prompt": ("prompt: asked.md", "prompt: empty.txt", "gate.yaml:15 rule 'asked'", "empty"),
    "unknown model": ("    model: judge", "    model: oracle", "gate.yaml:16 rule 'asked'", "not under `models`"),
    "label without outcome": ("A1: reject", "A1: maybe", "gate.yaml:17 rule 'asked'", "label without an outcome"),
    "label that modifies": ("A1: reject", "A1: modify", "gate.yaml:17 rule 'asked'", "label without an outcome"),
    "one label": ("{A0: allow, A1: reject}", "{A1: reject}", "gate.yaml:17 rule 'asked'", "what is not"),
    "labels that allow": ("A1: reject", "A1: allow", "gate.yaml:17 rule 'asked'", "what is not"),
    "no failure mode": ("    on_failure: reject\n", "", "gate.yaml:14 rule 'asked'", "lacks 'on_failure'"),
    "no deadline": ("    deadline_ms: 100\n", "", "gate.yaml:14 rule 'asked'", "lacks 'deadline_ms'"),
    "deadline of nothing": ("deadline_ms: 100", "deadline_ms: 0", "gate.yaml:19 rule 'asked'", "between 1"),
    "asked when nobody knows": (
        "deadline_ms: 100",
        "deadline_ms: 100\n    asks_when: maybe",
        "gate.yaml:20 rule 'asked'",
        "known are",
    ),
    "no table": (
        "examples: [asked.csv]",
        "examples: [none.csv]",
        "gate.yaml:20 rule 'asked'",
        "put it into the folder",
    ),
    "table no list": ("examples: [asked.csv]", "examples: asked.csv", "gate.yaml:20 rule 'asked'", "no list of texts"),
    "examples with another label": ("{A0: allow,", "{B0: allow,", "asked.csv:2", "'A0', which the policy does not"),
    "table of texts alone": ("[asked.csv]", "[twice.txt]", "twice.txt:1", "no heading"),
    "table with a label alone": ("[asked.csv]", "[label.csv]", "label.csv:3", "label without a text"),
    "table without rows": ("[asked.csv]", "[heading.csv]", "heading.csv", "no examples"),
    "broken table": ("[asked.csv]", "[broken.csv]", "broken.csv:2", "is no CSV"),
    "whole table's heading": ("[whole.csv]", "[asked.csv]", "asked.csv:1", "kind, text, outcome"),
    "whole table's kind": ("[whole.csv]", "[kind.csv]", "kind.csv:3", "'image', which there is not"),
    "whole table's outcome": ("[whole.csv]", "[outcome.csv]", "outcome.csv:2", "'fine', which there is not"),
    "whole table's cells": ("[whole.csv]", "[cells.csv]", "cells.csv:2", "4 cells"),
}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    folder.mkdir()
    (tmp_path / "list.txt").write_text("outside\n")
    (tmp_path / "asked.md").write_text("outside\n")
    for name, text in {
        "gate.yaml": GOOD, "asked.md": "Which is it?", "asked.csv": "text,label\nfine,A0\nnot,A1\n",
        "whole.csv": "kind,text,outcome\nmessage,needle,reject\n", "empty.txt": "\n \n", "bad.txt": "a\n\n(a)\\1\n",
        "twice.txt": "one\none\n", "label.csv": "text,label\nfine,A0\n,A1\n", "heading.csv": "text,label\n",
        "broken.csv": 'text,label\nfine,"A0\n', "kind.csv": "kind,text,outcome\ncall,a,allow\nimage,a,allow\n",
        "outcome.csv": "kind,text,outcome\ncall,a,fine\n", "cells.csv": "kind,text,outcome\ncall,a,b,allow\n",
        "large.txt": "a" * 4_000_001,
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    (folder / "latin.txt").write_bytes(b"one\n\xe9\n")
    return folder


def _refused(folder: Path) -> errors.BadGate:
    with pytest.raises(errors.BadGate) as caught:
        read_policy(folder)
    said = str(caught.value)
    assert said.isprintable()
    assert caught.value.mend
    return caught.value


def test_the_policy_that_the_others_are_made_of_is_read(folder: Path) -> None:
    assert len(read_policy(folder).rules) == 4


@pytest.mark.parametrize("name", CHANGED)
def test_a_policy_with_one_thing_wrong_is_refused_whole(folder: Path, name: str) -> None:
    old, new, where, says = CHANGED[name]
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if name == "threshold on no memory":
        text = text.replace("event.size_bytes", "memory.events")
    (folder / "gate.yaml").write_text(text)
    refused = _refused(folder)
    assert where in refused.where
    assert says in str(refused)


def test_a_folder_without_a_policy(tmp_path: Path) -> None:
    assert "cannot be read" in _refused(tmp_path).what
    assert "cannot be read" in _refused(tmp_path / "none").what


def test_a_policy_that_is_no_text(folder: Path) -> None:
    (folder / "gate.yaml").write_bytes(GOOD.encode() + b"\xff")
    assert _refused(folder).where.endswith("gate.yaml:22")


def test_a_link_that_leads_out_of_the_folder(folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder.parent / "list.txt")
    (folder / "gate.yaml").write_text(GOOD.replace("patterns: [needle]", "patterns_file: link.txt"))
    assert "outside" in _refused(folder).what


def test_a_link_to_itself(folder: Path) -> None:
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "gate.yaml").write_text(GOOD.replace("patterns: [needle]", "patterns_file: loop.txt"))
    assert "cannot be read" in _refused(folder).what


def _lists(folder: Path) -> str:
    for number in range(5):
        (folder / f"list{number}.txt").write_text(f"a{number}{'b' * 3_500_000}\n")
    return "".join(f"  - {{name: l{n}, patterns_file: list{n}.txt}}\n" for n in range(5))


def _many_patterns(folder: Path) -> str:
    (folder / "many.txt").write_text("".join(f"a{number}\n" for number in range(20_001)))
    return "  - {name: many, patterns_file: many.txt}\n"


def _many_rules(_: Path) -> str:
    return "".join(f"  - {{name: r{number}, patterns: [a]}}\n" for number in range(2_001))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_many_patterns, "more than 20,000 patterns"),
        (_many_rules, "more than 2,000 rules"),
        (_lists, "longer than 2,000"),
    ],
)
def test_a_policy_that_is_too_large(folder: Path, make: Callable[[Path], str], says: str) -> None:
    (folder / "gate.yaml").write_text(GOOD.replace("rules:\n", "rules:\n" + make(folder), 1))
    assert says in str(_refused(folder))


def test_files_that_are_too_large_together(folder: Path) -> None:
    for number in range(5):
        (folder / f"text{number}.md").write_text("word " * 700_000)
    rest = "model: judge, labels: {A: allow, B: reject}, on_failure: reject, deadline_ms: 9"
    rules = "".join(f"  - {{name: p{number}, prompt: text{number}.md, {rest}}}\n" for number in range(5))
    (folder / "gate.yaml").write_text(GOOD.replace("rules:\n", "rules:\n" + rules, 1))
    assert "16,000,000" in _refused(folder).what


def test_rates_that_cannot_be_read(folder: Path) -> None:
    policy = read_policy(folder)
    for data in (
        b"",
        b"{}",
        b"[" * 10_000,
        b'{"format":"counterproof-gate-rates/1","policy":"x","rules":[{}]}',
        b"\xff",
    ):
        (folder / RATES).write_bytes(data)
        with pytest.raises(errors.BadGate, match="no file of error rates") as caught:
            read_rates(folder, policy)
        assert caught.value.mend
    (folder / RATES).write_bytes(b" " * 8_000_001)
    with pytest.raises(errors.BadGate, match="larger"):
        read_rates(folder, policy)
    (folder / RATES).unlink()
    (folder / RATES).mkdir()
    with pytest.raises(errors.BadGate, match="cannot be read"):
        read_rates(folder, policy)
