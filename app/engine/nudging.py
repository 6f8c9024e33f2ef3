"""Hands notices to staff over to their endpoints: each to each place once, again while a provider refuses.

Claimed in a committed transaction before the call, so that two processes never send the same; whoever dies in between
leaves it to the next, who asks the provider first.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.message import Accepted, Batch, Channel, Failure, FailureKind, Finds, Found, Message, Outcome, Recipient
from app.domain.reading import iso
from app.domain.staff_notices import GIVE_UP_AFTER, Notice, NudgeState, Step, after
from app.engine.fleet import OpenChannel
from app.engine.together import together
from app.engine.watchdog import guarded
from app.errors import ClarionError
from app.observe import logger
from app.settings import Timings
from app.store import endpoints, staff
from app.store.database import Database
from app.store.staff import Claimed
from app.templating.staff_words import say_notice
from app.templating.words import Words

log = logger("clarion.staff")

LEASE_MARGIN: Final = 15.0
"""Seconds beyond the longest call and search that a nudge stays with who claimed it."""


@dataclass(frozen=True, slots=True)
class Nudger:
    db: Database
    open_channel: OpenChannel
    words: Mapping[str, Words]
    clock: Clock
    timings: Timings
    jitter: Callable[[], float] = random.random
    console: str = ""
    """Where people of staff reach the console; no trailing slash."""
    tap_url: Callable[[Notice, str, str], str] = lambda _notice, _endpoint, _address: ""
    """(notice, endpoint, address) -> where whoever is reached there answers with one tap; "" = nowhere."""

    async def deliver(self) -> int:
        """Hand over what is due now, all at once and each within its time; how many there were. One that fails takes no
        other along. Raises what the database raises.
        """
        claimed = await asyncio.to_thread(self._claim)
        await together(self._hand_over(one) for one in claimed)
        return len(claimed)

    def _claim(self) -> list[Claimed]:
        now = self.clock.now()
        with self.db.reading() as connection:
            if not staff.due(connection, now):
                return []
        with self.db.writing() as tx:
            return staff.claim(tx, now, timedelta(seconds=2 * self.timings.call_timeout + LEASE_MARGIN))

    async def _hand_over(self, one: Claimed) -> None:
        outcome = await self._ask(one)
        now = self.clock.now()
        nudge = one.nudge
        age = now - one.notice.raised_at
        step = after(outcome, attempts=nudge.attempts, doubts=nudge.doubts, age=age, jitter=self.jitter())
        await asyncio.to_thread(self._settle, one, step, now)
        if step.state is not NudgeState.ACCEPTED:
            log.warning("nudge_not_accepted", notice=nudge.notice_id, endpoint=nudge.endpoint, reason=step.reason)

    def _settle(self, one: Claimed, step: Step, now: datetime) -> None:
        with self.db.writing() as tx:
            staff.settle(tx, one.nudge, step, now)

    async def _ask(self, one: Claimed) -> Outcome:
        endpoint = await asyncio.to_thread(self._endpoint, one.nudge.endpoint)
        if endpoint is None:
            return Failure(FailureKind.OURS, "endpoint_missing")
        try:
            channel = self.open_channel(endpoint, False)
        except ClarionError as error:
            return Failure(FailureKind.ACCOUNT, error.problems[0].code)
        tap = await asyncio.to_thread(self.tap_url, one.notice.notice, one.nudge.endpoint, one.nudge.address)
        message, recipient = self._message(one, endpoint, tap), _recipient(one, endpoint)
        limit = self.timings.call_timeout + 1.0
        if one.nudge.doubts:
            known = await self._found(channel, recipient, message, one, limit)
            if known is not None:
                return known
        outcomes = await guarded(channel.send(Batch(message, (recipient,))), limit)
        return outcomes if isinstance(outcomes, Failure) else outcomes[0]

    async def _found(
        self, channel: Channel, recipient: Recipient, message: Message, one: Claimed, limit: float
    ) -> Outcome | None:
        """What the provider says about a hand-over nobody answered; None = send it again."""
        if not isinstance(channel, Finds):
            return None
        found = await guarded(channel.find(recipient, message, one.notice.raised_at), limit)
        if isinstance(found, Failure) or found.found is not Found.YES:
            return None
        return Accepted(found.provider_id)

    def _endpoint(self, slug: str) -> Endpoint | None:
        with self.db.reading() as connection:
            return endpoints.find(connection, slug)

    def _message(self, one: Claimed, endpoint: Endpoint, tap: str) -> Message:
        row, nudge = one.notice, one.nudge
        notice = row.notice
        said = say_notice(self.words, notice, row.id, nudge.language, self.console, tap)
        left = GIVE_UP_AFTER - (self.clock.now() - row.raised_at)
        return Message(
            medium=endpoint.medium,
            language=nudge.language,
            text=f"{said.subject}\n{said.text}\n{said.acknowledge}",
            subject=said.subject,
            key=_key(one),
            created_at=row.raised_at,
            valid_seconds=max(60, int(left.total_seconds())),
            data={
                "type": "staff.notice",
                "notice": row.id,
                "kind": notice.kind.value,
                "about": notice.subject,
                "severity": notice.severity.value,
                "details": dict(notice.details),
                "link": self.console + notice.details["path"] if "path" in notice.details else None,
                "raised_at": iso(row.raised_at),
            },
        )


def _recipient(one: Claimed, endpoint: Endpoint) -> Recipient:
    return Recipient(one.nudge.address or endpoint.slug, f"staff-{_key(one)}")


def _key(one: Claimed) -> str:
    """The same at every attempt."""
    nudge = one.nudge
    identity = f"staff\0{nudge.notice_id}\0{iso(one.notice.raised_at)}\0{nudge.endpoint}\0{nudge.address}"
    return hashlib.sha256(identity.encode()).hexdigest()[:32]
