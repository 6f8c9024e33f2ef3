"""The demo's data, read from the files beside this one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[2] / "templates"


@cache
def story() -> dict[str, Any]:
    return _read(Path(__file__).with_name("story.json"))


@cache
def population() -> dict[str, Any]:
    return _read(Path(__file__).with_name("people.json"))


@cache
def registry() -> dict[str, Any]:
    """Contact channels, needs and rules; and the organisation they belong to."""
    return _read(TEMPLATES / "registry" / "sample.json")


@cache
def playbooks() -> list[dict[str, Any]]:
    return [_read(path) for path in sorted((TEMPLATES / "playbooks").glob("*.json"))]


@cache
def library() -> dict[str, Any]:
    """Frequent questions and help links."""
    return _read(TEMPLATES / "help" / "library.json")


def word(name: str, **values: object) -> str:
    return str(story()["words"][name]).format(**values)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
