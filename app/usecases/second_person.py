"""Who may be the second person for words that others wrote."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.principals import Actor, approval_refusal, step_up_refusal
from app.errors import Problem
from app.store import accounts


def second_person_refusal(
    connection: Connection, actor: Actor, authors: frozenset[int | None], now: datetime, step_up: timedelta | None
) -> Problem | None:
    """Why this actor is not: they wrote it, by whatever account, or their last code is older than `step_up`.

    `step_up` None asks for no code: for drills, and where the organisation does not want it.
    """
    refusal = approval_refusal(actor, accounts.persons(connection, authors))
    if refusal is None and step_up is not None:
        has_code = actor.user_id is not None and accounts.has_code(connection, actor.user_id)
        refusal = step_up_refusal(actor, now, step_up, has_code=has_code)
    return refusal
