from __future__ import annotations

import pytest

from app.domain.crisis import UpdateState
from app.errors import Conflict, Forbidden, Invalid
from app.store import updates
from app.store.database import Database
from app.usecases.draft_update import create_draft, edit_draft
from app.usecases.open_crisis import open_crisis
from app.usecases.resolve_crisis import resolve_crisis
from tests.conftest import NOON
from tests.unit.usecases.people import APPROVER, AUTHOR, CRISIS, DRAFT, VIEWER


@pytest.fixture
def crisis(database: Database) -> Database:
    open_crisis(database, AUTHOR, CRISIS, NOON)
    return database


def test_a_draft_knows_its_author_and_has_every_field(crisis: Database) -> None:
    row = create_draft(crisis, AUTHOR, "outage", DRAFT, NOON)
    assert (row.state, row.revision, row.authors) == (UpdateState.DRAFT, 0, frozenset({AUTHOR.user_id}))
    assert row.document["crisis"] == "outage"
    assert row.document["expires_at"] == "2026-03-11T12:00:00Z"


def test_everybody_who_edits_becomes_an_author(crisis: Database) -> None:
    row = create_draft(crisis, AUTHOR, "outage", DRAFT, NOON)
    edited = edit_draft(crisis, APPROVER, row.id, {**DRAFT, "stage": "details"}, row.revision, NOON)
    assert (edited.authors, edited.document["stage"], edited.revision) == (frozenset({1, 2}), "details", 1)


def test_two_editors_at_once_do_not_undo_each_other(crisis: Database) -> None:
    row = create_draft(crisis, AUTHOR, "outage", DRAFT, NOON)
    edit_draft(crisis, APPROVER, row.id, {**DRAFT, "stage": "details"}, row.revision, NOON)
    with pytest.raises(Conflict) as refusal:
        edit_draft(crisis, AUTHOR, row.id, DRAFT, row.revision, NOON)
    assert refusal.value.problems[0].code == "stale_edit"
    with crisis.reading() as connection:
        assert updates.get(connection, row.id).document["stage"] == "details"


@pytest.mark.parametrize("state", [state for state in UpdateState if state not in ("draft", "returned")])
def test_words_that_somebody_decides_about_cannot_be_edited(crisis: Database, state: UpdateState) -> None:
    row = create_draft(crisis, AUTHOR, "outage", DRAFT, NOON)
    with crisis.writing() as tx:
        updates.change(tx, row.id, UpdateState.DRAFT, state=state)
    with pytest.raises(Conflict) as refusal:
        edit_draft(crisis, AUTHOR, row.id, DRAFT, None, NOON)
    assert refusal.value.problems[0].code == "update_state"


def test_a_returned_update_becomes_a_draft_again(crisis: Database) -> None:
    row = create_draft(crisis, AUTHOR, "outage", DRAFT, NOON)
    with crisis.writing() as tx:
        updates.change(tx, row.id, UpdateState.DRAFT, state=UpdateState.RETURNED)
    assert edit_draft(crisis, AUTHOR, row.id, DRAFT, None, NOON).state is UpdateState.DRAFT


def test_a_draft_may_only_name_what_exists(crisis: Database) -> None:
    document = {**DRAFT, "endpoints": ["texts"], "audience": "everyone", "need": "technical"}
    document["variants"] = [{"audience": "vip", "content": {}}]
    with pytest.raises(Invalid) as refusal:
        create_draft(crisis, AUTHOR, "outage", document, NOON)
    assert {problem.field for problem in refusal.value.problems} == {
        "endpoints[0]",
        "audience",
        "variants[0].audience",
        "need",
    }


def test_a_line_break_in_a_headline_is_refused(crisis: Database) -> None:
    content = {"en": {"headline": "Outage\r\nBcc: everyone@example.org", "impact": "x"}}
    with pytest.raises(Invalid) as refusal:
        create_draft(crisis, AUTHOR, "outage", {**DRAFT, "content": content}, NOON)
    assert refusal.value.problems[0].field == "content.en.headline"


def test_an_update_cannot_move_to_another_crisis(crisis: Database) -> None:
    row = create_draft(crisis, AUTHOR, "outage", DRAFT, NOON)
    with pytest.raises(Invalid):
        edit_draft(crisis, AUTHOR, row.id, {**DRAFT, "crisis": "other"}, None, NOON)


def test_a_resolved_crisis_takes_only_last_words(crisis: Database) -> None:
    resolve_crisis(crisis, AUTHOR, "outage", NOON)
    with pytest.raises(Conflict):
        create_draft(crisis, AUTHOR, "outage", DRAFT, NOON)
    assert create_draft(crisis, AUTHOR, "outage", {**DRAFT, "stage": "followup"}, NOON).id


def test_a_viewer_writes_nothing(crisis: Database) -> None:
    with pytest.raises(Forbidden):
        create_draft(crisis, VIEWER, "outage", DRAFT, NOON)
