"""Names say what a thing is for, caught faults are named, and no file knows the machine it was made on."""

from __future__ import annotations

import ast
import subprocess

import pytest

from tests.architecture.tree import ROOT, modules, name, parse

DRAWERS = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "services",
    "service",
    "core",
    "misc",
    "shared",
    "base_utils",
}
SUPERVISORS = {
    "app/engine/loop.py",  # puts back what a commit did not take, and raises again
    "app/engine/relay.py",  # hands it to the guard of the call that broke
    "app/engine/supervising.py",
    "app/engine/watchdog.py",
    "app/publishing/publisher.py",
}
"""What must outlive any one fault: it is logged, and the next round, or the next call of a channel, goes on."""
TOO_WIDE = {"Exception", "BaseException"}
# Spelt in two halves, or this file would find itself.
HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "registry.yarnpkg" + ".com",
    "/ro" + "ot/",
]


def test_nothing_is_named_like_a_drawer() -> None:
    found = [name(path) for path in modules("app", "channels", "tests") if DRAWERS & {*path.parts, path.stem}]
    assert found == []


def test_only_the_supervisors_catch_everything() -> None:
    found = [
        f"{name(path)}:{handler.lineno}"
        for path in modules("app", "channels", "benchmarks")
        if name(path) not in SUPERVISORS
        for handler in ast.walk(parse(path))
        if isinstance(handler, ast.ExceptHandler) and _catches_everything(handler)
    ]
    assert found == []


def test_no_file_names_a_registry_or_a_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=800, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git clone")
    found = [
        f"{path}: {host}"
        for path in listed.stdout.split("\0")
        if path and (ROOT / path).is_file()
        for host in HOSTS
        if host.encode() in (ROOT / path).read_bytes()
    ]
    assert found == []


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(one, ast.Name) and one.id in TOO_WIDE for one in caught)
