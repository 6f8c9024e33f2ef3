"""Look around for what staff must be told although nobody asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from app.store.database import Database
from app.usecases.halt_outdated import halt_outdated
from app.usecases.page_approvers import watch_approvals
from app.usecases.remind_upkeep import remind_upkeep
from app.usecases.tell_replies import tell_replies
from app.usecases.tell_site_differs import tell_site_differs
from app.usecases.tell_unstaffed import tell_unstaffed
from app.usecases.watch_promises import watch_promises
from app.usecases.watch_work import note_attended, watch_work

Watch = Callable[[Database, datetime], object]

WATCHES: Final[tuple[Watch, ...]] = (
    tell_unstaffed,
    remind_upkeep,
    tell_site_differs,
    watch_promises,
    watch_approvals,
    watch_work,
    halt_outdated,
    tell_replies,
)
"""Each looks first and takes the write lock only when there is something to tell; harmless to repeat anywhere."""


def attend(db: Database, now: datetime) -> None:
    """Every process does it every few seconds (`engine.attending`), and so does `tick`."""
    note_attended(db, now)
    for watch in WATCHES:
        watch(db, now)
