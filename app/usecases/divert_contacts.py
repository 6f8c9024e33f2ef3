"""Lead customers elsewhere while too many would get in touch: the override that preflight offers, accepted."""

from __future__ import annotations

from datetime import datetime

from app.domain.contact_load import Load
from app.domain.principals import Actor
from app.errors import Conflict, Problem
from app.store.database import Database
from app.store.documents import DocumentRow
from app.usecases.override_contact_channel import override_contact_channel


def divert_contacts(db: Database, actor: Actor, load: Load | None, now: datetime) -> DocumentRow:
    """The contact channel with its override. Raise Conflict (code `no_diversion_offered`) when nothing is offered."""
    if load is None or load.elsewhere is None:
        raise Conflict(
            Problem(
                "no_diversion_offered",
                "Preflight knows no other contact channel to lead customers to.",
                "need",
                "Add one to the routing rule of this need, or pace the update.",
            )
        )
    return override_contact_channel(db, actor, load.elsewhere.contact_channel, load.elsewhere.override(), now)
