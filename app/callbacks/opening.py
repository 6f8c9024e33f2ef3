"""What the callbacks work with, put together from what the process has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.callbacks.intake import Intake
from app.callbacks.known import Known
from app.callbacks.taking import Desk
from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.message import Channel
from app.keyring import Keyring
from app.settings import Settings
from app.store.database import Database
from app.templating.replies import load_replies
from app.usecases.record_receipts import keep
from app.usecases.take_reply import Listener, take_reply


def callbacks_desk(
    settings: Settings,
    db: Database,
    clock: Clock,
    keyring: Keyring,
    reference_key: bytes,
    open_channel: Callable[[Endpoint], Channel],
) -> Desk:
    """`reference_key` signs delivery references."""
    listener = Listener(db, keyring, load_replies(), settings.default_language)
    return Desk(
        Known(db, clock),
        clock,
        settings.public_base,
        Intake(partial(keep, db), reference_key, clock),
        open_channel,
        partial(take_reply, listener),
        settings.timings.control_stale,
    )
