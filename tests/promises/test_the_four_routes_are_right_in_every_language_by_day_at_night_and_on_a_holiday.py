"""Technical issue: live chat. Coverage: text an agent. Rescheduling: portal. Emergency: a line that somebody answers.

For English, Gujarati, Lao and Esperanto; when one is closed it says when it opens, and something that helps goes first.
The hours and holidays are those of the sample registry in Vientiane.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.contact_kinds import ContactKind
from app.domain.principals import HOST
from app.domain.routing import Option, Query, Reason, advise, route_lines
from app.store import documents
from app.store.database import Database
from app.usecases.replace_registry import import_registry

SAMPLE = Path(__file__).parents[2] / "templates" / "registry" / "sample.json"
LANGUAGES = ("en", "gu", "lo", "eo")
NEEDS = ("technical-issue", "coverage-question", "rescheduling", "emergency")
WORKING_DAY = datetime(2026, 12, 3, 3, tzinfo=UTC)
"""Thursday, 10:00 in Vientiane."""
NIGHT = datetime(2026, 12, 3, 19, 30, tzinfo=UTC)
"""Friday, 02:30."""
HOLIDAY = datetime(2026, 12, 2, 3, tzinfo=UTC)
"""Lao National Day, a Wednesday, 10:00."""
RIGHT = {
    WORKING_DAY: ("live-chat", "text-line", "portal", "emergency-line"),
    NIGHT: ("portal", "portal", "portal", "emergency-line"),
    HOLIDAY: ("text-line", "text-line", "portal", "emergency-line"),
}
CHAT_OPENS = {
    WORKING_DAY: None,
    NIGHT: datetime(2026, 12, 4, 1, tzinfo=UTC),
    HOLIDAY: datetime(2026, 12, 3, 1, tzinfo=UTC),
}


@pytest.fixture
def advised(database: Database) -> Any:
    import_registry(database, HOST, json.loads(SAMPLE.read_text(encoding="utf-8")), WORKING_DAY)
    with database.reading() as connection:
        registry = documents.registry(connection)

    def ask(need: str, language: str, at: datetime) -> tuple[Option, ...]:
        options = advise(registry, Query(need, language), at)
        line = route_lines(registry, need=need, language=language, at=at, limit=1)[0]
        assert line.channel == options[0].contact_channel, "a message and an agent say the same"
        return options

    return ask


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("at", RIGHT, ids=["working day", "night", "holiday"])
def test_the_four_routes_are_right(advised: Any, at: datetime, language: str) -> None:
    first = [advised(need, language, at)[0] for need in NEEDS]
    assert tuple(option.contact_channel.slug for option in first) == RIGHT[at]
    for option in first:
        assert option.open
        assert option.reason in (Reason.OPEN, Reason.ALTERNATIVE)
        assert option.language_match
        assert option.contact_channel.names[language]
        assert option.contact_channel.instructions[language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("at", CHAT_OPENS, ids=["working day", "night", "holiday"])
def test_a_closed_chat_says_when_technicians_are_back(advised: Any, at: datetime, language: str) -> None:
    found = {option.contact_channel.slug: option for option in advised("technical-issue", language, at)}
    assert found["live-chat"].opens_at == CHAT_OPENS[at]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("at", RIGHT, ids=["working day", "night", "holiday"])
def test_an_emergency_leads_to_a_phone_that_never_closes(advised: Any, at: datetime, language: str) -> None:
    first = advised("emergency", language, at)[0]
    assert first.contact_channel.kind is ContactKind.PHONE
    assert (first.open, first.closes_at, first.reason) == (True, None, Reason.OPEN)
