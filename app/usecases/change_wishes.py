"""What the holder of a personal link sees and changes without signing in: language, area, media, topics, or leaving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.consent import How, Said, Standing, Wishes
from app.domain.manage import Managed
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.suppressing import Source, left_by_link
from app.domain.topics import EVERYTHING, Topic
from app.errors import not_found
from app.store import addresses, audit, consents, documents, own_choices, people
from app.store.addresses import AddressRow
from app.store.database import Database
from app.store.documents import Kind
from app.store.subscribers import ReachableAt, SubscriberRow
from app.usecases.confirm_sign_up import READER
from app.usecases.save_subscriber import SUBJECT


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants by one medium; not `on` = nothing."""

    on: bool
    topics: tuple[str, ...] = ()
    """Empty = everything."""


@dataclass(frozen=True, slots=True)
class Wanted:
    language: str
    area: str
    media: Mapping[Medium, Choice]
    preferred: Medium | None = None
    """What reaches them best."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose link it is, as they are now."""

    address: AddressRow
    stopped: bool
    alone: bool
    """Nobody else has this address: then the other media of the person can be changed too."""
    languages: tuple[str, ...]
    area: str
    media: Mapping[Medium, Choice]
    places: tuple[ReachableAt, ...]
    """In the clear: mask them. Of these media the preferred one, none of them stopped."""
    topics: tuple[Topic, ...]
    preferred: Medium | None = None


def look_at_wishes(db: Database, managed: Managed) -> Holder:
    """Changes nothing. Raise NotFound when nobody is reached at this address any more."""
    with db.reading() as connection:
        return _holder(connection, managed)


def change_wishes(db: Database, managed: Managed, wanted: Wanted, text_version: str, now: datetime) -> Holder:
    """Everybody who shares the address is meant; media nobody spoke of stay. Each change is kept with its proof.

    Language, area and what reaches them best, set here, are theirs from then on: a later import leaves them.

    A stopped address stays stopped, whatever is ticked. Raise NotFound.
    """
    with db.writing() as tx:
        holder, there = _holder(tx, managed), people.at_address(tx, managed.address_id)
        known = {topic.slug for topic in holder.topics}
        said: list[Said] = []
        for medium, choice in wanted.media.items():
            if medium in holder.media and choice != holder.media[medium]:
                said += _statements(medium, choice, known, text_version)
        ids = [one.id for one in there]
        news = consents.record(tx, dict.fromkeys(ids, said), READER, now) if said else 0
        if wanted.language != holder.languages[0]:
            languages = tuple(dict.fromkeys((wanted.language, *holder.languages)))
            people.change(tx, ids, now, languages=languages)
            own_choices.note(tx, ids, ("languages",), now)
        if wanted.area != holder.area:
            people.change(tx, ids, now, area=wanted.area)
            own_choices.note(tx, ids, ("area",), now)
        if holder.alone and wanted.preferred is not holder.preferred:
            people.change(tx, ids, now, preferred_medium=wanted.preferred.value if wanted.preferred else None)
            own_choices.note(tx, ids, ("preferred_medium",), now)
        body = {"subscribers": ids, "said": news, "media": sorted(medium.value for medium in wanted.media)}
        audit.append(tx, READER, "change_wishes", SUBJECT, body, now)
        return _holder(tx, managed)


def leave(db: Database, managed: Managed, text_version: str, now: datetime) -> AddressRow:
    """Nothing more to this address, nor by any other medium to whoever has it alone. Raise NotFound.

    The address is stopped and its consents stay as they were, so that a later START is enough.
    """
    with db.writing() as tx:
        holder, there = _holder(tx, managed), people.at_address(tx, managed.address_id)
        others = [
            medium
            for medium in holder.media
            if holder.alone and (medium is not holder.address.medium or medium is Medium.PUSH)  # their other devices
        ]
        said = [Said(medium, EVERYTHING, False, How.FORM, text_version) for medium in others]
        ids = [one.id for one in there]
        consents.record(tx, dict.fromkeys(ids, said), READER, now)
        if addresses.suppress(tx, managed.address_id, left_by_link(holder.address.medium), now, Source.PERSON):
            own = Said(holder.address.medium, EVERYTHING, False, How.FORM, text_version)
            consents.testify(tx, ids, own, READER, now)
        audit.append(tx, READER, "leave", SUBJECT, {"subscribers": ids}, now)
        return holder.address


def _holder(connection: Connection, managed: Managed) -> Holder:
    row = addresses.get(connection, managed.address_id)
    there = people.at_address(connection, managed.address_id)
    if not there or row.value is None or MEDIUM_CODES[row.medium] != managed.medium:
        raise not_found("address", managed.address_id)
    first, alone = there[0], len(there) == 1
    places = _places(first) if alone else tuple(one for one in first.addresses if one.address_id == row.id)
    rows = consents.of(connection, [first.id]).get(first.id, ())
    held = {(one.said.medium, one.said.topic): one.said.granted for one in rows}
    wishes = Wishes(Standing(first.standing), held)
    stopped = bool(addresses.suppressed(connection, [row.id]))
    media = {row.medium: _choice(wishes, row.medium)} | {
        one.medium: _choice(wishes, one.medium) for one in places if one.medium is not row.medium
    }
    topics = tuple(Topic.from_document(one.document) for one in documents.everything(connection, Kind.TOPIC))
    preferred = Medium(first.preferred_medium) if alone and first.preferred_medium else None
    return Holder(row, stopped, alone, first.languages, first.area, media, places, topics, preferred)


def _places(one: SubscriberRow) -> tuple[ReachableAt, ...]:
    return tuple(place for place in one.addresses if place.preferred and place.value and not place.suppressed)


def _choice(wishes: Wishes, medium: Medium) -> Choice:
    of_medium = {topic: granted for (by, topic), granted in wishes.choices.items() if by is medium}
    whole = of_medium.get(EVERYTHING, wishes.standing is Standing.CUSTOMER)
    topics = tuple(sorted(topic for topic, granted in of_medium.items() if topic != EVERYTHING and granted))
    return Choice(on=True) if whole else Choice(bool(topics), topics)


def _statements(medium: Medium, choice: Choice, known: set[str], text_version: str) -> Sequence[Said]:
    chosen = [topic for topic in choice.topics if topic in known]
    everything = Said(medium, EVERYTHING, choice.on and not chosen, How.FORM, text_version)
    topics = [Said(medium, topic, True, How.FORM, text_version) for topic in chosen if choice.on]
    return [everything, *topics]
