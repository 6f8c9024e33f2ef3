"""Freezing an audience into the ledger, in steps small enough to resume anywhere and to keep writers short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, case, exists, func, insert, literal, or_, select, true, update
from sqlalchemy.sql.elements import ColumnElement

from app.domain.halting import portion
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.planning import Lane, Spread, share_out, shared_language
from app.store import partitions, to_come
from app.store.calling import call
from app.store.ledger import same_delivery
from app.store.ledger_tables import address, broadcast, due, outcome, recipient, shard
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.upsert import insert_found, insert_missing, insert_selected

MEMBERS_A_STEP = 20_000
SHARDS_A_STEP = 60
AT_ONCE = Spread()
EVERYBODY = true()
RECIPIENT = ["broadcast", "medium", "address_id", "language", "variant", "area"]


@dataclass(frozen=True, slots=True)
class WayOut:
    """An endpoint as staging needs it."""

    id: int
    slug: str
    medium: Medium
    weight: int
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Languages:
    """Which language each known language list gets, and what to do with the rest."""

    by_list: Mapping[int, str]
    default: str

    def column(self, list_id: ColumnElement[int]) -> ColumnElement[str]:
        chosen: dict[str, list[int]] = {}
        for number, language in self.by_list.items():
            chosen.setdefault(language, []).append(number)
        if not chosen:
            return literal(self.default)
        return case(*((list_id.in_(numbers), language) for language, numbers in chosen.items()), else_=self.default)


def last_broadcast_id(connection: Connection) -> int:
    return connection.scalar(select(func.coalesce(func.max(broadcast.c.id), 0))) or 0


def language_lists(connection: Connection) -> dict[int, list[str]]:
    """Every list of languages somebody reads; there are few, however many people."""
    rows = connection.execute(select(language_list.c.id, language_list.c.languages))
    return {row.id: row.languages.split(",") for row in rows}


def languages_of(connection: Connection, broadcast_id: int) -> list[str]:
    """The languages in which a broadcast was sent."""
    return list(
        connection.scalars(select(recipient.c.language).where(recipient.c.broadcast == broadcast_id).distinct())
    )


def stage_total(connection: Connection, broadcast_id: int) -> int:
    total: int = connection.execute(select(broadcast.c.stage_total).where(broadcast.c.id == broadcast_id)).scalar_one()
    return total


def lane_of(connection: Connection, broadcast_id: int) -> Lane:
    return Lane(connection.execute(select(broadcast.c.lane).where(broadcast.c.id == broadcast_id)).scalar_one())


FROM_ZERO = ("staged_subscriber", "staged_shard", "canary", "canary_wait_ms", "forgotten")


def open_broadcast(connection: Connection, values: Mapping[str, Any]) -> None:
    """A broadcast in state `staging`; nothing of it can be claimed before `close_staging`."""
    fixed = {"state": "staging", **dict.fromkeys(FROM_ZERO, 0)}
    partitions.ensure(connection, values["id"])
    call(connection)
    connection.execute(insert(broadcast).values({**fixed, **values}))


def stage_endpoints(
    connection: Connection, broadcast_id: int, ways: Sequence[tuple[WayOut, int]], language: str
) -> None:
    """One delivery per endpoint for site, social, chat and webhook; each comes with the address id of the endpoint."""
    for way, address_id in ways:
        code = MEDIUM_CODES[way.medium]
        row = (broadcast_id, code, address_id, language, 0, "")
        insert_missing(connection, recipient, [dict(zip(RECIPIENT, row, strict=True))], RECIPIENT[:3])
        _insert_shard(connection, broadcast_id, code, way.id, (address_id, address_id, 1), way, canary=1)


def stage_members(
    connection: Connection,
    broadcast_id: int,
    members: ColumnElement[bool],
    media: Sequence[Medium],
    languages: Languages,
    most: int = MEMBERS_A_STEP,
    hears: ColumnElement[bool] = EVERYBODY,
) -> int | None:
    """Freeze the next `most` members; the number looked at, or None when there are no more.

    `hears`: what `consents.hearing` says of a person and a medium; whoever does not hear is not listed.
    One address gets one message, in the language all its people share, else the lowest subscriber's, and for the
    area they share, else for none in particular.
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
    reach = (
        select(
            literal(broadcast_id),
            subscriber_address.c.medium,
            subscriber_address.c.address_id,
            languages.column(subscriber.c.language_list_id),
            literal(0),
            subscriber.c.area,
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
    insert_selected(connection, recipient, RECIPIENT, reach)
    _agree_on_language(connection, broadcast_id, and_(members, hears), (start, end), codes, languages)
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(staged_subscriber=end))
    return int(seen)


def stage_reached(
    connection: Connection,
    broadcast_id: int,
    wrong: int,
    medium: Medium,
    languages: Mapping[str, str],
    default: str,
    most: int = MEMBERS_A_STEP,
) -> int | None:
    """For a correction: the next of those who may have got the wrong words: accepted, in doubt or still unanswered.

    Whoever was once unknown stays in doubt, even where an attempt after that was refused.
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
    chosen = case(languages, value=theirs.c.language, else_=default) if languages else literal(default)
    reached = (
        select(literal(broadcast_id), theirs.c.medium, theirs.c.address_id, chosen, literal(0), theirs.c.area)
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


def cut_shards(
    connection: Connection,
    broadcast_id: int,
    medium: Medium,
    ways: Sequence[WayOut],
    spread: Spread = AT_ONCE,
    most: int = SHARDS_A_STEP,
) -> int:
    """Cut up to `most` more shards of one medium, shared out among its endpoints by weight; 0 = all are cut."""
    code = MEDIUM_CODES[medium]
    mine = and_(shard.c.broadcast == broadcast_id, shard.c.medium == code)
    number, start, earlier = connection.execute(
        select(
            func.count(), func.coalesce(func.max(shard.c.last_address), 0), func.coalesce(func.sum(shard.c.size), 0)
        ).where(mine)
    ).one()
    ids = connection.scalars(
        select(recipient.c.address_id)
        .where(recipient.c.broadcast == broadcast_id, recipient.c.medium == code, recipient.c.address_id > start)
        .order_by(recipient.c.address_id)
        .limit(most * spread.size)
    ).all()
    first = min(len(ids), _first_portion(connection, broadcast_id, code)) if number == 0 else 0
    pieces: list[tuple[WayOut, Sequence[int], int]] = []
    for index, size in sorted(Counter(share_out(first, [way.weight for way in ways])).items()):
        mine_first, ids = ids[:size], ids[size:]
        pieces += [(replace(ways[index], offset_ms=0), piece, 1) for piece in _cut(mine_first, spread.size)]
    rest, before = _cut(ids, spread.size), number + len(pieces)
    turns = share_out(before + len(rest), [way.weight for way in ways])[before:]
    pieces += [(ways[turn], piece, 0) for piece, turn in zip(rest, turns, strict=True)]
    for no, (way, piece, canary) in enumerate(pieces, number):
        later = way if canary else replace(way, offset_ms=way.offset_ms + spread.offset_ms(earlier))
        _insert_shard(connection, broadcast_id, code, no, (piece[0], piece[-1], len(piece)), later, canary)
        earlier += len(piece)
    return len(pieces)


def is_cut(connection: Connection, broadcast_id: int, media: Sequence[Medium]) -> bool:
    """Whether cutting has begun for one of these media."""
    codes = [MEDIUM_CODES[medium] for medium in media]
    cut = exists().where(shard.c.broadcast == broadcast_id, shard.c.medium.in_(codes))
    return bool(connection.scalar(select(cut)))


def _cut(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    return [ids[at : at + size] for at in range(0, len(ids), size)]


def _first_portion(connection: Connection, broadcast_id: int, medium: int) -> int:
    """How many of this medium go first alone, shared out among its endpoints like everything else; 0 = no canary."""
    canary = connection.execute(select(broadcast.c.canary).where(broadcast.c.id == broadcast_id)).scalar_one()
    if not canary:
        return 0
    mine = and_(recipient.c.broadcast == broadcast_id, recipient.c.medium == medium)
    return portion(canary, connection.scalar(select(func.count()).select_from(recipient).where(mine)) or 0)


def close_staging(connection: Connection, broadcast_id: int) -> int:
    """The audience is complete; returns its size. From here the count never changes."""
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(state="ready"))
    return (
        connection.scalar(select(func.coalesce(func.sum(shard.c.size), 0)).where(shard.c.broadcast == broadcast_id))
        or 0
    )


def drop_broadcast(connection: Connection, broadcast_id: int) -> None:
    """End a broadcast that was never sent (returned, rejected): its rows stay as the record of who was meant."""
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(state="cancelled"))
    to_come.give_back(connection, broadcast_id)


def start_sending(connection: Connection, broadcast_id: int, *, release_ms: int, site_bound_ms: int | None) -> None:
    """Release every shard: the site now, the others when the site's bound has passed plus their wave's offset."""
    call(connection)
    site = MEDIUM_CODES[Medium.SITE]
    wait = site_bound_ms or 0
    others_ms = literal(release_ms + wait, BigInteger)  # PostgreSQL adds integers as the type of the column beside them
    watched = case((broadcast.c.canary > 0, others_ms + broadcast.c.canary_wait_ms))
    connection.execute(
        update(broadcast)
        .where(broadcast.c.id == broadcast_id)
        .values(
            state="sending",
            sent_ms=release_ms,
            site_bound_ms=None if site_bound_ms is None else release_ms + wait,
            canary_until_ms=watched,
        )
    )
    later = case((shard.c.medium == site, release_ms), else_=others_ms + shard.c.wave_offset_ms)
    connection.execute(update(shard).where(shard.c.broadcast == broadcast_id).values(not_before_ms=later))


def _agree_on_language(
    connection: Connection,
    broadcast_id: int,
    members: ColumnElement[bool],
    step: tuple[int, int],
    codes: Sequence[int],
    languages: Languages,
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
            subscriber_address.c.address_id, subscriber_address.c.medium, language_list.c.languages, subscriber.c.area
        )
        .select_from(subscriber_address)
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .join(language_list, language_list.c.id == subscriber.c.language_list_id)
        .where(subscriber_address.c.address_id.in_(shared), subscriber_address.c.preferred.is_(True), members)
        .order_by(subscriber_address.c.address_id, subscriber.c.id)
    ).all()
    available = sorted({*languages.by_list.values(), languages.default})
    for (address_id, medium), sharers in groupby(people, key=lambda row: (row.address_id, row.medium)):
        together = list(sharers)
        readers = [row.languages.split(",") for row in together]
        places = {row.area for row in together}
        connection.execute(
            update(recipient)
            .where(
                recipient.c.broadcast == broadcast_id,
                recipient.c.medium == medium,
                recipient.c.address_id == address_id,
            )
            .values(
                language=shared_language(readers, available, languages.default),
                area=places.pop() if len(places) == 1 else "",
            )
        )


def _insert_shard(
    connection: Connection,
    broadcast_id: int,
    medium: int,
    number: int,
    span: tuple[int, int, int],
    way: WayOut,
    canary: int = 0,
) -> None:
    first, last, size = span
    lane = select(broadcast.c.lane).where(broadcast.c.id == broadcast_id).scalar_subquery()
    counters = dict.fromkeys(
        (
            "accepted",
            "failed",
            "filtered",
            "suppressed",
            "superseded",
            "expired",
            "cancelled",
            "dead",
            "retrying",
            "returned",
            "unsure",
        ),
        0,
    )
    row = {
        "broadcast": broadcast_id,
        "medium": medium,
        "no": number,
        "first_address": first,
        "last_address": last,
        "size": size,
        "endpoint": way.id,
        "home": way.id,
        "canary": canary,
        "wave_offset_ms": way.offset_ms,
        "fence": 0,
        "lease_until_ms": 0,
        "watermark": first - 1,
        "admitted": 0,
        **counters,
    }
    missing = ~exists().where(shard.c.broadcast == broadcast_id, shard.c.medium == medium, shard.c.no == number)
    columns = [*row, "lane"]
    connection.execute(
        insert(shard).from_select(columns, select(*(literal(value) for value in row.values()), lane).where(missing))
    )
