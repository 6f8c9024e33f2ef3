"""Recipients on their way through the engine, in columns.

A window of a thousand is a few sequences of one length beside what all of them share, never a thousand objects: an
object for each recipient at each stage costs more than asking the database for them and telling it how they fared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress
from typing import NamedTuple

from app.domain.delivery import Why


class FirstMessage(StrEnum):
    """For a correction: what is known of the message it corrects. Anything else counts as TOLD."""

    TOLD = "told"
    SPARED = "spared"
    """It surely never reached this address, so there is nothing to correct."""
    OPEN = "open"
    """In flight, waiting or unknown."""


class ShardKey(NamedTuple):
    broadcast: int
    medium: int
    no: int


class Origin(NamedTuple):
    """What deliveries taken up together share: whose they are, where from, and the how-manieth attempt this is."""

    broadcast: int
    medium: int
    shard: int
    endpoint: int
    lane: int
    attempt: int
    fence: int
    """Of the shard they come from, or with `was` of their rows in `due`: whoever takes them over has a higher one."""
    since_ms: int = 0
    was: Why | None = None
    """Where they stood in `due` before this attempt, None when they come from the shard's window."""

    @property
    def shard_key(self) -> ShardKey:
        return ShardKey(self.broadcast, self.medium, self.shard)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Recipients at the moment of admission, with everything that decides whether each of them may be sent."""

    origin: Origin
    ids: Sequence[int]
    languages: Sequence[str]
    variants: Sequence[int]
    areas: Sequence[str]
    """As they were when the audience was staged, "" = not known."""
    addresses: Sequence[str | None]
    """None = erased."""
    suppressed: Sequence[str | None]
    superseded: Sequence[int]
    first: Sequence[str]
    """`FirstMessage` values."""

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, wanted: Sequence[bool]) -> Candidates:
        """Those for whom `wanted` is true."""
        return Candidates(
            self.origin,
            tuple(compress(self.ids, wanted)),
            tuple(compress(self.languages, wanted)),
            tuple(compress(self.variants, wanted)),
            tuple(compress(self.areas, wanted)),
            tuple(compress(self.addresses, wanted)),
            tuple(compress(self.suppressed, wanted)),
            tuple(compress(self.superseded, wanted)),
            tuple(compress(self.first, wanted)),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Those who may be sent to and get the same words, but for their own fields."""

    origin: Origin
    language: str
    variant: int
    area: str
    """What stands for their area when asking, "" when none matters."""
    ids: Sequence[int]
    addresses: Sequence[str]

    def __len__(self) -> int:
        return len(self.ids)
