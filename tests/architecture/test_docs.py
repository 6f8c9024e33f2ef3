"""What the pages say can be followed: links lead somewhere, commands exist.

Commands stand in ```console blocks behind `$ `. Checked are make targets, clarion commands with their options,
and the paths of the HTTP API.
"""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
from fastapi import FastAPI

from app.api import routers
from tests.architecture.tree import ROOT, documents, name

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OTHER_PROGRAMS = {"cd", "cp", "docker", "export", "git", "sqlite3"}
PATH = re.compile(r"`((?:app|channels|tests|templates|migrations|docs|benchmarks|requirements)/[\w./-]*)`")


def commands(page: str) -> Iterator[list[str]]:
    """The words of every command; one that ends in a backslash or within quotes goes on in the next line."""
    for language, block in FENCE.findall(page):
        lines = iter(block.splitlines() if language == "console" else ())
        for line in lines:
            command = line.removeprefix("$ ")
            while line.startswith("$ ") and (command.endswith("\\") or command.count("'") % 2):
                command = command.removesuffix("\\") + next(lines)
            if line.startswith("$ "):
                yield shlex.split(command, comments=True)


def anchors(page: str) -> set[str]:
    """The fragments a page offers, made from its headings as code hosts make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(page)}


@cache
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@cache
def clarion() -> Any:
    """The command tree, in the shape of click's: groups have `commands`, commands have `params`."""
    return typer.main.get_command(importlib.import_module("app.cli").app)


@cache
def routes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Method and path of everything the API answers to."""
    service = FastAPI()
    service.include_router(routers.everything())
    return tuple(
        (method.upper(), re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)))
        for path, methods in service.openapi()["paths"].items()
        for method in methods
    )


@pytest.mark.parametrize("page", documents(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = []
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, fragment = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (fragment and fragment not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", documents(), ids=name)
def test_commands_exist(page: Path) -> None:
    faults = [fault for words in commands(page.read_text(encoding="utf-8")) for fault in faults_of(words)]
    assert faults == []


@pytest.mark.parametrize("page", documents(), ids=name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = set(PATH.findall(FENCE.sub("", page.read_text(encoding="utf-8"))))
    assert [path for path in sorted(named) if not (ROOT / path).exists() and "example" not in path] == []


def test_every_promise_is_listed() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    missing = [path.name for path in sorted((ROOT / "tests" / "promises").glob("test_*.py")) if path.name not in page]
    assert missing == [], "add a line to the table of promises in docs/reliability.md"


def faults_of(words: list[str]) -> Iterator[str]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    program = Path(words[0]).name if words else ""
    if program == "make":
        wanted = [word for word in words[1:] if "=" not in word]
        yield from (f"make {target}" for target in wanted if target not in targets())
    elif program == "clarion":
        yield from clarion_faults(words[1:])
    elif program == "curl":
        yield from curl_faults(words)
    elif program not in OTHER_PROGRAMS:
        yield f"a program nobody mentioned: {' '.join(words)}"


def clarion_faults(words: list[str]) -> Iterator[str]:
    command = clarion()
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        inner = command.commands.get(rest[0])
        if inner is None:
            yield f"clarion has no {rest[0]!r}: {' '.join(words)}"
            return
        command = inner
        rest = rest[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        option = word.partition("=")[0]
        if option.startswith("--") and option not in known | {"--help"}:
            yield f"no option {option}: clarion {' '.join(words)}"


def curl_faults(words: list[str]) -> Iterator[str]:
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    for path in (urlsplit(word).path for word in words if "/api/" in word):
        if not any(method == known and pattern.fullmatch(path) for known, pattern in routes()):
            yield f"the API has no {method} {path}"
