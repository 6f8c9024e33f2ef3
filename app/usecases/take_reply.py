"""Take what somebody wrote back: do what a keyword asks for at once, keep everything else for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from app.domain.audience import choose_language, normalise
from app.domain.consent import How, Said
from app.domain.endpoints import Endpoint
from app.domain.keywords import Keyword, keyword
from app.domain.message import Medium, Reply, Wish
from app.domain.replying import A_DAY, LONGEST, Answer, Effect, Silence, Standing, answer, effect
from app.domain.suppressing import Source, Why
from app.domain.texts import tidy
from app.domain.topics import EVERYTHING
from app.errors import Invalid
from app.keyring import Keyring
from app.observe import logger
from app.store import addresses, audit, consents, hearing, people, wishes
from app.store.database import Database
from app.store.hearing import Heard
from app.templating.replies import ReplyWords
from app.usecases.link_chat import link_chat

MOST_FROM_ONE: Final = 100
"""Messages of one address that are kept within 24 hours: a chat costs whoever floods us nothing."""


class Ignored(StrEnum):
    REPEATED = "repeated"
    """This message was taken before."""
    NO_ADDRESS = "no_address"
    """Whoever sent it cannot be written to: a short code, a name."""
    TOO_MANY = "too_many"
    """Staff would not find the others' any more. STOP, START and a personal link are heard all the same."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What every reply is held against."""

    db: Database
    keyring: Keyring
    words: ReplyWords
    default_language: str = "en"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What somebody said, as far as it is believed."""

    event_id: str
    words: str
    """Kept for staff when it is no keyword."""
    wish: Wish | None
    answered: bool
    """Nobody is to answer it."""
    found: Keyword | None
    told: int | None
    """The broadcast it answers; None = not known."""
    how: How
    linked: bool = False
    """By it they linked this address to themselves."""


def take_reply(listener: Listener, endpoint: Endpoint, reply: Reply, now: datetime) -> Effect | Ignored:
    """One short transaction. The same message twice counts once.

    From its commit on no worker admits a stopped address any more, and none begins a call to it that was admitted
    before once it has looked at what staff want, half a second later at most.
    """
    try:
        clean = normalise(endpoint.medium, reply.sender, "")
    except Invalid:
        logger("clarion.callbacks").warning("reply_ignored", endpoint=endpoint.slug, why=Ignored.NO_ADDRESS.value)
        return Ignored.NO_ADDRESS
    found = keyword(reply.text, listener.words.vocabulary)
    wish = reply.wish or (found.wish if found else None)
    how = How.CHAT if endpoint.medium is Medium.CHAT else How.SMS
    with listener.db.writing() as tx:
        if hearing.known(tx, endpoint.id, reply.event_id):
            return Ignored.REPEATED
        address_id = addresses.resolve(tx, listener.keyring, endpoint.medium, clean)
        heard = wish in (Wish.STOP, Wish.START) or bool(reply.hands_in)
        if not heard and hearing.written_since(tx, endpoint.id, now - A_DAY, address_id) >= MOST_FROM_ONE:
            return Ignored.TOO_MANY
        linked = bool(reply.hands_in) and (
            link_chat(tx, listener.keyring, endpoint.medium, clean, reply.hands_in, now) is not None
        )
        told = hearing.last_told(tx, endpoint.medium, address_id)
        spoken = Spoken(reply.event_id, reply.text, wish, reply.answered, found, told, how, linked)
        return hear(tx, listener, endpoint, address_id, spoken, now)


def hear(
    tx: Connection, listener: Listener, endpoint: Endpoint, address_id: int, spoken: Spoken, now: datetime
) -> Effect:
    """Keep it, and do what it asks for. It was not heard before."""
    before = hearing.standing(tx, endpoint.medium, address_id)
    reached = spoken.linked and not before.suppressed  # else it is linked, and staff see that nothing arrives there
    done = Effect.LINKED if reached else effect(_wanted(endpoint.medium, spoken.wish, before), before)
    said = answer(done, before, hearing.answered_lately(tx, address_id, now), answered=spoken.answered)
    hearing.keep(
        tx,
        Heard(
            endpoint=endpoint.id,
            event_id=spoken.event_id,
            address_id=address_id,
            medium=endpoint.medium,
            wish=spoken.wish,
            effect=done,
            words=_kept(listener.keyring, spoken.words) if done is Effect.FOR_STAFF else None,
            language=_language(tx, listener, address_id, spoken.found),
            broadcast=spoken.told,
            answer=said if isinstance(said, Answer) else Answer.NONE,
            answer_reason=said.value if isinstance(said, Silence) else "",
            at=now,
        ),
    )
    _carry_out(tx, endpoint.medium, address_id, done, before, spoken.how, now)
    return done


def _wanted(medium: Medium, wish: Wish | None, before: Standing) -> Wish | None:
    """A chat with a bot begins with its "Start", which is no word to us where there is nothing to start."""
    nothing = (
        wish is Wish.START and medium is Medium.CHAT and not (before.suppressed or before.less or before.withdrawn)
    )
    return Wish.HELP if nothing else wish


def _carry_out(
    tx: Connection, medium: Medium, address_id: int, done: Effect, before: Standing, how: How, now: datetime
) -> None:
    match done:
        case Effect.STOPPED:
            addresses.suppress(tx, address_id, Why.OPTED_OUT, now, Source.PERSON)
            _testify(tx, Said(medium, EVERYTHING, False, how), address_id, now)
            _note(tx, "suppress_address", address_id, Wish.STOP, now)
        case Effect.BLOCKED if addresses.take_back_stop(tx, address_id):  # what else holds it, staff may lift
            _testify(tx, Said(medium, EVERYTHING, True, how), address_id, now)
            _note(tx, "take_back_stop", address_id, Wish.START, now)
        case Effect.STARTED:
            addresses.take_back_stop(tx, address_id)
            wishes.wish_for_everything(tx, address_id)
            _start_again(tx, Said(medium, EVERYTHING, True, how), address_id, now)
            _note(tx, "lift_suppression", address_id, Wish.START, now)
        case Effect.LESS if not before.less:
            wishes.wish_for_less(tx, address_id, now)
            _note(tx, "wish_for_less", address_id, Wish.LESS, now)
        case Effect.MORE:
            wishes.wish_for_everything(tx, address_id)
            _note(tx, "wish_for_everything", address_id, Wish.MORE, now)


def _start_again(tx: Connection, said: Said, address_id: int, now: datetime) -> None:
    """Whoever took everything back themselves gets it again; everybody else what they had chosen, and no more."""
    back = consents.withdrawn(tx, said.medium, address_id)
    consents.record(tx, {one: [said] for one in back}, "reader", now)
    others = [one for one in people.ids_at(tx, address_id) if one not in back]
    consents.testify(tx, others, said, "reader", now)


def _testify(tx: Connection, said: Said, address_id: int, now: datetime) -> None:
    """Their own word is the proof: they had no text of ours before them."""
    consents.testify(tx, people.ids_at(tx, address_id), said, "reader", now)


def _note(tx: Connection, act: str, address_id: int, wish: Wish, now: datetime) -> None:
    audit.append(tx, "reader", act, f"address/{address_id}", {"reason": wish.value, "how": "reply"}, now)


def _language(tx: Connection, listener: Listener, address_id: int, found: Keyword | None) -> str:
    """Theirs; a stranger's is the one they write in, as far as one word tells."""
    spoken = hearing.languages_of(tx, address_id)
    if not spoken and found is not None and len(found.languages) == 1:
        spoken = list(found.languages)
    return choose_language(spoken, list(listener.words.answers), listener.default_language)


def _kept(keyring: Keyring, text: str) -> bytes:
    return keyring.seal(tidy(text)[:LONGEST].encode("utf-8", "replace"))
