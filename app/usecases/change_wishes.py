"""What the holder of a personal link sees and changes without signing in: language, area, media, topics, or leaving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.consent import How, Said, Standing, Wishes
from app.domain.manage import Managed
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.own_wishes import Choice, area_together, chosen, languages_together, statements, together
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
    people: int
    """How many have this address; what is shown is what reaches all of them there."""
    languages: tuple[str, ...]
    area: str
    """"" also where they live in different ones."""
    media: Mapping[Medium, Choice]
    places: tuple[ReachableAt, ...]
    """In the clear: mask them. Of these media the preferred one, none of them stopped."""
    topics: tuple[Topic, ...]
    preferred: Medium | None = None

    @property
    def alone(self) -> bool:
        """Then the other media of the person can be changed too."""
        return self.people == 1


def look_at_wishes(db: Database, managed: Managed) -> Holder:
    """Changes nothing. Raise NotFound when nobody is reached at this address any more."""
    with db.reading() as connection:
        return _holder(connection, managed)


def change_wishes(db: Database, managed: Managed, wanted: Wanted, text_version: str, now: datetime) -> Holder:
    """What is chosen holds for everybody who shares the address; media nobody spoke of stay as each of them has them.
    Each person's change is kept with its proof.

    Language, area and what reaches them best, set here, are theirs from then on: a later import leaves them.

    A stopped address stays stopped, whatever is ticked. Raise NotFound.
    """
    with db.writing() as tx:
        there = _there(tx, managed)[1]
        holder = _holder(tx, managed)
        known = {topic.slug for topic in holder.topics}
        said: dict[int, list[Said]] = {}
        for person, wishes in _wishes(tx, _written_to(there, managed.address_id)).items():
            for medium, choice in wanted.media.items():
                if choice not in (holder.media.get(medium, choice), chosen(wishes, medium)):
                    said.setdefault(person, []).extend(statements(medium, choice, known, text_version))
        news = consents.record(tx, said, READER, now) if said else 0
        ids = [one.id for one in there]
        if wanted.language != holder.languages[0]:
            for one in there:
                people.change(tx, [one.id], now, languages=tuple(dict.fromkeys((wanted.language, *one.languages))))
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
    row, there = _there(connection, managed)
    first, alone = there[0], len(there) == 1
    places = _places(first) if alone else tuple(one for one in first.addresses if one.address_id == row.id)
    wishes = list(_wishes(connection, _written_to(there, row.id)).values())
    media = dict.fromkeys([row.medium, *(one.medium for one in places)])
    return Holder(
        address=row,
        stopped=bool(addresses.suppressed(connection, [row.id])),
        people=len(there),
        languages=languages_together([one.languages for one in there]),
        area=area_together([one.area for one in there]),
        media={medium: together([chosen(one, medium) for one in wishes]) for medium in media},
        places=places,
        topics=tuple(Topic.from_document(one.document) for one in documents.everything(connection, Kind.TOPIC)),
        preferred=Medium(first.preferred_medium) if alone and first.preferred_medium else None,
    )


def _there(connection: Connection, managed: Managed) -> tuple[AddressRow, list[SubscriberRow]]:
    row = addresses.get(connection, managed.address_id)
    there = people.at_address(connection, managed.address_id)
    if not there or row.value is None or MEDIUM_CODES[row.medium] != managed.medium:
        raise not_found("address", managed.address_id)
    return row, there


def _written_to(there: Sequence[SubscriberRow], address_id: int) -> Sequence[SubscriberRow]:
    """Those of them who get their messages here and not at another address of theirs; if nobody does, all."""
    here = [one for one in there if any(place.address_id == address_id and place.preferred for place in one.addresses)]
    return here or there


def _wishes(connection: Connection, whose: Sequence[SubscriberRow]) -> dict[int, Wishes]:
    held = consents.of(connection, [one.id for one in whose])
    said = {
        one.id: {(row.said.medium, row.said.topic): row.said.granted for row in held.get(one.id, ())} for one in whose
    }
    return {one.id: Wishes(Standing(one.standing), said[one.id]) for one in whose}


def _places(one: SubscriberRow) -> tuple[ReachableAt, ...]:
    return tuple(place for place in one.addresses if place.preferred and place.value and not place.suppressed)
