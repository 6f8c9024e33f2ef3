"""Places a snapshot is written to. Each keeps the highest sequence number it has seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.domain.snapshot import Snapshot
from app.domain.targets import TargetState


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
    held: int = 0
    """The highest sequence number seen there; 0 = not looked at."""
    written: int | None = None
    """Files that were not there yet as they are now; None = not counted."""
    note: str = ""
    """A limit of this target that was found out."""


class Target(Protocol):
    @property
    def name(self) -> str: ...

    def seq(self) -> int:
        """The highest sequence number it holds or was being given, 0 for none."""
        ...

    def write(self, snapshot: Snapshot) -> Placement:
        """Replace the site by `snapshot` unless it is not newer. Never raises for what storage does."""
        ...


def after(known: TargetState, placement: Placement, seq: int, now: datetime) -> TargetState:
    """What is known about a target after an attempt to place snapshot `seq` there."""
    held = max(known.held, placement.held)
    if placement.result is Result.FAILED:
        return replace(
            known,
            held=held,
            failures=known.failures + 1,
            error=placement.detail[:300],
            failing_since=known.failing_since or now,
            note=placement.note or known.note,
        )
    placed = placement.result is Result.PLACED
    return TargetState(
        slug=known.slug,
        seq=seq if placed else known.seq,
        placed_at=now if placed else known.placed_at,
        held=held,
        note=placement.note,
    )
