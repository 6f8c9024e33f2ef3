"""What the screens work with; wiring makes it once, tests make their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from app.clock import Clock
from app.console.looks import Looks
from app.domain.contact_load import DEFAULT_SHARES, ContactShares
from app.domain.endpoints import ChannelFacts
from app.domain.message import Info
from app.domain.prices import Price
from app.domain.signing_in import DEFAULT_POLICY, SessionPolicy
from app.errors import Problem
from app.keyring import Keyring
from app.publishing.building import Press
from app.store.database import Database
from app.store.updates import UpdateRow
from app.templating import Templating
from app.usecases.preview_update import Preflight
from app.usecases.sample_renderings import EndpointSamples


@dataclass(frozen=True, slots=True)
class Context:
    db: Database
    clock: Clock
    keyring: Keyring
    templating: Templating
    """Renders what customers read; the screens themselves are rendered by pages.py."""
    public_base: str
    """Where people reach us; no trailing slash. With https:// cookies are for https only."""
    templates: Path
    """The folder templates/."""
    packages: Path
    """node_modules, or where it would be."""
    channels: Mapping[str, Info]
    facts: Callable[[str], ChannelFacts | None]
    preflight: Callable[[UpdateRow, datetime], Preflight]
    samples: Callable[[UpdateRow, datetime], Sequence[EndpointSamples]]
    """Words of a submitted update as a few real recipients will read them."""
    check_settings: Callable[[str, Mapping[str, object]], Sequence[Problem]]
    sessions: SessionPolicy = DEFAULT_POLICY
    timezone: str = "UTC"
    """In which staff read times."""
    organisation: str = ""
    default_language: str = "en"
    shares: ContactShares = DEFAULT_SHARES
    site_bound: float = 2.0
    press: Press | None = None
    """Makes what websites show; None = they are not previewed."""
    look_at_links: Callable[[Collection[str]], Awaitable[object]] | None = None
    """Open these links now, a minute at most, and keep what was found."""
    part_price: Price | None = None
    """Of one part of a text message."""
    wake: Callable[[], None] = lambda: None
    """Tell the engine and the publisher of this process that there is work; safe from any thread."""
    looks: Looks[Any] = field(default_factory=Looks)
    """What those who watch updates share."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def https(self) -> bool:
        return self.public_base.startswith("https://")
