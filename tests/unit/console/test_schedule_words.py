"""When something happens again is said in the reader's language, part by part out of its catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from hypothesis import given
from hypothesis import strategies as st

from app.console.words import MIRRORED, SOURCE, Catalogues
from app.domain.cron import WEEKDAYS, read_cron
from app.domain.recurrence_words import cron_words
from app.domain.schedules import Schedule
from app.errors import Invalid
from tests.console import Visitor
from tests.console_pages import furnish
from tests.faces import Api
from tests.staff_catalogue import messages
from tests.unsaid import unsaid

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NOBODY = Catalogues(Path("nowhere"), "UTC")
ENGLISH, ACCENTED = NOBODY.choose(SOURCE, ""), NOBODY.choose(MIRRORED, "")
GIVEN = (
    {"every": "90m", "count": 3, "late": "2h"},
    {"every": "1h", "count": 1, "end": "2027-01-02T10:00:00Z"},
    {"preset": "regulator-6h-then-daily"},
    {"at": "2026-12-24T14:30"},
    {"cron": "*/10 8-17 * jan,jul,oct *"},
    {"cron": "0 0 13 * 5"},
    {"cron": "0 */2 1,2,3,9 * *"},
    {"cron": "1,2,3,40 1-12 */2 * mon-wed"},
)


@pytest.mark.parametrize("document", GIVEN, ids=str)
def test_every_part_of_a_schedule_comes_from_a_catalogue(document: dict[str, object]) -> None:
    schedule = Schedule.from_document({"slug": "x", "timezone": "UTC", **document}, NOW)
    assert unsaid(schedule.said(ACCENTED).replace("UTC", "")) == []
    if "at" not in document and "end" not in document:  # the language writes days in its own way
        assert schedule.said(ENGLISH) == schedule.words, "the console says it as the API does"


def test_another_language_says_it_in_its_own_order_with_its_own_days(tmp_path: Path) -> None:
    german = Catalog(locale="de")
    for message, translation in {
        "at %(times)s": "um %(times)s",
        "on %(weekdays)s": "am %(weekdays)s",
        "%(first)s to %(last)s": "%(first)s bis %(last)s",
        "in %(months)s": "im %(months)s",
        "%(first)s, %(second)s": "%(second)s %(first)s",
    }.items():
        assert message in messages()
        german.add(message, translation)
    with (tmp_path / "de.po").open("wb") as file:
        write_po(file, german)
    words = Catalogues(tmp_path, "Europe/Berlin").choose("de", "")
    said = cron_words(read_cron("30 8,9 * jan,mar,jul mon-wed,fri"), words)
    assert said == "im Januar, März und Juli am Montag bis Mittwoch und Freitag um 08:30 und 09:30"


FIELD = st.one_of(st.just("*"), st.sampled_from(["*/2", "*/7", "*/15", "*/20"]))


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    some = st.lists(st.integers(low, high), min_size=1, max_size=12, unique=True)
    return st.one_of(FIELD, some.map(lambda each: ",".join(map(str, each))))


WEEKDAY = st.one_of(numbers(0, 6), st.sampled_from(WEEKDAYS))


@given(st.tuples(numbers(0, 59), numbers(0, 23), numbers(1, 31), numbers(1, 12), WEEKDAY))
def test_every_cron_expression_has_words_in_every_language(fields: tuple[str, ...]) -> None:
    try:
        cron = read_cron(" ".join(fields))
    except Invalid:
        return  # a day that never comes
    assert cron_words(cron) == cron_words(cron, ENGLISH)
    said = cron_words(cron, ACCENTED)
    assert said
    assert unsaid(said) == []
    assert "%" not in said


def test_the_pages_of_a_schedule_say_it_in_the_readers_language(api: Api, admin: Visitor) -> None:
    furnish(api)
    asked = {"playbook": "service-outage", "cron": "30 8 * * mon-fri", "timezone": "Europe/Berlin", "policy": "ask"}
    api.done(api.post("approver", "/schedules", json={"slug": "morning", **asked}))
    for path in ("/schedules", "/schedules/morning"):
        assert (
            "át 08:30, óñ Móñdáy tó Frídáy (Europe/Berlin)" in admin.open(path, **{"accept-language": MIRRORED}).words
        )
        assert "at 08:30, on Monday to Friday (Europe/Berlin)" in admin.open(path).words
