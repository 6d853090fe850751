"""The browser page: one file that verifies by itself, put together from its parts and the shapes of the records."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from typing import Any

import msgspec

from counterproof import record
from counterproof.rely.verify._steps import ALWAYS_UNCHECKED

_SCRIPTS = ("format.js", "crypto.js", "keys.js", "forms.js", "steps.js", "view.js")
_ROOTS = (record.Trust, record.Bundle, record.GradedLeaf, record.Grade, record.Transcript)


_PLAIN: dict[type[msgspec.inspect.Type], str] = {
    msgspec.inspect.StrType: "str", msgspec.inspect.BoolType: "bool", msgspec.inspect.IntType: "int",
    msgspec.inspect.NoneType: "none",
}  # fmt: skip


def page() -> str:
    """The whole page, with its own digests as the only sources of script and style that a browser may run."""
    folder = resources.files("counterproof.rely.verify") / "page"
    style = (folder / "page.css").read_text(encoding="utf-8")
    script = "\n".join(('"use strict";', _constants(), *((folder / n).read_text(encoding="utf-8") for n in _SCRIPTS)))
    text = (folder / "page.html").read_text(encoding="utf-8")
    for name, part in (("STYLE", style), ("SCRIPT", script)):
        text = text.replace(f"%{name}_HASH%", _source(part)).replace(f"%{name}%", part)
    return text


def _source(part: str) -> str:
    """Content Security Policy level 3, section 2.3.1: a hash source."""
    return "sha256-" + base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()


def _constants() -> str:
    """What the script needs to know of the records; made here, so that it cannot fall behind them."""
    shapes: dict[str, Any] = {}
    for kind in (*_ROOTS, *record.KINDS.values()):
        _add(msgspec.inspect.type_info(kind), shapes)
    statement = {
        "tag": None,
        "fields": {
            "_type": {"t": "str"}, "predicate": {"t": "any"}, "predicateType": {"t": "str"},
            "subject": {"t": "list", "of": _add(msgspec.inspect.type_info(record.Named), shapes)},
        },
    }  # fmt: skip
    shapes["Statement"] = statement
    values = {
        "SCHEMA": shapes,
        "KINDS": {kind: each.__name__ for kind, each in record.KINDS.items()},
        "PAYLOAD_TYPE": record.PAYLOAD_TYPE,
        "STATEMENT_TYPE": record.STATEMENT_TYPE,
        "PREDICATE_PREFIX": record.PREDICATE_PREFIX,
        "PREDICATE_SUFFIX": record.PREDICATE_SUFFIX,
        "ALWAYS_UNCHECKED": ALWAYS_UNCHECKED,
    }
    return "\n".join(f"const {name} = {json.dumps(value, sort_keys=True)};" for name, value in values.items())


def _add(info: msgspec.inspect.Type, shapes: dict[str, Any]) -> dict[str, Any]:
    """The shape of a type; those of records go into `shapes` by their names."""
    for kind, letter in _PLAIN.items():
        if isinstance(info, kind):
            return {"t": letter}
    match info:
        case msgspec.inspect.LiteralType(values=values):
            return {"t": "enum", "of": list(values)}
        case msgspec.inspect.VarTupleType(item_type=item):
            return {"t": "list", "of": _add(item, shapes)}
        case msgspec.inspect.DictType(value_type=value):
            return {"t": "map", "of": _add(value, shapes)}
        case msgspec.inspect.UnionType(types=types):
            return {"t": "union", "of": [_add(each, shapes) for each in types]}
        case msgspec.inspect.StructType():
            return _add_struct(info, shapes)
        case _:
            raise TypeError(f"the page knows no {info}")


def _add_struct(info: msgspec.inspect.StructType, shapes: dict[str, Any]) -> dict[str, Any]:
    name = info.cls.__name__
    if name not in shapes:
        shapes[name] = {}
        tag = [info.tag_field, info.tag] if info.tag_field else None
        shapes[name] |= {"tag": tag, "fields": {f.encode_name: _add(f.type, shapes) for f in info.fields}}
    return {"t": "struct", "of": name}
