"""The last question before a call where a broadcast is courteous: who sleeps, who was told enough or another way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from app.clock import from_ms, to_ms
from app.domain.courtesy import (
    A_DAY,
    ENOUGH_TODAY,
    RECEIPT_PATIENCE,
    TOLD_ELSEWHERE,
    WAITS_FOR_OTHER,
    Courtesy,
    Elsewhere,
)
from app.domain.delivery import Result
from app.domain.message import CODE_MEDIA, MEDIUM_CODES
from app.domain.quiet_hours import WAITS_FOR_MORNING, WAITS_PAST_EXPIRY, QuietHours, quiet_until, shared
from app.engine.admitting import put_back, settled
from app.store import courtesies
from app.store.settling import Settled
from app.store.windows import Candidates

_DAY_MS: Final = int(A_DAY.total_seconds() * 1000)
_PATIENCE_MS: Final = int(RECEIPT_PATIENCE.total_seconds() * 1000)


def spare(
    connection: Connection, candidates: Candidates, courtesy: Courtesy, expires_ms: int | None, now_ms: int
) -> tuple[Candidates, list[Settled]]:
    """(those to send to, those settled or put off). One query for each kind of courtesy, however many they are."""
    held: dict[int, Settled] = {}
    for look in (_told_enough, _told_elsewhere):
        held |= look(connection, _rest(candidates, held), courtesy, now_ms)
    held |= _asleep(connection, _rest(candidates, held), courtesy, expires_ms, now_ms)
    return (_rest(candidates, held), list(held.values())) if held else (candidates, [])


def _rest(candidates: Candidates, held: Mapping[int, Settled]) -> Candidates:
    return candidates.only([one not in held for one in candidates.ids]) if held else candidates


def _told_enough(connection: Connection, who: Candidates, courtesy: Courtesy, now_ms: int) -> dict[int, Settled]:
    if courtesy.most_a_day is None or not who:
        return {}
    origin = who.origin
    told = courtesies.told_since(connection, origin.medium, who.ids, now_ms - _DAY_MS, origin.broadcast)
    over = [one for one in who.ids if told.get(one, 0) >= courtesy.most_a_day]
    return {one: settled(origin, one, Result.SUPPRESSED, ENOUGH_TODAY, now_ms) for one in over}


def _told_elsewhere(connection: Connection, who: Candidates, courtesy: Courtesy, now_ms: int) -> dict[int, Settled]:
    origin = who.origin
    if not who:
        return {}
    medium, patient_since = CODE_MEDIA[origin.medium], now_ms - _PATIENCE_MS
    stands = courtesies.by_earlier_media(connection, origin.broadcast, medium, courtesy, who.ids, patient_since)
    held = {}
    for one in who.ids:
        there = stands.get(one, Elsewhere.GO)
        if there is Elsewhere.SPARE:
            held[one] = settled(origin, one, Result.SUPPRESSED, TOLD_ELSEWHERE, now_ms)
        elif there is Elsewhere.WAIT:
            held[one] = put_back(origin, one, WAITS_FOR_OTHER, now_ms, due_ms=now_ms + _PATIENCE_MS)
    return held


def _asleep(
    connection: Connection, who: Candidates, courtesy: Courtesy, expires_ms: int | None, now_ms: int
) -> dict[int, Settled]:
    quiet = courtesy.quiet
    if quiet is None or not who or who.origin.medium not in {MEDIUM_CODES[medium] for medium in quiet.media}:
        return {}
    zones = courtesies.zones(connection, who.ids)
    nobodys = frozenset({quiet.zone} if quiet.zone else ())
    places = {one: frozenset(zones[one]) if one in zones else nobodys for one in who.ids}
    ends = {place: _wakes(quiet, place, now_ms) for place in set(places.values())}
    held = {}
    for one in who.ids:
        until_ms = ends[places[one]]
        if until_ms is not None:
            lost = expires_ms is not None and expires_ms <= until_ms
            reason = WAITS_PAST_EXPIRY if lost else WAITS_FOR_MORNING
            held[one] = put_back(who.origin, one, reason, now_ms, due_ms=until_ms)
    return held


def _wakes(quiet: QuietHours, places: frozenset[str], now_ms: int) -> int | None:
    until = shared(quiet_until(quiet, place, from_ms(now_ms)) for place in places)
    return None if until is None else to_ms(until)
