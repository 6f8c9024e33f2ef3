from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.message import Medium
from app.errors import Conflict, NotFound
from app.store import endpoints
from app.store.database import Database
from app.store.endpoints import EndpointValues
from tests.conftest import NOON

VALUES = EndpointValues("outbox.sms", Medium.SMS, {"sender": "Clarion"}, b"sealed", 10.0, 1, None)


def test_a_saved_endpoint_reads_back_with_a_rising_revision(database: Database) -> None:
    with database.writing() as tx:
        first = endpoints.save(tx, "texts", VALUES, 0)
        second = endpoints.save(tx, "texts", replace(VALUES, rate_per_second=5.0), 1)
        assert (first.id, first.revision, first.medium, first.settings) == (second.id, 1, Medium.SMS, VALUES.settings)
        assert (second.revision, second.rate_per_second) == (2, 5.0)
        assert endpoints.by_id(tx, second.id) == endpoints.get(tx, "texts") == second
        with pytest.raises(Conflict):
            endpoints.save(tx, "texts", VALUES, 1)


def test_a_halt_keeps_its_first_reason_until_released_or_saved(database: Database) -> None:
    with database.writing() as tx:
        texts = endpoints.save(tx, "texts", VALUES, None)
        assert endpoints.halt(tx, texts.id, texts.revision, "http_401", NOON)
        assert not endpoints.halt(tx, texts.id, texts.revision, "http_403", NOON)
        assert endpoints.get(tx, "texts").halted_reason == "http_401"
        released = endpoints.release(tx, texts.id)
        assert (released.halted_reason, released.revision) == (None, texts.revision + 1)
        assert not endpoints.halt(tx, texts.id, texts.revision, "http_401", NOON), "seen before it was released"
        assert endpoints.halt(tx, texts.id, released.revision, "http_401", NOON)
        assert endpoints.save(tx, "texts", VALUES, None).halted_reason is None


def test_a_removed_endpoint_is_gone(database: Database) -> None:
    with database.writing() as tx:
        endpoints.save(tx, "texts", VALUES, None)
        endpoints.remove(tx, "texts")
        assert endpoints.everything(tx) == []
        with pytest.raises(NotFound):
            endpoints.get(tx, "texts")
