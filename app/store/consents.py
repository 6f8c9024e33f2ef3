"""What people agreed to: kept with its proof, and asked in one condition that agrees with `domain.consent.decide`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, func, select, true, tuple_, update

from app.clock import from_ms, to_ms
from app.domain.consent import HEARS, Asked, Consent, Hearing, How, MessageClass, Said, Standing
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.domain.topics import EVERYTHING
from app.store.appending import append_new
from app.store.ledger_tables import address
from app.store.people_tables import consent, consent_said
from app.store.tables import subscriber, subscriber_address
from app.store.upsert import insert_tuples, is_listed

_KEY = ("subscriber_id", "medium", "topic")
_PROOF = ("granted", "how", "text_version", "at_ms", "said_by")
_Kept = tuple[int, int, str, bool, str, str, int, str]
"""The same, in that order."""


def record(
    connection: Connection,
    said: Mapping[int, Sequence[Said]],
    by: str,
    now: datetime,
    moments: Mapping[int, datetime] = MappingProxyType({}),
) -> int:
    """Keep what these people said, in that order, by subscriber id; how many statements were news.

    One that repeats what holds already, for words of the same version, is no news and leaves no trace. `by`: who noted
    it, `reader` for the person themselves. `moments`: when they said so, by subscriber id; `now` for everybody else.
    """
    held = of(connection, said)
    news: list[_Kept] = []
    standing: dict[tuple[int, int, str], _Kept] = {}
    cleared: set[tuple[int, int]] = set()
    for person, statements in said.items():
        theirs: dict[tuple[int, int, str], _Kept] = {}
        mine = {(one.said.medium, one.said.topic): one.said for one in held.get(person, ())}
        at_ms = to_ms(moments.get(person, now))
        for one in statements:
            before = mine.get((one.medium, one.topic))
            topics = [key for key in mine if one.topic == EVERYTHING and key[0] is one.medium and key[1] != EVERYTHING]
            if not topics and before and (before.granted, before.text_version) == (one.granted, one.text_version):
                continue
            code = MEDIUM_CODES[one.medium]
            row = _kept(person, one, by, at_ms)
            news.append(row)
            if topics:
                cleared.add((person, code))
                theirs = {key: kept for key, kept in theirs.items() if key[1] != code}
            for key in topics:
                del mine[key]
            mine[one.medium, one.topic] = one
            theirs[person, code, one.topic] = row
        standing |= theirs
    if news:
        _testify(connection, news)
        if cleared:
            connection.execute(delete(consent).where(tuple_(consent.c.subscriber_id, consent.c.medium).in_(cleared)))
        insert_tuples(connection, consent, (*_KEY, *_PROOF), list(standing.values()), _KEY, _PROOF)
        silent = is_listed(connection, subscriber.c.id, sorted({row[0] for row in news}))
        connection.execute(update(subscriber).where(silent, subscriber.c.chooses.is_(False)).values(chooses=True))
    return len(news)


def record_first(
    connection: Connection, said: Mapping[int, Sequence[Said]], by: str, moments: Mapping[int, datetime]
) -> None:
    """The same for people put in by this transaction, who cannot have said anything before: nothing is looked for.

    Of each person one statement a medium and topic at most. They are to be put in as people who choose.
    """
    news = [_kept(person, one, by, to_ms(moments[person])) for person, statements in said.items() for one in statements]
    if news:
        _testify(connection, news)
        append_new(connection, consent, _columns(news))


def testify(connection: Connection, people: Sequence[int], said: Said, by: str, now: datetime) -> None:
    """Keep the proof of a word that takes hold elsewhere: a STOP is in force on the suppression list, for the address.

    What these people agreed to stays as it was, so that taking the STOP back gives them that again and nothing more.
    """
    if people:
        _testify(connection, [_kept(person, said, by, to_ms(now)) for person in people])


def _kept(person: int, said: Said, by: str, at_ms: int) -> _Kept:
    medium = MEDIUM_CODES[said.medium]
    return person, medium, said.topic, said.granted, said.how.value, said.text_version, at_ms, by


def _testify(connection: Connection, rows: Sequence[_Kept]) -> None:
    append_new(connection, consent_said, _columns(rows))


def _columns(rows: Sequence[_Kept]) -> dict[str, Sequence[Any]]:
    return dict(zip((*_KEY, *_PROOF), zip(*rows, strict=True), strict=True))


def of(connection: Connection, people: Collection[int]) -> dict[int, tuple[Consent, ...]]:
    """What holds now, by subscriber id; who never said anything is not there."""
    query = select(consent).where(is_listed(connection, consent.c.subscriber_id, list(people)))
    found: dict[int, list[Consent]] = defaultdict(list)
    for row in connection.execute(query.order_by(consent.c.subscriber_id, consent.c.medium, consent.c.topic)):
        found[row.subscriber_id].append(_consent(row))
    return {person: tuple(held) for person, held in found.items()}


def withdrawn(connection: Connection, medium: Medium, address_id: int, by: str = "reader") -> list[int]:
    """Who of those reached there has taken back everything on this medium and agreed to nothing of it since; what
    somebody else noted for them is not their own word.
    """
    there = select(subscriber_address.c.subscriber_id).where(subscriber_address.c.address_id == address_id)
    mine = (consent.c.medium == MEDIUM_CODES[medium]) & consent.c.subscriber_id.in_(there)
    query = select(consent.c.subscriber_id, consent.c.topic, consent.c.granted, consent.c.said_by).where(mine)
    rows = connection.execute(query.order_by(consent.c.subscriber_id)).all()
    hears = {row.subscriber_id for row in rows if row.granted}
    own = [row.subscriber_id for row in rows if row.topic == EVERYTHING and row.said_by == by]
    return [one for one in own if one not in hears]


def history(connection: Connection, person: int) -> list[Consent]:
    """Everything one person ever said, oldest first."""
    query = select(consent_said).where(consent_said.c.subscriber_id == person).order_by(consent_said.c.id)
    return [_consent(row) for row in connection.execute(query)]


def forget(connection: Connection, person: int) -> None:
    """What one person said, with its proof."""
    connection.execute(delete(consent).where(consent.c.subscriber_id == person))
    connection.execute(delete(consent_said).where(consent_said.c.subscriber_id == person))


def last_said(connection: Connection) -> int:
    """Differs whenever somebody said something."""
    return connection.execute(select(func.max(consent_said.c.id))).scalar() or 0


def anybody_chooses(connection: Connection) -> bool:
    """False while everybody is a customer who never said anything: then consent leaves nobody out."""
    return connection.scalar(select(subscriber.c.id).where(subscriber.c.chooses.is_(True)).limit(1)) is not None


def hears(asked: Asked) -> ColumnElement[bool]:
    """The condition over `subscriber` and `subscriber_address` that holds where `decide(..).hears`.

    Whoever never said anything is decided by their own row alone.
    """
    return case((subscriber.c.chooses.is_(False), true()), else_=_heard(asked))


def hearing(connection: Connection, asked: Asked) -> ColumnElement[bool]:
    """The same, and simply true while nobody has chosen anything: a whole audience is then read at no cost."""
    return hears(asked) if anybody_chooses(connection) else true()


def verdict(asked: Asked) -> ColumnElement[str]:
    """`decide`'s named reason, over the same tables."""
    customer = subscriber.c.standing == Standing.CUSTOMER.value
    whole = _said(EVERYTHING)
    if asked.message_class is MessageClass.SAFETY_OF_LIFE:
        return case(
            (_any_granted(), Hearing.SAFETY_OF_LIFE.value),
            (whole.is_(False), Hearing.LEFT_MEDIUM.value),
            (customer, Hearing.SAFETY_OF_LIFE.value),
            else_=Hearing.NOT_CHOSEN.value,
        )
    topic = _said(asked.topic)
    by_topic = ((topic.is_(True), Hearing.CHOSEN.value), (topic.is_(False), Hearing.LEFT_TOPIC.value))
    return case(
        *(by_topic if asked.topic != EVERYTHING else ()),
        (whole.is_(True), Hearing.CHOSEN.value),
        (whole.is_(False), Hearing.LEFT_MEDIUM.value),
        (customer, Hearing.CUSTOMER.value),
        else_=Hearing.NOT_CHOSEN.value,
    )


def count_left_out(
    connection: Connection, members: ColumnElement[bool], asked: Asked
) -> dict[tuple[Medium, Hearing], int]:
    """Persons among these who have an address of a medium and do not hear by it, and why. Looks only at those who
    ever said anything, so its cost grows with them and not with the audience.
    """
    if not anybody_chooses(connection):
        return {}
    why = verdict(asked)
    query = (
        select(subscriber_address.c.medium, why.label("why"), func.count(subscriber.c.id.distinct()))
        .select_from(subscriber)
        .join(subscriber_address, subscriber_address.c.subscriber_id == subscriber.c.id)
        .join(address, address.c.id == subscriber_address.c.address_id)
        .where(
            subscriber.c.chooses.is_(True),
            members,
            subscriber_address.c.preferred.is_(True),
            address.c.value.is_not(None),
            why.not_in([one.value for one in HEARS]),
        )
        .group_by(subscriber_address.c.medium, "why")
    )
    return {(CODE_MEDIA[medium], Hearing(reason)): number for medium, reason, number in connection.execute(query)}


def _heard(asked: Asked) -> ColumnElement[bool]:
    customer = subscriber.c.standing == Standing.CUSTOMER.value
    whole = _said(EVERYTHING)
    if asked.message_class is MessageClass.SAFETY_OF_LIFE:
        return case((_any_granted(), true()), else_=func.coalesce(whole, customer))
    if asked.topic == EVERYTHING:
        return func.coalesce(whole, customer)
    return func.coalesce(_said(asked.topic), whole, customer)


def _theirs() -> ColumnElement[bool]:
    return and_(consent.c.subscriber_id == subscriber.c.id, consent.c.medium == subscriber_address.c.medium)


def _said(topic: str) -> ColumnElement[bool]:
    query = select(consent.c.granted).where(_theirs(), consent.c.topic == topic)
    return query.correlate(subscriber, subscriber_address).scalar_subquery()


def _any_granted() -> ColumnElement[bool]:
    query = select(consent.c.topic).where(_theirs(), consent.c.granted.is_(True))
    return query.correlate(subscriber, subscriber_address).exists()


def _consent(row: Row[Any]) -> Consent:
    said = Said(CODE_MEDIA[row.medium], row.topic, row.granted, How(row.how), row.text_version)
    return Consent(said, from_ms(row.at_ms), row.said_by)
