"""Breakers agreed upon by all workers: what happened here is written down, what happened elsewhere is believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.clock import Clock, to_ms
from app.engine.health import HEALTHY, Health
from app.engine.sending import Runner
from app.store import breakers
from app.store.breakers import OPEN, BreakerRow
from app.store.database import Database


@dataclass(slots=True)
class Breakers:
    """Run `agree` a few times a second, in a thread."""

    db: Database
    clock: Clock
    _told: dict[int, Health] = field(default_factory=dict)
    _heard_ms: dict[int, int] = field(default_factory=dict)

    def agree(self, runners: Iterable[Runner]) -> None:
        now_ms, now = to_ms(self.clock.now()), self.clock.monotonic()
        with self.db.reading() as connection:
            known = breakers.everything(connection)
        for runner in runners:
            endpoint, health = runner.endpoint.id, runner.health
            if _differs(health, self._told.get(endpoint, HEALTHY)):
                self._write(endpoint, health, now, now_ms)
            elif (row := known.get(endpoint)) is not None and row.changed_ms > self._heard_ms.get(endpoint, 0):
                self._heard_ms[endpoint] = row.changed_ms
                believed = _as_health(row, now, now_ms)
                if _differs(believed, health) and runner.health is health:  # nothing happened here meanwhile
                    runner.health = believed
                self._told[endpoint] = runner.health

    def _write(self, endpoint: int, health: Health, now: float, now_ms: int) -> None:
        with self.db.writing() as tx:
            if health.refusals:
                until_ms = now_ms + int(health.seconds_closed(now) * 1000)
                breakers.note_open(tx, endpoint, health.reason, now_ms=now_ms, until_ms=until_ms)
            else:
                breakers.note_closed(tx, endpoint, now_ms=now_ms)
        self._told[endpoint], self._heard_ms[endpoint] = health, now_ms


def _differs(one: Health, other: Health) -> bool:
    return (one.refusals, one.closed_until) != (other.refusals, other.closed_until)


def _as_health(row: BreakerRow, now: float, now_ms: int) -> Health:
    if row.state != OPEN:
        return HEALTHY
    return Health(refusals=1, closed_until=now + (row.until_ms - now_ms) / 1000, reason=row.reason)
