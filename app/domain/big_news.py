"""Whether an update is big news: whoever asked for LESS hears of that only."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from app.domain.consent import MessageClass
from app.domain.crisis import Stage
from app.domain.planning import Lane


class News(StrEnum):
    FIRST_WORD = "first_word"
    """Nothing was said of this crisis before, or only that it might come."""
    CORRECTION = "correction"
    ALL_CLEAR = "all_clear"
    MORE_SEVERE = "more_severe"
    """It has become an emergency, or is called worse than when the last update was handed in."""
    EMERGENCY_CHANGE = "emergency_change"
    """In an emergency whatever is not the same words again."""
    SAFETY_OF_LIFE = "safety_of_life"
    MINOR = "minor"


BEFOREHAND: Final = frozenset({Stage.WARNING})


def news(
    stage: Stage,
    lane: Lane,
    message_class: MessageClass,
    before: tuple[Stage, Lane] | None,
    *,
    same_words: bool = False,
    worse: bool = False,
) -> News:
    """`before`: stage and lane of the last update that went out in this crisis, None when none did; `same_words`:
    as that one; `worse`: the crisis's severity has risen since.
    """
    if message_class is MessageClass.SAFETY_OF_LIFE:
        return News.SAFETY_OF_LIFE
    if stage is Stage.CORRECTION:
        return News.CORRECTION
    if stage is Stage.RESOLVED:
        return News.ALL_CLEAR
    if before is None or (before[0] in BEFOREHAND and stage not in BEFOREHAND):
        return News.FIRST_WORD
    if worse or lane <= Lane.EMERGENCY < before[1]:
        return News.MORE_SEVERE
    return News.EMERGENCY_CHANGE if lane <= Lane.EMERGENCY and not same_words else News.MINOR
