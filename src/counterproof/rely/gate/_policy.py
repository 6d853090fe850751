"""A policy's folder: `gate.yaml`, the texts, lists and tables it names; read whole or refused whole."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from counterproof import errors, record
from counterproof.rely.gate import _policy_examples
from counterproof.rely.gate._patterns import MOST_CHARACTERS, MOST_PATTERNS
from counterproof.rely.gate._policy_fields import Fields, Folder
from counterproof.rely.gate._policy_rules import OUTCOMES, Around, kind_of, rule
from counterproof.rely.gate._policy_yaml import At, read

FILE = "gate.yaml"
FORMAT = "counterproof-gate-policy/1"
MOST_RULES = 2_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DAYS = 400
_CHECKS = ("threshold", "when")
_PATTERNS = ("patterns", "patterns_file")


def read_policy(folder: Path) -> record.GatePolicy:
    """The policy in a folder.

    Raises:
        BadGate: the first thing that cannot be used, with its file and line; nothing of the policy is used then.
        MissingExtra: it needs a pattern engine, and none is installed.
    """
    files = Folder(folder)
    where = str(folder / FILE)
    top = Fields(read(files.text(FILE, where), where), where, "")
    if (said := top.text("format")) != FORMAT:
        raise top.bad(f"has the format {said[:80]!r}", "format", mend=f"this program reads {FORMAT}")
    name = _name(top)
    models = _models(top, where)
    memory = _memory(top, where)
    views = top.choices("views", ("plain", "folded", "decoded"), ("plain", "folded"))
    rules = _rules(top, where, files, models, remembers=memory.window_s > 0, holds_all="decoded" in views)
    made = record.GatePolicy(
        name=name, rules=rules, models=models, memory=memory, views=cast("Any", views),
        unscanned=_unscanned(top, where),
        says=top.text("says", "This was refused."),
        block_as=cast("Any", top.choice("block_as", ("reply", "refusal", "error"), "error")),
        hold_s=float(top.number("hold_s", 0.0, 0, 86_400)),
        examples=_examples(top, files),
    )  # fmt: skip
    top.done()
    _check_whole(made, top)
    return made


def policy_bytes(policy: record.GatePolicy) -> bytes:
    """A policy's canonical form: its digest (`record.digest_of`) is what a gate's record and a log name it by."""
    return record.canonical_bytes(policy)


def _name(fields: Fields) -> str:
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        raise fields.bad(
            f"has the name {name[:80]!r}", "name", mend="use letters, digits, `.`, `_` and `-`, at most 64"
        )
    return name


def _models(top: Fields, where: str) -> dict[str, record.SafetyModel]:
    models: dict[str, record.SafetyModel] = {}
    for name, at in top.members("models").items():
        fields = Fields(at, where, f"model {name[:80]!r}")
        endpoint = fields.text("endpoint")
        try:
            parts = urllib.parse.urlsplit(endpoint)
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address or "@" in endpoint or not endpoint.isprintable():
            raise fields.bad("has an endpoint that is no http(s) address", "endpoint", mend="write https://host/v1")
        models[name] = record.SafetyModel(
            endpoint=endpoint, model=fields.text("model"), key_env=fields.text("key_env", ""),
            max_at_once=fields.whole("max_at_once", 16, 1, 4_096),
        )  # fmt: skip
        fields.done()
    return models


def _memory(top: Fields, where: str) -> record.MemoryPolicy:
    at = top.take("memory")
    if at is None:
        return record.MemoryPolicy()
    fields = Fields(at, where, "memory")
    usual = record.MemoryPolicy()
    made = record.MemoryPolicy(
        window_s=fields.whole("window_s", usual.window_s, 0, _DAYS * 86_400),
        fragments=fields.whole("fragments", usual.fragments, 1, 1_000),
        anchors=cast("Any", fields.choices("anchors", record.ANCHOR_KINDS, usual.anchors)),
        max_anchors=fields.whole("max_anchors", usual.max_anchors, 1, 10_000_000),
        rotates_s=fields.whole("rotates_s", usual.rotates_s, 60, _DAYS * 86_400),
    )
    fields.done()
    return made


def _rules(
    top: Fields,
    where: str,
    files: Folder,
    models: Mapping[str, record.SafetyModel],
    *,
    remembers: bool,
    holds_all: bool,
) -> tuple[record.GateRule, ...]:
    at = top.take("rules")
    items = at.value if at is not None and isinstance(at.value, list) else []
    if not items or len(items) > MOST_RULES:
        what = f"has more than {MOST_RULES:,} rules" if items else "has no rules, and would let everything through"
        raise top.bad(what, "rules")
    heads = [_head(item, where, number) for number, item in enumerate(items, 1)]
    seen: set[str] = set()
    for fields, _, name in heads:
        if name in seen:
            raise fields.bad(f"has the name {name!r}, which another rule has", mend="rename one of them")
        seen.add(name)
    counted = tuple(name for _, kind, name in heads if kind in _PATTERNS)
    out: list[record.GateRule] = []
    for at_rule, (fields, kind, name) in enumerate(heads):
        earlier = [other for _, a_kind, other in heads[:at_rule] if a_kind in _CHECKS]
        checks = [other for _, a_kind, other in heads if a_kind in _CHECKS] if kind == "prompt" else earlier
        around = Around(
            files, (*counted, *(n for _, k, n in heads if k in _CHECKS)), counted, (*counted, *checks), models,
            remembers, holds_all,
        )  # fmt: skip
        out.append(rule(fields, kind, name, around))
    return tuple(out)


def _head(item: At, where: str, number: int) -> tuple[Fields, str, str]:
    fields = Fields(item, where, f"rule {number}")
    name = _name(fields)
    fields.what = f"rule {name!r}"
    return fields, kind_of(fields), name


def _unscanned(top: Fields, where: str) -> Any:  # noqa: ANN401 - checked words
    out: dict[str, str] = {}
    for kind, at in top.members("unscanned").items():
        if kind not in record.EVENT_KINDS or at.value not in OUTCOMES:
            mend = f"kinds are {', '.join(record.EVENT_KINDS)}, outcomes {', '.join(OUTCOMES)}"
            raise errors.BadGate(
                f"says of {kind[:80]!r} what there is not", where=f"{where}:{at.line} unscanned", mend=mend
            )
        out[kind] = str(at.value)
    return out


def _examples(top: Fields, files: Folder) -> tuple[tuple[record.EventKind, str, record.Outcome], ...]:
    out: list[Any] = []
    place = top.place("examples")
    for file in top.texts("examples") or ():
        table = files.text(file, place)
        out += _policy_examples.whole(table, str(files.path / file), record.EVENT_KINDS, record.OUTCOMES)
    return tuple(out)


def _check_whole(made: record.GatePolicy, top: Fields) -> None:
    patterns = [text for each in made.rules if isinstance(each, record.PatternRule) for text in each.patterns]
    if len(patterns) > MOST_PATTERNS or sum(map(len, patterns)) > MOST_CHARACTERS:
        what = f"has more than {MOST_PATTERNS:,} patterns, or {MOST_CHARACTERS:,} characters of them"
        raise top.bad(what, "rules", mend="leave some out")
    stops = (isinstance(each, record.PromptRule) or each.action not in ("allow", "signal") for each in made.rules)
    if not any(stops):
        raise top.bad("has no rule that stops anything, and would let everything through", "rules")
