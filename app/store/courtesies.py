"""Who is spared by a broadcast's courtesy: asked in bulk at the moment of admission, never one person at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, case, delete, func, insert, select, update

from app.domain.courtesy import ENOUGH_TODAY, TOLD_ELSEWHERE, WAITS_FOR_OTHER, Courtesy, Elsewhere, Other, elsewhere
from app.domain.delivery import FINAL, Result, State, accepted_state
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium, ReceiptKind
from app.domain.quiet_hours import REASONS, WAITS_PAST_EXPIRY, QuietHours
from app.store.calling import call
from app.store.courtesy_tables import courtesy, quiet_wait
from app.store.ledger import same_delivery
from app.store.ledger_tables import broadcast, due, outcome, receipt_state, recipient, shard
from app.store.locking import lock_broadcast
from app.store.tables import subscriber, subscriber_address
from app.store.upsert import insert_or_update, is_listed

_NOT_A_FAILURE: Final = (Result.SUPERSEDED, Result.EXPIRED, Result.CANCELLED)
OLDEST_MS: Final = 30 * 86_400_000
"""Nothing is sent that was handed in so long ago: ids of broadcasts are times."""
_SPARED: Final = (ENOUGH_TODAY, TOLD_ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Wait:
    """So many deliveries of one medium wait until then."""

    medium: Medium
    until_ms: int
    people: int
    lost: bool = False
    """It expires before they wake."""


def keep(connection: Connection, broadcast_id: int, wanted: Courtesy) -> None:
    """In the place of what was kept before."""
    connection.execute(delete(courtesy).where(courtesy.c.broadcast == broadcast_id))
    if not wanted.holds_back:
        return
    quiet = wanted.quiet
    values = {
        "broadcast": broadcast_id,
        "quiet_begins": quiet.begins if quiet else None,
        "quiet_ends": quiet.ends if quiet else None,
        "quiet_media": _codes(sorted(quiet.media)) if quiet else None,
        "zone": quiet.zone if quiet else None,
        "most_a_day": wanted.most_a_day,
        "first_media": _codes(wanted.first_media) or None,
        "asked_media": _codes(wanted.asked_media) or None,
    }
    connection.execute(insert(courtesy).values(values))


def of_broadcast(connection: Connection, broadcast_id: int) -> Courtesy | None:
    row = connection.execute(select(courtesy).where(courtesy.c.broadcast == broadcast_id)).one_or_none()
    if row is None:
        return None
    quiet = None
    if row.quiet_media:
        quiet = QuietHours(row.quiet_begins, row.quiet_ends, frozenset(_media(row.quiet_media)), zone=row.zone or "")
    return Courtesy(quiet, row.most_a_day, _media(row.first_media or ""), _media(row.asked_media or ""))


def zones(connection: Connection, ids: Sequence[int]) -> Mapping[int, set[str]]:
    """The time zones of the people at each of these addresses; whose people are not known is not in it."""
    found: dict[int, set[str]] = defaultdict(set)
    query = (
        select(subscriber_address.c.address_id, subscriber.c.timezone)
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .where(is_listed(connection, subscriber_address.c.address_id, ids))
    )
    for address_id, zone in connection.execute(query):
        found[address_id].add(zone)
    return found


def told_since(
    connection: Connection, medium: int, ids: Sequence[int], since_ms: int, besides: int
) -> Mapping[int, int]:
    """How many capped broadcasts of any crisis each of these addresses got since then, or may have got.

    Looked up by key in each of the few broadcasts of that time.
    """
    query = (
        select(courtesy.c.broadcast)
        .join(broadcast, broadcast.c.id == courtesy.c.broadcast)
        .where(courtesy.c.most_a_day.is_not(None), courtesy.c.broadcast != besides)
        .where(courtesy.c.broadcast > (since_ms - OLDEST_MS) << 10, broadcast.c.expires_ms > since_ms)
    )
    found: dict[int, int] = defaultdict(int)
    for number in connection.scalars(query).all():
        mine = and_(outcome.c.broadcast == number, outcome.c.medium == medium, outcome.c.at_ms > since_ms)
        got = outcome.c.result.in_((Result.ACCEPTED.value, Result.UNKNOWN.value))
        told = select(outcome.c.address_id).where(mine, is_listed(connection, outcome.c.address_id, ids), got)
        for address_id in connection.scalars(told.distinct()):
            found[address_id] += 1
    return found


def by_earlier_media(
    connection: Connection,
    broadcast_id: int,
    medium: Medium,
    wanted: Courtesy,
    ids: Sequence[int],
    patient_since_ms: int,
) -> Mapping[int, Elsewhere]:
    """Whether the people at these addresses of `medium` have the same words by one that comes before it for them; not
    in it = nothing comes before it, or nobody is known.

    What was accepted after `patient_since_ms` and is not reported on may still fail.
    """
    others = [one for one in wanted.asked_media if one is not medium]
    earlier = {*others, *wanted.before(medium, None)}
    if others and not wanted.before(medium, None):
        ids = _who_rather(connection, others, ids)
    if not earlier or not ids:
        return {}
    other = subscriber_address.alias("other")
    theirs = and_(
        other.c.subscriber_id == subscriber_address.c.subscriber_id,
        other.c.medium.in_([MEDIUM_CODES[one] for one in earlier]),
        other.c.preferred.is_(True),
    )
    staged = and_(
        recipient.c.broadcast == broadcast_id,
        recipient.c.medium == other.c.medium,
        recipient.c.address_id == other.c.address_id,
    )
    columns = (outcome.c.result, outcome.c.reason, outcome.c.at_ms, receipt_state.c.kind)
    query: Select[Any] = (
        select(
            subscriber_address.c.address_id, subscriber_address.c.subscriber_id, subscriber.c.preferred_medium,
            recipient.c.medium, recipient.c.address_id.label("there"), *columns,
        )
        .select_from(subscriber_address)
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .outerjoin(other, theirs)
        .outerjoin(recipient, staged)
        .outerjoin(outcome, same_delivery(outcome, recipient))
        .outerjoin(receipt_state, same_delivery(receipt_state, recipient))
        .where(is_listed(connection, subscriber_address.c.address_id, ids))
    )  # fmt: skip
    known: dict[int, dict[int, dict[tuple[int, int], list[Row[Any]]]]] = defaultdict(dict)
    for row in connection.execute(query):
        person = known[row.address_id].setdefault(row.subscriber_id, {})
        if row.there is not None and CODE_MEDIA[row.medium] in wanted.before(medium, _medium(row.preferred_medium)):
            person.setdefault((row.medium, row.there), []).append(row)
    return {
        address_id: elsewhere(
            [_stands(rows, patient_since_ms) for rows in person.values()] for person in people.values()
        )
        for address_id, people in known.items()
    }


def _who_rather(connection: Connection, others: Sequence[Medium], ids: Sequence[int]) -> list[int]:
    """Those of these addresses at which somebody would rather hear by one of these."""
    query = (
        select(subscriber_address.c.address_id)
        .distinct()
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .where(is_listed(connection, subscriber_address.c.address_id, ids))
        .where(subscriber.c.preferred_medium.in_([one.value for one in others]))
    )
    return list(connection.scalars(query))


def _medium(name: str | None) -> Medium | None:
    return None if name is None else Medium(name)


def _stands(rows: Sequence[Row[Any]], patient_since_ms: int) -> Other:
    """One delivery by the rows of its attempts."""
    results = {Result(row.result): row for row in rows if row.result is not None}
    accepted = results.get(Result.ACCEPTED)
    if accepted is not None:
        if accepted.kind is not None and accepted_state(ReceiptKind(accepted.kind)) is not State.ACCEPTED:
            return Other.TOLD if accepted_state(ReceiptKind(accepted.kind)) is State.DELIVERED else Other.FAILED
        return Other.OPEN if accepted.at_ms > patient_since_ms else Other.TOLD
    final = next((results[one] for one in results if one in FINAL), None)
    if final is None:
        return Other.OPEN
    spared = Result(final.result) in _NOT_A_FAILURE or final.reason in _SPARED
    return Other.TOLD if spared else Other.FAILED


def note_waits(connection: Connection, waits: Mapping[tuple[int, int, int], int]) -> None:
    """Count who was put off: by (broadcast, medium, until). In one order, so that nobody waits in a circle."""
    names = ("broadcast", "medium", "until_ms")
    rows = [{**dict(zip(names, key, strict=True)), "people": number} for key, number in sorted(waits.items())]
    for row in rows:
        more = {"people": quiet_wait.c.people + row["people"]}
        insert_or_update(connection, quiet_wait, [row], names, (), more)


def waits(connection: Connection, broadcast_id: int, now_ms: int) -> list[Wait]:
    """Who is asleep now, by when they wake."""
    query = _waiting(now_ms).where(quiet_wait.c.broadcast == broadcast_id)
    return [_wait(row) for row in connection.execute(query.order_by(quiet_wait.c.until_ms, quiet_wait.c.medium))]


def all_waits(connection: Connection, now_ms: int) -> Mapping[tuple[int, int], list[Wait]]:
    """By (broadcast, medium) of everything that is on its way, those who wake first before others."""
    found: dict[tuple[int, int], list[Wait]] = defaultdict(list)
    query = _waiting(now_ms).where(broadcast.c.state == "sending")
    for row in connection.execute(query.order_by(quiet_wait.c.until_ms)):
        found[row.broadcast, row.medium].append(_wait(row))
    return found


def _waiting(now_ms: int) -> Select[Any]:
    query = select(quiet_wait, broadcast.c.expires_ms).join(broadcast, broadcast.c.id == quiet_wait.c.broadcast)
    return query.where(quiet_wait.c.until_ms > now_ms)


def _wait(row: Row[Any]) -> Wait:
    lost = row.expires_ms is not None and row.expires_ms <= row.until_ms
    return Wait(CODE_MEDIA[row.medium], row.until_ms, row.people, lost)


@dataclass(frozen=True, slots=True)
class PutOff:
    """Whom an endpoint has put off of one broadcast, and until when."""

    asleep: int = 0
    lost: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    elsewhere: int = 0


NOBODY: Final = PutOff()


def put_off(connection: Connection, broadcast_id: int) -> Mapping[tuple[int, int], PutOff]:
    """By (endpoint, medium), from the rows themselves: for somebody who asks why, not for a page that looks again."""
    night, lost = due.c.reason.in_(REASONS), due.c.reason == WAITS_PAST_EXPIRY
    query = (
        select(
            due.c.endpoint,
            due.c.medium,
            func.sum(case((night, 1), else_=0)),
            func.sum(case((lost, 1), else_=0)),
            func.min(case((night, due.c.due_ms))),
            func.max(case((night, due.c.due_ms))),
            func.sum(case((night, 0), else_=1)),
        )
        .where(due.c.broadcast == broadcast_id, due.c.reason.in_((*REASONS, WAITS_FOR_OTHER)), due.c.owner.is_(None))
        .group_by(due.c.endpoint, due.c.medium)
    )
    return {(row[0], row[1]): PutOff(*row[2:]) for row in connection.execute(query)}


def put_off_in_canary(connection: Connection, broadcast_id: int) -> Mapping[tuple[int, int], int]:
    """By (medium, endpoint): whom of the first portion we have put off."""
    its_shard = and_(shard.c.broadcast == due.c.broadcast, shard.c.medium == due.c.medium, shard.c.no == due.c.shard)
    query = (
        select(due.c.medium, due.c.endpoint, func.count())
        .join(shard, its_shard)
        .where(due.c.broadcast == broadcast_id, shard.c.canary == 1, due.c.reason.in_((*REASONS, WAITS_FOR_OTHER)))
        .group_by(due.c.medium, due.c.endpoint)
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def wake_all(connection: Connection, broadcast_id: int) -> int:
    """Nobody is put off any more; how many were waiting. `wake_some` lets those go who were put off before."""
    lock_broadcast(connection, broadcast_id)
    call(connection)
    fields = ("quiet_begins", "quiet_ends", "quiet_media")
    mine = courtesy.c.broadcast == broadcast_id
    connection.execute(update(courtesy).where(mine).values(dict.fromkeys(fields)))
    connection.execute(delete(quiet_wait).where(quiet_wait.c.broadcast == broadcast_id))
    return connection.scalar(select(func.count()).where(_put_off(broadcast_id))) or 0


def wake_some(connection: Connection, broadcast_id: int, now_ms: int, most: int) -> int:
    """The next of those who were put off; 0 when none is left."""
    lock_broadcast(connection, broadcast_id)
    some = select(due.c.medium, due.c.address_id).where(_put_off(broadcast_id)).limit(most)
    found: dict[int, list[int]] = defaultdict(list)
    for medium, address_id in connection.execute(some):
        found[medium].append(address_id)
    for medium, ids in found.items():
        these = and_(due.c.broadcast == broadcast_id, due.c.medium == medium)
        awake = {"due_ms": now_ms, "reason": "woken"}
        connection.execute(update(due).where(these, is_listed(connection, due.c.address_id, ids)).values(awake))
    return sum(map(len, found.values()))


def _put_off(broadcast_id: int) -> Any:  # noqa: ANN401 - a condition
    return and_(due.c.broadcast == broadcast_id, due.c.reason.in_(REASONS), due.c.owner.is_(None))


def _codes(media: Sequence[Medium]) -> str:
    return ",".join(str(MEDIUM_CODES[medium]) for medium in media)


def _media(codes: str) -> tuple[Medium, ...]:
    return tuple(CODE_MEDIA[int(code)] for code in codes.split(",") if code)
