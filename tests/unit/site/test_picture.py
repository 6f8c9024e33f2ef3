"""What is public: everything that went out and nothing before, and which word holds now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.crisis import Severity, UpdateState
from app.domain.reading import iso
from app.publishing.building import live_updates
from app.publishing.chapters import NOT_OUT, Standing
from app.publishing.picture import Picture, picture
from app.store import tables, website
from app.store.database import Database
from tests.unit.site.world import NOON, become, open_crisis, open_house, resolve, say, words

HOUR = timedelta(hours=1)


def look(db: Database, at: timedelta = timedelta()) -> Picture:
    with db.reading() as connection:
        return picture(website.read(connection), NOON + at)


def shown(db: Database, at: timedelta = timedelta()) -> int | None:
    live = look(db, at).live
    return live[0].shown.id if live and live[0].shown else None


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    open_crisis(database)
    return database


@pytest.mark.parametrize("state", UpdateState)
def test_drafts_are_never_public(house: Database, state: UpdateState) -> None:
    say(house, state=state)
    assert bool(look(house).live) is (state not in NOT_OUT)


def test_words_become_public_when_the_undo_window_ends(house: Database) -> None:
    update = say(house, state=UpdateState.RELEASING, at=NOON + HOUR)
    assert shown(house, HOUR - timedelta(seconds=1)) is None
    assert look(house).next_release == NOON + HOUR
    assert shown(house, HOUR) == update


def test_words_taken_back_in_the_undo_window_were_never_public(house: Database) -> None:
    update = say(house, state=UpdateState.RELEASING, at=NOON + HOUR)
    become(house, update, UpdateState.CANCELLED, NOON + HOUR / 2)
    assert look(house, 2 * HOUR).live == ()


def test_a_crisis_without_a_public_word_is_not_even_named(house: Database) -> None:
    say(house, state=UpdateState.APPROVED, sent=False)
    assert look(house).live == ()


@pytest.mark.parametrize(
    "state", [UpdateState.CANARY, UpdateState.SENDING, UpdateState.PAUSED, UpdateState.HALTED, UpdateState.DONE]
)
def test_a_word_that_went_out_holds_until_it_expires(house: Database, state: UpdateState) -> None:
    update = say(house, state=state, lasts=HOUR)
    assert shown(house, HOUR - timedelta(seconds=1)) == update
    assert shown(house, HOUR) is None


def test_an_older_word_never_comes_back_for_one_that_expired(house: Database) -> None:
    say(house, lasts=5 * HOUR)
    say(house, at=NOON + timedelta(minutes=1), lasts=HOUR)
    assert shown(house, 2 * HOUR) is None


def test_a_withdrawn_word_is_listed_as_withdrawn_and_no_longer_shown(house: Database) -> None:
    update = say(house)
    become(house, update, UpdateState.CANCELLED, NOON + HOUR)
    (crisis,) = look(house).live
    assert (crisis.shown, crisis.updates[0].standing) == (None, Standing.WITHDRAWN)


def test_the_correction_is_shown_and_the_wrong_word_is_listed_as_corrected(house: Database) -> None:
    wrong = say(house, state=UpdateState.PAUSED)
    right = say(house, stage="correction", corrects=wrong, at=NOON + HOUR, content={"en": words("Only Adajan")})
    (crisis,) = look(house, HOUR).live
    assert crisis.shown is not None
    assert crisis.shown.id == right
    assert [update.standing for update in crisis.updates] == [Standing.CURRENT, Standing.CORRECTED]


def test_a_correction_that_is_only_a_draft_changes_nothing_yet(house: Database) -> None:
    wrong = say(house)
    say(house, stage="correction", corrects=wrong, state=UpdateState.DRAFT, sent=False)
    assert shown(house) == wrong


def test_a_resolved_crisis_has_no_banner_but_keeps_its_history(house: Database) -> None:
    say(house)
    resolve(house, "outage", NOON + HOUR)
    (crisis,) = look(house, HOUR).live
    assert crisis.shown is None
    assert len(crisis.updates) == 1
    assert live_updates(look(house, HOUR).live) == []


def test_of_a_resolved_crisis_the_all_clear_still_holds_and_nothing_before_it(house: Database) -> None:
    say(house)
    clear = say(house, stage="resolved", at=NOON + HOUR, lasts=HOUR)
    assert look(house, 3 * HOUR).live[0].updates[0].standing is Standing.EXPIRED, "as long as nobody says it is over"
    resolve(house, "outage", NOON + HOUR)
    (crisis,) = look(house, 3 * HOUR).live
    assert [update.standing for update in crisis.updates] == [Standing.ALL_CLEAR, Standing.OVER]
    assert crisis.shown is None
    become(house, clear, UpdateState.SUPERSEDED, NOON + 2 * HOUR)
    assert look(house, 3 * HOUR).live[0].updates[0].standing is Standing.OVER


def test_the_gravest_crisis_stands_first(house: Database) -> None:
    open_crisis(house, "flood", severity=Severity.EMERGENCY)
    say(house, crisis="flood")
    say(house, at=NOON + HOUR)
    assert [crisis.slug for crisis in look(house, HOUR).live] == ["flood", "outage"]


def test_a_drill_is_kept_apart(house: Database) -> None:
    say(house, drill=True)
    seen = look(house)
    assert (len(seen.live), len(seen.drills)) == (0, 1)


def test_a_stored_document_that_cannot_be_read_is_left_out_and_named(house: Database) -> None:
    good = say(house)
    broken = say(house, at=NOON + HOUR)
    with house.writing() as tx:
        tx.execute(tables.update.update().where(tables.update.c.id == broken).values(document={"stage": 7}))
        tx.execute(tables.contact_channel.update().where(tables.contact_channel.c.slug == "chat").values(document={}))
    seen = look(house, HOUR)
    assert shown(house, HOUR) == good
    assert list(seen.registry.channels) == ["phone"]
    assert {problem.field.split(".")[0] for problem in seen.problems} == {"updates", "chat"}


def test_the_promise_of_a_next_update_is_passed_on(house: Database) -> None:
    say(house, next_update_by=iso(NOON + HOUR))
    (crisis,) = look(house).live
    assert crisis.shown is not None
    assert crisis.shown.document.next_update_by == NOON + HOUR
