"""Who is written to, which text, in which language: an audience listed among the recipients, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from app.domain.languages import NOTHING, shared_language
from app.domain.message import MEDIUM_CODES, Medium
from app.store.ledger import same_delivery
from app.store.ledger_tables import address, broadcast, due, outcome, recipient, shard
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.upsert import insert_found, insert_selected

T = TypeVar("T")
MEMBERS_A_STEP = 10_000
EVERYBODY = true()
RECIPIENT = ["broadcast", "medium", "address_id", "language", "variant", "area"]


@dataclass(frozen=True, slots=True)
class Languages:
    """Which language each known language list gets, and what to do with the rest."""

    by_list: Mapping[int, str]
    default: str
    """Also of lists that are not in `by_list`; NOTHING = such people are not listed."""
    available: tuple[str, ...] = ()
    """Which there are; () = those in `by_list` and the default."""

    @property
    def known(self) -> Sequence[str]:
        return self.available or sorted({*self.by_list.values(), self.default})

    def column(self, list_id: ColumnElement[int]) -> ColumnElement[str]:
        chosen: dict[str, list[int]] = {}
        for number, language in self.by_list.items():
            if language != self.default:
                chosen.setdefault(language, []).append(number)
        if not chosen:
            return literal(self.default)
        return case(*((list_id.in_(numbers), language) for language, numbers in chosen.items()), else_=self.default)


@dataclass(frozen=True, slots=True)
class Texts:
    """Which text and language each member gets, and which area they belong to."""

    languages: Sequence[Languages]
    """By variant; 0 = the main text."""
    audiences: Sequence[ColumnElement[bool]] = ()
    """Who gets the variants 1, 2, ...: the first that holds."""
    area: ColumnElement[str] = subscriber.c.area

    @property
    def variant(self) -> ColumnElement[int]:
        whens = [(holds, literal(number)) for number, holds in enumerate(self.audiences, 1)]
        return case(*whens, else_=literal(0)) if whens else literal(0)

    def language(self, variant: ColumnElement[int], list_id: ColumnElement[int]) -> ColumnElement[str]:
        others = [(variant == number, one.column(list_id)) for number, one in enumerate(self.languages) if number]
        return case(*others, else_=self.languages[0].column(list_id)) if others else self.languages[0].column(list_id)

    @property
    def skips(self) -> bool:
        return any(one.default == NOTHING for one in self.languages)


def language_lists(connection: Connection) -> dict[int, list[str]]:
    """Every list of languages somebody reads; there are few, however many people."""
    rows = connection.execute(select(language_list.c.id, language_list.c.languages))
    return {row.id: row.languages.split(",") for row in rows}


def kinds_of(connection: Connection, broadcast_id: int) -> list[tuple[int, str]]:
    """The variants and languages in which a broadcast was sent."""
    kinds = select(recipient.c.variant, recipient.c.language).where(recipient.c.broadcast == broadcast_id).distinct()
    return [(row.variant, row.language) for row in connection.execute(kinds)]


def stage_members(
    connection: Connection,
    broadcast_id: int,
    members: ColumnElement[bool],
    media: Sequence[Medium],
    texts: Texts,
    most: int = MEMBERS_A_STEP,
    hears: ColumnElement[bool] = EVERYBODY,
) -> int | None:
    """Freeze the next `most` members; the number looked at, or None when there are no more.

    `hears`: what `consents.hearing` says of a person and a medium; whoever does not hear is not listed.
    One address gets one message: the variant all its people get, else the main text, in the language all of them
    read, else the lowest subscriber's, and for the area they share, else for none in particular.
    """
    start = connection.execute(
        select(broadcast.c.staged_subscriber).where(broadcast.c.id == broadcast_id).with_for_update()
    ).scalar_one()
    ahead = (
        select(subscriber.c.id).where(members, subscriber.c.id > start).order_by(subscriber.c.id).limit(most).subquery()
    )
    end, seen = connection.execute(select(func.max(ahead.c.id), func.count())).one()
    if end is None:
        return None
    step = and_(members, subscriber.c.id > start, subscriber.c.id <= end)
    codes = [MEDIUM_CODES[medium] for medium in media]
    found = (
        select(
            subscriber_address.c.medium,
            subscriber_address.c.address_id,
            subscriber.c.language_list_id.label("list"),
            texts.variant.label("variant"),
            texts.area.label("area"),
        )
        .select_from(subscriber)
        .join(subscriber_address, subscriber_address.c.subscriber_id == subscriber.c.id)
        .join(address, address.c.id == subscriber_address.c.address_id)
        .where(
            step,
            subscriber_address.c.medium.in_(codes),
            subscriber_address.c.preferred.is_(True),
            address.c.value.is_not(None),
            hears,
        )
    )
    each = found.subquery()
    language = texts.language(each.c.variant, each.c.list)
    reach = select(literal(broadcast_id), each.c.medium, each.c.address_id, language, each.c.variant, each.c.area)
    told = language != NOTHING if texts.skips else true()
    insert_selected(connection, recipient, RECIPIENT, reach.where(told))
    _agree(connection, broadcast_id, and_(members, hears), (start, end), codes, texts)
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(staged_subscriber=end))
    return int(seen)


def stage_reached(
    connection: Connection,
    broadcast_id: int,
    wrong: int,
    medium: Medium,
    chosen: Mapping[tuple[int, str], tuple[int, str]],
    most: int = MEMBERS_A_STEP,
) -> int | None:
    """For a correction: the next of those who may have got the wrong words: accepted, in doubt or still unanswered.

    Whoever was once unknown stays in doubt, even where an attempt after that was refused. `chosen`: (variant, language)
    of what they got -> of what they get; all there are.
    """
    code = MEDIUM_CODES[medium]
    start = connection.scalar(
        select(func.coalesce(func.max(recipient.c.address_id), 0)).where(
            recipient.c.broadcast == broadcast_id, recipient.c.medium == code
        )
    )
    theirs = recipient.alias("theirs")
    told = exists().where(same_delivery(outcome, theirs), outcome.c.result.in_(("accepted", "unknown")))
    answered = exists().where(same_delivery(outcome, theirs), outcome.c.result != "refused")
    waiting = exists().where(same_delivery(due, theirs), due.c.owner.is_(None))
    in_flight = and_(~answered, ~waiting)
    reached = (
        select(
            literal(broadcast_id),
            theirs.c.medium,
            theirs.c.address_id,
            _instead(theirs, {got: language for got, (_, language) in chosen.items()}),
            _instead(theirs, {got: variant for got, (variant, _) in chosen.items()}),
            theirs.c.area,
        )
        .select_from(theirs)
        .join(
            shard,
            and_(
                shard.c.broadcast == theirs.c.broadcast,
                shard.c.medium == theirs.c.medium,
                shard.c.first_address <= theirs.c.address_id,
                shard.c.watermark >= theirs.c.address_id,
            ),
        )
        .where(theirs.c.broadcast == wrong, theirs.c.medium == code, theirs.c.address_id > start)
        .where(or_(told, in_flight))
        .order_by(theirs.c.address_id)
        .limit(most)
    )
    return insert_found(connection, recipient, RECIPIENT, reached) or None


def _instead(theirs: FromClause, chosen: Mapping[tuple[int, str], T]) -> ColumnElement[T]:
    got = [
        (and_(theirs.c.variant == number, theirs.c.language == one), literal(it))
        for (number, one), it in chosen.items()
    ]
    return case(*got, else_=got[0][1])


def _agree(
    connection: Connection,
    broadcast_id: int,
    members: ColumnElement[bool],
    step: tuple[int, int],
    codes: Sequence[int],
    texts: Texts,
) -> None:
    """Shared addresses whose later people are in this step: decide again with everybody who shares them."""
    other = subscriber_address.alias("other")
    shared = (
        select(subscriber_address.c.address_id)
        .where(
            subscriber_address.c.subscriber_id > step[0],
            subscriber_address.c.subscriber_id <= step[1],
            subscriber_address.c.medium.in_(codes),
            exists().where(
                other.c.address_id == subscriber_address.c.address_id,
                other.c.subscriber_id < subscriber_address.c.subscriber_id,
            ),
        )
        .distinct()
    )
    people = connection.execute(
        select(
            subscriber_address.c.address_id,
            subscriber_address.c.medium,
            language_list.c.languages,
            texts.variant.label("variant"),
            texts.area.label("area"),
        )
        .select_from(subscriber_address)
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .join(language_list, language_list.c.id == subscriber.c.language_list_id)
        .where(subscriber_address.c.address_id.in_(shared), subscriber_address.c.preferred.is_(True), members)
        .order_by(subscriber_address.c.address_id, subscriber.c.id)
    ).all()
    for (address_id, medium), sharers in groupby(people, key=lambda row: (row.address_id, row.medium)):
        together = list(sharers)
        readers = [row.languages.split(",") for row in together]
        places, variants = {row.area for row in together}, {row.variant for row in together}
        variant = variants.pop() if len(variants) == 1 else 0
        languages = texts.languages[variant]
        connection.execute(
            update(recipient)
            .where(
                recipient.c.broadcast == broadcast_id,
                recipient.c.medium == medium,
                recipient.c.address_id == address_id,
            )
            .values(
                language=shared_language(readers, languages.known, languages.default),
                variant=variant,
                area=places.pop() if len(places) == 1 else "",
            )
        )
