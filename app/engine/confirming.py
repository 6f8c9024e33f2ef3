"""Sends the one confirmation to whoever asked to be written to: decided here, where nobody who asked is waiting.

Claimed in a committed transaction before the call; what a stranger can cost is counted from that moment on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.fitting import segments
from app.domain.message import Batch, Failure, FailureKind, Medium, Message, Outcome, Recipient
from app.domain.sign_ups import A_DAY, LINK_LASTS, PURPOSE, Facts, Policy, Ruling, rule, sign_up_token
from app.domain.staff_notices import NudgeState, Step, after
from app.engine.fleet import OpenChannel
from app.engine.together import together
from app.engine.watchdog import guarded
from app.errors import ClarionError
from app.keyring import Keyring
from app.observe import SIGN_UPS, logger
from app.settings import Timings
from app.store import addresses, endpoints, sign_ups
from app.store.database import Database
from app.store.sign_ups import SignUpRow

log = logger("clarion.sign_ups")
LEASE_MARGIN: Final = 15.0

Say = Callable[[str, Medium, str], tuple[str, str]]
"""(language, medium, link) -> subject and text."""


@dataclass(frozen=True, slots=True)
class Confirmer:
    db: Database
    keyring: Keyring
    open_channel: OpenChannel
    say: Say
    clock: Clock
    timings: Timings
    policy: Policy
    public_base: str
    jitter: Callable[[], float] = random.random

    async def deliver(self) -> int:
        """Hand over what is due now, all at once and each within its time; how many there were. One that fails takes no
        other along. Raises what the database raises.
        """
        claimed = await asyncio.to_thread(self._claim)
        await together(self._hand_over(row, message) for row, message in claimed)
        return len(claimed)

    def _claim(self) -> list[tuple[SignUpRow, Message]]:
        now = self.clock.now()
        with self.db.reading() as connection:
            if not sign_ups.due(connection, now):
                return []
        with self.db.writing() as tx:
            found = [self._ruled(tx, row, now) for row in sign_ups.claimable(tx, now)]
        return [one for one in found if one is not None]

    def _ruled(self, tx: Connection, row: SignUpRow, now: datetime) -> tuple[SignUpRow, Message] | None:
        message, endpoint = self._message(row), self._endpoint(tx, row.asking.medium)
        facts = self._facts(tx, row, message, endpoint, now)
        ruling = rule(self.policy, row.asking.medium, facts)
        SIGN_UPS.labels(row.asking.medium.value, ruling.value).inc()
        if ruling is not Ruling.SEND or endpoint is None:
            sign_ups.refuse(tx, row.id, ruling.value)
            log.info("sign_up_refused", sign_up=row.id, reason=ruling.value)
            return None
        lease = timedelta(seconds=self.timings.call_timeout + LEASE_MARGIN)
        return sign_ups.claim(tx, row, endpoint.slug, facts.cost, now, lease), message

    def _facts(
        self, tx: Connection, row: SignUpRow, message: Message, endpoint: Endpoint | None, now: datetime
    ) -> Facts:
        asking = row.asking
        known = addresses.known(tx, {(asking.medium, asking.value): row.value_hash})
        texts = asking.medium is Medium.SMS
        to_it, alike = sign_ups.sent_to(tx, row, now - A_DAY)
        return Facts(
            age=now - row.at,
            suppressed=known is not None and bool(addresses.suppressed(tx, [known])),
            sent_to_it=to_it,
            spent=sign_ups.spent(tx, asking.medium, now - A_DAY, row.id),
            cost=self.policy.part_price * segments(message.text).parts if texts else Decimal(0),
            endpoint=endpoint.slug if endpoint else "",
            sent_to_neighbours=alike,
        )

    def _endpoint(self, tx: Connection, medium: Medium) -> Endpoint | None:
        able = [one for one in endpoints.everything(tx) if one.medium is medium and not one.halted_reason]
        named = [one for one in able if one.slug in self.policy.endpoints]
        return next(iter(named or able), None)

    def _message(self, row: SignUpRow) -> Message:
        asking = row.asking
        token = sign_up_token(self.keyring.key(PURPOSE), row.id, row.at)
        link = f"{self.public_base}/s/c/{token}"
        subject, text = self.say(asking.language, asking.medium, link)
        return Message(
            medium=asking.medium,
            language=asking.language,
            text=text,
            subject=subject,
            link=link if asking.medium is Medium.PUSH else "",
            key=f"sign-up-{row.id}-{int(row.at.timestamp())}",
            created_at=row.at,
            valid_seconds=int(LINK_LASTS.total_seconds()),
        )

    async def _hand_over(self, row: SignUpRow, message: Message) -> None:
        outcome = await self._ask(row, message)
        now = self.clock.now()
        step = after(outcome, attempts=row.attempts, doubts=row.doubts, age=now - row.at, jitter=self.jitter())
        await asyncio.to_thread(self._settle, row, step, now)
        if step.state is not NudgeState.ACCEPTED:
            log.warning("sign_up_not_accepted", sign_up=row.id, endpoint=row.endpoint, reason=step.reason)

    def _settle(self, row: SignUpRow, step: Step, now: datetime) -> None:
        with self.db.writing() as tx:
            sign_ups.settle(tx, row, step, now)

    async def _ask(self, row: SignUpRow, message: Message) -> Outcome:
        endpoint = await asyncio.to_thread(self._named, row.endpoint)
        if endpoint is None:
            return Failure(FailureKind.OURS, "endpoint_missing")
        try:
            channel = self.open_channel(endpoint, False)
        except ClarionError as error:
            return Failure(FailureKind.ACCOUNT, error.problems[0].code)
        recipient = Recipient(row.asking.value, message.key)
        outcomes = await guarded(channel.send(Batch(message, (recipient,))), self.timings.call_timeout + 1.0)
        return outcomes if isinstance(outcomes, Failure) else outcomes[0]

    def _named(self, slug: str) -> Endpoint | None:
        with self.db.reading() as connection:
            return endpoints.find(connection, slug)
