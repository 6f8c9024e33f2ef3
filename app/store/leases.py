"""Keeping what is held: a worker says again and again that it lives."""

from __future__ import annotations

from sqlalchemy import Connection, select, tuple_, update

from app.store.ledger_tables import due, shard


def renew(connection: Connection, me: str, *, now_ms: int, lease_ms: int) -> None:
    """Of what is due only what nobody works on: its shards are not ours, so to wait for it here would be to wait in a
    circle. Whoever works on it settles it, takes it over, or leaves it to the next renewal.
    """
    until = {"lease_until_ms": now_ms + lease_ms}
    connection.execute(update(shard).where(shard.c.owner == me).values(until))
    names = tuple(due.c[name] for name in ("broadcast", "medium", "address_id"))
    free = select(*names).where(due.c.owner == me).with_for_update(skip_locked=True)
    connection.execute(update(due).where(tuple_(*names).in_(free)).values(until))
