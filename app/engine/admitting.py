"""From a committed window to calls: who of the admitted may still be sent to, and grouped how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.delivery import Event, Result, Why
from app.domain.message import FailureKind, Message, Recipient
from app.domain.routing import area_slot
from app.store.ledger import BroadcastRow, Candidate, FirstMessage
from app.store.settling import Settled

ADDRESS_MOST = 1_024
"""As wide as the column; control characters, halves of characters and novels are nobody's address."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One call: recipients of one language and variant, with the rows they answer for."""

    message: Message
    recipients: tuple[Recipient, ...]
    candidates: tuple[Candidate, ...]
    drill: bool

    @property
    def lane(self) -> int:
        return self.candidates[0].lane

    def halves(self) -> tuple[Unit, Unit]:
        middle = len(self.candidates) // 2
        return (
            Unit(self.message, self.recipients[:middle], self.candidates[:middle], self.drill),
            Unit(self.message, self.recipients[middle:], self.candidates[middle:], self.drill),
        )


def sort_out(
    candidates: Iterable[Candidate], row: BroadcastRow, *, now_ms: int, gap_ms: int
) -> tuple[list[Candidate], list[Settled]]:
    """(those to send to, those settled or put off at the door), decided at the last moment before the call."""
    go, not_now = [], []
    wait_until = (row.sent_ms or now_ms) + gap_ms
    for candidate in candidates:
        if candidate.address is None:
            not_now.append(_closed(candidate, Result.SUPPRESSED, "address_erased", now_ms))
        elif not candidate.address.isprintable() or len(candidate.address) > ADDRESS_MOST:
            not_now.append(_closed(candidate, Result.DEAD, f"{FailureKind.OURS}:bad_address", now_ms))
        elif candidate.suppressed is not None:
            not_now.append(_closed(candidate, Result.SUPPRESSED, Event.ON_SUPPRESSION_LIST, now_ms))
        elif candidate.superseded:
            not_now.append(_closed(candidate, Result.SUPERSEDED, Event.NEWER_UPDATE, now_ms))
        elif candidate.first is FirstMessage.SPARED:
            not_now.append(_closed(candidate, Result.SUPPRESSED, "first_message_never_left", now_ms))
        elif candidate.first is FirstMessage.OPEN and now_ms < wait_until:
            not_now.append(put_back(candidate, "first_message_in_flight", now_ms, due_ms=wait_until))
        else:
            go.append(candidate)
    return go, not_now


def put_back(candidate: Candidate, reason: str, now_ms: int, *, due_ms: int) -> Settled:
    """Admitted but never asked about: it waits without having cost an attempt."""
    return settled(candidate, None, reason, now_ms, again=candidate.was or Why.RETURNED, due_ms=due_ms)


def settled(
    candidate: Candidate,
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
        candidate.broadcast,
        candidate.medium,
        candidate.address_id,
        candidate.shard,
        candidate.endpoint,
        candidate.lane,
        candidate.attempt,
        result,
        reason,
        now_ms,
        provider_id,
        candidate.was,
        again,
        due_ms,
        candidate.since_ms,
        suppress,
        candidate.fence,
    )


def alike(candidates: Iterable[Candidate], areas: frozenset[str] = frozenset()) -> list[tuple[str, list[Candidate]]]:
    """Those who may share a call: one broadcast, one shard, one language, one variant, one of the areas that matter.

    Each group comes with what stands for its area.
    """
    groups: dict[tuple[int, int, str, int, str], list[Candidate]] = {}
    for one in candidates:
        slot = area_slot(one.area, areas) if areas else ""
        groups.setdefault((one.broadcast, one.shard, one.language, one.variant, slot), []).append(one)
    return [(key[4], members) for key, members in groups.items()]


def cut(members: Sequence[Candidate], size: int) -> list[tuple[Candidate, ...]]:
    """Into calls of at most `size`."""
    return [tuple(members[at : at + size]) for at in range(0, len(members), size)]


def _closed(candidate: Candidate, result: Result, reason: str, now_ms: int) -> Settled:
    return settled(candidate, result, reason, now_ms)
