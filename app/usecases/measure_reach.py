"""How many an update would reach, and for how long it would be on its way, before anybody freezes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.audience import choose_language
from app.domain.consent import ORDINARY, Asked, Hearing, asked_of
from app.domain.contact_load import pace_hours
from app.domain.courtesy import Courtesy
from app.domain.endpoints import Endpoint
from app.domain.eta import Backlog, finishing, pace_of
from app.domain.languages import NOTHING, LanguagePolicy
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.planning import SHARD_SIZE, lane, share_out
from app.domain.quiet_hours import Foreseen, foresee
from app.domain.updates import UpdateDocument
from app.errors import Problem
from app.store import audiences, backlogs, counting, crises, documents, endpoints, listing, pacing
from app.store.audiences import AudienceRow
from app.store.counting import Reached
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.be_courteous import courtesy_of
from app.usecases.counted import counted, reached, told_by
from app.usecases.counted import people as people_of
from app.usecases.submit_update import Plan

NOBODY: Final[Mapping[tuple[Medium, Hearing], int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reach:
    """As of now; the exact number is frozen when the update is submitted."""

    recipients: dict[Medium, int]
    """Different addresses per medium; for sites and accounts the endpoints themselves."""
    seconds: float
    """From the start of its wave until the last one is handed over, beside what waits there now: at the pace the
    endpoints really have, or the update's own."""
    people: int = 0
    """Persons among them, at most: somebody may share an address with others."""
    left_out: Mapping[tuple[Medium, Hearing], int] = field(default_factory=lambda: NOBODY)
    """Persons of the audience who do not get it by a medium, because they did not agree to, and why."""
    unread: Mapping[Medium, int] = field(default_factory=dict)
    """Addresses of people who get nothing, because they read none of its languages and its policy is to skip them."""
    asked: Asked = ORDINARY
    """What of the update decides that."""
    asleep: Foreseen | None = None
    """Whom it would let sleep, if it were sent now; the last of them lies beyond `seconds`."""
    one_medium: bool = False
    """Who can be reached by several media gets it by the first, and by another only if that fails."""

    @property
    def personal(self) -> int:
        """Deliveries to persons, in all media."""
        return sum(number for medium, number in self.recipients.items() if medium in PERSONAL_MEDIA)


def measure_reach(db: Database, row: UpdateRow, now: datetime) -> Reach | None:
    """None when nobody can say yet: no audience is named, or a correction, which goes where the wrong words went."""
    update = UpdateDocument.from_document(row.document)
    with db.reading() as connection:
        ways = [each for each in endpoints.everything(connection) if each.slug in update.endpoints]
        personal = {way.medium for way in ways} & PERSONAL_MEDIA
        found = audiences.find(connection, update.audience) if update.audience else None
        if row.corrects is not None or row.completes is not None or (personal and found is None):
            return None
        crisis = crises.get(connection, row.crisis)
        of_lane = lane(update.stage, crisis.severity)
        asked = asked_in(connection, update, crisis)
        reachable: dict[Medium, int] = {}
        audience, left_out = 0, NOBODY
        unread: dict[Medium, int] = {}
        if found is not None:
            rule = audiences.resolved(connection, found.typed())
            told = reached(db, connection, rule, asked)
            unread = _unread(connection, update, told)
            reachable = {medium: number - unread.get(medium, 0) for medium, number in told.by_medium.items()}
            unread = {medium: number for medium, number in unread.items() if medium in personal}
            if personal:
                audience = people_of(db, connection, rule)
                missing = counting.count_left_out(connection, rule, asked)
                left_out = {key: number for key, number in missing.items() if key[0] in personal}
        before = backlogs.by_endpoint(connection, to_ms(now))
        rates = pacing.rates(connection)
        courtesy = _courtesy(connection, row, crisis, [way.medium for way in ways])
        asleep = None
        if courtesy.quiet is not None and found is not None:
            zones = _zones(db, connection, found, courtesy.quiet.media & personal, asked)
            asleep = foresee(courtesy.quiet, zones, now, update.expires_at)
    recipients = {
        medium: reachable.get(medium, 0) if medium in PERSONAL_MEDIA else sum(way.medium is medium for way in ways)
        for medium in dict.fromkeys(way.medium for way in ways)
    }
    slowest = 0.0
    for way, share in _shares(ways, recipients):
        waiting = before.get(way.id, [])
        rate = pace_of(rates.get(way.id, way.rate_per_second), [seen for _, seen in waiting])
        queue = [*(backlog for backlog, _ in waiting), Backlog(of_lane, _THIS, share)]
        slowest = max(slowest, finishing(rate, queue)[_THIS])
    one_medium = bool(courtesy.first_media)
    reach = Reach(
        recipients, slowest, left_out=left_out, asked=asked, unread=unread, asleep=asleep, one_medium=one_medium
    )
    people = min(audience, reach.personal)
    if update.recipients_per_hour is None:
        return replace(reach, people=people)
    paced = pace_hours(reach.personal, update.recipients_per_hour) * 3_600
    return replace(reach, people=people, seconds=max(slowest, paced))


def _unread(connection: Connection, update: UpdateDocument, told: Reached) -> dict[Medium, int]:
    """Addresses of people who read none of its languages, where such people get nothing."""
    if update.language_policy is not LanguagePolicy.SKIP or not update.content:
        return {}
    lists, found = listing.language_lists(connection), Counter[Medium]()
    for (medium, number), there in told.by_list.items():
        if choose_language(lists.get(number, ()), update.readers_languages, NOTHING) == NOTHING:
            found[medium] += there
    return dict(found)


def asked_in(connection: Connection, update: UpdateDocument, crisis: CrisisRow) -> Asked:
    """What decides who agreed to hear this update, in its crisis as it is."""
    playbook = documents.find(connection, Kind.PLAYBOOK, crisis.playbook) if crisis.playbook else None
    return asked_of(update.topic, update.message_class, playbook.document if playbook else {}, crisis.severity)


def left_out_of(connection: Connection, row: UpdateRow, plan: Plan) -> Mapping[tuple[Medium, Hearing], int]:
    """As `Reach.left_out`, of an update that was submitted; corrections ask nobody again."""
    found = audiences.find(connection, plan.update.audience) if plan.update.audience else None
    if found is None or row.corrects is not None or row.completes is not None:
        return NOBODY
    personal = {way.medium for way in plan.ways} & PERSONAL_MEDIA
    missing = counting.count_left_out(connection, found.typed(), plan.asked)
    return {key: number for key, number in missing.items() if key[0] in personal}


def _courtesy(connection: Connection, row: UpdateRow, crisis: CrisisRow, media: Sequence[Medium]) -> Courtesy:
    book = documents.find(connection, Kind.PLAYBOOK, crisis.playbook) if crisis.playbook else None
    return courtesy_of(connection, row, crisis.severity, book.document if book else {}, media)[1]


def _zones(
    db: Database, connection: Connection, found: AudienceRow, media: frozenset[Medium], asked: Asked
) -> Mapping[str, int]:
    """Addresses of these media by the time zone of their people."""
    rule = audiences.resolved(connection, found.typed())
    what = f"zones {' '.join(sorted(media))} {asked.message_class} {asked.topic}"
    return counted(
        db, connection, what, told_by(connection, rule), lambda c: counting.count_by_zone(c, rule, media, asked)
    )


def _shares(ways: Sequence[Endpoint], recipients: Mapping[Medium, int]) -> Iterator[tuple[Endpoint, int]]:
    """How many each endpoint would get: shard by shard, as staging shares them out."""
    for medium, number in recipients.items():
        own = [way for way in ways if way.medium is medium]
        turns = share_out(-(-number // SHARD_SIZE), [way.weight for way in own])
        sizes = Counter[int]()
        for at, turn in enumerate(turns):
            sizes[turn] += min(SHARD_SIZE, number - at * SHARD_SIZE)
        yield from ((way, sizes[index]) for index, way in enumerate(own))


def sleep_warnings(reach: Reach | None) -> tuple[Problem, ...]:
    """What staff should know before anybody is let sleep past the expiry."""
    asleep = reach.asleep if reach else None
    if asleep is None or not asleep.lost:
        return ()
    sentence = f"It expires before the quiet hours of {asleep.lost:,} end: they would not be told."
    remedy = f"Let it expire after {asleep.last:%Y-%m-%d %H:%M} UTC, or wake them once it is sent."
    return (Problem("quiet_hours_past_expiry", sentence, "expires_at", remedy),)


_THIS: Final = -1
"""Stands for the broadcast that this update would be."""
