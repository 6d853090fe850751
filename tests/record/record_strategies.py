"""Any record, drawn from its own type: a new record joins the property tests by existing."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as shapes

from counterproof import record

RECORDS: list[type[record.Record]] = sorted(
    {c for c in vars(record).values() if inspect.isclass(c) and issubclass(c, record.Record)} - {record.Record},
    key=lambda c: c.__name__,
)

_PLAIN: dict[type[shapes.Type], Callable[[], st.SearchStrategy[object]]] = {
    shapes.StrType: lambda: st.text(max_size=20),
    shapes.IntType: lambda: st.integers(min_value=-(2**53), max_value=2**53),
    shapes.FloatType: lambda: st.floats(allow_nan=False, allow_infinity=False),
    shapes.BoolType: st.booleans,
    shapes.NoneType: st.none,
}


def _of(shape: shapes.Type) -> st.SearchStrategy[object]:  # noqa: PLR0911 - one line for each kind of type
    match shape:
        case shapes.LiteralType(values=values):
            return st.sampled_from(values)
        case shapes.VarTupleType(item_type=item):
            return st.lists(_of(item), max_size=3).map(tuple)
        case shapes.TupleType(item_types=items):
            return st.tuples(*map(_of, items))
        case shapes.DictType(key_type=key, value_type=value):
            return st.dictionaries(_of(key), _of(value), max_size=3)
        case shapes.UnionType(types=types):
            return st.one_of(*map(_of, types))
        case shapes.StructType(cls=kind, fields=fields):
            return st.builds(kind, **{f.name: _of(f.type) for f in fields})
        case _:
            return _PLAIN[type(shape)]()


def any_of(kind: type[record.Record]) -> st.SearchStrategy[record.Record]:
    """Instances of one record, every field drawn."""
    drawn = _of(shapes.type_info(kind))
    return drawn.map(lambda r: msgspec.convert(msgspec.to_builtins(r), kind))
