"""Schedules over a crisis of the stage, ticked by the test's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from app.clock import FrozenClock
from app.domain.message import Medium
from app.domain.reading import iso
from app.store import schedules, staff, updates
from app.store.schedules import OccurrenceRow, PlannedRow, ScheduleRow
from app.store.staff import NoticeRow
from app.store.updates import UpdateRow
from app.usecases.carry_out import carry_out
from app.usecases.fire_due import Cadence, Done, fire_due
from app.usecases.record_fact import record_fact
from app.usecases.save_schedule import approve_schedule, save_schedule
from app.usecases.stage_update import stage_update
from tests.rig.stage import APPROVER, AUTHOR, Stage

PLAYBOOK: Final[dict[str, object]] = {
    "names": {"en": "Outage"},
    "variables": {"place": "place", "until": "time", "customers": "number"},
    "cadence": {"emergency": 30, "major": 60, "minor": 240, "info": 1440},
    "stages": {
        "progress": {
            "en": {
                "headline": "Power is out in {place}",
                "impact": "{customers} homes have no electricity.",
                "duration": "We expect it back by {until}.",
                "reassurance": "Two crews are at work.",
            },
            "eo": {
                "headline": "Mankas kurento en {place}",
                "impact": "{customers} hejmoj estas sen kurento.",
                "duration": "Ni atendas ĝin ĝis {until}.",
                "reassurance": "Du teamoj laboras.",
            },
        }
    },
}


@dataclass
class Rounds:
    """Time passes only by `pass_on`; the audience is listed as the engine would, nothing is sent."""

    stage: Stage
    clock: FrozenClock

    def prepare(self, people: int = 2) -> None:
        """A crisis with this playbook, a website and texts, and facts that hold for three hours."""
        self.stage.playbook = PLAYBOOK
        self.stage.add_endpoint("site", Medium.SITE)
        self.stage.add_endpoint("texts", Medium.SMS)
        self.stage.open(people)
        for name, value in (("place", "Vientiane"), ("customers", 4200), ("until", "2026-03-10T18:00:00Z")):
            self.fact(name, value)

    def fact(self, name: str, value: object, hours: float = 3) -> None:
        known = {"name": name, "value": value, "source": "grid control", "max_age": int(hours * 3600)}
        record_fact(self.stage.db, AUTHOR, "outage", known, self.clock.now())

    def schedule(self, slug: str = "half-hourly", *, approve: bool = False, **document: Any) -> ScheduleRow:
        wanted = {"crisis": "outage", "endpoints": ["site", "texts"], "audience": "everyone", **document}
        if not {"cron", "every", "at", "preset"} & wanted.keys():
            wanted["every"] = "30m"
        row = save_schedule(self.stage.db, AUTHOR, slug, wanted, None, self.clock.now())
        return approve_schedule(self.stage.db, APPROVER, slug, self.clock.now()) if approve else row

    def cadence(self, **changes: Any) -> Cadence:
        given: dict[str, Any] = {
            "db": self.stage.db,
            "now": self.clock.now,
            "keyring": self.stage.keyring,
            "check": lambda _: (),
            "unchanged": lambda language, since: f"[{language}: nothing new since {iso(since)}]",
            **changes,
        }
        return Cadence(**given)

    def tick(self, **changes: Any) -> Done:
        """One look, and whatever follows from it at once."""
        total = fire_due(self.cadence(**changes), carry_out)
        for row in self.updates("staging"):
            stage_update(self.stage.db, row.id, self.clock.now)
            self.clock.advance(1)
            more = fire_due(self.cadence(**changes), carry_out)
            total.plans += more.plans
        return total

    def pass_on(self, minutes: float, *, every: float = 10) -> Done:
        """The scheduler runs all that time."""
        end = self.clock.now() + timedelta(minutes=minutes)
        total = Done()
        while (left := (end - self.clock.now()).total_seconds()) > 0:
            self.clock.advance(min(left, every * 60))
            done = self.tick()
            total.fired, total.missed = total.fired + done.fired, total.missed + done.missed
            total.plans, total.paused = total.plans + done.plans, done.paused
        return total

    def updates(self, *states: str) -> list[UpdateRow]:
        """Oldest first; without states all."""
        with self.stage.db.reading() as connection:
            found = updates.page(connection, limit=200).items
        return [row for row in reversed(found) if not states or row.state in states]

    def plans(self) -> list[PlannedRow]:
        with self.stage.db.reading() as connection:
            return list(reversed(schedules.plans(connection, limit=200).items))

    def occurrences(self, slug: str = "half-hourly") -> list[OccurrenceRow]:
        with self.stage.db.reading() as connection:
            return list(reversed(schedules.occurrences(connection, slug, limit=200).items))

    def row(self, slug: str = "half-hourly") -> ScheduleRow:
        with self.stage.db.reading() as connection:
            return schedules.get(connection, slug)

    def notices(self, kind: str) -> list[NoticeRow]:
        with self.stage.db.reading() as connection:
            found = staff.page(connection, limit=200).items
        return [one for one in reversed(found) if one.notice.kind == kind]
