"""Who has looked at submitted words, and who said yes to prepared ones in advance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from app.domain.holding import Approval
from app.store.approving_tables import approval_look, holding_approval, holding_use
from app.store.tables import user
from app.store.upsert import insert_missing, insert_or_update


@dataclass(frozen=True, slots=True)
class Look:
    user_id: int
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HoldingUse:
    """A draft made of nothing but prepared sentences and values."""

    playbook: str
    sentences_hash: str
    content_hash: str
    """Of the whole document as it was filled."""


def look_at(connection: Connection, update_id: int, revision: int, user_id: int, now: datetime) -> None:
    """The first time stays."""
    row = {"update_id": update_id, "revision": revision, "user_id": user_id, "at": now}
    insert_missing(connection, approval_look, [row], ["update_id", "revision", "user_id"])


def looks(connection: Connection, update_id: int, revision: int) -> list[Look]:
    """In the order of looking."""
    query = (
        select(user.c.id, user.c.name, approval_look.c.at)
        .join(approval_look, approval_look.c.user_id == user.c.id)
        .where(approval_look.c.update_id == update_id, approval_look.c.revision == revision)
        .order_by(approval_look.c.at, user.c.id)
    )
    return [Look(row.id, row.name, row.at) for row in connection.execute(query)]


def in_advance(connection: Connection, playbook: str) -> list[Approval]:
    """Of its first words, the oldest first; whoever may not approve any more counts no longer."""
    query = (
        select(holding_approval, user.c.name)
        .join(user, user.c.id == holding_approval.c.user_id)
        .where(
            holding_approval.c.playbook == playbook, user.c.disabled.is_(False), user.c.role.in_(("approver", "admin"))
        )
        .order_by(holding_approval.c.at, holding_approval.c.person)
    )
    return [
        Approval(row.person, row.user_id, row.name, row.content_hash, row.review_on, row.at)
        for row in connection.execute(query)
    ]


def prepared(connection: Connection) -> list[str]:
    """Playbooks whose first words somebody has said yes to."""
    query = select(holding_approval.c.playbook).distinct().order_by(holding_approval.c.playbook)
    return list(connection.scalars(query))


def approve_in_advance(connection: Connection, playbook: str, approval: Approval) -> None:
    """One for each person: a later one takes the place of the earlier."""
    row = {
        "playbook": playbook, "person": approval.person, "user_id": approval.user_id,
        "content_hash": approval.content_hash, "review_on": approval.review_on, "at": approval.at,
    }  # fmt: skip
    changed = ["user_id", "content_hash", "review_on", "at"]
    insert_or_update(connection, holding_approval, [row], ["playbook", "person"], changed)


def withdraw(connection: Connection, playbook: str) -> int:
    """How many approvals are gone."""
    return connection.execute(delete(holding_approval).where(holding_approval.c.playbook == playbook)).rowcount


def note_use(connection: Connection, update_id: int, use: HoldingUse, now: datetime) -> None:
    row = {
        "update_id": update_id, "playbook": use.playbook, "sentences_hash": use.sentences_hash,
        "content_hash": use.content_hash, "at": now,
    }  # fmt: skip
    insert_missing(connection, holding_use, [row], ["update_id"])


def use_of(connection: Connection, update_id: int) -> HoldingUse | None:
    row = connection.execute(select(holding_use).where(holding_use.c.update_id == update_id)).one_or_none()
    return None if row is None else HoldingUse(row.playbook, row.sentences_hash, row.content_hash)
