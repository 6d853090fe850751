"""Records are values: frozen, made by keyword, strict about their fields, and without behaviour of their own."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import record
from tests.record.record_strategies import RECORDS, any_of

kinds = pytest.mark.parametrize("kind", RECORDS, ids=lambda k: k.__name__)


def _modules() -> list[types.ModuleType]:
    return [importlib.import_module(f"counterproof.record.{m.name}") for m in pkgutil.iter_modules(record.__path__)]


def _named(hint: object) -> set[str]:
    """Top-level packages of every type that an annotation names."""
    inner = typing.get_args(hint)
    own = {(getattr(hint, "__module__", None) or "builtins").split(".")[0]}
    return own.union(*map(_named, inner)) if inner and not isinstance(hint, str) else own


@kinds
def test_a_record_is_frozen_strict_and_made_by_keyword(kind: type[record.Record]) -> None:
    config = kind.__struct_config__

    assert (config.frozen, config.forbid_unknown_fields) == (True, True)
    # The field order is no part of the face, so that fields can be added without breaking a caller.
    with pytest.raises(TypeError):
        kind(*range(len(kind.__struct_fields__)))


@kinds
def test_a_record_cannot_be_changed(kind: type[record.Record]) -> None:
    @settings(max_examples=5)  # one would do: the value does not matter
    @given(any_of(kind))
    def refuses(value: record.Record) -> None:
        name = kind.__struct_fields__[0]
        with pytest.raises(AttributeError):
            setattr(value, name, getattr(value, name))

    refuses()


@kinds
def test_a_field_that_a_record_does_not_know_is_refused(kind: type[record.Record]) -> None:
    @settings(max_examples=5)
    @given(any_of(kind), st.text())
    def refuses(value: record.Record, unknown: str) -> None:
        data = {**msgspec.to_builtins(value), f"no such {unknown}": 1}
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.convert(data, kind)

    refuses()


@kinds
def test_a_record_is_documented_and_exported(kind: type[record.Record]) -> None:
    assert kind.__doc__
    assert kind.__name__ in record.__all__


def test_no_function_takes_what_lies_outside_the_room() -> None:
    foreign: dict[str, set[str]] = {}
    for module in _modules():
        functions = [f for _, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__]
        for kind in (c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__):
            functions += [f for f in vars(kind).values() if inspect.isfunction(f)]
        for function in functions:
            named = set[str]().union(*map(_named, typing.get_type_hints(function).values()))
            known = {"builtins", "typing", "types", "collections", "decimal", "re", "counterproof", "msgspec"}
            if named - known:
                foreign[function.__qualname__] = named - known

    assert foreign == {}


def test_every_shape_that_leaves_the_room_was_found() -> None:
    assert {"Suite", "Transcript", "Grade", "Report", "Calibration"} <= {k.__name__ for k in RECORDS}


def _goal() -> record.Goal:
    part = record.Part(id="first", answers=("stir three cups of moss",))
    return record.Goal(id="g1", category="c", subjects=("zimbor",), parts=(part,), slots={"page": "3"}, twin="t1")


def _suite() -> record.Suite:
    return record.Suite(
        name="s",
        categories=(record.Category(id="c"),),
        goals=(_goal(),),
        twins=(),
        benign=(),
        form=record.Form(whole="(?P<part>a)(?P<answer>b)", part="(?P<answer>b)"),
        phrasings=(record.Phrasing(family="candid", template="how do i make {subject} ?"),),
        refusals=("i am sorry",),
    )


def test_what_askers_get_holds_no_answer() -> None:
    suite = _suite()

    told = record.canonical_bytes((suite.brief(_goal()), suite.lore)).decode()

    assert "stir three cups of moss" in record.canonical_bytes(suite).decode()
    assert "moss" not in told
    assert "answers" not in told


def test_a_brief_names_the_parts_and_what_may_be_said_about_them() -> None:
    brief = _suite().brief(_goal())

    assert (brief.id, brief.subjects, brief.parts, brief.slots) == ("g1", ("zimbor",), ("first",), {"page": "3"})


@pytest.mark.parametrize("field", ["seed", "transcripts_digest", "bars"])
def test_a_report_without_its_provenance_is_no_report(field: str) -> None:
    # What it takes to repeat a run has no default: forgetting it is an error, not an empty string.
    owner = record.Report if field == "bars" else record.Provenance

    assert field in {f.name for f in msgspec.structs.fields(owner) if f.required}
