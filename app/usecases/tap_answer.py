"""Answer “still true?” with the link of a notice: no sign-in, one person, one question, for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from app.domain.firing import PlanState
from app.domain.principals import Actor
from app.domain.question_links import AFTER, PURPOSE, QuestionLink, question_token, read_question_token
from app.domain.reading import parse_instant
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import Invalid, NotFound, Problem
from app.keyring import Keyring
from app.store import accounts, schedules, staff, updates, users
from app.store.database import Database
from app.store.schedules import PlannedRow
from app.usecases.answer_plan import confirm_plan, snooze_plan


class Tap(StrEnum):
    CONFIRM = "confirm"
    SNOOZE = "snooze"


@dataclass(frozen=True, slots=True)
class Question:
    """What the holder of a link sees."""

    plan: PlannedRow
    person: str
    open: bool
    """Whether anybody is still asked."""
    content: Mapping[str, Mapping[str, object]]
    """The words in question, by language."""
    endpoints: tuple[str, ...]


def question_url(db: Database, keyring: Keyring, base: str, notice: Notice, endpoint: str, address: str) -> str:
    """For the person this place belongs to; "" for places of nobody in particular, and for other notices."""
    at = parse_instant(notice.details.get("at", ""))
    if notice.kind is not NoticeKind.STILL_TRUE or at is None:
        return ""
    with db.reading() as connection:
        owners = [one.person for one in staff.recipients(connection) if (one.endpoint, one.address)
                  == (endpoint, address)]  # fmt: skip
        found = users.named(connection, [one for one in owners if one])
    if not found or found[0].disabled:
        return ""
    link = QuestionLink(int(notice.details["plan"]), found[0].id, (at + AFTER).replace(microsecond=0))
    return f"{base}/q/{question_token(keyring.key(PURPOSE), link)}"


def look_at_question(db: Database, keyring: Keyring, token: str, now: datetime) -> Question:
    """Changes nothing. Raise NotFound for a link that is forged, over, or of somebody who has left."""
    with db.reading() as connection:
        link, actor = _holder(connection, keyring, token, now)
        plan = schedules.get_plan(connection, link.plan)
        row = updates.get(connection, plan.update_id or 0)
    open_still = plan.state in (PlanState.ASKED, PlanState.SNOOZED)
    document = row.document
    return Question(plan, actor.name, open_still, document.get("content") or {}, tuple(document.get("endpoints") or ()))


def tap_answer(
    db: Database, keyring: Keyring, token: str, tap: str, now: datetime, *, pause: timedelta | None = None
) -> PlannedRow:
    """As that person, who is the second one where they may be: having the place is what they show instead of a code.

    Raise NotFound as above, Invalid for another answer, and what `confirm_plan` and `snooze_plan` raise.
    """
    with db.reading() as connection:
        link, actor = _holder(connection, keyring, token, now)
    if tap == Tap.CONFIRM:
        return confirm_plan(db, actor, link.plan, now, step_up=None)
    if tap == Tap.SNOOZE:
        return snooze_plan(db, actor, link.plan, now, *([pause] if pause else []))
    raise Invalid(Problem("bad_answer", "This is no answer.", "answer", "Tap one of the buttons."))


def _holder(connection: Connection, keyring: Keyring, token: str, now: datetime) -> tuple[QuestionLink, Actor]:
    link = read_question_token(keyring.key(PURPOSE), token)
    if link is None or link.until <= now:
        raise _unknown()
    user = users.get(connection, link.user)
    if user.disabled:
        raise _unknown()
    (person,) = accounts.persons(connection, [user.id])
    return link, Actor(f"{user.name} (by link)", user.role, user.id, None, person=person)


def _unknown() -> NotFound:
    return NotFound(Problem("bad_link", "This link is not valid, or not any more.", "", "Answer in the console."))
