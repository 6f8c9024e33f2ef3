"""Never write to this address again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.audience import normalise
from app.domain.consent import How, Said
from app.domain.message import Medium
from app.domain.principals import Actor, permit
from app.domain.suppressing import WANTS_LESS, Source, left_by_link
from app.domain.texts import forbidden_character, tidy
from app.domain.topics import EVERYTHING
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import addresses, audit, consents, people
from app.store.addresses import AddressRow
from app.store.database import Database

LONGEST_REASON: Final = 32
READER: Final = "reader"


def suppress_address(
    db: Database,
    keyring: Keyring,
    actor: Actor | None,
    medium: Medium,
    value: str,
    reason: str,
    now: datetime,
    *,
    region: str = "",
) -> AddressRow:
    """`value` as a person writes it; an address we never saw is suppressed too, for later imports.

    `reason`: a short word that is counted, 1 to 32 characters.
    `actor` None = the reader themselves.
    """
    if actor is not None:
        permit(actor, "suppress_address")
    word, clean = _short(reason), normalise(medium, value, region)
    with db.writing() as tx:
        address_id = addresses.resolve(tx, keyring, medium, clean)
        if addresses.suppress(tx, address_id, word, now, _source(actor)):
            _note(tx, actor, address_id, word, now)
        return addresses.get(tx, address_id)


def unsubscribe_address(db: Database, address_id: int, how: How, text_version: str, now: datetime) -> None:
    """The holder of its personal link wants nothing more there; said twice it counts once. Raise NotFound.

    `how` they said so and the version of the words they had before them ("" = none) are the proof in the history of
    everybody who is reached there.
    """
    with db.writing() as tx:
        row = addresses.get(tx, address_id)
        why = left_by_link(row.medium)
        if addresses.suppress(tx, address_id, why, now, Source.PERSON):
            said = Said(row.medium, EVERYTHING, False, how, text_version)
            consents.testify(tx, people.ids_at(tx, address_id), said, READER, now)
            _note(tx, None, address_id, why, now, how)


def _short(reason: str) -> str:
    word = tidy(reason)
    if not 1 <= len(word) <= LONGEST_REASON or forbidden_character(word, lines=False):
        raise Invalid(
            Problem("bad_reason", f"A reason has 1 to {LONGEST_REASON} characters.", "reason", "Say it in two words.")
        )
    if word == WANTS_LESS:
        raise Invalid(Problem("bad_reason", "This word means something else.", "reason", "Use another word."))
    return word


def _source(actor: Actor | None) -> Source:
    return Source.PERSON if actor is None else Source.STAFF


def _note(
    tx: Connection, actor: Actor | None, address_id: int, reason: str, now: datetime, how: How | None = None
) -> None:
    name = actor.name if actor is not None else READER
    body = {"reason": reason, **({"how": how.value} if how else {})}
    audit.append(tx, name, "suppress_address", f"address/{address_id}", body, now)
