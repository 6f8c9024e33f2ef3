"""Where notices go, what they say, and the upkeep of lines that must work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.message import Medium
from app.domain.principals import HOST
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import Forbidden, Invalid
from app.keyring import Keyring
from app.store import audit, staff
from app.store.database import Database
from app.store.documents import Kind
from app.templating.staff_words import say_notice
from app.templating.words import load_words
from app.usecases.remind_upkeep import remind_upkeep
from app.usecases.save_document import save_document
from app.usecases.save_staff_recipients import save_staff_recipients
from tests.conftest import NOON
from tests.rig.stage import Stage
from tests.unit.usecases.announcements import TEMPLATES
from tests.unit.usecases.people import APPROVER, AUTHOR, PHONE_LINE

SAID = ("headline", "impact", "answers")
WORDS = load_words(TEMPLATES / "staff")


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_notice_has_words_in_every_language(kind: NoticeKind) -> None:
    details = dict.fromkeys(
        (
            "since",
            "number",
            "day",
            "reason",
            "at",
            "places",
            "schedule",
            "update",
            "plan",
            "title",
            "by",
            "who",
            "crisis",
            "headline",
            "impact",
            "answers",
        ),
        "THIS",
    )
    for language in WORDS:
        said = say_notice(WORDS, Notice(kind, "phone", details=details), 3, language)
        assert "{" not in said.subject + said.text + said.acknowledge
        assert kind is NoticeKind.REPLIES_WAIT or "phone" in said.subject + said.text
        assert "\n" not in said.subject


@pytest.fixture
def stage(database: Database, keyring: Keyring, clock: FrozenClock) -> Stage:
    made = Stage(database, keyring, clock)
    for slug, medium in (
        ("text", Medium.SMS),
        ("mail", Medium.EMAIL),
        ("room", Medium.WEBHOOK),
        ("toot", Medium.SOCIAL),
    ):
        made.add_endpoint(slug, medium)
    return made


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ({"endpoint": "nothing"}, "unknown_endpoint"),
        ({"endpoint": "text"}, "missing"),
        ({"endpoint": "text", "address": "call Mira"}, "bad_phone"),
        ({"endpoint": "mail", "address": "mira"}, "bad_email"),
        ({"endpoint": "room", "address": "x"}, "address_not_wanted"),
        ({"endpoint": "toot"}, "public_endpoint"),
        ({"endpoint": "room", "severity": "huge"}, "unknown_word"),
        ({"endpoint": "room", "to": "x"}, "unknown_field"),
    ],
)
def test_a_place_that_cannot_be_is_explained_and_changes_nothing(
    stage: Stage, place: dict[str, Any], code: str
) -> None:
    save_staff_recipients(stage.db, HOST, [{"endpoint": "room"}], NOON)
    with pytest.raises(Invalid) as refused:
        save_staff_recipients(stage.db, HOST, [place], NOON)
    assert code in {problem.code for problem in refused.value.problems}
    assert refused.value.problems[0].remedy
    with stage.db.reading() as connection:
        assert [one.endpoint for one in staff.recipients(connection)] == ["room"]


def test_places_are_kept_in_one_form_once_and_without_addresses_in_the_audit(stage: Stage) -> None:
    place = {"endpoint": "text", "address": "+44 20 7183 8750"}
    (kept,) = save_staff_recipients(stage.db, HOST, [place], NOON)
    assert (kept.address, kept.language, kept.severity) == ("+442071838750", "en", "info")
    with pytest.raises(Invalid, match="twice"):
        save_staff_recipients(stage.db, HOST, [place, place], NOON)
    with pytest.raises(Forbidden):
        save_staff_recipients(stage.db, APPROVER, [], NOON)
    with stage.db.reading() as connection:
        entry = audit.page(connection).items[0]
    assert "2071838750" not in str(entry.body)


def emergency_line(db: Database, **upkeep: object) -> None:
    save_document(db, HOST, Kind.CONTACT_CHANNEL, "phone", {**PHONE_LINE, "upkeep": upkeep}, None, NOON)


def told(db: Database) -> list[tuple[str, str, bool]]:
    with db.reading() as connection:
        rows = staff.page(connection).items
    return [(row.notice.kind.value, row.notice.details["day"], row.cleared_at is not None) for row in reversed(rows)]


def test_an_overdue_check_is_told_once_and_again_after_a_week_until_it_is_done(database: Database) -> None:
    emergency_line(database, check_on="2026-03-11")
    assert remind_upkeep(database, NOON) == ()
    first = NOON + timedelta(days=1)
    assert len(remind_upkeep(database, first)) == 1
    for hours in (0, 1, 24, 24 * 6):
        assert remind_upkeep(database, first + timedelta(hours=hours)) == ()
    assert len(remind_upkeep(database, first + timedelta(days=7))) == 1
    assert remind_upkeep(database, first + timedelta(days=8)) == ()
    assert [one[0] for one in told(database)] == ["contact_channel_check_due"] * 2
    emergency_line(database, check_on="2026-06-11")
    assert remind_upkeep(database, first + timedelta(days=9)) == ()
    assert [one[2] for one in told(database)] == [True, True]


def test_a_test_call_is_due_at_once_and_after_its_interval(database: Database) -> None:
    emergency_line(database, test_call_every_days=30)
    assert len(remind_upkeep(database, NOON)) == 1
    emergency_line(database, test_call_every_days=30, last_test_call="2026-03-10")
    assert remind_upkeep(database, NOON + timedelta(days=29)) == ()
    assert len(remind_upkeep(database, NOON + timedelta(days=30))) == 1
    assert told(database) == [
        ("contact_channel_test_call_due", "never", True),
        ("contact_channel_test_call_due", "2026-04-09", False),
    ]


def test_an_author_cannot_say_where_notices_go(stage: Stage) -> None:
    with pytest.raises(Forbidden):
        save_staff_recipients(stage.db, AUTHOR, [], NOON)
