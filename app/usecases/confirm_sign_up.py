"""The one tap by which somebody shows that an address is theirs: then, and only then, they are a subscriber."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.consent import How, Said, Standing
from app.domain.message import Medium
from app.domain.people import Person
from app.domain.sign_ups import LINK_LASTS, PURPOSE, Asking, read_sign_up_token
from app.domain.topics import EVERYTHING
from app.errors import not_found
from app.keyring import Keyring
from app.store import addresses, audit, consents, documents, own_choices, people, sign_ups
from app.store.database import Database
from app.store.documents import Kind
from app.store.sign_ups import SignUpRow
from app.store.subscribers import SubscriberRow
from app.usecases.save_subscriber import SUBJECT

READER = "reader"


class Stands(StrEnum):
    """How a link stands, for whoever holds it: they have shown that the address is theirs."""

    WAITS = "waits"
    DONE = "done"
    OVER = "over"
    STOPPED = "stopped"
    """They said STOP, or stopped the e-mails: that is taken back by themselves or by staff, never by a form."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    stands: Stands
    asking: Asking
    address_id: int | None
    """Once there is one."""


def look_at_sign_up(db: Database, keyring: Keyring, token: str, now: datetime) -> LookedAt:
    """Changes nothing, however often it is opened. Raise NotFound for a link that is none."""
    with db.reading() as connection:
        row = _held(connection, keyring, token)
        known = addresses.known(connection, {(row.asking.medium, row.asking.value): row.value_hash})
        return LookedAt(_stands(connection, row, known, now), row.asking, known)


def confirm_sign_up(db: Database, keyring: Keyring, token: str, now: datetime) -> LookedAt:
    """The person with their consents and its proof, made or found by their address. Pressed twice it acts once.

    A stopped address stays stopped. Raise NotFound.
    """
    with db.writing() as tx:
        row = _held(tx, keyring, token, lock=True)
        asking = row.asking
        known = addresses.known(tx, {(asking.medium, asking.value): row.value_hash})
        stands = _stands(tx, row, known, now)
        if stands is not Stands.WAITS:
            return LookedAt(stands, asking, known)
        address_id = addresses.resolve(tx, keyring, asking.medium, asking.value)
        addresses.restore(tx, address_id, asking.value)
        how = How.DEVICE if asking.medium is Medium.PUSH else How.FORM
        person = _person(tx, row, address_id, now)
        said = [Said(asking.medium, topic, True, how, row.text_version) for topic in _topics(tx, asking)]
        consents.record(tx, {person: said}, READER, now)
        sign_ups.confirm(tx, row.id, now)
        body = {"subscriber": person, "medium": asking.medium.value, "topics": [one.topic for one in said]}
        audit.append(tx, READER, "confirm_sign_up", SUBJECT, body, now)
        return LookedAt(Stands.DONE, asking, address_id)


def _held(connection: Connection, keyring: Keyring, token: str, *, lock: bool = False) -> SignUpRow:
    link = read_sign_up_token(keyring.key(PURPOSE), token)
    row = sign_ups.find(connection, link[0], lock=lock) if link is not None else None
    if row is None or not row.asking.value or link is None or row.at.replace(microsecond=0) != link[1]:
        raise not_found("sign-up", token[:8])
    return row


def _stands(connection: Connection, row: SignUpRow, address_id: int | None, now: datetime) -> Stands:
    if address_id is not None and addresses.suppressed(connection, [address_id]):
        return Stands.STOPPED
    if row.confirmed_at is not None:
        return Stands.DONE
    return Stands.OVER if now - row.at > LINK_LASTS else Stands.WAITS


def _topics(tx: Connection, asking: Asking) -> list[str]:
    """Those that are still there; when none was chosen, everything."""
    chosen = [topic for topic in asking.topics if documents.find(tx, Kind.TOPIC, topic) is not None]
    return chosen or [EVERYTHING]


def _person(tx: Connection, row: SignUpRow, address_id: int, now: datetime) -> int:
    """Whoever alone has this address, or asked by their own link; else somebody new, who hears only what they chose."""
    there = people.at_address(tx, address_id)
    if len(there) == 1:
        (one,) = there
        if one.standing == Standing.SELF:
            people.change(tx, [one.id], now, languages=_first(row.asking.language, one), area=row.asking.area)
            own_choices.note(tx, [one.id], ("languages", "area"), now)
        return one.id
    holders = people.at_address(tx, row.beside) if row.beside is not None and not there else ()
    if len(holders) == 1:
        return one_more(tx, holders[0], row.asking.medium, address_id)
    person = Person("", (row.asking.language,), "UTC", row.asking.area, {}, Standing.SELF, None, (), ())
    number, _ = people.put(tx, f"self-{row.id}-{to_ms(row.at)}", person, now)
    people.replace_links(tx, number, {address_id: (row.asking.medium, True)})
    return number


def one_more(tx: Connection, one: SubscriberRow, medium: Medium, address_id: int) -> int:
    """From now on the one of its medium that is written to; the others are kept."""
    links = {
        place.address_id: (place.medium, place.preferred and place.medium is not medium) for place in one.addresses
    }
    people.replace_links(tx, one.id, {**links, address_id: (medium, True)})
    return one.id


def _first(language: str, one: SubscriberRow) -> tuple[str, ...]:
    return tuple(dict.fromkeys((language, *one.languages)))
