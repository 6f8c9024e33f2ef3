"""Who may say yes to words: somebody else than those who wrote them, whatever name or key they come with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.principals import Actor, approval_refusal, step_up_refusal
from app.errors import Problem
from app.store import accounts, audit


def second_person_refusal(
    connection: Connection,
    actor: Actor,
    authors: Collection[int | None],
    since: datetime,
    now: datetime,
    step_up: timedelta | None,
) -> Problem | None:
    """Why this actor cannot say yes: see `other_person_refusal`, or their last code is older than `step_up`.

    `step_up` None asks for no code: for drills, and where the organisation does not want it.
    """
    refusal = other_person_refusal(connection, actor, authors, since)
    if refusal is None and step_up is not None:
        has_code = actor.user_id is not None and accounts.has_code(connection, actor.user_id)
        refusal = step_up_refusal(actor, now, step_up, has_code=has_code)
    return refusal


def other_person_refusal(
    connection: Connection, actor: Actor, authors: Collection[int | None], since: datetime
) -> Problem | None:
    """Why this actor is nobody else than those who wrote something from `since` on; None = they are.

    Beside `approval_refusal`: one of the authors must not have made the token they come with, nor have let their
    account in anew since the words were begun. Whoever holds somebody's link or key can be that somebody.
    """
    persons = accounts.persons(connection, authors)
    refusal = approval_refusal(actor, persons)
    if refusal is not None or actor.user_id is None:
        return refusal
    names = accounts.names_of(connection, persons)
    makers = accounts.let_in_by(connection, actor.user_id, since)
    makers |= audit.actors(connection, f"user/{actor.user_id}", ("create_user", "renew_access"), since)
    if actor.token_id is not None:
        makers |= audit.actors(connection, f"token/{actor.token_id}", ("create_token",))
    if not makers & names:
        return None
    by = ", ".join(sorted(makers & names))
    return Problem(
        "approver_made_by_author",
        f"The access {actor.name} comes with was made by {by}, who wrote some of it.",
        "approver",
        "Ask an approver whose access somebody else has made.",
    )
