"""What the callbacks work with, put together from what the process has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.callbacks import letters
from app.callbacks.intake import Intake
from app.callbacks.known import Known
from app.callbacks.taking import Desk
from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.message import Channel
from app.usecases.record_receipts import keep
from app.usecases.take_reply import Listener, take_reply


def callbacks_desk(
    listener: Listener,
    clock: Clock,
    public_base: str,
    reference_key: bytes,
    open_channel: Callable[[Endpoint], Channel],
    stop_settles: float,
) -> Desk:
    """`reference_key` signs delivery references; `stop_settles`: see `Desk`."""
    return Desk(
        Known(listener.db, clock),
        clock,
        public_base,
        Intake(partial(keep, listener.db), reference_key, clock),
        open_channel,
        partial(take_reply, listener),
        letters.Context(listener, clock, reference_key, open_channel),
        stop_settles,
    )
