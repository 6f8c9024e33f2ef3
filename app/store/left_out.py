"""Who of an audience is not written to, and why: counted, and person by person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union,
)

from app.domain.consent import HEARS, Asked
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium, Wish
from app.domain.suppressing import WANTS_LESS
from app.store import consents
from app.store.hearing_tables import address_wish
from app.store.ledger_tables import address, broadcast, suppression
from app.store.paging import Page, check_limit, cut_page, number_cursor
from app.store.tables import language_list, subscriber, subscriber_address

SUPPRESSED: Final = "suppressed"
_MEDIA: Final = 16
"""More than there are: a person and a medium make one number."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A person who is not written to by a medium by which the audience is."""

    id: int
    external_id: str
    languages: tuple[str, ...]
    area: str
    medium: Medium
    address: str
    """In the clear: mask it before showing it."""
    reason: str
    """A `Hearing` that is none, `suppressed`, or `wants_less`."""


def count_stopped(connection: Connection, members: ColumnElement[bool]) -> dict[Medium, int]:
    """Persons among these whose address of a medium is on the suppression list. Costs what the list is long."""
    theirs = subscriber_address.alias("theirs")
    stopped = select(theirs.c.subscriber_id).join(suppression, suppression.c.address_id == theirs.c.address_id)
    query = (
        select(subscriber_address.c.medium, func.count(subscriber.c.id.distinct()))
        .select_from(suppression)
        .join(subscriber_address, subscriber_address.c.address_id == suppression.c.address_id)
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .where(subscriber.c.id.in_(stopped), members, subscriber_address.c.preferred.is_(True))
        .group_by(subscriber_address.c.medium)
    )
    return {CODE_MEDIA[medium]: number for medium, number in connection.execute(query)}


def is_minor(connection: Connection, broadcast_id: int) -> bool:
    """Whether whoever asked for LESS is spared, as it was decided when it was submitted."""
    return bool(connection.scalar(select(broadcast.c.minor_news).where(broadcast.c.id == broadcast_id)))


def page(
    connection: Connection,
    members: ColumnElement[bool],
    asked: Asked,
    media: Collection[Medium],
    *,
    minor: bool,
    cursor: str | None,
    limit: int,
) -> Page[LeftOut]:
    """By person, in the order they were first imported, and medium. `minor`: news that whoever asked for LESS does not
    get. Looks only at those who ever said anything or whose address is stopped.
    """
    heard = consents.verdict(asked)
    held = suppression.c.address_id.is_not(None)
    less = and_(address_wish.c.wish == Wish.LESS.value, literal(minor))
    said = and_(subscriber.c.chooses.is_(True), heard.not_in([one.value for one in HEARS]))
    why = case((said, heard), (held, SUPPRESSED), (less, WANTS_LESS), else_=null())
    codes = [MEDIUM_CODES[medium] for medium in media]
    key = subscriber.c.id * _MEDIA + subscriber_address.c.medium
    query: Select[Any] = (
        select(
            subscriber.c.id, subscriber.c.external_id, subscriber.c.area, language_list.c.languages,
            subscriber_address.c.medium, address.c.value, why.label("why"),
        )
        .select_from(subscriber)
        .join(subscriber_address, subscriber_address.c.subscriber_id == subscriber.c.id)
        .join(address, address.c.id == subscriber_address.c.address_id)
        .join(language_list, language_list.c.id == subscriber.c.language_list_id)
        .outerjoin(suppression, suppression.c.address_id == address.c.id)
        .outerjoin(address_wish, address_wish.c.address_id == address.c.id)
        .where(
            subscriber.c.id.in_(_candidates()), members, subscriber_address.c.medium.in_(codes),
            subscriber_address.c.preferred.is_(True), address.c.value.is_not(None), or_(said, held, less),
        )
        .order_by(subscriber.c.id, subscriber_address.c.medium)
        .limit(check_limit(limit) + 1)
    )  # fmt: skip
    after = number_cursor(cursor)
    if after is not None:
        query = query.where(subscriber.c.id >= after // _MEDIA, key > after)
    return cut_page(
        connection.execute(query).all(), limit, _left_out, lambda one: one.id * _MEDIA + MEDIUM_CODES[one.medium]
    )


def _candidates() -> CompoundSelect[Any]:
    """Nobody else can be left out."""
    theirs = subscriber_address.c.subscriber_id
    stopped = select(theirs).join(suppression, suppression.c.address_id == subscriber_address.c.address_id)
    wished = select(theirs).join(address_wish, address_wish.c.address_id == subscriber_address.c.address_id)
    one = subscriber.alias("one")
    return union(select(one.c.id).where(one.c.chooses.is_(True)), stopped, wished)


def _number(one: LeftOut) -> int:
    return one.id * _MEDIA + MEDIUM_CODES[one.medium]


def _left_out(row: Row[Any]) -> LeftOut:
    languages = tuple(row.languages.split(",")) if row.languages else ()
    return LeftOut(row.id, row.external_id, languages, row.area, CODE_MEDIA[row.medium], row.value, row.why)
