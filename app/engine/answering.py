"""Hands over the answers to keywords, through the endpoint at which they came: each once, or not at all.

Claimed in a committed transaction before the call. Whoever dies in between leaves it as unknown: an answer that is
lost can be asked for again, two answers look like a robot.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.message import Batch, Failure, FailureKind, Message, Outcome, Recipient
from app.domain.replying import GIVE_UP_AFTER, Answer, Step, after
from app.engine.fleet import OpenChannel
from app.engine.together import together
from app.engine.watchdog import guarded
from app.errors import ClarionError
from app.observe import logger
from app.store import endpoints, hearing
from app.store.database import Database
from app.store.hearing import DueAnswer

log = logger("clarion.replies")

LEASE_MARGIN: Final = 15.0
"""Seconds beyond the longest call that an answer stays with who claimed it."""
LOST: Final = Failure(FailureKind.AMBIGUOUS, "worker_lost")

Say = Callable[[Answer, str, int | None, datetime], str]
"""(kind, language, the last update they got, when) -> the words."""


@dataclass(frozen=True, slots=True)
class Answerer:
    db: Database
    open_channel: OpenChannel
    say: Say
    clock: Clock
    call_timeout: float
    jitter: Callable[[], float] = random.random

    async def deliver(self) -> int:
        """Hand over what is due now, all at once and each within its time; how many there were. One that fails takes no
        other along. Raises what the database raises.
        """
        claimed = await asyncio.to_thread(self._claim)
        await together(map(self._hand_over, claimed))
        return len(claimed)

    def _claim(self) -> list[DueAnswer]:
        now = self.clock.now()
        with self.db.reading() as connection:
            if not hearing.answers_due(connection, now):
                return []
        with self.db.writing() as tx:
            return hearing.claim_answers(tx, now, timedelta(seconds=self.call_timeout + LEASE_MARGIN))

    async def _hand_over(self, due: DueAnswer) -> None:
        outcome = LOST if due.abandoned else await self._ask(due)
        now = self.clock.now()
        step = after(outcome, attempts=due.attempts, age=now - due.heard_at, jitter=self.jitter())
        await asyncio.to_thread(self._settle, due, step, now)
        if isinstance(outcome, Failure):
            log.warning("answer_not_accepted", reply=due.id, endpoint=due.endpoint, reason=step.reason)

    def _settle(self, due: DueAnswer, step: Step, now: datetime) -> None:
        with self.db.writing() as tx:
            hearing.settle_answer(tx, due, step, now)

    async def _ask(self, due: DueAnswer) -> Outcome:
        endpoint = await asyncio.to_thread(self._endpoint, due.endpoint)
        if endpoint is None or due.address is None:
            return Failure(FailureKind.OURS, "endpoint_missing" if endpoint is None else "address_erased")
        if endpoint.halted_reason:
            return Failure(FailureKind.ACCOUNT, "endpoint_halted")
        try:
            channel = self.open_channel(endpoint, False)
            now = self.clock.now()
            text = await asyncio.to_thread(self.say, due.kind, due.language, due.update_id, now)
        except ClarionError as error:
            return Failure(FailureKind.ACCOUNT, error.problems[0].code)
        left = int((GIVE_UP_AFTER - (now - due.heard_at)).total_seconds())
        key = hashlib.sha256(f"answer\0{due.endpoint}\0{due.id}".encode()).hexdigest()[:32]
        message = Message(
            endpoint.medium, due.language, text, key=key, created_at=due.heard_at, valid_seconds=max(60, left)
        )
        recipients = (Recipient(due.address, f"answer-{key}"),)
        outcomes = await guarded(channel.send(Batch(message, recipients)), self.call_timeout + 1.0)
        return outcomes if isinstance(outcomes, Failure) else outcomes[0]

    def _endpoint(self, slug: str) -> Endpoint | None:
        with self.db.reading() as connection:
            return endpoints.find(connection, slug)
