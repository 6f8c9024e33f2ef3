from __future__ import annotations

import pytest

from app.domain.big_news import News, news
from app.domain.consent import MessageClass
from app.domain.crisis import Stage
from app.domain.planning import Lane

UPDATE = (Stage.HOLDING, Lane.UPDATE)


@pytest.mark.parametrize(
    ("stage", "lane", "before", "same", "is_"),
    [
        (Stage.HOLDING, Lane.UPDATE, None, False, News.FIRST_WORD),
        (Stage.HOLDING, Lane.UPDATE, (Stage.WARNING, Lane.UPDATE), False, News.FIRST_WORD),
        (Stage.WARNING, Lane.UPDATE, (Stage.WARNING, Lane.UPDATE), False, News.MINOR),
        (Stage.PROGRESS, Lane.ROUTINE, UPDATE, False, News.MINOR),
        (Stage.DETAILS, Lane.UPDATE, UPDATE, False, News.MINOR),
        (Stage.FOLLOWUP, Lane.ROUTINE, (Stage.RESOLVED, Lane.UPDATE), False, News.MINOR),
        (Stage.CORRECTION, Lane.CORRECTION, UPDATE, False, News.CORRECTION),
        (Stage.RESOLVED, Lane.UPDATE, UPDATE, False, News.ALL_CLEAR),
        (Stage.PROGRESS, Lane.EMERGENCY, UPDATE, True, News.MORE_SEVERE),
        (Stage.PROGRESS, Lane.EMERGENCY, (Stage.HOLDING, Lane.EMERGENCY), False, News.EMERGENCY_CHANGE),
        (Stage.PROGRESS, Lane.EMERGENCY, (Stage.HOLDING, Lane.EMERGENCY), True, News.MINOR),
    ],
)
def test_news(stage: Stage, lane: Lane, before: tuple[Stage, Lane] | None, same: bool, is_: News) -> None:
    assert news(stage, lane, MessageClass.SERVICE, before, same_words=same) is is_
    worse = News.MORE_SEVERE if is_ in (News.MINOR, News.EMERGENCY_CHANGE) else is_
    assert news(stage, lane, MessageClass.SERVICE, before, same_words=same, worse=True) is worse
    assert news(stage, lane, MessageClass.SAFETY_OF_LIFE, before, same_words=same) is News.SAFETY_OF_LIFE
