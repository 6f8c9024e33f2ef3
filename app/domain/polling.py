"""How often a provider that stays silent about accepted messages is asked, and when we give up."""

from __future__ import annotations

from typing import Final

PAUSES: Final = (300.0, 900.0, 3_600.0)
"""Seconds from the end of one round of questions to the next; the last one again and again."""


def next_round(rounds: int, age: float, give_up: float) -> float | None:
    """Seconds until round number `rounds` + 1 of a broadcast sent `age` seconds ago; None = nothing more is asked."""
    pause = PAUSES[min(max(rounds - 1, 0), len(PAUSES) - 1)]
    return pause if age + pause <= give_up else None
