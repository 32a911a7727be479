"""What the import contracts cannot say about the modules."""

from __future__ import annotations

import ast
import graphlib
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "kanban_sync"

SAY_NOTHING = {"common", "helper", "helpers", "manager", "service", "util", "utils"}
LONGEST = 400


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def dotted(module: Path, root: Path) -> str:
    """Return the name a module is imported by, where `root` holds its package."""
    parts = module.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Give (module, None) for each `import`, and (module, name) for each `from` import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "." * node.level, alias.name) for alias in node.names)


def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), filename=str(module))


def import_cycle(package: Path) -> list[str]:
    """Return one cycle among the modules of `package`, or nothing."""
    trees = {dotted(module, package.parent): parsed(module) for module in modules(package)}
    graph = {
        importer: {
            f"{module}.{name}" if f"{module}.{name}" in trees else module
            for module, name in imported(tree)
        }
        for importer, tree in trees.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return []


def outside_standard_library(tree: ast.Module, ours: str) -> set[str]:
    """Name what a module imports from neither the standard library nor `ours`."""
    return {
        module
        for module, _ in imported(tree)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not f"{module}.".startswith(f"{ours}.")
    }


def test_no_module_has_a_name_that_says_nothing() -> None:
    folders = (PACKAGE, ROOT / "tests", ROOT / "benchmarks")
    paths = [path.relative_to(ROOT) for folder in folders for path in modules(folder)]
    assert [path for path in paths if SAY_NOTHING & {*path.parts, path.stem}] == []


def test_each_module_begins_with_what_it_is_for() -> None:
    silent = [
        module.relative_to(ROOT)
        for module in modules(PACKAGE)
        if not ast.get_docstring(tree := parsed(module)) or tree.body[0].lineno > 2  # a #! line
    ]
    assert silent == []


def test_no_file_is_too_long_to_read_at_once() -> None:
    lengths = {
        module.relative_to(ROOT): len(module.read_text(encoding="utf-8").splitlines())
        for module in modules(PACKAGE)
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert " -> ".join(import_cycle(PACKAGE)) == ""


def test_the_core_needs_only_the_standard_library() -> None:
    foreign = {
        module.name: names
        for module in modules(PACKAGE / "core")
        if (names := outside_standard_library(parsed(module), "kanban_sync.core"))
    }
    assert foreign == {}


def test_the_hot_path_needs_only_the_standard_library() -> None:
    hot = parsed(PACKAGE / "hooks" / "hot.py")
    assert outside_standard_library(hot, "kanban_sync.hooks.hot") == set()


def test_asking_for_the_package_imports_nothing() -> None:
    assert list(imported(parsed(PACKAGE / "__init__.py"))) == []


def test_no_two_test_modules_share_a_name() -> None:
    names = Counter(module.name for module in modules(ROOT / "tests"))
    allowed = {"conftest.py", "contract.py"}  # known by the folder they lie in
    assert {name for name, times in names.items() if times > 1} <= allowed


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize(
    ("first", "second", "cycle"),
    [
        ("import made.b", "import made.a", True),
        ("from made import b", "from made.a import thing", True),
        ("from made.b import thing", "def late():\n    from made import a", True),
        ("from made import b", "import json", False),
        ("from made import thing", "from made import a", False),
    ],
)
def test_the_search_for_circles_finds_them(
    tmp_path: Path, first: str, second: str, *, cycle: bool
) -> None:
    for name, text in {"__init__": "", "a": first, "b": second}.items():
        file = tmp_path / "made" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert bool(import_cycle(tmp_path / "made")) is cycle


def test_the_search_for_foreign_modules_finds_them() -> None:
    tree = ast.parse("import os, httpx\nfrom made.core import a\nfrom made.cored import b")
    assert outside_standard_library(tree, "made.core") == {"httpx", "made.cored"}
