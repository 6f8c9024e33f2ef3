"""From a committed window to calls: who of the admitted may still be sent to, and grouped how."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.delivery import Event, Result, Why
from app.domain.message import FailureKind
from app.domain.routing import area_slot
from app.domain.suppressing import reported
from app.store.ledger import BroadcastRow
from app.store.settling import Settled
from app.store.windows import Candidates, FirstMessage, Origin, Window

ADDRESS_MOST = 1_024
"""As wide as the column; control characters, halves of characters and novels are nobody's address."""


def sort_out(
    candidates: Candidates, row: BroadcastRow, *, now_ms: int, gap_ms: int
) -> tuple[Candidates, list[Settled]]:
    """(those to send to, those settled or put off at the door), decided at the last moment before the call."""
    if _nothing_stands_against(candidates):
        return candidates, []
    origin, wait_until = candidates.origin, (row.sent_ms or now_ms) + gap_ms
    not_now, may_go = [], []
    deciding = (candidates.addresses, candidates.suppressed, candidates.superseded, candidates.first)
    for address_id, address, suppressed, superseded, first in zip(candidates.ids, *deciding, strict=True):
        end = _end(address, suppressed, superseded=bool(superseded), spared=first == FirstMessage.SPARED)
        waits = first == FirstMessage.OPEN and now_ms < wait_until
        if end is not None:
            not_now.append(settled(origin, address_id, *end, now_ms))
        elif waits:
            not_now.append(put_back(origin, address_id, "first_message_in_flight", now_ms, due_ms=wait_until))
        may_go.append(end is None and not waits)
    return candidates.only(may_go), not_now


def _nothing_stands_against(candidates: Candidates) -> bool:
    """The usual case, found out in a few passes over whole columns."""
    free = candidates.suppressed.count(None) == len(candidates) and not any(candidates.superseded)
    if not free or set(candidates.first) - {FirstMessage.TOLD.value}:
        return False
    addresses = [address for address in candidates.addresses if address is not None]
    whole = len(addresses) == len(candidates) and "".join(addresses).isprintable()
    return whole and max(map(len, addresses), default=0) <= ADDRESS_MOST


def _end(address: str | None, suppressed: str | None, *, superseded: bool, spared: bool) -> tuple[Result, str] | None:
    """Why nothing is sent to somebody, ever; None when something may be."""
    if address is None:
        return Result.SUPPRESSED, "address_erased"
    if not address.isprintable() or len(address) > ADDRESS_MOST:
        return Result.DEAD, f"{FailureKind.OURS}:bad_address"
    if suppressed is not None:
        return Result.SUPPRESSED, reported(suppressed)
    if superseded:
        return Result.SUPERSEDED, Event.NEWER_UPDATE
    return (Result.SUPPRESSED, "first_message_never_left") if spared else None


def put_back(origin: Origin, address_id: int, reason: str, now_ms: int, *, due_ms: int) -> Settled:
    """Admitted but never asked about: it waits without having cost an attempt."""
    return settled(origin, address_id, None, reason, now_ms, again=origin.was or Why.RETURNED, due_ms=due_ms)


def settled(
    origin: Origin,
    address_id: int,
    result: Result | None,
    reason: str,
    now_ms: int,
    *,
    provider_id: str = "",
    again: Why | None = None,
    due_ms: int | None = None,
    suppress: str = "",
) -> Settled:
    return Settled(
        origin.broadcast,
        origin.medium,
        address_id,
        origin.shard,
        origin.endpoint,
        origin.lane,
        origin.attempt,
        result,
        reason,
        now_ms,
        provider_id,
        origin.was,
        again,
        due_ms,
        origin.since_ms,
        suppress,
        origin.fence,
    )


def alike(candidates: Candidates, areas: frozenset[str] = frozenset()) -> list[Window]:
    """Parted into those who may share a call: one language, one variant, one of the areas that matter."""
    slots: Sequence[str] = [area_slot(area, areas) for area in candidates.areas] if areas else ("",) * len(candidates)
    kinds = list(zip(candidates.languages, candidates.variants, slots, strict=True))
    ids, addresses = candidates.ids, [address or "" for address in candidates.addresses]
    if len(set(kinds)) == 1:
        return [Window(candidates.origin, *kinds[0], ids, addresses)]
    groups: dict[tuple[str, int, str], list[int]] = {}
    for place, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(place)
    return [
        Window(candidates.origin, *kind, [ids[place] for place in places], [addresses[place] for place in places])
        for kind, places in groups.items()
    ]
