"""Who asked to be written to: noted alike for every address, confirmed by its owner, forgotten after its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, false, func, insert, or_, select, update

from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.domain.sign_ups import Asking
from app.domain.staff_notices import NudgeState, Step
from app.store.people_tables import sign_up

AT_ONCE: Final = 20
"""Confirmations claimed in one transaction."""
MICROS: Final = 1_000_000
REFUSED: Final = "refused"
_LEFT: Final = (NudgeState.SENDING.value, NudgeState.ACCEPTED.value, NudgeState.UNKNOWN.value)


@dataclass(frozen=True, slots=True)
class SignUpRow:
    id: int
    asking: Asking
    """`value` is "" once it was forgotten."""
    value_hash: bytes
    neighbours: bytes | None
    """None = a mailbox."""
    text_version: str
    state: str
    reason: str
    endpoint: str
    attempts: int
    doubts: int
    at: datetime
    confirmed_at: datetime | None
    beside: int | None
    """Address whose holder asked for one more of their own."""


def add(
    connection: Connection,
    asking: Asking,
    value_hash: bytes,
    network: bytes,
    neighbours: bytes | None,
    text_version: str,
    now: datetime,
    beside: int | None = None,
) -> int:
    row = {
        "medium": MEDIUM_CODES[asking.medium],
        "value": asking.value,
        "value_hash": value_hash,
        "network": network,
        "neighbours": neighbours,
        "language": asking.language,
        "area": asking.area,
        "topics": list(asking.topics),
        "text_version": text_version,
        "state": NudgeState.QUEUED.value,
        "reason": "",
        "endpoint": "",
        "provider_id": "",
        "attempts": 0,
        "doubts": 0,
        "cost_micros": 0,
        "at": now,
        "due_at": now,
        "beside": beside,
    }
    return int(connection.execute(insert(sign_up).values(row).returning(sign_up.c.id)).scalar_one())


def asked_since(connection: Connection, since: datetime, network: bytes | None = None, *, devices: bool = False) -> int:
    """Forms since then, from one place or in all: those of devices, or all others."""
    push = MEDIUM_CODES[Medium.PUSH]
    mine = sign_up.c.medium == push if devices else sign_up.c.medium != push
    query = select(func.count()).select_from(sign_up).where(sign_up.c.at > since, mine)
    return connection.scalar(query if network is None else query.where(sign_up.c.network == network)) or 0


def find(connection: Connection, number: int, *, lock: bool = False) -> SignUpRow | None:
    query = select(sign_up).where(sign_up.c.id == number)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _sign_up(row)


def confirm(connection: Connection, number: int, now: datetime) -> None:
    """Its address is the person's now; it is not kept here any longer than it takes to press the button twice."""
    connection.execute(update(sign_up).where(sign_up.c.id == number).values(confirmed_at=now))


def due(connection: Connection, now: datetime) -> bool:
    """Whether `claimable` would find anything."""
    return connection.execute(select(sign_up.c.id).where(_ready(now)).limit(1)).first() is not None


def claimable(connection: Connection, now: datetime) -> list[SignUpRow]:
    """Queued ones that are due, and those whose holder did not come back; locked."""
    query = select(sign_up).where(_ready(now)).order_by(sign_up.c.due_at, sign_up.c.id).limit(AT_ONCE)
    return [_sign_up(row) for row in connection.execute(query.with_for_update(skip_locked=True)).all()]


def claim(
    connection: Connection, row: SignUpRow, endpoint: str, cost: Decimal, now: datetime, lease: timedelta
) -> SignUpRow:
    """Ours until the lease is over; it counts as sent from here on, whatever becomes of it."""
    abandoned = row.state == NudgeState.SENDING.value
    values = {
        "state": NudgeState.SENDING.value,
        "endpoint": endpoint,
        "attempts": row.attempts + 1,
        "doubts": row.doubts + int(abandoned),
        "cost_micros": int(cost * MICROS),
        "sent_at": now,
        "due_at": now + lease,
    }
    connection.execute(update(sign_up).where(sign_up.c.id == row.id).values(**values))
    found = find(connection, row.id)
    assert found is not None  # noqa: S101 - locked by whoever calls
    return found


def refuse(connection: Connection, number: int, reason: str) -> None:
    """No message leaves for it; the address is not kept."""
    values = {"state": REFUSED, "reason": reason, "due_at": None, "value": None}
    connection.execute(update(sign_up).where(sign_up.c.id == number).values(**values))


def settle(connection: Connection, row: SignUpRow, step: Step, now: datetime) -> bool:
    """False when somebody else has claimed it since: then their word counts."""
    mine = (sign_up.c.id == row.id) & (sign_up.c.attempts == row.attempts)
    values = {
        "state": step.state.value,
        "reason": step.reason,
        "provider_id": step.provider_id[:200],
        "doubts": row.doubts + int(step.doubtful),
        "due_at": now + timedelta(seconds=step.delay) if step.state is NudgeState.QUEUED else None,
    }
    mine &= sign_up.c.state == NudgeState.SENDING.value
    return connection.execute(update(sign_up).where(mine).values(**values)).rowcount == 1


def sent_to(connection: Connection, row: SignUpRow, since: datetime) -> tuple[int, int]:
    """Confirmations that left or may have left since then, beside this one: (for its address, for its neighbours)."""
    query = select(func.count()).select_from(sign_up)
    query = query.where(sign_up.c.sent_at > since, sign_up.c.id != row.id, sign_up.c.state.in_(_LEFT))
    own = connection.scalar(query.where(sign_up.c.value_hash == row.value_hash)) or 0
    if row.neighbours is None:
        return own, 0
    return own, connection.scalar(query.where(sign_up.c.neighbours == row.neighbours)) or 0


def spent(connection: Connection, medium: Medium, since: datetime, but: int) -> Decimal:
    """On confirmations of a medium that left or may have left since then, beside this one."""
    query = select(func.coalesce(func.sum(sign_up.c.cost_micros), 0)).where(
        sign_up.c.sent_at > since, sign_up.c.medium == MEDIUM_CODES[medium], sign_up.c.id != but
    )
    micros = connection.scalar(query.where(sign_up.c.state.in_(_LEFT)))
    return Decimal(int(micros or 0)) / MICROS


def of_addresses(connection: Connection, hashes: Sequence[bytes]) -> list[SignUpRow]:
    query = select(sign_up).where(sign_up.c.value_hash.in_(hashes)).order_by(sign_up.c.id)
    return [_sign_up(row) for row in connection.execute(query)]


def forget_addresses(connection: Connection, hashes: Sequence[bytes]) -> None:
    """What these addresses ever asked for."""
    connection.execute(delete(sign_up).where(sign_up.c.value_hash.in_(hashes)))


def forget_before(connection: Connection, before: datetime, most: int) -> int:
    """How many were dropped."""
    some = select(sign_up.c.id).where(sign_up.c.at < before).limit(most)
    return connection.execute(delete(sign_up).where(sign_up.c.id.in_(some))).rowcount


def forgettable(connection: Connection, network: datetime, value: datetime, row: datetime | None) -> bool:
    """Whether there is anything older than that to blank or to drop."""
    old = or_(_old_networks(network), _old_values(value), sign_up.c.at < row if row else false())
    return connection.scalar(select(sign_up.c.id).where(old).limit(1)) is not None


def blank(connection: Connection, network: datetime, value: datetime, most: int) -> None:
    """Forget where older forms came from, and the addresses of those whose link has run out."""
    for column, old in ((sign_up.c.network, _old_networks(network)), (sign_up.c.value, _old_values(value))):
        some = select(sign_up.c.id).where(old).limit(most)
        connection.execute(update(sign_up).where(sign_up.c.id.in_(some)).values({column: None}))


def _old_networks(before: datetime) -> ColumnElement[bool]:
    return and_(sign_up.c.at < before, sign_up.c.network.is_not(None))


def _old_values(before: datetime) -> ColumnElement[bool]:
    return and_(sign_up.c.at < before, sign_up.c.value.is_not(None))


def _ready(now: datetime) -> Any:  # noqa: ANN401 - a condition
    moving = or_(sign_up.c.state == NudgeState.QUEUED.value, sign_up.c.state == NudgeState.SENDING.value)
    return and_(moving, sign_up.c.due_at <= now)


def _sign_up(row: Row[Any]) -> SignUpRow:
    asking = Asking(CODE_MEDIA[row.medium], row.value or "", row.language, row.area, tuple(row.topics))
    return SignUpRow(
        row.id, asking, row.value_hash, row.neighbours, row.text_version, row.state, row.reason, row.endpoint,
        row.attempts, row.doubts, row.at, row.confirmed_at, row.beside,
    )  # fmt: skip
