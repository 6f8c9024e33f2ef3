"""A ping out while everything is at work: who hears nothing for a while knows, whatever has become of us.

The last route of all: it does not go by our database, endpoints or network staying up, but by their absence.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from app.clock import Clock, to_ms
from app.domain.life import Silent
from app.domain.message import Failure
from app.engine.supervising import outlive
from app.observe import logger
from app.store import duties
from app.store.database import Database
from app.usecases.watch_work import standing_still
from channels.visits import Visited

log = logger("clarion.dead_man")

DUTY: Final = "dead man's switch"
FAILED: Final = "dead_man_failed"

Visit = Callable[[str], Awaitable[Visited | Failure]]


@dataclass(slots=True)
class DeadMan:
    db: Database
    clock: Clock
    visit: Visit
    """Resolves and checks each address, so that none leads inside; bounded in time."""
    url: SecretStr
    """Empty = nobody waits for it."""
    seconds: float
    me: str = field(default_factory=lambda: secrets.token_hex(8))

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; of all processes of the installation one pings."""
        while self.url.get_secret_value() and not stop.is_set():
            await outlive(self.ping, FAILED)
            try:
                async with asyncio.timeout(self.seconds):
                    await stop.wait()
            except TimeoutError:
                continue

    async def ping(self) -> bool:
        """Whether it was said that all is well. Raises what the database raises."""
        troubles = await asyncio.to_thread(self._troubles)
        if troubles is None:
            return False
        if troubles:
            log.error("not_pinged", silent=[one.part.value for one in troubles])
            return False
        answer = await self.visit(self.url.get_secret_value())
        if isinstance(answer, Failure) or answer.status >= 400:
            reason = answer.code if isinstance(answer, Failure) else f"http_{answer.status}"
            log.warning("ping_not_taken", reason=reason)
            return False
        return True

    def _troubles(self) -> list[Silent] | None:
        """None: another process pings."""
        now = self.clock.now()
        with self.db.writing() as tx:  # a database that takes no change is no service either
            lease_ms = int(self.seconds * 2_500)
            if not duties.hold(tx, DUTY, self.me, now_ms=to_ms(now), lease_ms=lease_ms):
                return None
            return standing_still(tx, now)
