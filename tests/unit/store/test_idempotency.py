from __future__ import annotations

from datetime import timedelta

import pytest

from app.errors import Conflict, Invalid
from app.store import idempotency
from app.store.database import Database
from tests.conftest import NOON

ME, KEY, BODY = "user-1", "key-1", b"hash of the request"


def test_the_first_answer_is_given_again(database: Database) -> None:
    with database.writing() as tx:
        assert idempotency.begin(tx, ME, KEY, BODY, NOON) is None
        idempotency.finish(tx, ME, KEY, 201, {"location": "/x"}, b"{}")
        again = idempotency.begin(tx, ME, KEY, BODY, NOON)
    assert again == idempotency.StoredResponse(201, {"location": "/x"}, b"{}")


def test_the_same_key_of_somebody_else_is_another_key(database: Database) -> None:
    with database.writing() as tx:
        assert idempotency.begin(tx, ME, KEY, BODY, NOON) is None
        assert idempotency.begin(tx, "user-2", KEY, b"other", NOON) is None


def test_another_request_under_the_same_key_is_refused(database: Database) -> None:
    with database.writing() as tx:
        idempotency.begin(tx, ME, KEY, BODY, NOON)
        with pytest.raises(Invalid) as refusal:
            idempotency.begin(tx, ME, KEY, b"something else", NOON)
    assert refusal.value.problems[0].code == "idempotency_key_reused"


def test_a_request_still_worked_on_is_not_started_twice(database: Database) -> None:
    with database.writing() as tx:
        idempotency.begin(tx, ME, KEY, BODY, NOON)
        with pytest.raises(Conflict) as refusal:
            idempotency.begin(tx, ME, KEY, BODY, NOON + timedelta(minutes=1))
        assert refusal.value.problems[0].code == "request_in_flight"
        assert idempotency.begin(tx, ME, KEY, BODY, NOON + timedelta(minutes=6)) is None, "its process died"


def test_a_key_can_be_freed_unless_it_has_its_answer(database: Database) -> None:
    with database.writing() as tx:
        idempotency.begin(tx, ME, KEY, BODY, NOON)
        idempotency.forget(tx, ME, KEY)
        assert idempotency.begin(tx, ME, KEY, BODY, NOON) is None
        idempotency.finish(tx, ME, KEY, 200, {}, b"")
        idempotency.forget(tx, ME, KEY)
        assert idempotency.begin(tx, ME, KEY, BODY, NOON) is not None
        assert idempotency.prune(tx, NOON + timedelta(days=1)) == 1
