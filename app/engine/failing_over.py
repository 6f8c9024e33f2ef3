"""When an endpoint is down for long another one goes on with its work, and gives it back when it is well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.clock import Clock, from_ms, to_ms
from app.settings import Timings
from app.store import audit, failover
from app.store import endpoints as store_endpoints
from app.store.database import Database
from app.store.failover import Moved, Share

ENGINE = "engine"


@dataclass(slots=True)
class Failover:
    """Every worker may look; what one has moved the next finds moved."""

    db: Database
    clock: Clock
    timings: Timings

    def look(self, live: Sequence[int]) -> int:
        """How many deliveries of these broadcasts changed hands."""
        now_ms = to_ms(self.clock.now())
        since_ms = now_ms - int(self.timings.failover * 1000)
        tried_ms = now_ms - int(self.timings.failback * 1000 / 3)
        with self.db.reading() as connection:
            sick = failover.unwell(connection)
            down = failover.down_since(connection, since_ms, untried_ms=tried_ms) if sick else set()
            stuck = failover.waiting_at(connection, down, live) if down else []
            away = failover.away(connection, live)
        moved = sum(self._leave(share, now_ms) for share in stuck)
        for share, home in away:
            if home not in sick:
                moved += self._go_home(share, home, now_ms)
            elif home in down:
                moved += self._try_again(share, home, now_ms)
        return moved

    def _leave(self, share: Share, now_ms: int) -> int:
        with self.db.writing() as tx:
            sick = failover.unwell(tx)
            to = failover.stand_ins(tx, share, sick) if share.endpoint in sick else []
            if not to:
                return 0
            moved = failover.move(tx, share, to, now_ms)
            names = [store_endpoints.by_id(tx, one.endpoint).slug for one in to]
            if sum(moved):
                body = {**moved._asdict(), "broadcast": share.broadcast, "to": names}
                slug = store_endpoints.by_id(tx, share.endpoint).slug
                audit.append(tx, ENGINE, "fail_over", f"endpoint/{slug}", body, from_ms(now_ms))
        return sum(moved)

    def _go_home(self, share: Share, home: int, now_ms: int) -> int:
        with self.db.writing() as tx:
            moved = Moved(0, 0) if home in failover.unwell(tx) else failover.move_back(tx, share, home)
            if sum(moved):
                slug = store_endpoints.by_id(tx, home).slug
                body = {**moved._asdict(), "broadcast": share.broadcast}
                audit.append(tx, ENGINE, "fail_back", f"endpoint/{slug}", body, from_ms(now_ms))
        return sum(moved)

    def _try_again(self, share: Share, home: int, now_ms: int) -> int:
        """Nothing is left there to try it with, so it is lent one delivery now and then."""
        before_ms = now_ms - int(self.timings.failback * 1000)
        with self.db.writing() as tx:
            if not failover.claim_trial(tx, share, home, now_ms=now_ms, before_ms=before_ms):
                return 0
            return int(failover.lend_one(tx, share, home))
