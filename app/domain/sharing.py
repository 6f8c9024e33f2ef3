"""Who of several broadcasts gets how much of an endpoint's next slice: the better lane first, a little for the others,
and within a lane everybody alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

LOWER_SHARE: Final = 0.05
"""Of every slice, for all lanes below the best one that waits, so that routine is never starved."""
LAG_UNITS: Final = 2
"""Whoever was away catches up by so many calls at most: what counts is fairness from now on."""

NOTHING: Final[Mapping[int, int]] = MappingProxyType({})


class Waiting(NamedTuple):
    """A broadcast that may have something for the endpoint."""

    lane: int
    broadcast: int


@dataclass(frozen=True, slots=True)
class Shares:
    """What one endpoint remembers between slices. `kept`: recipients the lower lanes are owed, less than a call."""

    kept: float = 0.0
    served: Mapping[int, int] = field(default_factory=lambda: NOTHING)


def divide(room: int, unit: int, waiting: Sequence[Waiting], shares: Shares) -> list[tuple[int, int]]:
    """(broadcast, recipients) in the order in which to serve; they sum to `room`.

    Shares are dealt in whole calls of `unit` recipients, so that fairness does not cut batches to pieces.
    """
    if not waiting:
        return []
    best = min(lane for lane, _ in waiting)
    top = [broadcast for lane, broadcast in waiting if lane == best]
    lower = [broadcast for lane, broadcast in waiting if lane != best]
    reserve = min(room, int(_owed(room, shares) // unit) * unit) if lower else 0
    served = _caught_up(top, shares, unit) | _caught_up(lower, shares, unit)
    return [*_deal(room - reserve, unit, top, served), *_deal(reserve, unit, lower, served)]


def after(room: int, unit: int, waiting: Sequence[Waiting], shares: Shares, granted: Mapping[int, int]) -> Shares:
    """What to remember once `granted` of `room` went out to those who waited."""
    if not waiting:
        return Shares()
    best = min(lane for lane, _ in waiting)
    top = [broadcast for lane, broadcast in waiting if lane == best]
    lower = [broadcast for lane, broadcast in waiting if lane != best]
    left = _owed(room, shares) - sum(granted.get(one, 0) for one in lower)
    kept = max(0.0, min(left, float(unit))) if lower else 0.0  # nobody is owed for the time before the urgent came
    served = _caught_up(top, shares, unit) | _caught_up(lower, shares, unit)
    return Shares(kept, {one: so_far + granted.get(one, 0) for one, so_far in served.items()})


def _owed(room: int, shares: Shares) -> float:
    return shares.kept + LOWER_SHARE * room + 1e-9


def _caught_up(broadcasts: Sequence[int], shares: Shares, unit: int) -> dict[int, int]:
    most = max((shares.served.get(one, 0) for one in broadcasts), default=0)
    return {one: max(shares.served.get(one, 0), most - LAG_UNITS * unit) for one in broadcasts}


def _deal(room: int, unit: int, broadcasts: Sequence[int], served: Mapping[int, int]) -> list[tuple[int, int]]:
    """Alike in whole calls; what is left over goes to those served least, so that it evens out slice by slice."""
    if not broadcasts or room <= 0:
        return []
    order = sorted(broadcasts, key=lambda broadcast: (served[broadcast], broadcast))
    each, left = divmod(room // unit, len(order))
    dealt = [(each + (place < left)) * unit for place in range(len(order))]
    dealt[left % len(order)] += room % unit
    return [(broadcast, share) for broadcast, share in zip(order, dealt, strict=True) if share]
