"""Somebody of staff has read a reply, or has seen to it."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.keyring import Keyring
from app.store import audit, hearing
from app.store.database import Database
from app.store.hearing import InboundRow


def words_of(keyring: Keyring, row: InboundRow) -> str:
    """What they wrote; "" for a keyword, and once it is forgotten. Raise Invalid: sealed under another key."""
    return keyring.unseal(row.words).decode() if row.words is not None else ""


def see_reply(db: Database, actor: Actor, number: int, now: datetime) -> InboundRow:
    """Whoever came first stays named. Raise NotFound."""
    permit(actor, "handle_reply")
    with db.writing() as tx:
        hearing.get(tx, number)
        if hearing.mark_seen(tx, number, actor.name, now):
            audit.append(tx, actor.name, "see_reply", f"reply/{number}", {}, now)
        return hearing.get(tx, number)


def handle_reply(db: Database, actor: Actor, number: int, now: datetime) -> InboundRow:
    """Nothing more is to be done about it. Whoever came first stays named. Raise NotFound."""
    permit(actor, "handle_reply")
    with db.writing() as tx:
        hearing.get(tx, number)
        hearing.mark_seen(tx, number, actor.name, now)
        if hearing.mark_handled(tx, number, actor.name, now):
            audit.append(tx, actor.name, "handle_reply", f"reply/{number}", {}, now)
        return hearing.get(tx, number)
