"""What an update will bring to its contact channels, before anybody approves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from app.domain.contact_load import ContactShares, Finding, Load, NoPace, Occasion, Slower, Told, weigh
from app.domain.routing import EMERGENCY_NEED
from app.domain.updates import UpdateDocument
from app.errors import Problem
from app.store import crises, documents
from app.store.database import Database
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.measure_reach import Reach

_NO_PACE: Final = {
    NoPace.URGENT: "an emergency or a correction is never held back",
    NoPace.EXPIRES_FIRST: "the words expire before so many could be answered",
    NoPace.CLOSES_FIRST: "it closes before so many could be answered",
}


def weigh_contacts(
    db: Database, row: UpdateRow, reach: Reach | None, at: datetime, *, shares: ContactShares, language: str
) -> Load | None:
    """None when it reaches nobody by person, or nobody can say yet whom; a drill brings nobody either.

    `shares`: the organisation's; the playbook's own figures take their place. `language`: the one most customers read.
    """
    update = UpdateDocument.from_document(row.document)
    if reach is None or not reach.people or update.drill:
        return None
    with db.reading() as connection:
        crisis = crises.get(connection, row.crisis)
        playbook = documents.find(connection, Kind.PLAYBOOK, crisis.playbook) if crisis.playbook else None
        registry = documents.registry(connection)
    need = update.need or next((slug for slug in registry.needs if slug != EMERGENCY_NEED), EMERGENCY_NEED)
    assumed = shares.over((playbook.document if playbook else {}).get("contact_shares") or {})
    told = Told(reach.people, reach.personal, reach.seconds)
    said = Occasion(crisis.severity, update.stage, need, language, at, update.expires_at, update.audience)
    return weigh(registry, told, said, assumed)


def warnings_of(load: Load | None) -> Iterator[Problem]:
    """What staff should know before they approve, with the offer."""
    if load is None or load.finding not in (Finding.OVER_CAPACITY, Finding.NOBODY_THERE):
        return
    many = f"About {load.contacts:,} people will probably get in touch"
    if load.finding is Finding.NOBODY_THERE:
        sentence = f"{many}, and “{load.contact_channel}” is closed then."
        yield Problem(load.finding.value, sentence, "need", "Open a contact channel for them, or send it later.")
        return
    takes = f"“{load.contact_channel}” takes {load.takes_per_hour:,} an hour"
    sentence = f"{many}, up to {load.per_hour:,} an hour; {takes}."
    if load.wait_minutes:
        sentence = f"{many}, up to {load.per_hour:,} an hour; {takes} and has a wait of {load.wait_minutes} minutes."
    yield Problem(load.finding.value, sentence, "recipients_per_hour", " ".join(_offers(load)))


def _offers(load: Load) -> Iterator[str]:
    if isinstance(load.slower, Slower):
        pace, ends = load.slower.recipients_per_hour, _time(load.slower.ends_at)
        yield f"Pace it: {pace:,} recipients an hour, the last one by {ends}."
    elif load.slower is not None:
        yield f"Pacing does not help: {_NO_PACE[load.slower]}."
    if load.elsewhere is not None:
        known = "" if load.elsewhere.capacity_known else ", whose capacity is not stated"
        until = _time(load.elsewhere.until)
        yield f"Route elsewhere: customers are led to “{load.elsewhere.instead}”{known} until {until}."
    elif not isinstance(load.slower, Slower):
        yield "No other contact channel can take them: add people there, or another route."


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
