"""A whole crisis in a test database, with channels that live in this process and do what the test says."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, cast

from app.clock import Clock
from app.domain.delivery import State
from app.domain.message import Accepted, Batch, Failure, FailureKind, Info, Medium, Message, Outcome
from app.domain.principals import HOST, Actor, Role
from app.engine.composing import Composer
from app.engine.loop import Engine
from app.keyring import Keyring
from app.settings import Timings
from app.store import deliveries, documents, endpoints, updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.endpoints import EndpointValues
from app.store.ledger import BroadcastRow
from app.store.updates import UpdateRow
from app.usecases.correct_update import correct_update
from app.usecases.create_user import create_user
from app.usecases.decide_update import approve_update
from app.usecases.draft_update import create_draft
from app.usecases.import_subscribers import import_subscribers
from app.usecases.open_crisis import open_crisis
from app.usecases.save_audience import save_audience
from app.usecases.send_update import send_update
from app.usecases.stage_update import stage_update
from app.usecases.submit_update import submit_update
from tests.patience import PATIENCE
from tests.rig.ledger import Accepted as Entry
from tests.rig.virtual import fitting_clock

FAST = Timings(
    lease=0.6,
    renew=0.2,
    settle=0.5,
    commit=0.02,
    control=0.1,
    control_stale=0.3,
    connect_timeout=10.0,
    call_timeout=10.0,
    site_bound=0.5,
    correction_gap=0.6,
    retry_base=0.02,
    retry_cap=0.2,
    failover=0.5,
    failback=1.5,
    find_again=0.2,
    attend=0.2,
)
"""The promises' timings, shortened alike. Calls get time: on a busy machine an answer may be late and still be one."""
IMPATIENT = FAST.model_copy(update={"connect_timeout": 0.4, "call_timeout": 0.4})
"""For providers that never answer; whoever does answer must do so without going through a socket."""

AREAS = (202, 212, 213, 214, 215, 216, 217, 218, 219, 301, 302, 303)
"""Ten thousand numbers that nobody has in each."""
Answer = Callable[[Batch], Awaitable[Sequence[Outcome]]]


@dataclass
class Heard:
    """One recipient a channel was asked to reach."""

    at: float
    endpoint: str
    address: str
    reference: str
    message: Message


class InProcess:
    """A channel without a network. `answer` is the provider; by default it accepts everything."""

    info: ClassVar[Info]

    def __init__(self, endpoint: str, heard: list[Heard]) -> None:
        self.endpoint = endpoint
        self.heard = heard
        self.took: list[Heard] = []
        """What it accepted."""
        self.answer: Answer = self.accept

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        now = asyncio.get_running_loop().time()
        asked = [Heard(now, self.endpoint, one.address, one.reference, batch.message) for one in batch.recipients]
        self.heard += asked
        outcomes = await self.answer(batch)
        self.took += [one for one, outcome in zip(asked, outcomes, strict=True) if isinstance(outcome, Accepted)]
        return outcomes

    async def accept(self, batch: Batch) -> Sequence[Outcome]:
        await asyncio.sleep(0)
        return [Accepted(f"{self.endpoint}-{len(self.heard)}") for _ in batch.recipients]


def in_process(endpoint: str, medium: Medium, heard: list[Heard], batch: int) -> InProcess:
    """A channel class declares what it can do, so every medium gets a class of its own."""
    info = Info("in_process", "In this process", medium, batch_size=batch, concurrency=8)
    return cast("InProcess", type("InProcess", (InProcess,), {"info": info})(endpoint, heard))


AUTHOR = Actor("ada", Role.AUTHOR, 1, 1)
APPROVER = Actor("ben", Role.APPROVER, 2, 2)
WORDS = {"headline": "Power is out", "impact": "The portal is closed.", "options": [], "reassurance": "We are on it."}


@dataclass
class Stage:
    """Everything a promise needs; `channels` by endpoint slug, `heard` in the order of asking."""

    db: Database
    keyring: Keyring
    clock: Clock = field(default_factory=fitting_clock)
    timings: Timings = FAST
    heard: list[Heard] = field(default_factory=list)
    channels: dict[str, InProcess] = field(default_factory=dict)
    severity: str = "major"
    playbook: Mapping[str, object] = field(default_factory=dict)
    """How the crisis is sent: undo_seconds, canary, halt; empty = no playbook."""

    def add_endpoint(
        self,
        slug: str,
        medium: Medium,
        *,
        batch: int = 1,
        rate: float = 100_000.0,
        weight: int = 1,
        fallback_for: str | None = None,
    ) -> InProcess:
        channel = in_process(slug, medium, self.heard, batch)
        self.channels[slug] = channel
        with self.db.writing() as tx:
            endpoints.save(tx, slug, _endpoint_values(medium, rate, weight, fallback_for), None)
        return channel

    def open(
        self,
        people: int,
        *,
        slug: str = "outage",
        languages: Sequence[str] = ("en",),
        areas: Sequence[str] = ("north",),
        zones: Sequence[str] = ("UTC",),
    ) -> None:
        """The crisis, and `people` subscribers with a phone and an e-mail each; every language in every area, and one
        after the other in each of the time zones.
        """
        now = self.clock.now()
        create_user(self.db, HOST, "ada", Role.AUTHOR, now)
        create_user(self.db, HOST, "ben", Role.APPROVER, now)
        crisis = {"slug": slug, "titles": {"en": "Outage"}, "severity": self.severity}
        if self.playbook:
            with self.db.writing() as tx:
                documents.save(tx, Kind.PLAYBOOK, "plan", {"slug": "plan", **self.playbook}, None)
            crisis["playbook"] = "plan"
        open_crisis(self.db, AUTHOR, crisis, now)
        rows = ["external_id,name,email,phone,languages,timezone,area"]
        rows += [
            f"p{n},Person {n},p{n}@example.org,+1{AREAS[n // 10_000]}555{n % 10_000:04d},"
            f"{languages[n % len(languages)]},{zones[n % len(zones)]},{areas[n // len(languages) % len(areas)]}"
            for n in range(people)
        ]
        import_subscribers(self.db, self.keyring, AUTHOR, io.BytesIO("\n".join(rows).encode()), now)
        save_audience(self.db, AUTHOR, "everyone", {"rule": {"all": True}}, None, now)

    def draft(self, ways: Sequence[str], *, slug: str = "outage", **fields: Any) -> UpdateRow:
        now = self.clock.now()
        document = {
            "stage": "holding",
            "audience": "everyone",
            "endpoints": list(ways),
            "content": {"en": WORDS},
            "expires_at": (now + timedelta(hours=2)).isoformat(),
            **fields,
        }
        return create_draft(self.db, AUTHOR, slug, document, now)

    def approve(self, row: UpdateRow) -> UpdateRow:
        """Submit, list the audience, approve by the second person."""
        now = self.clock.now()
        submit_update(self.db, AUTHOR, row.id, now, keyring=self.keyring, check=lambda _: ())
        staged = stage_update(self.db, row.id, self.clock.now)
        assert staged.recipients is not None
        return approve_update(self.db, APPROVER, row.id, staged.recipients, now)

    def send(self, row: UpdateRow) -> UpdateRow:
        return send_update(self.db, AUTHOR, row.id, self.clock.now(), site_bound=self.timings.site_bound)

    def broadcast(self, ways: Sequence[str], **fields: Any) -> UpdateRow:
        return self.send(self.approve(self.draft(ways, **fields)))

    def correct(self, row: UpdateRow, **fields: Any) -> UpdateRow:
        document = {
            "content": {"en": WORDS},
            "expires_at": (self.clock.now() + timedelta(hours=2)).isoformat(),
            **fields,
        }
        return self.send(self.approve(correct_update(self.db, AUTHOR, row.id, document, self.clock.now())))

    def engine(self, *, alone: bool = True) -> Engine:
        def compose(
            row: BroadcastRow, medium: Medium, info: Info, language: str, variant: int, linked: bool, area: str
        ) -> Message:
            link = "https://example.org/status" if linked else ""
            return Message(medium, language, f"update {row.update_id} {link}".strip(), link=link)

        composer = Composer(
            compose,
            self.clock,
            "https://clarion.example.org",
            self.keyring.key("reference"),
            self.keyring.key("manage"),
        )
        return Engine(
            self.db, lambda endpoint, _drill: self.channels[endpoint.slug], composer, self.clock, self.timings, alone
        )

    @asynccontextmanager
    async def running(self, *, alone: bool = True) -> AsyncIterator[Engine]:
        stop = asyncio.Event()
        engine = self.engine(alone=alone)
        task = asyncio.create_task(engine.run(stop))
        try:
            yield engine
        finally:
            stop.set()
            async with asyncio.timeout(PATIENCE):
                await task

    def row(self, update_id: int) -> UpdateRow:
        with self.db.reading() as connection:
            return updates.get(connection, update_id)

    def counts(self, update_id: int) -> Mapping[State, int]:
        row = self.row(update_id)
        assert row.broadcast_id is not None
        with self.db.reading() as connection:
            counted = deliveries.counts(connection, row.broadcast_id)
            by_row = deliveries.states_by_row(connection, row.broadcast_id)
            differ = {state: (counted[state], by_row[state]) for state in State if counted[state] != by_row[state]}
            assert not differ, f"counters differ from the rows: {differ}"
        return {state: number for state, number in counted.items() if number}

    async def until(self, update_id: int, *states: str, seconds: float = PATIENCE) -> UpdateRow:
        async with asyncio.timeout(seconds):
            while (row := await asyncio.to_thread(self.row, update_id)).state not in states:
                await asyncio.sleep(0.02)
        return row

    async def until_counted(self, update_id: int, state: State, number: int, seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while (await asyncio.to_thread(self.counts, update_id)).get(state, 0) < number:
                await asyncio.sleep(0.02)

    async def until_at_rest(self, update_id: int, seconds: float = PATIENCE) -> None:
        """Nothing of it is in flight any more."""
        async with asyncio.timeout(seconds):
            while (await asyncio.to_thread(self.counts, update_id)).get(State.SENDING, 0):
                await asyncio.sleep(0.02)

    async def looks(self, number: int) -> None:
        """So many times the engine has looked at what staff want."""
        await asyncio.sleep(number * self.timings.control)

    async def until_asked(self, endpoint: str, number: int, seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while len(self.asked(endpoint)) < number:
                await asyncio.sleep(0.01)

    async def until_said(self, update_id: int, number: int, seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while len(self.said(update_id)) < number:
                await asyncio.sleep(0.01)

    def ledger(self) -> Iterator[Entry]:
        """What the channels accepted, for the collector; the words of an entry name its update: `update 7.`"""
        took = sorted((one for channel in self.channels.values() for one in channel.took), key=lambda one: one.at)
        for seq, one in enumerate(took, 1):
            words = f"update {one.message.data['update']}."
            yield Entry(seq, one.endpoint, one.address, one.reference, "", one.at, seq, words)

    def said(self, update_id: int) -> list[Heard]:
        """Everything asked of any channel for this update."""
        return [one for one in self.heard if one.message.data["update"] == update_id]

    @staticmethod
    def now() -> float:
        """The clock of `Heard.at`."""
        return asyncio.get_running_loop().time()

    def asked(self, endpoint: str) -> Counter[str]:
        """How often each address was asked for at this endpoint."""
        return Counter(one.address for one in self.heard if one.endpoint == endpoint)


async def black_hole(_batch: Batch) -> Sequence[Outcome]:
    """Takes the message and never answers."""
    await asyncio.sleep(3_600)
    raise AssertionError("nobody waits this long")


async def refused(batch: Batch) -> Sequence[Outcome]:
    """Nobody listens there."""
    return [Failure(FailureKind.NOT_ACCEPTED, "refused")] * len(batch.recipients)


def _endpoint_values(medium: Medium, rate: float, weight: int, fallback_for: str | None) -> EndpointValues:
    return EndpointValues(
        channel="in_process",
        medium=medium,
        settings={},
        secrets=b"",
        rate_per_second=rate,
        weight=weight,
        fallback_for=fallback_for,
    )
