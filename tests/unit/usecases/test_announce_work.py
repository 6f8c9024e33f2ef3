"""Planned work announces itself before, at its start and at its end, and follows when it is moved or called off."""

from __future__ import annotations

from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.message import Medium
from app.domain.schedules import Policy
from app.errors import Conflict
from app.keyring import Keyring
from app.store import schedules
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.announce_work import Announcing, announce_work
from app.usecases.save_document import save_document
from app.usecases.save_schedule import approve_schedule
from tests.rig.cadences import Rounds
from tests.rig.stage import AUTHOR, Stage
from tests.unit.usecases.people import APPROVER

WORK: dict[str, Any] = {
    "titles": {"en": "New mast", "eo": "Nova masto"},
    "texts": {"en": "Calls may drop."},
    "starts": "2026-03-10T16:00:00Z",
    "ends": "2026-03-10T17:00:00Z",
}


@pytest.fixture
def rounds(database: Database, keyring: Keyring, clock: FrozenClock) -> Rounds:
    made = Rounds(Stage(database, keyring, clock), clock)
    made.stage.add_endpoint("site", Medium.SITE)
    made.stage.open(1)
    save(made)
    return made


def save(rounds: Rounds, **changes: Any) -> None:
    save_document(
        rounds.stage.db, APPROVER, Kind.PLANNED_WORK, "mast", {**WORK, **changes}, None, rounds.clock.now()
    )  # fmt: skip


def announce(rounds: Rounds, *, policy: Policy = Policy.APPROVED) -> None:
    now = rounds.clock.now()
    wanted = Announcing(before=("2h",), endpoints=("site",), policy=policy)
    for row in announce_work(rounds.stage.db, AUTHOR, "mast", wanted, lambda one: f"[{one}: over]", now):
        approve_schedule(rounds.stage.db, APPROVER, row.slug, now, step_up=None)


def said(rounds: Rounds) -> list[tuple[str, str, str]]:
    return [
        (f"{row.sent_at:%H:%M}", row.document["stage"], row.document["content"]["en"]["impact"])
        for row in rounds.updates("sending", "releasing")
        if row.sent_at is not None
    ]


def test_it_is_said_before_at_the_start_and_at_the_end(rounds: Rounds) -> None:
    announce(rounds)
    rounds.pass_on(6 * 60)
    assert [(stage, impact) for _, stage, impact in said(rounds)] == [
        ("warning", "Calls may drop."),
        ("holding", "Calls may drop."),
        ("resolved", "[en: over]"),
    ]
    first, _, last = rounds.updates("sending", "releasing")
    assert "–" in first.document["content"]["eo"]["duration"]
    assert first.document["next_update_by"] is not None
    assert last.document["next_update_by"] is None
    assert first.crisis == "work-mast"


def test_moved_it_is_announced_for_the_new_time_after_a_new_approval(rounds: Rounds) -> None:
    announce(rounds)
    save(rounds, starts="2026-03-10T18:00:00Z", ends="2026-03-10T19:00:00Z")
    with rounds.stage.db.reading() as connection:
        rows = schedules.of_crisis(connection, "work-mast")
    assert [row.document["at"][11:16] for row in rows] == ["16:00", "18:00", "19:00"]
    assert not any(row.approved_hash for row in rows), "other times than those that were approved"


def test_called_off_nothing_more_is_said(rounds: Rounds) -> None:
    announce(rounds)
    save(rounds, state="cancelled")
    rounds.pass_on(8 * 60, every=60)
    assert said(rounds) == []
    with pytest.raises(Conflict):
        announce(rounds)
