"""A situation begins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from app.domain.crisis import CrisisDocument, CrisisState
from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.store import audit, crises, documents, publishing
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.documents import Kind


def open_crisis(db: Database, actor: Actor, document: Mapping[str, object], now: datetime) -> CrisisRow:
    """`document`: {slug, titles{lang}, severity, playbook?}.

    Raise Invalid for what is wrong in it (an unknown playbook included), Conflict (code `crisis_exists`) for a
    slug that was used before.
    """
    permit(actor, "open_crisis")
    row = read_crisis(document, now)
    with db.writing() as tx:
        return open_in(tx, actor, row, now)


def read_crisis(document: Mapping[str, object], now: datetime) -> CrisisRow:
    """The row to be, for `open_in`. Raise Invalid."""
    wanted = CrisisDocument.from_document(document)
    if wanted.state is not CrisisState.OPEN:
        raise Invalid(Problem("crisis_state", "A crisis begins open.", "state", "Leave the state out."))
    return CrisisRow(
        slug=wanted.slug,
        titles=dict(wanted.titles),
        severity=wanted.severity,
        state=CrisisState.OPEN,
        playbook=wanted.playbook or None,
        opened_at=now,
        resolved_at=None,
        revision=1,
    )


def open_in(tx: Connection, actor: Actor, row: CrisisRow, now: datetime) -> CrisisRow:
    """Within the transaction of whoever opens it; they have asked whether the actor may."""
    if row.playbook and documents.find(tx, Kind.PLAYBOOK, row.playbook) is None:
        raise Invalid(
            Problem(
                "unknown_playbook",
                f"There is no playbook “{row.playbook}”.",
                "playbook",
                "Name one that exists, or leave it out.",
            )
        )
    crises.add(tx, row)
    body = {"severity": row.severity.value, "playbook": row.playbook}
    crises.add_timeline(tx, row.slug, actor.name, "opened", body, now)
    publishing.request(tx, "crisis_opened", now)
    audit.append(tx, actor.name, "open_crisis", f"crisis/{row.slug}", {**body, "titles": row.titles}, now)
    return row
