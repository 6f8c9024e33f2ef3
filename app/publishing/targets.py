"""Places a snapshot is written to. Each keeps the highest sequence number it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.domain.snapshot import Snapshot


class Result(StrEnum):
    PLACED = "placed"
    NOT_NEWER = "not_newer"
    """The target already holds this sequence number or a higher one; nothing was changed."""
    FAILED = "failed"
    """The target keeps what it had, file by file; the detail says why."""


@dataclass(frozen=True, slots=True)
class Placement:
    target: str
    result: Result
    detail: str = ""


class Target(Protocol):
    @property
    def name(self) -> str: ...

    def seq(self) -> int:
        """The highest sequence number it holds or was being given, 0 for none."""
        ...

    def write(self, snapshot: Snapshot) -> Placement:
        """Replace the site by `snapshot` unless it is not newer. Never raises for what storage does."""
        ...
