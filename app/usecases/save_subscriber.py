"""Put one person in their place, look at them, take them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.consent import Consent, How, Said, read_said
from app.domain.message import CODE_MEDIA, Medium
from app.domain.people import Person, check_external_id
from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import addresses, audit, consents, documents, people, subscribers
from app.store.addresses import Place
from app.store.database import Database
from app.store.documents import Kind
from app.store.subscribers import SubscriberRow

SUBJECT = "subscribers"
"""Of every audit entry that changes people: counts that are kept look at it."""


@dataclass(frozen=True, slots=True)
class PersonView:
    row: SubscriberRow
    """Addresses in the clear: mask them unless `show_subscriber` gave them."""
    consents: tuple[Consent, ...]


def save_subscriber(
    db: Database,
    keyring: Keyring,
    actor: Actor,
    external_id: str,
    document: Mapping[str, object],
    now: datetime,
    *,
    how: How = How.API,
    region: str = "",
) -> tuple[PersonView, bool]:
    """The person as they are now, and whether they are new.

    `document`: see `Person.from_document`; the external id of the address wins. An address is given by its value, or by
    the `address_id` of one the person has already, so that nobody need read it in the clear. Suppressed addresses stay
    suppressed, erased ones erased. Raise Invalid with one Problem per fault.
    """
    permit(actor, "save_subscriber")
    clean = check_external_id(external_id)
    if (document.get("external_id") or clean) != clean:
        raise Invalid(Problem("slug_differs", "The document names another person.", "external_id", "Leave it out."))
    person = Person.from_document(document, how, region)
    wanted: set[Place] = {(one.medium, one.value) for one in person.addresses or () if one.value}
    hashed = addresses.hashes(keyring, wanted)
    with db.writing() as tx:
        check_topics(tx, person.said)
        number, new = people.put(tx, clean, person, now)
        if person.addresses is not None:
            _link(tx, number, person, addresses.upsert(tx, hashed))
        said = consents.record(tx, {number: person.said}, actor.name, now) if person.said else 0
        body = {"subscriber": number, "new": new, "said": said, "addresses": len(person.addresses or ())}
        audit.append(tx, actor.name, "save_subscriber", SUBJECT, body, now)
        return _view(tx, clean), new


def say_consent(
    db: Database, actor: Actor, external_id: str, document: Mapping[str, object], now: datetime, *, how: How
) -> PersonView:
    """Note one statement of theirs: {medium, topic, granted, text_version}. Raise Invalid, NotFound."""
    permit(actor, "save_subscriber")
    problems: list[Problem] = []
    said = read_said(document, "", problems, how)
    if problems:
        raise Invalid(problems)
    with db.writing() as tx:
        check_topics(tx, (said,))
        row = subscribers.get(tx, external_id)
        consents.record(tx, {row.id: (said,)}, actor.name, now)
        audit.append(tx, actor.name, "say_consent", SUBJECT, {"subscriber": row.id, **_in_audit(said)}, now)
        return _view(tx, external_id)


def remove_subscriber(db: Database, actor: Actor, external_id: str, now: datetime) -> None:
    """Them and what they said; their addresses stay in the ledger and on the suppression list. Raise NotFound."""
    permit(actor, "save_subscriber")
    with db.writing() as tx:
        row = subscribers.get(tx, external_id)
        people.remove(tx, row.id)
        audit.append(tx, actor.name, "remove_subscriber", SUBJECT, {"subscriber": row.id}, now)


def read_subscriber(db: Database, external_id: str) -> PersonView:
    """For showing with its addresses masked. Raise NotFound."""
    with db.reading() as connection:
        return _view(connection, external_id)


def show_subscriber(db: Database, actor: Actor, external_id: str, now: datetime) -> PersonView:
    """The same for whoever may see addresses in the clear; that they looked is kept."""
    permit(actor, "show_address")
    with db.writing() as tx:
        view = _view(tx, external_id)
        audit.append(tx, actor.name, "show_address", f"subscriber/{view.row.id}", {}, now)
    return view


def _view(connection: Connection, external_id: str) -> PersonView:
    row = subscribers.get(connection, external_id)
    return PersonView(row, consents.of(connection, [row.id]).get(row.id, ()))


def _in_audit(said: Said) -> dict[str, object]:
    return {"medium": said.medium.value, "topic": said.topic, "granted": said.granted, "how": said.how.value}


def check_topics(tx: Connection, said: Sequence[Said]) -> None:
    """Raise Invalid for a topic that does not exist."""
    problems = [
        Problem("unknown_topic", f"There is no topic “{one.topic}”.", f"consents[{place}].topic", "List the topics.")
        for place, one in enumerate(said)
        if one.topic and documents.find(tx, Kind.TOPIC, one.topic) is None
    ]
    if problems:
        raise Invalid(problems)


def _link(tx: Connection, number: int, person: Person, made: Mapping[Place, int]) -> None:
    had = people.links(tx, number)
    wanted: dict[int, tuple[Medium, bool]] = {}
    for place, one in enumerate(person.addresses or ()):
        address_id = made[one.medium, one.value] if one.address_id is None else one.address_id
        if one.address_id is not None and CODE_MEDIA.get(had.get(one.address_id, 0)) is not one.medium:
            path = f"addresses[{place}].address_id"
            raise Invalid(Problem("unknown_address", "This person has no such address.", path, "Send the address."))
        preferred = one.preferred or wanted.get(address_id, (one.medium, False))[1]
        wanted[address_id] = (one.medium, preferred)
    people.replace_links(tx, number, wanted)
