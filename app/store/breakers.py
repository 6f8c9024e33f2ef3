"""The breakers of all endpoints as the workers share them: open since when, until when, and who may try."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from app.store.mercy_tables import breaker
from app.store.upsert import insert_or_update

CLOSED, OPEN = "closed", "open"
_COLUMNS = ("state", "reason", "since_ms", "until_ms", "probe_until_ms", "changed_ms")


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """`state`: closed or open; `since_ms`: of this state, through all openings without an acceptance between them."""

    endpoint: int
    state: str
    reason: str
    since_ms: int
    until_ms: int
    probe_until_ms: int
    changed_ms: int

    def phase(self, now_ms: int) -> str:
        """closed, open or half_open: what people are shown."""
        return "half_open" if self.state == OPEN and self.until_ms <= now_ms else self.state


def everything(connection: Connection) -> dict[int, BreakerRow]:
    """By endpoint; one that never failed has none."""
    columns = (breaker.c[name] for name in ("endpoint", *_COLUMNS))
    return {row.endpoint: BreakerRow(*row) for row in connection.execute(select(*columns))}


def note_open(connection: Connection, endpoint: int, reason: str, *, now_ms: int, until_ms: int) -> None:
    """Opened, or opened again by a probe that failed."""
    known = connection.execute(select(breaker).where(breaker.c.endpoint == endpoint).with_for_update()).one_or_none()
    since = known.since_ms if known is not None and known.state == OPEN else now_ms
    _set(connection, BreakerRow(endpoint, OPEN, reason[:64], since, until_ms, 0, now_ms))


def note_closed(connection: Connection, endpoint: int, *, now_ms: int) -> None:
    _set(connection, BreakerRow(endpoint, CLOSED, "", now_ms, 0, 0, now_ms))


def take_probe(connection: Connection, endpoint: int, *, now_ms: int, until_ms: int) -> bool:
    """Whether the caller is the one worker that may try a half-open endpoint now; the turn is over at `until_ms`."""
    mine = (
        (breaker.c.endpoint == endpoint)
        & (breaker.c.state == OPEN)
        & (breaker.c.until_ms <= now_ms)
        & (breaker.c.probe_until_ms <= now_ms)
    )
    return connection.execute(update(breaker).where(mine).values(probe_until_ms=until_ms)).rowcount == 1


def give_back_probe(connection: Connection, endpoint: int) -> None:
    """There was nothing to try it with: whoever has something may."""
    connection.execute(update(breaker).where(breaker.c.endpoint == endpoint).values(probe_until_ms=0))


def _set(connection: Connection, row: BreakerRow) -> None:
    values = {"endpoint": row.endpoint, **{name: getattr(row, name) for name in _COLUMNS}}
    insert_or_update(connection, breaker, [{**values, "trial_ms": 0}], ["endpoint"], list(_COLUMNS))
