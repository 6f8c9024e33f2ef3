"""All loopback providers as one thing to start and stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.patience import PATIENCE
from tests.rig import accounts
from tests.rig.behaviours import Effect, Killer, Rule, Script
from tests.rig.bluesky import Bluesky
from tests.rig.callbacks import Plan, Pump, SendGridReports, TwilioReports
from tests.rig.control import Control
from tests.rig.exchange import Exchange, Provider
from tests.rig.ledger import Keep, Ledger
from tests.rig.listening import Listener
from tests.rig.mastodon import Mastodon
from tests.rig.push import Push
from tests.rig.sendgrid import SendGrid
from tests.rig.signing import EventKey
from tests.rig.smtp import Mailbox
from tests.rig.telegram import Telegram
from tests.rig.twilio import Twilio
from tests.rig.webhook import Webhook
from tests.rig.wire import Server

PROVIDERS = ("twilio", "sendgrid", "smtp", "mastodon", "bluesky", "webhook", "push", "telegram")


class Rig:
    """`async with Rig() as rig:` - every provider listens on a loopback port of its own.

    With a `directory`, every accepted message is also a line of `ledger.ndjson` there.
    """

    def __init__(self, *, keep: Keep = Keep.BODIES, directory: Path | None = None) -> None:
        self.ledger = Ledger(PROVIDERS, keep, directory / "ledger.ndjson" if directory else None)
        self.script = Script()
        self.killer = Killer()
        self.pump = Pump()
        self.twilio_reports = TwilioReports(self.pump)
        self.sendgrid_reports = SendGridReports(self.pump, EventKey())
        self.bluesky = Bluesky(self.ledger)
        providers: tuple[Provider, ...] = (
            Twilio(self.ledger, self.twilio_reports),
            SendGrid(self.ledger, self.sendgrid_reports),
            Mastodon(self.ledger),
            self.bluesky,
            Webhook(self.ledger),
            Push(self.ledger),
            Telegram(self.ledger),
        )
        self._listeners: dict[str, Listener] = {
            provider.name: Server(Exchange(provider, self.ledger, self.script, self.killer)) for provider in providers
        }
        self._listeners["smtp"] = self.mailbox = Mailbox(self.ledger, self.script, self.killer)
        self._listeners["control"] = Server(Control(self))
        self._changes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.pump.open()
        for listener in self._listeners.values():
            await listener.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners.values():
            await listener.close()
        await self.pump.close()
        self.ledger.close()

    def url(self, provider: str) -> str:
        """The base URL of a provider (or `control`); for smtp host:port."""
        return self._listeners[provider].address

    def addresses(self) -> dict[str, object]:
        """What the ports file holds: a base URL per provider, and `credentials` by provider."""
        credentials = accounts.document()
        credentials["sendgrid"]["event_public_key"] = self.sendgrid_reports.key.public
        return {**{name: self.url(name) for name in self._listeners}, "credentials": credentials}

    def counts(self) -> dict[str, object]:
        """Per provider requests, accepted, refused ...; `callbacks`; `now` on the ledger's clock."""
        self.ledger.flush()
        return {
            **self.ledger.counts(),
            "callbacks": {**self.pump.counts, "idle": self.reported},
            "now": time.monotonic(),
        }

    def behave(self, provider: str, effect: Effect | str, **matching: object) -> None:
        """Add a rule; `matching` are fields of Rule."""
        self.script.add(Rule.from_document({"provider": provider, "effect": effect, **matching}))

    def plan(self, provider: str, plan: Plan | None) -> None:
        """Report about messages accepted from now on like this; None = no reports. Twilio and SendGrid only."""
        reports = {"twilio": self.twilio_reports.follow, "sendgrid": self.sendgrid_reports.follow}
        reports[provider](plan)

    @property
    def reported(self) -> bool:
        """Whether no callback is waiting or under way."""
        return self.pump.idle and self.sendgrid_reports.idle

    async def down(self, provider: str) -> None:
        """Refuse connections to this provider until `up`; its port stays its own."""
        await self._listeners[provider].close()

    async def up(self, provider: str) -> None:
        await self._listeners[provider].open()

    def schedule_down(self, provider: str) -> None:
        self._change(self.down(self._known(provider)))

    def schedule_up(self, provider: str) -> None:
        self._change(self.up(self._known(provider)))

    def _known(self, provider: str) -> str:
        if provider not in PROVIDERS:
            raise ValueError(f"no provider {provider}")
        return provider

    def _change(self, change: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    async def until(self, condition: Callable[[], bool], within: float = PATIENCE) -> None:
        """Wait until something is so; raises TimeoutError."""
        async with asyncio.timeout(within):
            while not condition():  # the condition may be about anything, so nothing can announce it
                await asyncio.sleep(0.005)

    async def until_accepted(self, provider: str, count: int, within: float = PATIENCE) -> None:
        await self.until(lambda: self.ledger.accepted(provider) >= count, within)
