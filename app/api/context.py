"""What the handlers work with; wiring makes it once, tests make their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from app.clock import Clock
from app.domain.contact_load import DEFAULT_SHARES, ContactShares
from app.domain.endpoints import ChannelFacts
from app.domain.message import Info
from app.domain.page_checks import PageCheck
from app.domain.signing_in import DEFAULT_POLICY, SessionPolicy
from app.errors import Problem
from app.keyring import Keyring
from app.observe import exposition
from app.store.database import Database
from app.store.updates import UpdateRow
from app.templating import Templating
from app.usecases.check_links import KnownLink
from app.usecases.fire_due import Done
from app.usecases.preview_update import Preflight
from app.usecases.save_target import CheckUrl

Preflighting = Callable[[UpdateRow, datetime], Preflight]
"""Renders an update for all its endpoints and languages and says what stops it."""


async def _no_pages() -> tuple[PageCheck, ...]:
    return ()


def _any_url(_url: str, _private: bool) -> Problem | None:  # noqa: FBT001 - the shape of save_target.CheckUrl
    return None


async def _no_links() -> tuple[KnownLink, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Context:
    db: Database
    clock: Clock
    keyring: Keyring
    templating: Templating
    public_base: str
    """Where customers and providers reach us; no trailing slash."""
    channels: Mapping[str, Info]
    """Every channel an endpoint may use, by name."""
    facts: Callable[[str], ChannelFacts | None]
    """What saving an endpoint must know of a channel; None for a name that is not in `channels`."""
    preflight: Preflighting
    check_settings: Callable[[str, Mapping[str, object]], Sequence[Problem]]
    """What is wrong with an endpoint's settings as far as can be told without the network."""
    metrics: Callable[[], bytes] = exposition
    """All numbers in the Prometheus text format; bounded in time whatever the database does."""
    timezone: str = "UTC"
    """In which times are written for readers."""
    shares: ContactShares = DEFAULT_SHARES
    """How many of those who are told get in touch, as this organisation assumes."""
    sessions: SessionPolicy = DEFAULT_POLICY
    default_language: str = "en"
    site_bound: float = 2.0
    """Seconds the other media wait for the website to be read back."""
    wake: Callable[[], None] = lambda: None
    """Tell the engine and the publisher of this process that there is work; safe from any thread."""
    check_links: Callable[[], Awaitable[tuple[KnownLink, ...]]] = _no_links
    """Look at every link readers are sent to, now; takes a minute at most."""
    check_pages: Callable[[], Awaitable[tuple[PageCheck, ...]]] = _no_pages
    """Look at every page that should carry the banner, now; takes a minute at most."""
    check_url: CheckUrl = _any_url
    """What is wrong with an address that staff tell us to open."""
    fire: Callable[[], Done] = Done
    """Do what schedules have due."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is going down: event streams end."""


def _context(request: Request) -> Context:
    context: Context = request.app.state.api
    return context


Ctx = Annotated[Context, Depends(_context)]
