"""Updates: the working copy in `crisis_update`, and the frozen words of each submit in `update_revision`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy import update as change_rows

from app.domain.crisis import CrisisState, Severity, UpdateState
from app.errors import Conflict, Problem, not_found
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.tables import crisis, update, update_revision

SLUGS_AT_ONCE: Final = 500
"""In one statement: SQLite once took no more than 999 parameters."""


@dataclass(frozen=True, slots=True)
class UpdateRow:
    id: int
    crisis: str
    state: UpdateState
    revision: int
    """0 at first; every edit and every submit adds one. A submit freezes the words under the number it made."""
    document: dict[str, Any]
    """The public contract's shape; the working copy while draft or returned, afterwards equal to the revision."""
    content_hash: str | None
    authors: frozenset[int | None]
    """User ids of everybody who wrote or edited it; None stands for a token without a user."""
    corrects: int | None
    completes: int | None
    """The update whose words these are in languages that came later."""
    broadcast_id: int | None
    recipients: int | None
    """The exact count of the frozen audience, once staged."""
    created_at: datetime
    submitted_at: datetime | None
    submitted_by: str | None
    approved_at: datetime | None
    approved_by: str | None
    sent_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    severity: Severity | None = None
    """The crisis's when it was handed in last, which its words and its alert keep; None before, and for old ones."""


@dataclass(frozen=True, slots=True)
class RevisionRow:
    update_id: int
    revision: int
    document: dict[str, Any]
    content_hash: str
    frozen_at: datetime


def add(
    connection: Connection,
    crisis_slug: str,
    document: Mapping[str, object],
    author: int | None,
    now: datetime,
    *,
    corrects: int | None = None,
    completes: int | None = None,
) -> UpdateRow:
    """A new draft at revision 0."""
    key = connection.execute(
        insert(update)
        .values(
            crisis=crisis_slug,
            state=UpdateState.DRAFT.value,
            revision=0,
            document=dict(document),
            authors=[author],
            corrects=corrects,
            completes=completes,
            created_at=now,
        )
        .returning(update.c.id)
    ).scalar_one()
    return get(connection, key)


def get(connection: Connection, update_id: int, *, lock: bool = False) -> UpdateRow:
    """`lock` keeps others from changing it until the transaction ends."""
    query = select(update).where(update.c.id == update_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise not_found("update", update_id)
    return _update(row)


def went_out(connection: Connection, update_id: int) -> bool | None:
    """Whether it was sent, with whatever end; None = there is no such update."""
    row = connection.execute(select(update.c.sent_at, update.c.broadcast_id).where(update.c.id == update_id)).first()
    return None if row is None else row.sent_at is not None and row.broadcast_id is not None


def being_staged(connection: Connection) -> list[int]:
    """Updates whose audience is being listed, oldest first, at most twenty."""
    return list(connection.scalars(_BEING_STAGED))


_BEING_STAGED: Final = (
    select(update.c.id).where(update.c.state == UpdateState.STAGING.value).order_by(update.c.id).limit(20)
)


def page(
    connection: Connection,
    *,
    crisis_slug: str | None = None,
    states: Collection[UpdateState] = (),
    rests: bool = True,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[UpdateRow]:
    """Newest first; `states` empty = all; without `rests` those that only bring further languages are left out."""
    query = select(update).order_by(update.c.id.desc()).limit(check_limit(limit) + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(update.c.id < before)
    if crisis_slug is not None:
        query = query.where(update.c.crisis == crisis_slug)
    if not rests:
        query = query.where(update.c.completes.is_(None))
    if states:
        query = query.where(update.c.state.in_([state.value for state in states]))
    return cut_page(connection.execute(query).all(), limit, _update, lambda row: row.id)


def sent(connection: Connection, *, open_only: bool = False) -> list[UpdateRow]:
    """Every update that was ever sent and not taken back, newest first; `open_only` = of open crises.

    Superseded and expired ones are included: the website lists every official message word for word.
    """
    query = select(update).where(update.c.sent_at.is_not(None)).order_by(update.c.sent_at.desc(), update.c.id.desc())
    if open_only:
        query = query.join(crisis, crisis.c.slug == update.c.crisis).where(crisis.c.state == CrisisState.OPEN.value)
    return [_update(row) for row in connection.execute(query)]


def newest_sent(connection: Connection, most: int = 10) -> list[UpdateRow]:
    """The last ones that went out to people, newest first."""
    gone = select(update).where(update.c.sent_at.is_not(None), update.c.broadcast_id.is_not(None))
    newest = gone.order_by(update.c.sent_at.desc(), update.c.id.desc()).limit(most)
    return [_update(row) for row in connection.execute(newest)]


def sent_in(connection: Connection, crises: Collection[str]) -> list[UpdateRow]:
    """As `sent`, of these crises only."""
    found: list[UpdateRow] = []
    wanted = sorted(crises)
    for start in range(0, len(wanted), SLUGS_AT_ONCE):
        mine = update.c.sent_at.is_not(None) & update.c.crisis.in_(wanted[start : start + SLUGS_AT_ONCE])
        found += [_update(row) for row in connection.execute(select(update).where(mine))]
    return sorted(found, key=lambda row: (row.sent_at or row.created_at, row.id), reverse=True)


def rest_of(connection: Connection, update_id: int, language: str) -> UpdateRow | None:
    """The draft that brings a language of this update later, None while there is none."""
    states = (UpdateState.DRAFT.value, UpdateState.RETURNED.value)
    query = select(update).where(update.c.completes == update_id, update.c.state.in_(states)).order_by(update.c.id)
    rows = (_update(row) for row in connection.execute(query))
    return next((row for row in rows if set(row.document["content"]) <= {language}), None)


def set_authors(connection: Connection, update_id: int, authors: frozenset[int | None]) -> UpdateRow:
    listed = sorted(authors, key=lambda author: -1 if author is None else author)
    connection.execute(change_rows(update).where(update.c.id == update_id).values(authors=listed))
    return get(connection, update_id)


def open_drafts(connection: Connection, most: int = 50) -> list[UpdateRow]:
    """Those still being written, the newest first."""
    states = (UpdateState.DRAFT.value, UpdateState.RETURNED.value)
    query = select(update).where(update.c.state.in_(states)).order_by(update.c.id.desc()).limit(most)
    return [_update(row) for row in connection.execute(query)]


def corrected_by(connection: Connection, update_id: int, states: Collection[UpdateState]) -> list[int]:
    """Ids of the corrections of this update that are in one of these states."""
    mine = (update.c.corrects == update_id) & update.c.state.in_([state.value for state in states])
    return list(connection.scalars(select(update.c.id).where(mine).order_by(update.c.id)))


def edit(
    connection: Connection, update_id: int, document: Mapping[str, object], authors: frozenset[int | None]
) -> UpdateRow:
    """Replace the working copy and add one to the revision; the caller has checked state and revision."""
    values: dict[str, Any] = {
        "document": dict(document),
        "authors": sorted(authors, key=lambda author: -1 if author is None else author),
        "state": UpdateState.DRAFT.value,
        "revision": update.c.revision + 1,
    }
    connection.execute(change_rows(update).where(update.c.id == update_id).values(**values))
    return get(connection, update_id)


def change(connection: Connection, update_id: int, expected: UpdateState, **values: Any) -> UpdateRow:  # noqa: ANN401 - columns
    """Set columns (state included, as UpdateState) of an update that is still in the `expected` state.

    Raise Conflict (code `state_changed`) when it has moved on.
    """
    plain = {name: value.value if isinstance(value, UpdateState) else value for name, value in values.items()}
    mine = (update.c.id == update_id) & (update.c.state == expected.value)
    if connection.execute(change_rows(update).where(mine).values(**plain)).rowcount == 0:
        actual = get(connection, update_id).state
        raise Conflict(
            Problem(
                "state_changed",
                f"The update is {actual.value} by now, no longer {expected.value}.",
                "state",
                "Load it again and decide anew.",
            )
        )
    return get(connection, update_id)


def freeze(
    connection: Connection,
    update_id: int,
    revision: int,
    document: Mapping[str, object],
    content_hash: str,
    now: datetime,
    templates: Sequence[Mapping[str, object]] = (),
) -> None:
    """Keep these words, and the templates of one's own they are made with, for ever under this revision."""
    connection.execute(
        insert(update_revision).values(
            update_id=update_id,
            revision=revision,
            document=dict(document),
            content_hash=content_hash,
            frozen_at=now,
            templates=[dict(one) for one in templates],
        )
    )


def frozen(connection: Connection, update_id: int, revision: int) -> RevisionRow:
    mine = (update_revision.c.update_id == update_id) & (update_revision.c.revision == revision)
    row = connection.execute(select(update_revision).where(mine)).one_or_none()
    if row is None:
        raise not_found("revision", f"{update_id}/{revision}")
    return RevisionRow(row.update_id, row.revision, row.document, row.content_hash, row.frozen_at)


def templates_frozen(connection: Connection, update_id: int, revision: int) -> list[dict[str, Any]] | None:
    """The templates of one's own these words are made with; None when they were never handed in."""
    mine = (update_revision.c.update_id == update_id) & (update_revision.c.revision == revision)
    row = connection.execute(select(update_revision.c.templates).where(mine)).one_or_none()
    return None if row is None else row.templates or []


def frozen_before(connection: Connection, update_id: int, revision: int) -> RevisionRow | None:
    """What was submitted of it last before this revision; None when that was the first time."""
    mine = (update_revision.c.update_id == update_id) & (update_revision.c.revision < revision)
    query = select(update_revision.c.revision).where(mine).order_by(update_revision.c.revision.desc()).limit(1)
    found = connection.scalar(query)
    return None if found is None else frozen(connection, update_id, found)


def _update(row: Row[Any]) -> UpdateRow:
    return UpdateRow(
        id=row.id,
        crisis=row.crisis,
        state=UpdateState(row.state),
        revision=row.revision,
        document=row.document,
        content_hash=row.content_hash,
        authors=frozenset(row.authors),
        corrects=row.corrects,
        completes=row.completes,
        broadcast_id=row.broadcast_id,
        recipients=row.recipients,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        submitted_by=row.submitted_by,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        sent_at=row.sent_at,
        ended_at=row.ended_at,
        reason=row.reason,
        severity=Severity(row.severity) if row.severity else None,
    )
