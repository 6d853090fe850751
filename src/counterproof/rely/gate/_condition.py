"""Conditions and thresholds: compiled once when a policy is loaded, to a function of what was seen.

The language is the part of CEL that spec/gate-policy.md describes, with CEL's types, checked when it is loaded. An
expression becomes a tree of Python (`ast`) made of comparisons, look-ups in a fixed table and the functions below; no
text of a policy is ever given to Python to read.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping
from types import CodeType, FunctionType
from typing import Any, NamedTuple, TypeAlias

from counterproof.record import Sighting
from counterproof.rely.gate import _patterns_syntax as syntax
from counterproof.rely.gate._condition_parse import Call, Items, Key, Name, Tree, Value, bad, parse
from counterproof.rely.gate._patterns_engine import Engine, Expression, engine
from counterproof.rely.gate._patterns_write import SEPARATOR, STAND_IN, written

Condition: TypeAlias = Callable[[Sighting, Collection[str], bool], bool]
"""Whether it holds of a sighting, given the names of the rules that fired before and whether something escalates.

Raises ArithmeticError, LookupError, TypeError or ValueError where it has no value: the rule has then failed.
"""

# What a condition may speak of: its type, and the attributes of a sighting that lead there.
VARIABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "event.kind": ("string", ("kind",)),
    "event.door": ("string", ("door",)),
    "event.tool": ("string", ("tool",)),
    "event.size_bytes": ("int", ("size_bytes",)),
    "event.pieces": ("int", ("pieces",)),
    "event.unscanned": ("int", ("unscanned",)),
    "event.roles": ("list(string)", ("roles",)),
    "event.has_identity": ("bool", ("identity",)),
    "memory.signal": ("double", ("readings", "signal")),
    "memory.events": ("double", ("readings", "events")),
    "memory.contexts": ("double", ("readings", "contexts")),
    "memory.identities": ("double", ("readings", "identities")),
    "memory.fragments": ("int", ("readings", "fragments")),
    "memory.rarity": ("double", ("readings", "rarity")),
    "memory.lift": ("double", ("readings", "lift")),
}
_MAPS = {"hits": "int", "fired": "bool"}
_NUMBERS = ("int", "double")
_COMPARES: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq,
}  # fmt: skip
_METHODS = {".startsWith": "startswith", ".endsWith": "endswith"}


def condition(
    text: str, names: Collection[str], *, counted: Collection[str] | None = None, where: str = "condition"
) -> Condition:
    """`text` as a function. `names`: the rules of which `fired` may speak; `counted`: `hits`, the same where not given.

    Raises:
        BadGate: it is no condition, speaks of what there is not, mixes types, or gives no bool.
        MissingExtra: it uses `matches` with more than a literal text, and no engine is installed.
    """
    builder = _Builder({"fired": names, "hits": names if counted is None else counted}, where)
    made = builder.made(parse(text, where))
    if made.kind != "bool":
        raise bad(where, f"gives {_a(made.kind)}, not a bool")
    return _function(made.code, builder.engines)


def threshold(of: str, above: float, *, where: str = "threshold") -> Condition:
    """Whether a number exceeds `above`; a number that is none (NaN) does.

    Raises:
        BadGate: there is no such number, or `above` is none.
    """
    kind, path = VARIABLES.get(of, ("", ()))
    if kind not in _NUMBERS:
        known = ", ".join(name for name, (kind, _) in VARIABLES.items() if kind in _NUMBERS)
        raise bad(where, f"compares {of[:80]!r}; numbers are {known}")
    if not math.isfinite(above):
        raise bad(where, f"compares with {above}, which is no number")
    no_more = ast.Compare(left=_attribute(path), ops=[ast.LtE()], comparators=[ast.Constant(value=above)])
    return _function(ast.UnaryOp(op=ast.Not(), operand=no_more), ())


class _Made(NamedTuple):
    """A part of the function: its CEL type, its code, and whether evaluating it can fail."""

    kind: str
    code: ast.expr
    can_fail: bool = False


class _Builder:
    """Makes code from a condition's tree, checking types on the way."""

    def __init__(self, names: Mapping[str, Collection[str]], where: str) -> None:
        self._names, self._where = names, where
        self.engines: list[Engine] = []

    def made(self, tree: Tree) -> _Made:
        match tree:
            case Value(value):
                return _Made(_type_of(value), ast.Constant(value=value))
            case Name():
                return self._variable(tree)
            case Key():
                return self._key(tree)
            case Items():
                return self._items(tree)
            case Call(name, _, at):
                make = _CALLS.get(name)
                if make is None:
                    raise bad(self._where, f"calls {name.strip('.()')!r}, which there is not", at)
                return make(self, tree)

    def _variable(self, tree: Name) -> _Made:
        if tree.name == "escalated":
            return _Made("bool", _name("escalated"))
        if tree.name not in VARIABLES:
            known = ", ".join((*VARIABLES, "escalated", 'hits["rule"]', 'fired["rule"]'))
            raise bad(self._where, f"speaks of {tree.name[:80]!r}; known are {known}", tree.at)
        kind, path = VARIABLES[tree.name]
        code = _attribute(path)
        if tree.name == "event.has_identity":
            code = ast.Compare(left=code, ops=[ast.NotEq()], comparators=[ast.Constant(value="")])
        return _Made(kind, code)

    def _key(self, tree: Key) -> _Made:
        if not isinstance(tree.of, Name) or tree.of.name not in _MAPS:
            raise bad(self._where, "looks something up; only hits[...] and fired[...] can be looked up in", tree.at)
        if not isinstance(tree.key, Value) or not isinstance(tree.key.value, str):
            raise bad(self._where, f"looks up in {tree.of.name} what is no name in quotation marks", tree.at)
        if tree.key.value not in self._names[tree.of.name]:
            what = f"looks up {tree.key.value[:80]!r} in {tree.of.name}, and there is no such rule"
            what += " with patterns" if tree.of.name == "hits" else " with patterns, a threshold or a condition"
            raise bad(self._where, what, tree.at)
        given = [_name("sighting"), ast.Constant(value=tree.key.value)]
        given += [_name("fired")] * (tree.of.name == "fired")
        return _Made(_MAPS[tree.of.name], _call(f"_{tree.of.name}", given), can_fail=True)

    def _items(self, tree: Items) -> _Made:
        parts = [self.made(item) for item in tree.items]
        kinds = {part.kind for part in parts}
        if len(kinds) > 1 or any(kind.startswith("list") for kind in kinds):
            raise bad(self._where, "has a list of several types, or of lists", tree.at)
        code = ast.Tuple(elts=[part.code for part in parts], ctx=ast.Load())
        return _Made(f"list({next(iter(kinds), '')})", code, any(part.can_fail for part in parts))

    def logic(self, tree: Call) -> _Made:
        """`&&` and `||`: where one side decides, the other's failure does not matter, whichever comes first."""
        left, right = (self.made(each) for each in tree.given)
        self._need(tree, left.kind == right.kind == "bool", left, right)
        if left.can_fail and right.can_fail:
            both = [_lazy(left.code), _lazy(right.code)]
            return _Made("bool", _call("_or" if tree.name == "||" else "_and", both), can_fail=True)
        if left.can_fail:  # what cannot fail is looked at first: the same value, and no failure where it decides
            left, right = right, left
        op = ast.Or() if tree.name == "||" else ast.And()
        return _Made("bool", ast.BoolOp(op=op, values=[left.code, right.code]), right.can_fail)

    def comparison(self, tree: Call) -> _Made:
        """CEL compares numbers of both types by their value, and otherwise only like with like."""
        left, right = (self.made(each) for each in tree.given)
        is_ordered = tree.name not in ("==", "!=")
        fits = left.kind in _NUMBERS and right.kind in _NUMBERS
        fits = fits or (_fits(left.kind, right.kind) and not (is_ordered and left.kind.startswith("list")))
        self._need(tree, fits, left, right)
        code = ast.Compare(left=left.code, ops=[_COMPARES[tree.name]()], comparators=[right.code])
        return _Made("bool", code, left.can_fail or right.can_fail)

    def membership(self, tree: Call) -> _Made:
        """`x in [...]`."""
        left, right = (self.made(each) for each in tree.given)
        fits = right.kind in ("list()", f"list({left.kind})")
        fits = fits or (left.kind in _NUMBERS and right.kind in ("list(int)", "list(double)"))
        self._need(tree, fits, left, right)
        code = ast.Compare(left=left.code, ops=[ast.In()], comparators=[right.code])
        return _Made("bool", code, left.can_fail or right.can_fail)

    def arithmetic(self, tree: Call) -> _Made:
        """`+`, `-`, `*`: ints that leave 64 bits fail; doubles never do; `+` also joins strings and lists."""
        left, right = (self.made(each) for each in tree.given)
        is_join = tree.name == "+" and (left.kind == "string" or left.kind.startswith("list"))
        self._need(tree, _fits(left.kind, right.kind) and (left.kind in _NUMBERS or is_join), left, right)
        op: ast.operator = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult()}[tree.name]
        code: ast.expr = ast.BinOp(left=left.code, op=op, right=right.code)
        kind = max(left.kind, right.kind) if is_join else left.kind
        if kind == "int":
            return _Made("int", _call("_int", [code]), can_fail=True)
        return _Made(kind, code, left.can_fail or right.can_fail)

    def unary(self, tree: Call) -> _Made:
        """`!` and `-`."""
        inner = self.made(tree.given[0])
        if tree.name == "!":
            self._need(tree, inner.kind == "bool", inner)
            return _Made("bool", ast.UnaryOp(op=ast.Not(), operand=inner.code), inner.can_fail)
        self._need(tree, inner.kind in _NUMBERS, inner)
        code: ast.expr = ast.UnaryOp(op=ast.USub(), operand=inner.code)
        is_int = inner.kind == "int"
        return _Made(inner.kind, _call("_int", [code]) if is_int else code, is_int or inner.can_fail)

    def choice(self, tree: Call) -> _Made:
        """`a ? b : c`."""
        test, then, other = (self.made(each) for each in tree.given)
        self._need(tree, test.kind == "bool" and _fits(then.kind, other.kind), test, then, other)
        can_fail = test.can_fail or then.can_fail or other.can_fail
        code = ast.IfExp(test=test.code, body=then.code, orelse=other.code)
        return _Made(max(then.kind, other.kind), code, can_fail)

    def size(self, tree: Call) -> _Made:
        """How many characters or items."""
        (inner,) = self._given(tree, 1)
        self._need(tree, inner.kind == "string" or inner.kind.startswith("list"), inner)
        return _Made("int", _call("len", [inner.code]), inner.can_fail)

    def method(self, tree: Call) -> _Made:
        """`startsWith`, `endsWith`, `contains` of a string."""
        whole, part = self._given(tree, 2)
        self._need(tree, whole.kind == part.kind == "string", whole, part)
        can_fail = whole.can_fail or part.can_fail
        if tree.name == ".contains":
            return _Made("bool", ast.Compare(left=part.code, ops=[ast.In()], comparators=[whole.code]), can_fail)
        function = ast.Attribute(value=whole.code, attr=_METHODS[tree.name], ctx=ast.Load())
        return _Made("bool", ast.Call(func=function, args=[part.code], keywords=[]), can_fail)

    def matches(self, tree: Call) -> _Made:
        """Whether an expression (a literal, read when the policy is loaded) is found in a string."""
        whole, _ = self._given(tree, 2)
        pattern = tree.given[1]
        if not isinstance(pattern, Value) or not isinstance(pattern.value, str) or whole.kind != "string":
            raise bad(self._where, "matches something other than a string with a pattern in quotation marks", tree.at)
        node = syntax.parse(pattern.value, self._where)
        if syntax.width(node)[0] == 0:
            raise bad(self._where, f"matches with {pattern.value[:80]!r}, which the empty text has too", tree.at)
        expression = Expression(written(node), self._where, syntax.literal(node), reads_folded=False)
        self.engines.append(engine([expression]))
        code = _call("_matches", [_name(f"_engine{len(self.engines) - 1}"), whole.code])
        return _Made("bool", code, can_fail=True)

    def presence(self, tree: Call) -> _Made:
        """`has(event.tool)`: whether it is other than empty, zero or false (as of a field of a protocol buffer)."""
        if len(tree.given) != 1 or not isinstance(tree.given[0], Name):
            raise bad(self._where, "has() takes one variable", tree.at)
        inner = self._variable(tree.given[0])
        return _Made("bool", _call("bool", [inner.code]), inner.can_fail)

    def _given(self, tree: Call, number: int) -> list[_Made]:
        if len(tree.given) != number:
            raise bad(self._where, f"gives {tree.name.strip('.()')} a wrong number of values", tree.at)
        return [self.made(each) for each in tree.given]

    def _need(self, tree: Call, fits: bool, *parts: _Made) -> None:  # noqa: FBT001 - what is needed, said at the call
        if not fits:
            kinds = " and ".join(_a(part.kind) for part in parts)
            hint = "; write the whole number as 1.0" if {part.kind for part in parts} == set(_NUMBERS) else ""
            raise bad(self._where, f"uses `{tree.name.strip('.()')}` with {kinds}{hint}", tree.at)


_CALLS: dict[str, Callable[[_Builder, Call], _Made]] = {
    "||": _Builder.logic, "&&": _Builder.logic, "in": _Builder.membership, "?:": _Builder.choice,
    "+": _Builder.arithmetic, "-": _Builder.arithmetic, "*": _Builder.arithmetic,
    "!": _Builder.unary, "neg": _Builder.unary,
    "size()": _Builder.size, ".size": _Builder.size, "has()": _Builder.presence,
    ".startsWith": _Builder.method, ".endsWith": _Builder.method, ".contains": _Builder.method,
    ".matches": _Builder.matches, "matches()": _Builder.matches,
    **dict.fromkeys(_COMPARES, _Builder.comparison),
}  # fmt: skip


def _function(code: ast.expr, engines: Collection[Engine]) -> Condition:
    given = [ast.arg(arg=name) for name in ("sighting", "fired", "escalated")]
    arguments = ast.arguments(posonlyargs=[], args=given, kwonlyargs=[], kw_defaults=[], defaults=[])
    whole = ast.fix_missing_locations(ast.Expression(body=ast.Lambda(args=arguments, body=code)))
    outer = compile(whole, "<condition>", "eval")
    inner = next(const for const in outer.co_consts if isinstance(const, CodeType))
    scope: dict[str, Any] = {**_FUNCTIONS, **{f"_engine{at}": each for at, each in enumerate(engines)}}
    scope["__builtins__"] = {}
    return FunctionType(inner, scope, "condition")


def _hits(sighting: Sighting, name: str) -> int:
    for known, number in sighting.hits:
        if known == name:
            return number
    if name in sighting.failed:
        raise LookupError(name)
    return 0


def _fired(sighting: Sighting, name: str, fired: Collection[str]) -> bool:
    if name in fired:
        return True
    if name in sighting.failed:
        raise LookupError(name)
    return False


def _int(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise OverflowError("a whole number left 64 bits")
    return value


def _or(left: Callable[[], bool], right: Callable[[], bool]) -> bool:
    try:
        if left():
            return True
    except (ArithmeticError, LookupError, TypeError, ValueError):
        if right():
            return True
        raise
    return right()


def _and(left: Callable[[], bool], right: Callable[[], bool]) -> bool:
    try:
        if not left():
            return False
    except (ArithmeticError, LookupError, TypeError, ValueError):
        if not right():
            return False
        raise
    return right()


def _matches(found: Engine, text: str) -> bool:
    return bool(found.which(text.replace(SEPARATOR, STAND_IN).encode()))


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "_hits": _hits, "_fired": _fired, "_int": _int, "_or": _or, "_and": _and, "_matches": _matches,
    "len": len, "bool": bool,
}  # fmt: skip


def _attribute(path: tuple[str, ...]) -> ast.expr:
    code = _name("sighting")
    for step in path:
        code = ast.Attribute(value=code, attr=step, ctx=ast.Load())
    return code


def _name(name: str) -> ast.expr:
    return ast.Name(id=name, ctx=ast.Load())


def _call(name: str, given: list[ast.expr]) -> ast.expr:
    return ast.Call(func=_name(name), args=given, keywords=[])


def _lazy(code: ast.expr) -> ast.expr:
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(args=nothing, body=code)


def _type_of(value: float | str) -> str:
    return {bool: "bool", int: "int", float: "double", str: "string"}[type(value)]


def _fits(left: str, right: str) -> bool:
    return left == right or (left.startswith("list") and right.startswith("list") and "list()" in (left, right))


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
