"""Several workers, one pace: what this worker may admit of an endpoint's rate, a slice at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from app.clock import Clock, to_ms
from app.domain.pacing import SLICE_SECONDS, Pace
from app.engine.turn import Want
from app.store import pacing
from app.store.database import Database


@dataclass(slots=True)
class Purse:
    """Tokens in hand, worth something until `until` (monotonic seconds)."""

    tokens: int = 0
    until: float = 0.0
    rate: float = 0.0
    """This worker's own, when it last looked: one that fell says that the provider complained."""


@dataclass(slots=True)
class Purses:
    """For a worker that is not alone. `pace_of` tells a runner's own pace, which the shared one only narrows."""

    db: Database
    clock: Clock
    pace_of: Callable[[int], Pace | None]
    _by_endpoint: dict[int, Purse] = field(default_factory=dict)

    def afford(self, wants: Sequence[Want]) -> list[Want]:
        """The wants with as much room as there are tokens for; at most one short transaction."""
        now = self.clock.monotonic()
        known = [(want, pace) for want in wants if (pace := self.pace_of(want.endpoint)) is not None]
        short = [(want, pace) for want, pace in known if self._falls_short(want, pace, now)]
        if short:
            self._fill(sorted(short, key=lambda one: one[0].endpoint), now)
        rooms = [(want, min(want.room, self._by_endpoint[want.endpoint].tokens)) for want, _ in known]
        return [replace(want, room=room) for want, room in rooms if room > 0]

    def spend(self, endpoint: int, recipients: int) -> None:
        purse = self._by_endpoint.get(endpoint)
        if purse is not None:
            purse.tokens = max(0, purse.tokens - recipients)

    def _falls_short(self, want: Want, pace: Pace, now: float) -> bool:
        purse = self._by_endpoint.setdefault(want.endpoint, Purse(rate=pace.nominal))
        if now >= purse.until:
            purse.tokens = 0
        return purse.tokens < want.room or pace.rate < purse.rate

    def _fill(self, short: Sequence[tuple[Want, Pace]], now: float) -> None:
        now_ms = to_ms(self.clock.now())
        with self.db.writing(alone=False) as tx:
            pacing.may_be_lost(tx)
            for want, pace in short:
                purse = self._by_endpoint[want.endpoint]
                if pace.rate < purse.rate:
                    pacing.throttle(tx, want.endpoint, pace.nominal, now_ms=now_ms)
                missing = max(0, want.room - purse.tokens)
                taken = pacing.take_slice(tx, want.endpoint, pace.nominal, missing, now_ms=now_ms)
                purse.tokens, purse.until, purse.rate = purse.tokens + taken.tokens, now + SLICE_SECONDS, pace.rate
