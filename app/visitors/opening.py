"""What the anonymous forms work with, put together from what the process has."""

from __future__ import annotations

from collections.abc import Callable

from app.clock import Clock
from app.domain.manage import PURPOSE as MANAGE
from app.domain.open_links import PURPOSE as OPEN_LINKS
from app.domain.preview_links import PURPOSE as PREVIEWS
from app.domain.sign_ups import Policy
from app.keyring import Keyring
from app.publishing.building import Press
from app.store.database import Database
from app.visitors.forms import Context
from app.visitors.revoked import Revoked


def visitors_context(
    db: Database,
    clock: Clock,
    keyring: Keyring,
    press: Press,
    console: str,
    wake: Callable[[], None],
    sign_ups: Policy,
) -> Context:
    """`console`: where people of staff reach it; `wake` tells this process that there is work."""
    return Context(
        db=db,
        clock=clock,
        manage_key=keyring.key(MANAGE),
        press=press,
        open_key=keyring.key(OPEN_LINKS),
        preview_key=keyring.key(PREVIEWS),
        revoked=Revoked(db, clock).hashes,
        keyring=keyring,
        console=console,
        wake=wake,
        sign_ups=sign_ups,
    )
