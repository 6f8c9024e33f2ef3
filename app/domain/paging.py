"""Whom to wake for an approval, one after the other, and when a person may go on alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from app.domain.promises import NEXT_AFTER
from app.errors import Problem

LEAST_REASON: Final = 10
"""Characters: "urgent" explains nothing to whoever reads it tomorrow."""


def next_page_at(pages: Iterable[datetime], looks: Iterable[datetime]) -> datetime:
    """When the next one on the list is told: nobody has been told for so long, and nobody has begun to look.

    `pages`: when those before were told, at least one; `looks`: when somebody opened it or said that they take care.
    """
    return max([*pages, *looks]) + NEXT_AFTER


def alone_from(submitted: datetime, looks: Iterable[datetime]) -> datetime:
    """From when nobody can be said to answer: so long after it was handed in, and after anybody looked at it."""
    return max([submitted, *looks]) + NEXT_AFTER


def alone_refusal(submitted: datetime, looks: Iterable[datetime], now: datetime, reason: str) -> Problem | None:
    """Why somebody may not release their own words yet; None = they may."""
    since = alone_from(submitted, looks)
    if now < since:
        minutes = -(-(since - now) // timedelta(minutes=1))
        return Problem(
            "somebody_may_answer",
            f"The approvers have been told; one of them may still answer within {minutes} min.",
            "reason",
            "Wait, or call one of them.",
        )
    if len(reason.strip()) < LEAST_REASON:
        return Problem(
            "reason_missing", "Say why nobody else can look at it.", "reason", "Every approver reads this sentence."
        )
    return None
