"""What import contracts cannot say: who may use which library, whose face is public, who never sees the answers."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.source_tree import PACKAGE, WINGS, imports, modules, parse, room_of, rooms

# Room to the libraries it may name, beyond the standard library and what the import contracts say of our own rooms.
LIBRARIES: dict[str, set[str]] = {
    "errors": set(),
    "record": {"msgspec"},
    "estimate": {"numpy"},
    "measure.suite": {"msgspec"},
    "measure.corpus": {"yaml"},
    "measure.dataset": {"msgspec"},
    "measure.population": set(),
    "measure.adversary": set(),
    "measure.target": {"aiohttp", "msgspec", "numpy", "yaml"},
    "measure.trial": {"msgspec"},
    "measure.grade": {"msgspec", "yaml"},
    "measure.whitebox": {"torch", "transformers"},
    "measure.serve": {"aiohttp", "msgspec"},
    "measure.instrument": {"msgspec", "yaml"},
    "measure.inspect": {"inspect_ai", "msgspec"},
    "measure.sweep": {"duckdb", "msgspec", "ray", "yaml"},
    "publish.report": {"jinja2", "markupsafe", "msgspec", "rich", "vl_convert"},
    "note": {"cryptography"},
    "tlog": set(),
    "server": set(),
    "quorum": set(),
    "chain": {"msgspec"},
    "publish.attest": {"jinja2", "markupsafe", "msgspec", "rich"},
    "publish.log": {"aiohttp", "asyncpg", "msgspec", "obstore"},
    "publish.witness": {"aiohttp", "msgspec"},
    "rely.verify": {"msgspec"},
    "rely.select": {"msgspec"},
    "rely.watch": {"aiohttp", "msgspec"},
    "rely.gate": {"hyperscan", "msgspec", "re2", "yaml"},
    "rely.judge": {"aiohttp", "msgspec"},
    "rely.trail": {"msgspec"},
    "rely.appeal": {"msgspec"},
    "rely.pool": {"redis"},
    "rely.wire": {"brotli", "httptools", "uvloop", "zstandard"},
    "rely.guard": {"msgspec"},
    "rely.rehearsal": {"msgspec"},
    "rely.proxy": {"msgspec"},
    "rely.tools": {"msgspec"},
    "rely.approval": {"inspect_ai"},
    "rely.desk": {"aiohttp", "jinja2", "markupsafe", "msgspec", "opentelemetry", "prometheus_client"},
    "cli": {"click", "msgspec", "rich"},
}
GRAB_BAGS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "core", "data", "registry", "misc"}
SEES_NO_ANSWERS = ("measure.adversary", "measure.population")
ANSWER_KEY = {"Goal", "Part", "Suite", "Benign"}

ROOMS = sorted(rooms())


def foreign_libraries(tree: ast.AST) -> set[str]:
    """Top-level names of imported packages that are neither Python's nor ours."""
    heads = {name.split(".")[0] for name, _ in imports(tree)}
    return heads - set(sys.stdlib_module_names) - {"counterproof", ""}


def private_reaches(tree: ast.AST, room: str) -> list[str]:
    """Imports of another room's files, past its face."""
    found: list[str] = []
    for name, line in imports(tree):
        parts = name.split(".")
        if parts[0] != "counterproof":
            continue
        depth = 3 if len(parts) > 1 and parts[1] in WINGS else 2
        owner, inside = ".".join(parts[1:depth]), parts[depth : depth + 1]
        is_folder = PACKAGE.joinpath(*parts[1 : depth + 1]).is_dir()
        if inside and owner != room and (inside[0].startswith("_") or is_folder):
            found.append(f"line {line}: {name}")
    return found


def answer_key_uses(tree: ast.AST) -> list[str]:
    """Places where code touches `.answers`, or names a record that holds them."""
    found = [f"line {line}: {name}" for name, line in imports(tree) if name.split(".")[-1] in ANSWER_KEY]
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr="answers"):
                found.append(f"line {node.lineno}: .answers")
            case ast.Attribute(value=ast.Name(id="record"), attr=name) if name in ANSWER_KEY:
                found.append(f"line {node.lineno}: record.{name}")
            case ast.Constant(value="answers"):  # `getattr(part, "answers")` and `part["answers"]`
                found.append(f"line {node.lineno}: 'answers'")
            case _:
                pass
    return found


def work_at_import(tree: ast.Module) -> list[int]:
    """Lines of statements at module level that are neither definitions nor plain values."""
    definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

    def is_quiet(node: ast.stmt) -> bool:
        if isinstance(node, ast.If):
            return ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_text = is_text or ast.unparse(node).startswith("main.add_command(")  # a name in a table, nothing loaded
        return is_text or isinstance(node, (*definitions, ast.Assign, ast.AnnAssign))

    return [node.lineno for node in tree.body if not is_quiet(node)]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_names_only_its_own_libraries(path: Path) -> None:
    allowed = LIBRARIES.get(room_of(path), set())

    assert foreign_libraries(parse(path)) <= allowed


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_meet_at_their_faces(path: Path) -> None:
    assert private_reaches(parse(path), room_of(path)) == []


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_importing_does_no_work(path: Path) -> None:
    if path.name == "__main__.py":
        return
    assert work_at_import(parse(path)) == []


@pytest.mark.parametrize("room", SEES_NO_ANSWERS)
def test_askers_never_see_the_answer_key(room: str) -> None:
    found = {p.name: uses for p in modules() if room_of(p) == room and (uses := answer_key_uses(parse(p)))}

    assert found == {}


def _reaches_of_suite(tree: ast.Module) -> list[str]:
    return private_reaches(tree, "measure.suite")


CAUGHT: list[tuple[str, Callable[[ast.Module], object]]] = [
    ("def f():\n    import pandas", foreign_libraries),
    ("from counterproof.measure.grade._exact import x", _reaches_of_suite),
    ("def f():\n    from counterproof.record import _suite", _reaches_of_suite),
    ("import counterproof.measure.grade._exact", _reaches_of_suite),
    ("from counterproof.measure.adversary import families", _reaches_of_suite),
    ("def f(p):\n    return p.answers", answer_key_uses),
    ("from counterproof.record import Goal", answer_key_uses),
    ("from counterproof import record\ndef f(g: record.Goal): ...", answer_key_uses),
    ("def f(p):\n    return getattr(p, 'answers')", answer_key_uses),
    ("print('hello')", work_at_import),
    ("for i in range(3):\n    pass", work_at_import),
]


@pytest.mark.parametrize(("code", "rule"), CAUGHT)
def test_each_rule_catches_its_breach(code: str, rule: Callable[[ast.Module], object]) -> None:
    assert rule(ast.parse(code))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_takes_gives_and_never_does(room: str) -> None:
    said = ast.get_docstring(parse(rooms()[room] / "__init__.py")) or ""

    missing = [word for word in ("Takes", "Gives", "Never") if word not in said]

    assert missing == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_face(room: str) -> None:
    face = importlib.import_module(f"counterproof.{room}")

    exported: list[str] = face.__all__

    assert exported
    assert [name for name in exported if not hasattr(face, name)] == []
    assert len(set(exported)) == len(exported)


@pytest.mark.parametrize("room", ROOMS)
def test_files_of_a_room_are_private(room: str) -> None:
    assert [p.name for p in rooms()[room].rglob("*.py") if not p.name.startswith("_")] == []


def test_every_room_says_which_libraries_it_may_use() -> None:
    assert set(ROOMS) <= set(LIBRARIES)


def test_wings_hold_nothing_but_a_docstring() -> None:
    for wing in WINGS:
        face = PACKAGE / wing / "__init__.py"
        if face.exists():
            assert len(parse(face).body) == 1
            assert ast.get_docstring(parse(face))


def test_no_grab_bags() -> None:
    names = {part.strip("_") for p in modules() for part in p.relative_to(PACKAGE).with_suffix("").parts}

    assert names & GRAB_BAGS == set()


def test_every_folder_of_code_is_a_package() -> None:
    assert {p.parent for p in modules() if not (p.parent / "__init__.py").exists()} == set()
