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

import pytest
import typer

from tests.architecture.tree import ROOT, documents, name

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OTHER_PROGRAMS = {"git", "cd", "curl", "docker", "export", "cp"}


def commands(page: str) -> Iterator[list[str]]:
    """The words of every `$ ` line, continued lines joined."""
    for language, block in FENCE.findall(page):
        if language == "console":
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("$ "):
                    yield shlex.split(line[2:], comments=True)


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


def faults_of(words: list[str]) -> Iterator[str]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    program = Path(words[0]).name if words else ""
    if program == "make":
        wanted = [word for word in words[1:] if "=" not in word]
        yield from (f"make {target}" for target in wanted if target not in targets())
    elif program == "clarion":
        yield from clarion_faults(words[1:])
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
