"""A file is read in one sitting, a function on one screen."""

from __future__ import annotations

import ast
from statistics import median

from tests.architecture.tree import modules, name, parse

MODULE_LINES = 400
MEDIAN_LINES = 120
FUNCTION_LINES = 60


def lines(text: str) -> int:
    return text.count("\n")


def test_no_module_is_longer_than_400_lines() -> None:
    sizes = {
        name(path): lines(path.read_text(encoding="utf-8"))
        for path in modules("app", "channels", "tests", "benchmarks")
    }
    assert {path: size for path, size in sizes.items() if size > MODULE_LINES} == {}


def test_most_modules_are_short() -> None:
    sizes = [lines(path.read_text(encoding="utf-8")) for path in modules("app", "channels")]
    assert median(size for size in sizes if size) <= MEDIAN_LINES


def test_no_function_is_longer_than_60_lines() -> None:
    found = [
        f"{name(path)}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in modules("app", "channels", "tests", "benchmarks")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= FUNCTION_LINES
    ]
    assert found == []
