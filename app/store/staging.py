"""Freezing an audience into the ledger, in steps small enough to resume anywhere and to keep writers short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from app.domain.halting import portion
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.domain.planning import Lane, Spread, share_out
from app.store import partitions, to_come
from app.store.calling import call
from app.store.ledger_tables import broadcast, listed, recipient, shard
from app.store.upsert import insert_missing, insert_or_add, insert_tuples

SHARDS_A_STEP = 60
FEW_KINDS = 12
AT_ONCE = Spread()
RECIPIENT = ["broadcast", "medium", "address_id", "language", "variant", "area"]


Piece = tuple[int, int, int]
"""The first address, the last, and how many there are."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """An endpoint as staging needs it."""

    id: int
    slug: str
    medium: Medium
    weight: int
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Listed:
    medium: Medium
    variant: int
    language: str
    recipients: int


def last_broadcast_id(connection: Connection) -> int:
    return connection.scalar(select(func.coalesce(func.max(broadcast.c.id), 0))) or 0


def other_language(connection: Connection, broadcast_id: int) -> str | None:
    """What readers of none of its languages get, "" = nothing; None = not written down when it was submitted."""
    return connection.scalar(select(broadcast.c.other_language).where(broadcast.c.id == broadcast_id))


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
        _insert_shards(connection, broadcast_id, code, [(way.id, (address_id, address_id, 1), way, 1)])


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
    weights, left = [way.weight for way in ways], most
    first = min(_first_portion(connection, broadcast_id, code), most * spread.size) if number == 0 else 0
    pieces: list[tuple[WayOut, Piece, int]] = []
    for index, size in sorted(Counter(share_out(first, weights)).items()):
        for each, count in ((spread.size, size // spread.size), (size % spread.size, 1)):
            for piece in _next_pieces(connection, broadcast_id, code, start, each, count):
                pieces.append((replace(ways[index], offset_ms=0), piece, 1))
                start, left = piece[1], left - 1
    before = number + len(pieces)
    rest = _next_pieces(connection, broadcast_id, code, start, spread.size, left)
    turns = share_out(before + len(rest), weights)[before:]
    pieces += [(ways[turn], piece, 0) for piece, turn in zip(rest, turns, strict=True)]
    cut: list[tuple[int, Piece, WayOut, int]] = []
    for no, (way, piece, canary) in enumerate(pieces, number):
        later = way if canary else replace(way, offset_ms=way.offset_ms + spread.offset_ms(earlier))
        cut.append((no, piece, later, canary))
        earlier += piece[2]
    if cut:
        _insert_shards(connection, broadcast_id, code, cut)
        _count(connection, broadcast_id, code, [piece for _, piece, _ in pieces])
    return len(pieces)


def _next_pieces(
    connection: Connection, broadcast_id: int, medium: int, start: int, size: int, most: int
) -> list[Piece]:
    """Up to `most` pieces of `size` recipients after the address `start`; the last of all may be smaller.

    The database steps from end to end over its key: no address is read but those at which a piece begins or ends.
    """
    if not size or most <= 0:
        return []
    mine = and_(recipient.c.broadcast == broadcast_id, recipient.c.medium == medium)
    cut = select(literal(0).label("no"), literal(start, BigInteger).label("last")).cte("cut", recursive=True)
    ahead = select(recipient.c.address_id).where(mine, recipient.c.address_id > cut.c.last)
    ahead = ahead.order_by(recipient.c.address_id).limit(1).correlate(cut)
    step = select(cut.c.no + 1, ahead.offset(size - 1).scalar_subquery())
    cut = cut.union_all(step.where(cut.c.no < most, cut.c.last.is_not(None)))
    ahead = select(recipient.c.address_id).where(mine, recipient.c.address_id > cut.c.last)
    ahead = ahead.order_by(recipient.c.address_id).limit(1).correlate(cut)
    ends = connection.execute(select(cut.c.last, ahead.scalar_subquery()).order_by(cut.c.no)).all()
    pieces = [(first, last, size) for (_, first), (last, _) in pairwise(ends) if last is not None]
    if ends[-1][0] is None:
        after = recipient.c.address_id > (pieces[-1][1] if pieces else start)
        place = recipient.c.address_id
        low, high, left = connection.execute(
            select(func.min(place), func.max(place), func.count()).where(mine, after)
        ).one()
        pieces += [(low, high, left)] if left else []
    return pieces


def _count(connection: Connection, broadcast_id: int, medium: int, pieces: Sequence[Piece]) -> None:
    """Note how many of these get which text in which language."""
    mine = and_(recipient.c.broadcast == broadcast_id, recipient.c.medium == medium)
    mine = and_(mine, recipient.c.address_id.between(pieces[0][0], pieces[-1][1]))
    noted = select(listed.c.variant, listed.c.language).where(listed.c.broadcast == broadcast_id).distinct()
    counted = _count_known(connection, mine, [(row.variant, row.language) for row in connection.execute(noted)])
    if sum(counted.values()) != sum(size for _, _, size in pieces):
        by = (recipient.c.variant, recipient.c.language)
        query = select(*by, func.count()).where(mine).group_by(*by)
        counted = {(variant, language): number for variant, language, number in connection.execute(query)}
    rows = [
        {"broadcast": broadcast_id, "medium": medium, "variant": variant, "language": language, "recipients": number}
        for (variant, language), number in counted.items()
        if number
    ]
    insert_or_add(connection, listed, rows, ["broadcast", "medium", "variant", "language"], "recipients")


def _count_known(
    connection: Connection, mine: ColumnElement[bool], kinds: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """How many are of these kinds, in one pass and without sorting; of many kinds nothing."""
    if not 0 < len(kinds) <= FEW_KINDS:
        return {}
    held = [and_(recipient.c.variant == variant, recipient.c.language == language) for variant, language in kinds]
    found = connection.execute(select(*(func.count().filter(kind) for kind in held)).where(mine)).one()
    return dict(zip(kinds, found, strict=True))


def listed_of(connection: Connection, broadcast_id: int) -> list[Listed]:
    """The frozen audience by medium, text and language."""
    query = select(listed).where(listed.c.broadcast == broadcast_id)
    rows = connection.execute(query.order_by(listed.c.variant, listed.c.medium, listed.c.language))
    return [Listed(CODE_MEDIA[row.medium], row.variant, row.language, row.recipients) for row in rows]


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


_SHARD: Final = (
    "broadcast", "medium", "no", "first_address", "last_address", "size", "endpoint", "home", "canary", "lane",
    "wave_offset_ms", "watermark",
    "fence", "lease_until_ms", "admitted",
    "accepted", "failed", "filtered", "suppressed", "superseded", "expired", "cancelled", "dead", "retrying",
    "returned", "unsure",
)  # fmt: skip
_NEW: Final = (0,) * (len(_SHARD) - _SHARD.index("fence"))


def _insert_shards(
    connection: Connection, broadcast_id: int, medium: int, cut: Sequence[tuple[int, Piece, WayOut, int]]
) -> None:
    """Those that are not there yet: (number, (first address, last address, size), way out, goes first alone)."""
    lane = connection.execute(select(broadcast.c.lane).where(broadcast.c.id == broadcast_id)).scalar_one()
    rows = [
        (broadcast_id, medium, number, first, last, size, way.id, way.id, canary, lane, way.offset_ms, first - 1, *_NEW)
        for number, (first, last, size), way, canary in cut
    ]
    insert_tuples(connection, shard, _SHARD, rows, _SHARD[:3])
