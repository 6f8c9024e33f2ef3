"""Keeps the website true: a new snapshot for every request, and whenever time itself changes what is true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Connection

from app.clock import Clock
from app.domain.banner import next_change
from app.domain.help_library import next_end
from app.domain.snapshot import File, Snapshot, manifest_digest
from app.domain.targets import TargetState
from app.observe import PUBLISHED, logger
from app.publishing.building import Press, live_updates
from app.publishing.choosing import NOTHING, choose
from app.publishing.picture import Parsed, Picture, outline, with_words
from app.publishing.targets import Placement, Result, Target, after
from app.store import publishing, targets, website
from app.store.database import Database

log = logger("publishing")

POLL_SECONDS: Final = 0.1
"""How often open requests are looked for when nobody calls `wake`."""
LONGEST_SILENCE: Final = timedelta(hours=1)
"""A new snapshot at least this often, so that opening hours always reach a week ahead."""
RETRY_AFTER: Final = timedelta(seconds=5)
"""After a target failed."""
PAUSE_AFTER_FAULT: Final = 1.0
"""Seconds, when the database is gone."""
SET_BACK: Final = timedelta(minutes=10)
"""A clock set back by no more than this is not followed: nothing that was over comes back."""
MOST_ATTEMPTS: Final = 5
"""Rounds of one publication when others keep changing things meanwhile; the next poll goes on."""


class Memory(Protocol):
    """The part of the shelf a publisher needs."""

    @property
    def seq(self) -> int: ...

    @property
    def files(self) -> Mapping[str, File]: ...

    def put_ahead(self, files: Iterable[File], seq: int, published_at: datetime) -> bool: ...

    def put(self, snapshot: Snapshot) -> bool: ...


@dataclass(frozen=True, slots=True)
class Publication:
    """What came of one publication. `settled`: every target holds this snapshot or a newer one."""

    snapshot: Snapshot
    placements: tuple[Placement, ...]
    due: datetime | None
    """When time changes what is true."""

    @property
    def settled(self) -> bool:
        return all(placement.result is not Result.FAILED for placement in self.placements)


class Publisher:
    """One for each process that publishes; any number may run, the sequence number decides."""

    def __init__(
        self,
        db: Database,
        press: Press,
        targets: Sequence[Target],
        shelf: Memory,
        clock: Clock,
        offer: Callable[[Snapshot], None] = lambda _: None,
    ) -> None:
        """`targets` are this machine's own and settle requests; whoever else carries snapshots away is handed each by
        `offer`, which must not wait.
        """
        self._db = db
        self._press = press
        self._targets = tuple(targets)
        self._shelf = shelf
        self._clock = clock
        self._offer = offer
        self._due: datetime | None = None
        self._seen = 0
        self._failing = {target.name for target in targets}
        self._before: Mapping[str, File] = shelf.files
        self._round = NOTHING
        self._parsed: Parsed = {}
        self._bell = _Bell()
        self._looked = asyncio.Event()
        self.last: Publication | None = None

    def wake(self) -> None:
        """Look for requests now. May be called from any thread."""
        self._bell.ring()

    def publish(self, now: datetime) -> Publication:
        """Write the website as it is at `now`; synchronous, a tenth of a second.

        Readers of this process see it first, the banner within some ten milliseconds, then the targets are
        written. Requests seen are settled when all targets took it. Raises what the database raises.
        """
        shown, seq = self._number(self._steady(now))
        ahead = self._press.banners(shown, seq)
        if not self._shelf.seq:  # whoever can have the words must be able to have the script that shows them
            ahead += self._press.widget.files()
        self._shelf.put_ahead(ahead, seq, shown.at)
        snapshot = self._press.snapshot(shown, seq, self._before)
        self._before = snapshot.files
        self._shelf.put(snapshot)
        self._offer(snapshot)
        placements = tuple(target.write(snapshot) for target in self._targets)
        publication = Publication(snapshot, placements, self._next(shown))
        with self._db.writing() as tx:
            publishing.made(tx, seq, manifest_digest(snapshot))
            if publication.settled:
                publishing.mark_done(tx, shown.newest_request, now)
            self._write_down(tx, placements, seq, now)
        self._note(publication, shown)
        return publication

    def look(self, now: datetime) -> Picture:
        """What the website has to show at `now`, from one consistent read."""
        with self._db.reading() as connection:
            rows = website.read(connection, words=False)
            outlined = outline(rows, now)
            self._round = choose(self._press, outlined, self._before)
            rows = website.with_words(connection, rows, self._round.crises, self._round.listed)
        return with_words(outlined, rows, self._parsed)

    def _number(self, now: datetime) -> tuple[Picture, int]:
        """A picture and its number: nothing was requested between taking the one and drawing the other.

        So of two publishers the one with the higher number has seen at least what the other has.
        """
        above = max([self._shelf.seq, self._elsewhere(), *(target.seq() for target in self._targets)])
        for attempt in range(1, MOST_ATTEMPTS + 1):
            shown = self.look(now)
            with self._db.writing() as tx:
                if attempt == MOST_ATTEMPTS or website.newest_request(tx) == shown.newest_request:
                    request, due = shown.newest_request, self._next(shown)
                    return shown, publishing.record(tx, now, "", above=above, request=request, due=due)
        raise AssertionError("unreachable: the last attempt always returns")

    def _elsewhere(self) -> int:
        with self._db.reading() as connection:
            return targets.highest_held(connection)

    def _steady(self, now: datetime) -> datetime:
        """A clock that is set back a little brings nothing back that was over; one that was far off is believed."""
        last = self.last.snapshot.published_at if self.last else now
        return last if timedelta(0) < last - now <= SET_BACK else now

    def _write_down(self, tx: Connection, placements: Sequence[Placement], seq: int, now: datetime) -> None:
        """What became of this machine's own targets; a line only when it changes between well and failing."""
        for placement in placements:
            failed = placement.result is Result.FAILED
            if failed or placement.target in self._failing:
                known = targets.states(tx).get(placement.target, TargetState(placement.target))
                targets.note(tx, after(known, placement, seq, now))
            (self._failing.add if failed else self._failing.discard)(placement.target)

    def _next(self, shown: Picture) -> datetime:
        change = next_change(shown.registry, [*live_updates(shown.live), *live_updates(shown.drills)], shown.at)
        closing = next_end(shown.help_links, shown.at)
        turn = min((at for work in shown.planned if (at := work.next_turn(shown.at))), default=None)
        more = shown.at if self._round.more else None
        times = (change, closing, turn, more, shown.next_release, shown.at + LONGEST_SILENCE)
        return min(time for time in times if time is not None)

    def _note(self, publication: Publication, shown: Picture) -> None:
        self.last = publication
        self._seen = shown.newest_request
        self._due = publication.due if publication.settled else shown.at + RETRY_AFTER
        PUBLISHED.labels("settled" if publication.settled else "failed").inc()
        for placement in publication.placements:
            if placement.result is not Result.PLACED:
                log.warning(
                    "target not written", target=placement.target, result=placement.result.value, why=placement.detail
                )
        for problem in shown.problems:
            log.error("left out of the website", code=problem.code, field=problem.field, sentence=problem.sentence)

    def wanted(self, now: datetime) -> bool:
        """Whether something asks for a new snapshot: a request, the clock, or that there never was one.

        Requests another process has settled count too: this one's readers must see the change as well.
        """
        with self._db.reading() as connection:
            newest = website.newest_request(connection)
        if newest == 0 and self._shelf.seq > 0 and self.last is None:
            return False  # nobody ever changed this database, yet a website was published: it was lost, not emptied
        if self._due is None or now >= self._due:
            return True
        if self.last is not None and self.last.snapshot.published_at - now > SET_BACK:
            return True  # the clock was wrong, and what was due by it may have been long ago
        return newest != self._seen

    async def caught_up(self, seconds: float) -> None:
        """Until `run` has looked once what the website should be, or could not, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._looked.wait()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set. A database that is gone is waited for; readers keep the last snapshot."""
        self._bell.listen()
        while not stop.is_set():
            pause = POLL_SECONDS
            try:
                now = self._clock.now()
                if await asyncio.to_thread(self.wanted, now):
                    await asyncio.to_thread(self.publish, now)
            except Exception:  # a supervisor: whatever one round ran into, the website must be told the next news
                PUBLISHED.labels("failed").inc()
                log.exception("website not published")
                pause = PAUSE_AFTER_FAULT
            self._looked.set()
            await self._bell.wait(stop, pause)


@dataclass(slots=True)
class _Bell:
    """Wakes one task from any thread."""

    _loop: asyncio.AbstractEventLoop | None = None
    _event: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, stop: asyncio.Event, seconds: float) -> None:
        """Until rung, stopped or `seconds` are over."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._event, stop)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        self._event.clear()
