"""Take a letter somebody wrote back: staff read it beside the texts. Its sender is a claim, so little is believed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.audience import normalise
from app.domain.consent import How
from app.domain.endpoints import Endpoint
from app.domain.keywords import keyword
from app.domain.letters import Letter
from app.domain.message import MEDIUM_CODES, Medium, Wish
from app.domain.reference import DeliveryKey, decode
from app.domain.replying import A_DAY, Effect
from app.errors import Invalid, Problem
from app.store import addresses, hearing
from app.usecases.take_reply import Listener, Spoken, hear

MOST_FROM_ONE: Final = 20
"""Letters of one address a day: a robot that does not say so ends here."""
MOST_OF_STRANGERS: Final = 500
"""By one endpoint a day, beyond which only answers to letters of ours are taken."""


class Unread(StrEnum):
    """Why a letter was not kept."""

    REPEATED = "repeated"
    NO_ADDRESS = "no_address"
    TOO_MANY = "too_many"


def take_letter(
    listener: Listener, endpoint: Endpoint, letter: Letter, now: datetime, *, reference_key: bytes
) -> Effect | Unread:
    """One short transaction; the same letter twice counts once. Nothing is ever answered.

    "STOP" takes hold where the letter answers one of ours to that very address, which shows that they have it; any
    other word, and every word of whoever cannot show it, is for staff to read. Raise Invalid: no endpoint of e-mail.
    """
    if endpoint.medium is not Medium.EMAIL:
        raise Invalid(Problem("no_mail", f"“{endpoint.slug}” sends no mail.", "endpoint", "Name one that does."))
    try:
        clean = normalise(Medium.EMAIL, letter.sender, "")
    except Invalid:
        return Unread.NO_ADDRESS
    place, answered = (Medium.EMAIL, clean), _ours(letter, reference_key)
    with listener.db.writing() as tx:
        if hearing.known(tx, endpoint.id, letter.event_id):
            return Unread.REPEATED
        known = addresses.known(tx, addresses.hashes(listener.keyring, [place]))
        since = now - A_DAY
        if known is not None and hearing.written_since(tx, endpoint.id, since, known) >= MOST_FROM_ONE:
            return Unread.TOO_MANY
        if answered is None and hearing.written_since(tx, endpoint.id, since) >= MOST_OF_STRANGERS:
            return Unread.TOO_MANY
        address_id = known if known is not None else addresses.resolve(tx, listener.keyring, *place)
        found = keyword(letter.text, listener.words.vocabulary)
        shown = answered is not None and answered.address_id == address_id
        stop = Wish.STOP if shown and found is not None and found.wish is Wish.STOP else None
        told = answered.broadcast if answered else hearing.last_told(tx, Medium.EMAIL, address_id)
        spoken = Spoken(letter.event_id, letter.words, stop, True, found, told, How.EMAIL)
        return hear(tx, listener, endpoint, address_id, spoken, now)


def _ours(letter: Letter, key: bytes) -> DeliveryKey | None:
    """The first message of ours it answers."""
    for reference in letter.answers:
        found = decode(reference, key)
        if found is not None and found.medium == MEDIUM_CODES[Medium.EMAIL]:
            return found
    return None
