"""Who is written to, which text, in which language: an audience listed among the recipients, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
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
from app.domain.message import MEDIUM_CODES, PERSONAL_MEDIA, Medium
from app.store import sharers
from app.store.ledger import same_delivery
from app.store.ledger_tables import address, broadcast, due, outcome, recipient, shard
from app.store.tables import audit, language_list, subscriber, subscriber_address
from app.store.upsert import insert_found, insert_or_update, is_listed

T = TypeVar("T")
MEMBERS_A_STEP = 5_000
SHARED_A_STEP = 500
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


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is meant, in the terms of `stage_members`."""

    members: ColumnElement[bool]
    texts: Texts
    hears: ColumnElement[bool]


def language_lists(connection: Connection) -> dict[int, list[str]]:
    """Every list of languages somebody reads; there are few, however many people."""
    rows = connection.execute(select(language_list.c.id, language_list.c.languages))
    return {row.id: row.languages.split(",") for row in rows}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the listing of a broadcast is, and what its steps rest on."""

    total: int
    """Subscribers to look at, for the progress bar."""
    is_cut: bool
    """Into shards, at least in part: its people stand."""
    mark: tuple[int, int, bool]
    """Differs when areas, audiences, languages or what people want to hear may be others than a moment ago: the last
    act that was noted, the last list of languages, and whether anybody chooses.
    """


def standing(connection: Connection, broadcast_id: int) -> Standing:
    personal = sorted(MEDIUM_CODES[medium] for medium in PERSONAL_MEDIA)
    cut = exists().where(shard.c.broadcast == broadcast_id, shard.c.medium.in_(personal))
    total = select(broadcast.c.stage_total).where(broadcast.c.id == broadcast_id).scalar_subquery()
    newest = (select(func.coalesce(func.max(one), 0)).scalar_subquery() for one in (audit.c.seq, language_list.c.id))
    chooses = exists().where(subscriber.c.chooses.is_(True))
    found = connection.execute(select(total, cut, *newest, chooses)).one()
    return Standing(found[0], bool(found[1]), (found[2], found[3], bool(found[4])))


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
    """Freeze the members among the next `most` subscribers; the number looked at (numbers that nobody has any more
    count), or None when all are frozen.

    `hears`: what `consents.hearing` says of a person and a medium; whoever does not hear is not listed.
    One address gets one message: the variant all its people get, else the main text, in the language all of them
    read, else the lowest subscriber's, and for the area they share, else for none in particular. Addresses that
    several people have come last, when all their people are known. Raises `sharers.UNNOTED` for one that is not noted.
    """
    codes = [MEDIUM_CODES[medium] for medium in media]
    ahead = subscriber.c.id > broadcast.c.staged_subscriber
    ends = [
        select(one(subscriber.c.id)).where(ahead).correlate(broadcast).scalar_subquery() for one in (func.min, func.max)
    ]  # two questions, each a look at one end of the key
    erased, shared = exists().where(address.c.value.is_(None)), sharers.how_many()
    where = select(
        broadcast.c.staged_subscriber, broadcast.c.staged_shard, *ends, erased.label("erased"), shared.label("shared")
    )
    found = connection.execute(where.where(broadcast.c.id == broadcast_id).with_for_update(of=broadcast)).one()
    start, place, first, last = found[:4]
    seen = 0
    if first is not None:
        end = min(first + most - 1, last)
        seen = end - first + 1
        step = and_(
            subscriber.c.id > start,
            subscriber.c.id <= end,
            # the same again: else PostgreSQL reads everybody's links at every step
            subscriber_address.c.subscriber_id > start,
            subscriber_address.c.subscriber_id <= end,
        )
        alone = and_(_written_to(codes, erased=found.erased), sharers.alone(found.shared))
        _list_alone(connection, broadcast_id, and_(step, members, hears, alone), texts)
        done = {"staged_subscriber": end, "staged_shard": 0}
    else:
        some = connection.scalars(sharers.after(place, min(most, SHARED_A_STEP))).all()
        if not some:
            return None
        _agree(connection, broadcast_id, and_(members, hears), some, codes, texts)
        done = {"staged_shard": some[-1]}
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(done))
    return seen


def _list_alone(connection: Connection, broadcast_id: int, meant: ColumnElement[bool], texts: Texts) -> None:
    """Those whose address nobody else has. Without ON CONFLICT, which doubles what a row costs on PostgreSQL."""
    variant, lists = texts.variant, subscriber.c.language_list_id
    links = subscriber.join(subscriber_address, subscriber_address.c.subscriber_id == subscriber.c.id)
    own = (literal(broadcast_id, BigInteger), subscriber_address.c.medium, subscriber_address.c.address_id)
    if not texts.audiences:
        language = texts.language(variant, lists)
        found = select(*own, language, variant, texts.area).select_from(links).where(meant)
        told = language
    else:  # a text of its own is asked for once a person, not once for the text and once for its language
        each = select(*own[1:], lists.label("list"), variant.label("variant"), texts.area.label("area"))
        one = each.select_from(links).where(meant).subquery()
        language = texts.language(one.c.variant, one.c.list)
        found = select(own[0], one.c.medium, one.c.address_id, language, one.c.variant, one.c.area)
        told = language
    insert_found(connection, recipient, RECIPIENT, found.where(told != NOTHING) if texts.skips else found)


def _written_to(codes: Sequence[int], *, erased: bool = True) -> ColumnElement[bool]:
    """Links by which these media write to somebody. `erased`: some addresses are, and are looked for."""
    links = and_(subscriber_address.c.medium.in_(codes), subscriber_address.c.preferred.is_(True))
    gone = select(address.c.id).where(address.c.value.is_(None))
    return and_(links, subscriber_address.c.address_id.not_in(gone)) if erased else links


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
    meant: ColumnElement[bool],
    places: Sequence[int],
    codes: Sequence[int],
    texts: Texts,
) -> None:
    """What these addresses get, which several people share, as all of those who are meant can read it."""
    people = connection.execute(
        select(
            subscriber_address.c.address_id,
            subscriber_address.c.medium,
            subscriber.c.language_list_id.label("list"),
            language_list.c.languages,
            texts.variant.label("variant"),
            texts.area.label("area"),
        )
        .select_from(subscriber_address)
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .join(language_list, language_list.c.id == subscriber.c.language_list_id)
        .where(is_listed(connection, subscriber_address.c.address_id, places), _written_to(codes), meant)
        .order_by(subscriber_address.c.address_id, subscriber.c.id)
    ).all()
    rows = []
    for (place, medium), several in groupby(people, key=lambda row: (row.address_id, row.medium)):
        together = list(several)
        areas, variants = {row.area for row in together}, {row.variant for row in together}
        variant = variants.pop() if len(variants) == 1 else 0
        languages = texts.languages[variant]
        if len(together) == 1:
            language = languages.by_list.get(together[0].list, languages.default)
        else:
            readers = [row.languages.split(",") for row in together]
            language = shared_language(readers, languages.known, languages.default)
        if language != NOTHING:
            area = areas.pop() if len(areas) == 1 else ""
            rows.append(dict(zip(RECIPIENT, (broadcast_id, medium, place, language, variant, area), strict=True)))
    # somebody may have come to share an address that was listed for one person a moment ago
    insert_or_update(connection, recipient, rows, RECIPIENT[:3], RECIPIENT[3:])
