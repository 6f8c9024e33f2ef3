"""Which lane, which wave, which endpoint: decided once, when the audience is staged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from app.domain.crisis import Severity, Stage
from app.domain.message import Medium


class Lane(IntEnum):
    """Lower goes first; a higher lane keeps a small share of the pace."""

    CORRECTION = 0
    EMERGENCY = 1
    UPDATE = 2
    ROUTINE = 3


WAVE_OFFSETS_MS: Final[Mapping[Medium, int]] = MappingProxyType(
    {
        Medium.SITE: 0,
        Medium.SOCIAL: 0,
        Medium.WEBHOOK: 0,
        Medium.SMS: 300,
        Medium.CHAT: 300,
        Medium.PUSH: 300,
        Medium.VOICE: 300,
        Medium.EMAIL: 600,
    }
)
"""After the site was read back (or its bound passed). Social goes ahead of SMS but never holds it."""

SHARD_SIZE: Final = 500


def lane(stage: Stage, severity: Severity) -> Lane:
    if stage is Stage.CORRECTION:
        return Lane.CORRECTION
    if severity is Severity.EMERGENCY:
        return Lane.EMERGENCY
    return Lane.ROUTINE if stage in (Stage.PROGRESS, Stage.FOLLOWUP) else Lane.UPDATE


def wave_offset_ms(medium: Medium, playbook_offsets_seconds: Mapping[str, float]) -> int:
    """The playbook's offset for this medium, else the default order; never negative."""
    own = playbook_offsets_seconds.get(medium.value)
    return max(0, round(own * 1000)) if own is not None else WAVE_OFFSETS_MS[medium]


@dataclass(frozen=True, slots=True)
class Spread:
    """How an audience is cut into shards, and when each may start after its wave began."""

    size: int = SHARD_SIZE
    """Recipients in a shard."""
    interval_ms: float = 0.0
    """Between two recipients of one medium."""

    def offset_ms(self, position: int) -> int:
        """Of a shard before which so many recipients of its medium stand."""
        return round(position * self.interval_ms)


def spread(recipients_per_hour: int | None, media: int) -> Spread:
    """Without a pace everybody at once; with one, shards of five minutes each, the pace shared by the media evenly."""
    if recipients_per_hour is None:
        return Spread()
    each = recipients_per_hour / max(1, media)
    return Spread(min(SHARD_SIZE, max(1, int(each / 12))), 3_600_000 / each)


def share_out(shards: int, weights: Sequence[int]) -> list[int]:
    """For each shard the index of its endpoint: in proportion to the weights, spread evenly, always the same.

    Raises ValueError when no weight is positive.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be positive")
    credit = [0] * len(weights)
    chosen: list[int] = []
    for _ in range(min(shards, total)):  # after so many nobody is owed anything, and it begins anew
        credit = [have + weight for have, weight in zip(credit, weights, strict=True)]
        best = max(range(len(weights)), key=lambda index: (credit[index], -index))
        credit[best] -= total
        chosen.append(best)
    return [chosen[number % total] for number in range(shards)]


def broadcast_id(now_ms: int, last: int) -> int:
    """Time-ordered and unique: milliseconds shifted by 10 bits, above the last one given."""
    return max(now_ms << 10, last + 1)
