"""How long a session lasts, and how long somebody waits after wrong guesses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

HALF_WAY: Final = timedelta(minutes=10)
"""Between the right password and the code."""
FREE_GUESSES: Final = 5
FREE_GUESSES_FROM_ONE_PLACE: Final = 20
"""A whole team may sit behind one address."""
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=24)
_FIRST_WAIT: Final = 2.0


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    idle: timedelta = timedelta(hours=4)
    longest: timedelta = timedelta(hours=24)
    step_up: timedelta | None = timedelta(minutes=15)
    """How long a code counts for a live approval; None = no fresh code is asked for."""


DEFAULT_POLICY: Final = SessionPolicy()


def policy_of(*, idle_minutes: int, hours: int, step_up_minutes: int) -> SessionPolicy:
    """From the settings; 0 `step_up_minutes` asks for no fresh code."""
    step_up = timedelta(minutes=step_up_minutes) if step_up_minutes else None
    return SessionPolicy(timedelta(minutes=idle_minutes), timedelta(hours=hours), step_up)


class Standing(StrEnum):
    """Of a session."""

    WHOLE = "whole"
    HALF = "half"
    """The password was right, the code is still missing."""
    IDLE = "idle"
    OVER = "over"
    """It reached its absolute end."""
    ENDED = "ended"
    """Somebody ended it, or what its user may do has changed."""


def standing(
    *,
    seen_at: datetime,
    expires_at: datetime,
    confirmed_at: datetime | None,
    ended_at: datetime | None,
    idle: timedelta,
    now: datetime,
) -> Standing:
    if ended_at is not None:
        return Standing.ENDED
    if now >= expires_at:
        return Standing.OVER
    if now - seen_at > (idle if confirmed_at is not None else HALF_WAY):
        return Standing.IDLE
    return Standing.WHOLE if confirmed_at is not None else Standing.HALF


def wait_left(failures: int, last_at: datetime, now: datetime, free: int = FREE_GUESSES) -> timedelta:
    """Until the next guess is looked at: nothing at first, then twice as long each time, at most LONGEST_WAIT.

    It grows and never locks: a guess during the wait is not looked at and does not lengthen it.
    """
    if failures < free or now - last_at >= FORGOTTEN_AFTER:
        return timedelta()
    doublings = min(failures - free, 20)  # far beyond LONGEST_WAIT already
    wait = min(timedelta(seconds=_FIRST_WAIT * 2**doublings), LONGEST_WAIT)
    return max(last_at + wait - now, timedelta())
