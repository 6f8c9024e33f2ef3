"""Send yourself a test: one message by one endpoint to a place of your own, kept like every notice to staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.crisis import Severity
from app.domain.endpoints import Endpoint
from app.domain.masking import mask
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.principals import Actor, permit
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import Invalid, Problem
from app.store import accounts, audit, endpoints, staff
from app.store.database import Database
from app.store.staff import NudgeRow, StaffRecipient
from app.usecases.save_staff_recipients import PUBLIC
from app.usecases.tell_staff import staff_notice_is_over, tell_staff


@dataclass(frozen=True, slots=True)
class Trial:
    notice_id: int
    place: str
    """Masked; "" = the endpoint itself."""


def try_endpoint(db: Database, actor: Actor, slug: str, now: datetime) -> Trial:
    """On its way in a moment; `last_trial` says what became of it. What was tried before and has not left stays here.

    Raise Invalid: for an endpoint that everybody reads, and for somebody of whom no address of its medium is known.
    """
    permit(actor, "try_endpoint")
    with db.writing() as tx:
        endpoint = endpoints.get(tx, slug)
        place = own_place(tx, actor, endpoint)
        staff_notice_is_over(tx, NoticeKind.ENDPOINT_TRIAL, slug, now)
        notice = Notice(NoticeKind.ENDPOINT_TRIAL, slug, now.isoformat(), details={"who": actor.name})
        notice_id = tell_staff(tx, notice, now, [place])
        assert notice_id is not None  # noqa: S101 - the spell is this moment
        masked = mask(endpoint.medium, place.address) if place.address else ""
        audit.append(tx, actor.name, "try_endpoint", f"endpoint/{slug}", {"place": masked}, now)
    return Trial(notice_id, masked)


def own_place(connection: Connection, actor: Actor, endpoint: Endpoint) -> StaffRecipient:
    """Where this person is reached by this endpoint: as staff named it, else the address of their account."""
    if endpoint.medium in PUBLIC:
        sentence = f"Everybody reads what “{endpoint.slug}” sends."
        raise Invalid(Problem("public_endpoint", sentence, "endpoint", "Send an exercise to try it."))
    known = [one for one in staff.recipients(connection) if one.person == actor.name]
    if endpoint.medium not in PERSONAL_MEDIA:
        return StaffRecipient(endpoint.slug, "", "en", Severity.INFO)
    media = {one.slug: one.medium for one in endpoints.everything(connection)}
    for one in sorted(known, key=lambda place: place.endpoint != endpoint.slug):
        if media.get(one.endpoint) is endpoint.medium:
            return StaffRecipient(endpoint.slug, one.address, one.language, one.severity)
    if endpoint.medium is Medium.EMAIL and actor.user_id is not None:
        email = accounts.credentials(connection, actor.user_id).email
        if email:
            return StaffRecipient(endpoint.slug, email, "en", Severity.INFO)
    remedy = f"Name yours: clarion staff add {endpoint.slug} ADDRESS --person {actor.name}"
    raise Invalid(Problem("no_own_address", f"No address of yours for {endpoint.medium.value} is known.", "", remedy))


def last_trial(connection: Connection, slug: str) -> NudgeRow | None:
    """What became of the last test of this endpoint; None = there was none, or it was tidied away."""
    found = staff.standing(connection, NoticeKind.ENDPOINT_TRIAL, slug)
    nudges = staff.nudges(connection, [found[0].id])[found[0].id] if found else []
    return nudges[0] if nudges else None
