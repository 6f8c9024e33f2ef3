"""Where notices to staff go: an organisation's list of endpoints and addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.audience import normalise
from app.domain.crisis import Severity
from app.domain.masking import mask
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.principals import Actor, permit
from app.domain.reading import Reader
from app.errors import Invalid
from app.store import audit, endpoints, staff, users
from app.store.database import Database
from app.store.staff import StaffRecipient

MOST: Final = 200
PUBLIC: Final = frozenset({Medium.SITE, Medium.SOCIAL})


def save_staff_recipients(
    db: Database, actor: Actor, wanted: Sequence[Mapping[str, object]], now: datetime
) -> list[StaffRecipient]:
    """Put this list in the place of the one that is there: `[{endpoint, address?, language?, severity?, person?,
    step?}]`.

    An address for endpoints that reach persons (SMS, e-mail, voice, push, chat), none for the others (webhook: the
    endpoint is the place). `severity` is the least severe notice that goes there, `info` when left out. What is
    public is refused. Raise Invalid with one Problem per fault.
    """
    permit(actor, "save_staff_recipients")
    read = Reader({"recipients": list(wanted)})
    with db.writing() as tx:
        found: dict[tuple[str, str], StaffRecipient] = {}
        for place, one in enumerate(read.items("recipients", MOST)):
            made = _recipient(tx, Reader(one, f"recipients[{place}]", read.problems))
            if (made.endpoint, made.address) in found:
                read.problem("duplicate", f"recipients[{place}]", "stands there twice", "Keep one of the two.")
            found[made.endpoint, made.address] = made
        read.done()
        staff.replace_recipients(tx, list(found.values()))
        media = {each.slug: each.medium for each in endpoints.everything(tx)}
        body = {
            "recipients": [f"{one.endpoint} {mask(media[one.endpoint], one.address)}".strip() for one in found.values()]
        }
        audit.append(tx, actor.name, "save_staff_recipients", "staff", body, now)
        return staff.recipients(tx)


def _recipient(tx: Connection, read: Reader) -> StaffRecipient:
    read.only("endpoint", "address", "language", "severity", "person", "step")
    slug, address = read.slug("endpoint"), read.text("address", longest=1_024, lines=False)
    language = read.text("language", longest=16, lines=False) or "en"
    read.check_language(read.path("language"), language)
    endpoint = endpoints.find(tx, slug) if slug else None
    if slug and endpoint is None:
        read.problem(
            "unknown_endpoint", read.path("endpoint"), f"names “{slug}”, which is not there", "List the endpoints."
        )
    if endpoint is not None:
        address = _address(read, endpoint.medium, address)
    person, step = read.text("person", longest=200, lines=False), read.number("step", 1, 99)
    if person and person not in users.names(tx):
        read.problem("unknown_user", read.path("person"), f"names “{person}”, who is not there", "List the users.")
    return StaffRecipient(slug, address, language, read.choice("severity", Severity, Severity.INFO), person, step)


def _address(read: Reader, medium: Medium, address: str) -> str:
    if medium in PUBLIC:
        read.problem("public_endpoint", read.path("endpoint"), "is read by everybody", "Name one that only staff read.")
    elif medium not in PERSONAL_MEDIA:
        if address:
            read.problem(
                "address_not_wanted", read.path("address"), "has no use: the endpoint is the place", "Leave it out."
            )
    elif not address:
        read.problem("missing", read.path("address"), "is missing", f"Say whom to reach by {medium.value}.")
    else:
        try:
            return normalise(medium, address, "")
        except Invalid as refused:
            one = refused.problems[0]
            read.problem(one.code, read.path("address"), f"is no address for {medium.value}", one.remedy)
    return address
