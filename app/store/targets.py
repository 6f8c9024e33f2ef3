"""Targets with their sealed secrets, what came of publishing to them, and what visitors find there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.domain.reading_back import Seen, Verdict
from app.domain.targets import Target, TargetKind, TargetState
from app.errors import not_found
from app.store.documents import check_revision
from app.store.target_tables import read_back, target, target_state
from app.store.upsert import insert_or_update


@dataclass(frozen=True, slots=True)
class TargetValues:
    """What a save writes."""

    kind: TargetKind
    settings: Mapping[str, object]
    secrets: bytes
    public_url: str


def find(connection: Connection, slug: str) -> Target | None:
    row = connection.execute(select(target).where(target.c.slug == slug)).one_or_none()
    return None if row is None else _target(row)


def get(connection: Connection, slug: str) -> Target:
    found = find(connection, slug)
    if found is None:
        raise not_found("target", slug)
    return found


def everything(connection: Connection) -> list[Target]:
    """In the order of slugs."""
    return [_target(row) for row in connection.execute(select(target).order_by(target.c.slug))]


def save(connection: Connection, slug: str, values: TargetValues, expected_revision: int | None) -> Target:
    """Insert or replace. Raise Conflict (code `stale_edit`) when somebody saved in between."""
    before = connection.execute(select(target.c.revision).where(target.c.slug == slug).with_for_update()).scalar()
    check_revision(expected_revision, before or 0)
    columns: dict[str, Any] = {
        "kind": values.kind.value,
        "settings": dict(values.settings),
        "secrets": values.secrets,
        "public_url": values.public_url,
        "revision": (before or 0) + 1,
    }
    if before is None:
        connection.execute(insert(target).values(slug=slug, **columns))
    else:
        connection.execute(update(target).where(target.c.slug == slug).values(**columns))
    return get(connection, slug)


def remove(connection: Connection, slug: str) -> Target:
    """The target as it was; what lies there stays there."""
    before = get(connection, slug)
    connection.execute(delete(target).where(target.c.slug == slug))
    connection.execute(delete(target_state).where(target_state.c.slug == slug))
    connection.execute(delete(read_back).where(read_back.c.slug == slug))
    return before


def reseal(connection: Connection, slug: str, secrets: bytes) -> None:
    """The same secrets sealed by another key: the revision stays."""
    connection.execute(update(target).where(target.c.slug == slug).values(secrets=secrets))


def states(connection: Connection) -> dict[str, TargetState]:
    """By slug; targets nothing was tried at have none."""
    return {row["slug"]: TargetState(**row) for row in connection.execute(select(target_state)).mappings()}


def note(connection: Connection, state: TargetState) -> None:
    row = asdict(state)
    insert_or_update(connection, target_state, [row], ["slug"], [name for name in row if name != "slug"])


def highest_held(connection: Connection) -> int:
    """The highest sequence number seen at any target, 0 for none."""
    return int(connection.execute(select(func.max(target_state.c.held))).scalar_one() or 0)


def seen(connection: Connection) -> dict[str, Seen]:
    """The last look at each public address, by slug."""
    return {row.slug: _seen(row) for row in connection.execute(select(read_back))}


def note_seen(connection: Connection, slug: str, one: Seen) -> None:
    row = {**asdict(one), "verdict": one.verdict.value, "slug": slug}
    insert_or_update(connection, read_back, [row], ["slug"], [name for name in row if name != "slug"])


def forget_seen(connection: Connection, slug: str) -> None:
    connection.execute(delete(read_back).where(read_back.c.slug == slug))


def _target(row: Row[Any]) -> Target:
    return Target(row.slug, TargetKind(row.kind), row.settings, row.secrets, row.public_url, row.revision)


def _seen(row: Row[Any]) -> Seen:
    return Seen(row.seq, Verdict(row.verdict), row.detail, row.looked_at, row.since, row.skew)
