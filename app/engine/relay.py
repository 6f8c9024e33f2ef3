"""One sender's calls, each begun where the answer to the last is heard, as long as nothing unusual happens.

To wake a task for every answer, and to go down again through guard, channel and client to the next call, costs as much
as all the rest that is done for a text. So the task sleeps until there is something to decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.domain.message import Accepted, Outcome
from app.domain.posting import Posts
from app.engine.calls import Load, Unit
from app.engine.watchdog import IDLE, Watch


class Work(Protocol):
    """Where a relay takes its calls from, and whom it tells that the provider took one."""

    def take(self, now: float) -> tuple[Load, int, bytes] | None:
        """The next recipient and what to post, if at this monotonic moment nothing at all needs asking about them."""
        ...

    def taken(self, load: Load, at: int, provider_id: str, now: float) -> None: ...


class Relay:
    """For the calls of one task, under its watch."""

    __slots__ = ("_at", "_channel", "_ended", "_give_up", "_load", "_monotonic", "_post", "_time", "_watch", "_work")

    def __init__(self, channel: Posts, work: Work, watch: Watch, monotonic: Callable[[], float]) -> None:
        self._channel, self._work, self._watch, self._monotonic = channel, work, watch, monotonic
        self._load: Load | None = None
        self._at = 0
        self._ended: asyncio.Future[Sequence[Outcome]]
        self._give_up: Callable[[], None]

    @property
    def unit(self) -> Unit | None:
        """The call that came to something unusual, or was cut short; None = there is none."""
        return None if self._load is None else Unit(self._load, self._at, self._at + 1)

    async def run(self) -> Sequence[Outcome]:
        """Go on until a call comes to anything but acceptance, or there is none to begin without asking.

        What became of `unit`; empty without one. Cancelled, it gives the call under way up.
        """
        loop = asyncio.get_running_loop()
        self._ended, self._time, self._load = loop.create_future(), loop.time, None
        self._post = self._channel.poster()
        self._go_on(self._monotonic())
        try:
            return await self._ended
        except asyncio.CancelledError:
            if self.unit is not None:
                self._give_up()
            raise

    def _go_on(self, now: float) -> None:
        next_one = self._work.take(now)
        if next_one is None:
            self._watch.began = IDLE
            self._ended.set_result(())
            return
        self._load, self._at, form = next_one
        self._watch.began = self._time()
        self._give_up = self._post(form, self._heard)

    def _heard(self, answer: Any) -> None:  # noqa: ANN401 - the channel's own
        """Called amid other calls' answers, where nothing may be raised: what breaks here is told to the task."""
        load = self._load
        if load is None or self._ended.done():
            return  # told to stop a moment ago
        try:
            outcome = self._channel.read(answer)
            if isinstance(outcome, Accepted):
                self._load, now = None, self._monotonic()
                self._work.taken(load, self._at, outcome.provider_id, now)
                self._go_on(now)
                return
        except Exception as error:  # noqa: BLE001 - the task's guard logs it and says what it means
            self._watch.began = IDLE
            self._ended.set_exception(error)
        else:
            self._watch.began = IDLE
            self._ended.set_result((outcome,))
