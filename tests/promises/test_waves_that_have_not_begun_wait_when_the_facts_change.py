"""Site first, texts a quarter of an hour later: what the texts would say must still be true by then."""

from __future__ import annotations

import pytest

from app.clock import FrozenClock, to_ms
from app.domain.message import Medium
from app.engine.watching import watch
from app.keyring import Keyring
from app.store import ledger, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.attend import attend
from app.usecases.record_fact import record_fact
from app.usecases.stop_update import resume_update
from tests.rig.stage import AUTHOR, Stage

pytestmark = pytest.mark.both_databases
LATER = {"wave_offsets_seconds": {"sms": 900}}
WORDS = {"headline": "Power is out.", "impact": "4,200 homes have no electricity.", "reassurance": "We are on it."}


def prepared(database: Database, keyring: Keyring, clock: FrozenClock, severity: str = "major") -> Stage:
    made = Stage(database, keyring, clock, severity=severity, playbook={"names": {"en": "Outage"}, **LATER})
    made.add_endpoint("site", Medium.SITE)
    made.add_endpoint("texts", Medium.SMS)
    made.open(2)
    fact(made, 4200)
    clock.advance(60)
    return made


def fact(stage: Stage, value: int, name: str = "customers") -> None:
    known = {"name": name, "value": value, "source": "grid control"}
    record_fact(stage.db, AUTHOR, "outage", known, stage.clock.now())


def state(stage: Stage, row: UpdateRow, clock: FrozenClock) -> tuple[str, str | None]:
    """After a minute in which the service looked around."""
    clock.advance(60)
    with stage.db.reading() as connection:
        live = ledger.live_broadcasts(connection)
    watch(stage.db, live, to_ms(clock.now()))
    attend(stage.db, clock.now())
    attend(stage.db, clock.now())
    with stage.db.reading() as connection:
        found = updates.get(connection, row.id)
    return found.state.value, found.reason


def test_a_number_that_the_words_name_has_changed(database: Database, keyring: Keyring, clock: FrozenClock) -> None:
    stage = prepared(database, keyring, clock)
    row = stage.broadcast(["site", "texts"], content={"en": WORDS})
    assert state(stage, row, clock) == ("sending", None)
    fact(stage, 12, "crews")
    assert state(stage, row, clock) == ("sending", None), "the words do not speak of it"
    fact(stage, 9000)
    assert state(stage, row, clock) == ("halted", "facts_changed")
    resume_update(stage.db, AUTHOR, row.id, clock.now(), "It is about the north only.")
    assert state(stage, row, clock)[0] == "sending", "whoever lets it go on has looked"


def test_an_emergency_never_waits_for_that(database: Database, keyring: Keyring, clock: FrozenClock) -> None:
    stage = prepared(database, keyring, clock, "emergency")
    row = stage.broadcast(["site", "texts"], content={"en": WORDS})
    fact(stage, 9000)
    assert state(stage, row, clock)[0] == "sending"
