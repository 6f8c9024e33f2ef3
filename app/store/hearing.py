"""What people write back: each message kept once, read by staff, answered once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.clock import from_ms, to_ms
from app.domain.delivery import Result
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium, Wish
from app.domain.replying import A_DAY, FOR_PEOPLE, Answer, AnswerState, Effect, Standing, Step, standing_of
from app.errors import not_found
from app.store import addresses, consents, tables
from app.store.hearing_tables import inbound
from app.store.ledger_tables import address, broadcast, outcome
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.upsert import insert_new
from app.store.wishes import wants_less

LOOKED_AT: Final = 50
"""Broadcasts, newest first, among which the last one that somebody got is looked for."""
ANSWERS_AT_ONCE: Final = 50
COUNTED: Final = 5_000
_READ_BY_STAFF: Final = sorted(FOR_PEOPLE)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it is first written down."""

    endpoint: int
    event_id: str
    address_id: int
    medium: Medium
    wish: Wish | None
    effect: Effect
    words: bytes | None
    """Sealed; None = a keyword."""
    language: str
    broadcast: int | None
    answer: Answer
    answer_reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class InboundRow:
    id: int
    endpoint: str
    medium: Medium
    address_id: int
    address: str | None
    """In the clear: mask it before showing it. None = erased."""
    keyword: str
    effect: str
    words: bytes | None
    """Sealed; None = a keyword, or forgotten."""
    language: str
    crisis: str | None
    """Of the last update this address had got before it wrote; None = none that is known."""
    update_id: int | None
    heard_at: datetime
    seen_at: datetime | None
    seen_by: str | None
    handled_at: datetime | None
    handled_by: str | None
    answer: str
    answer_state: str
    answer_reason: str


@dataclass(frozen=True, slots=True)
class DueAnswer:
    """Ours to send until the lease is over; `attempts` counts this one."""

    id: int
    endpoint: str
    address: str | None
    kind: Answer
    language: str
    update_id: int | None
    """The last update they had got."""
    heard_at: datetime
    attempts: int
    abandoned: bool
    """Somebody else held it and did not come back: it may have left."""


def keep(connection: Connection, heard: Heard) -> int | None:
    """Its number; None when this message was heard before, by whatever process."""
    at_ms = to_ms(heard.at)
    queued = heard.answer is not Answer.NONE
    row = {
        "endpoint": heard.endpoint,
        "event_hash": _digest(heard.event_id),
        "address_id": heard.address_id,
        "medium": MEDIUM_CODES[heard.medium],
        "keyword": heard.wish.value if heard.wish else "",
        "effect": heard.effect.value,
        "words": heard.words,
        "language": heard.language,
        "broadcast": heard.broadcast,
        "heard_ms": at_ms,
        "answer": heard.answer.value,
        "answer_state": (AnswerState.QUEUED if queued else AnswerState.NONE).value,
        "answer_reason": heard.answer_reason,
        "answer_due_ms": at_ms if queued else None,
        "answer_attempts": 0,
        "provider_id": "",
    }
    return insert_new(connection, inbound, row, ["endpoint", "event_hash"], inbound.c.id)


def known(connection: Connection, endpoint: int, event_id: str) -> bool:
    mine = (inbound.c.endpoint == endpoint) & (inbound.c.event_hash == _digest(event_id))
    return connection.scalar(select(inbound.c.id).where(mine)) is not None


def written_since(connection: Connection, endpoint: int, since: datetime, address_id: int | None = None) -> int:
    """Messages that came by an endpoint since then, from one address or, of the newest COUNTED, from all."""
    if address_id is None:
        newest = select(inbound).order_by(inbound.c.id.desc()).limit(COUNTED).subquery()
        mine = and_(newest.c.endpoint == endpoint, newest.c.heard_ms > to_ms(since))
        return connection.scalar(select(func.count()).select_from(newest).where(mine)) or 0
    theirs = and_(inbound.c.address_id == address_id, inbound.c.heard_ms > to_ms(since), inbound.c.endpoint == endpoint)
    return connection.scalar(select(func.count()).select_from(inbound).where(theirs)) or 0


def standing(connection: Connection, medium: Medium, address_id: int) -> Standing:
    """What is known of an address when it writes."""
    listed = addresses.standing(connection, [address_id]).get(address_id)
    withdrawn = bool(consents.withdrawn(connection, medium, address_id))
    return standing_of(listed, less=wants_less(connection, address_id), withdrawn=withdrawn)


def answered_lately(connection: Connection, address_id: int, now: datetime) -> list[tuple[Answer, timedelta]]:
    """What this address was answered within a day, and how long ago."""
    mine = and_(inbound.c.address_id == address_id, inbound.c.heard_ms > to_ms(now - A_DAY), inbound.c.answer != "")
    rows = connection.execute(select(inbound.c.answer, inbound.c.heard_ms).where(mine))
    return [(Answer(row.answer), now - from_ms(row.heard_ms)) for row in rows]


def languages_of(connection: Connection, address_id: int) -> list[str]:
    """What the first of the people behind an address reads, best first; [] for a stranger."""
    read = (
        select(language_list.c.languages)
        .join(subscriber, subscriber.c.language_list_id == language_list.c.id)
        .join(subscriber_address, subscriber_address.c.subscriber_id == subscriber.c.id)
        .where(subscriber_address.c.address_id == address_id)
        .order_by(subscriber.c.id)
        .limit(1)
    )
    found: str | None = connection.scalar(read)
    return found.split(",") if found else []


def last_told(connection: Connection, medium: Medium, address_id: int) -> int | None:
    """The newest broadcast of which a provider took a message to this address."""
    recent = (
        select(broadcast.c.id).where(broadcast.c.sent_ms.is_not(None)).order_by(broadcast.c.id.desc()).limit(LOOKED_AT)
    )
    mine = and_(
        outcome.c.broadcast.in_(recent),
        outcome.c.medium == MEDIUM_CODES[medium],
        outcome.c.address_id == address_id,
        outcome.c.result == Result.ACCEPTED.value,
    )
    newest: int | None = connection.scalar(select(func.max(outcome.c.broadcast)).where(mine))
    return newest


def page(
    connection: Connection,
    *,
    keywords: bool = False,
    waiting: bool = False,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[InboundRow]:
    """Newest first. Messages for people; with `keywords` those that were keywords as well. `waiting`: not handled."""
    query = _rows().order_by(inbound.c.id.desc()).limit(check_limit(limit) + 1)
    if not keywords:
        query = query.where(inbound.c.effect.in_(_READ_BY_STAFF))
    if waiting:
        query = query.where(inbound.c.handled_ms.is_(None))
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(inbound.c.id < before)
    return cut_page(connection.execute(query).all(), limit, _row, lambda row: row.id)


def get(connection: Connection, number: int) -> InboundRow:
    row = connection.execute(_rows().where(inbound.c.id == number)).one_or_none()
    if row is None:
        raise not_found("reply", number)
    return _row(row)


def mark_seen(connection: Connection, number: int, who: str, now: datetime) -> bool:
    """False when somebody had seen it; the first one stays."""
    mine = update(inbound).where(inbound.c.id == number, inbound.c.seen_ms.is_(None))
    return connection.execute(mine.values(seen_ms=to_ms(now), seen_by=who)).rowcount > 0


def mark_handled(connection: Connection, number: int, who: str, now: datetime) -> bool:
    """False when somebody had seen to it; the first one stays."""
    mine = update(inbound).where(inbound.c.id == number, inbound.c.handled_ms.is_(None))
    return connection.execute(mine.values(handled_ms=to_ms(now), handled_by=who)).rowcount > 0


def nobody_has_seen(connection: Connection) -> tuple[int, int | None]:
    """(how many messages for people nobody has opened or handled, the first of them)."""
    number, first = connection.execute(select(func.count(), func.min(inbound.c.id)).where(_unseen())).one()
    return int(number), first


def _unseen() -> ColumnElement[bool]:
    return and_(inbound.c.effect == Effect.FOR_STAFF.value, inbound.c.handled_ms.is_(None), inbound.c.seen_ms.is_(None))


def answers_due(connection: Connection, now: datetime) -> bool:
    """Whether `claim_answers` would find anything."""
    return connection.scalar(select(inbound.c.id).where(_ready(to_ms(now))).limit(1)) is not None


def claim_answers(connection: Connection, now: datetime, lease: timedelta) -> list[DueAnswer]:
    """Those that are due, and those whose holder did not come back."""
    query = (
        _rows()
        .where(_ready(to_ms(now)))
        .order_by(inbound.c.answer_due_ms)
        .limit(ANSWERS_AT_ONCE)
        .with_for_update(of=inbound, skip_locked=True)
    )
    claimed = []
    for row in connection.execute(query).all():
        taken = {"answer_state": AnswerState.SENDING.value, "answer_due_ms": to_ms(now + lease)}
        more = inbound.c.answer_attempts + 1
        connection.execute(update(inbound).where(inbound.c.id == row.id).values(**taken, answer_attempts=more))
        abandoned = row.answer_state == AnswerState.SENDING.value
        kind, heard = Answer(row.answer), from_ms(row.heard_ms)
        attempts = row.answer_attempts + 1
        what = (row.id, row.slug, row.value, kind, row.language, row.update_id)
        claimed.append(DueAnswer(*what, heard, attempts, abandoned))
    return claimed


def settle_answer(connection: Connection, due: DueAnswer, step: Step, now: datetime) -> None:
    """Unless somebody else has claimed it since: then their word counts."""
    mine = and_(
        inbound.c.id == due.id,
        inbound.c.answer_attempts == due.attempts,
        inbound.c.answer_state == AnswerState.SENDING.value,
    )
    again = to_ms(now + timedelta(seconds=step.delay)) if step.state is AnswerState.QUEUED else None
    values = {
        "answer_state": step.state.value,
        "answer_reason": step.reason[:64],
        "answer_due_ms": again,
        "provider_id": step.provider_id[:200],
    }
    connection.execute(update(inbound).where(mine).values(**values))


def words_before(connection: Connection, before: datetime) -> bool:
    """Whether `forget_words` would find anything."""
    old = select(inbound.c.id).where(_old(before)).limit(1)
    return connection.scalar(old) is not None


def forget_words(connection: Connection, before: datetime, most: int) -> int:
    """Blank the words of up to `most` messages heard before then; how many there were. What they did stays."""
    some = select(inbound.c.id).where(_old(before)).limit(most)
    return connection.execute(update(inbound).where(inbound.c.id.in_(some)).values(words=None)).rowcount


def _old(before: datetime) -> ColumnElement[bool]:
    return and_(inbound.c.heard_ms < to_ms(before), inbound.c.words.is_not(None))


def forget_address(connection: Connection, address_ids: Sequence[int]) -> None:
    """For an erasure: the words that came from these addresses."""
    connection.execute(update(inbound).where(inbound.c.address_id.in_(address_ids)).values(words=None))


def of_addresses(connection: Connection, address_ids: Sequence[int]) -> list[InboundRow]:
    """Everything that came from these, oldest first."""
    query = _rows().where(inbound.c.address_id.in_(address_ids)).order_by(inbound.c.id)
    return [_row(row) for row in connection.execute(query)]


def _ready(now_ms: int) -> ColumnElement[bool]:
    moving = or_(
        inbound.c.answer_state == AnswerState.QUEUED.value, inbound.c.answer_state == AnswerState.SENDING.value
    )
    return and_(moving, inbound.c.answer_due_ms <= now_ms)


def _rows() -> Select[Any]:
    return (
        select(inbound, address.c.value, tables.endpoint.c.slug, broadcast.c.crisis, broadcast.c.update_id)
        .join(address, address.c.id == inbound.c.address_id)
        .join(tables.endpoint, tables.endpoint.c.id == inbound.c.endpoint)
        .outerjoin(broadcast, broadcast.c.id == inbound.c.broadcast)
    )


def _row(row: Row[Any]) -> InboundRow:
    return InboundRow(
        id=row.id,
        endpoint=row.slug,
        medium=CODE_MEDIA[row.medium],
        address_id=row.address_id,
        address=row.value,
        keyword=row.keyword,
        effect=row.effect,
        words=row.words,
        language=row.language,
        crisis=row.crisis,
        update_id=row.update_id,
        heard_at=from_ms(row.heard_ms),
        seen_at=_at(row.seen_ms),
        seen_by=row.seen_by,
        handled_at=_at(row.handled_ms),
        handled_by=row.handled_by,
        answer=row.answer,
        answer_state=row.answer_state,
        answer_reason=row.answer_reason,
    )


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def _digest(event_id: str) -> bytes:
    return hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).digest()[:16]
