from __future__ import annotations

import pytest

from app.domain.crisis import CrisisState, Severity, UpdateState
from app.errors import Conflict, NotFound
from app.store import crises, updates
from app.store.crises import CrisisRow
from app.store.database import Database
from tests.conftest import NOON


@pytest.fixture
def crisis(database: Database) -> Database:
    row = CrisisRow("outage", {"en": "Outage"}, Severity.MAJOR, CrisisState.OPEN, None, NOON, None, 1)
    with database.writing() as tx:
        crises.add(tx, row)
    return database


def test_a_change_needs_the_state_it_was_decided_in(crisis: Database) -> None:
    with crisis.writing() as tx:
        draft = updates.add(tx, "outage", {"stage": "holding"}, 1, NOON)
        row = updates.change(tx, draft.id, UpdateState.DRAFT, state=UpdateState.STAGING, submitted_at=NOON, revision=1)
        assert (row.state, row.submitted_at, row.revision) == (UpdateState.STAGING, NOON, 1)
        with pytest.raises(Conflict) as refusal:
            updates.change(tx, draft.id, UpdateState.DRAFT, state=UpdateState.STAGING)
    assert refusal.value.problems[0].code == "state_changed"


def test_frozen_words_stay_when_the_working_copy_changes(crisis: Database) -> None:
    with crisis.writing() as tx:
        draft = updates.add(tx, "outage", {"words": "first"}, None, NOON)
        updates.freeze(tx, draft.id, 1, draft.document, "ab" * 32, NOON)
        updates.edit(tx, draft.id, {"words": "second"}, frozenset({None, 4, 2}))
        assert updates.frozen(tx, draft.id, 1).document == {"words": "first"}
        again = updates.get(tx, draft.id)
        assert (again.document, again.authors, again.revision) == ({"words": "second"}, frozenset({None, 4, 2}), 1)
        with pytest.raises(NotFound):
            updates.frozen(tx, draft.id, 9)


def test_lists_can_be_narrowed_by_crisis_and_state(crisis: Database) -> None:
    with crisis.writing() as tx:
        ids = [updates.add(tx, "outage", {}, 1, NOON).id for _ in range(3)]
        updates.change(tx, ids[0], UpdateState.DRAFT, state=UpdateState.SENDING, sent_at=NOON)
        assert [row.id for row in updates.page(tx, crisis_slug="outage").items] == ids[::-1]
        assert [row.id for row in updates.page(tx, states=[UpdateState.SENDING]).items] == [ids[0]]
        assert updates.page(tx, crisis_slug="other").items == ()
        assert [row.id for row in updates.sent(tx, open_only=True)] == [ids[0]]
        crises.resolve(tx, "outage", NOON)
        assert updates.sent(tx, open_only=True) == []
        assert [row.id for row in updates.sent(tx)] == [ids[0]]
