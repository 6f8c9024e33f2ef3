"""The one place where everything is put together; nothing is decided here."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.api.context import Context
from app.bell import Bell
from app.callbacks import signed
from app.callbacks.opening import callbacks_desk
from app.callbacks.taking import Desk
from app.clock import Clock, SystemClock
from app.domain.contact_load import shares_of
from app.domain.endpoints import ChannelFacts, Endpoint, full_settings
from app.domain.manage import PURPOSE as MANAGE
from app.domain.message import Channel, Info, Medium, Message
from app.domain.signing_in import SessionPolicy, policy_of
from app.engine.answering import Answerer
from app.engine.attending import Attendant
from app.engine.composing import MARKS, Composer
from app.engine.dead_man import DeadMan
from app.engine.importing import Importer
from app.engine.link_keeping import LinkKeeper
from app.engine.lock import engine_lock
from app.engine.loop import Engine
from app.engine.nudging import Nudger
from app.engine.page_watching import PageWatch
from app.engine.vitals import Gauges
from app.exposing import exposing
from app.keyring import Keyring
from app.observe import logger
from app.publishing.bounding import within
from app.publishing.building import Press
from app.publishing.couriers import Couriers
from app.publishing.integrity import integrity
from app.publishing.opening import Opener, own_folder
from app.publishing.publisher import Publisher
from app.publishing.read_back import ReadBack
from app.publishing.tongue import Organisation
from app.scheduler import Scheduler, firing
from app.settings import Settings
from app.signing_up import forgetting, open_confirmer
from app.site.lastgood import last_good
from app.site.live import Hub
from app.site.shelf import Shelf
from app.store import documents, endpoints
from app.store.calling import Listener as Calls
from app.store.database import Database
from app.store.ledger import BroadcastRow
from app.store.posts import first_post
from app.store.server_clock import ServerClock
from app.store.updates import UpdateRow
from app.templating import Templating
from app.templating.replies import load_replies
from app.usecases.attend import attend
from app.usecases.compose_message import compose
from app.usecases.keep_said import keep_said
from app.usecases.load_source import load_source
from app.usecases.preview_update import EndpointLimits, Preflight, preflight
from app.usecases.sample_renderings import EndpointSamples, Rendering, sample_renderings
from app.usecases.take_reply import Listener
from app.usecases.tap_answer import question_url
from app.usecases.word_answer import AnswerWords
from app.visitors import forms as visitors
from app.visitors.opening import visitors_context
from channels import guard, registry
from channels.base import Closes
from channels.http import Http, Timeouts
from channels.visits import fetch, visit

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
CATCHING_UP_SECONDS: Final = 5.0
"""The longest a start waits for the database before the last good copy is served as it is."""
REFERENCES: Final = "reference"
"""`Keyring.key(REFERENCES)` signs delivery references."""


class Channels:
    """Open channels, one per endpoint revision; a drill gets the outbox of the same medium instead."""

    def __init__(self, http: Http, keyring: Keyring) -> None:
        self._http = http
        self._keyring = keyring
        self._open: dict[tuple[int, int, bool], Channel] = {}
        self._guard = threading.Lock()

    def __call__(self, endpoint: Endpoint, drill: bool = False) -> Channel:  # noqa: FBT001, FBT002 - the engine's factory
        """Raises Invalid when the settings cannot be used or a secret cannot be opened."""
        key = (endpoint.id, endpoint.revision, drill)
        with self._guard:
            if key not in self._open:
                name = f"outbox.{endpoint.medium}" if drill else endpoint.channel
                settings = {} if drill else full_settings(endpoint, self._keyring.unseal)
                self._open[key] = registry.open_channel(name, settings, self._http)
            return self._open[key]

    async def aclose(self) -> None:
        for channel in self._open.values():
            if isinstance(channel, Closes):
                await channel.aclose()
        self._open.clear()
        await self._http.aclose()


@dataclass(slots=True)
class Words:
    """Renders for the engine and for preflight from the same sources."""

    db: Database
    templating: Templating
    clock: Clock
    organisation: Mapping[str, object]
    public_base: str
    told: Callable[[], None]
    """Rung when a text was kept that the website does not show yet."""

    def compose(
        self,
        row: BroadcastRow,
        medium: Medium,
        info: Info,
        language: str,
        variant: int,
        linked: bool,  # noqa: FBT001 - the engine's hook
        area: str,
    ) -> Message:
        source = load_source(self.db, self.organisation, row.update_id, row.revision)
        at = self.clock.now()
        composed = compose(
            self.templating,
            source,
            medium=medium,
            limits=info.limits,
            language=language,
            variant=variant,
            at=at,
            page_link=self._link(row.crisis) if linked else "",
            fields=MARKS.get(medium, ()),
            area=area,
        )
        if keep_said(self.db, row.update_id, row.revision, composed.message, composed.as_of, at):
            self.told()
        return composed.message

    def thread(self, row: BroadcastRow, endpoint: Endpoint) -> str:
        with self.db.reading() as connection:
            return first_post(connection, row, endpoint)

    def areas(self) -> frozenset[str]:
        """Those that contact channels and rules name now."""
        with self.db.reading() as connection:
            return documents.registry(connection).areas

    def preflight(self, row: UpdateRow, now: datetime) -> Preflight:
        source = load_source(self.db, self.organisation, row.id)
        ways = self._limits(source.update.endpoints)
        # As when sending: the link is in a message once the site was read back, so without a site there is none.
        link = self._link(row.crisis) if any(way.medium is Medium.SITE for way in ways) else ""
        return preflight(self.templating, source, ways, now, link)

    def samples(self, row: UpdateRow, now: datetime) -> tuple[EndpointSamples, ...]:
        """As real recipients of its frozen audience will read it."""
        source = load_source(self.db, self.organisation, row.id)
        ways = self._limits(source.update.endpoints)
        link = self._link(row.crisis) if any(way.medium is Medium.SITE for way in ways) else ""
        rendering = Rendering(self.templating, source, now, link, self.public_base)
        return sample_renderings(self.db, rendering, row, ways, secrets.randbelow)

    def _limits(self, slugs: tuple[str, ...]) -> list[EndpointLimits]:
        with self.db.reading() as connection:
            known = {each.slug: each for each in endpoints.everything(connection)}
        return [
            EndpointLimits(slug, known[slug].medium, registry.info(known[slug].channel).limits)
            for slug in slugs
            if slug in known
        ]

    def _link(self, crisis: str) -> str:
        return f"{self.public_base}/{{language}}/crises/{crisis}"


@dataclass(frozen=True, slots=True)
class Wiring:
    settings: Settings
    clock: Clock
    db: Database
    keyring: Keyring
    templating: Templating
    channels: Channels
    words: Words
    engine: Engine
    publisher: Publisher
    couriers: Couriers
    read_back: ReadBack
    attendant: Attendant
    link_keeper: LinkKeeper
    page_watch: PageWatch
    scheduler: Scheduler
    dead_man: DeadMan
    importer: Importer
    shelf: Shelf
    hub: Hub
    bell: Bell
    api: Context
    callbacks: Desk
    signed_webhooks: signed.Context
    visitors: visitors.Context

    @asynccontextmanager
    async def running(self, *, work: bool = True) -> AsyncIterator[None]:
        """The publisher, the attendant and, unless another process of this machine runs it already, the engine.

        At the end calls in flight come home, then everything is closed.
        """
        stop = asyncio.Event()
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self.channels.aclose)
            if self.settings.metrics_port is not None:
                opened.enter_context(exposing(self.api.metrics, self.settings.metrics_host, self.settings.metrics_port))
            tasks = [asyncio.create_task(run(stop)) for run in self._runs(opened)] if work else []
            for task in tasks:
                task.add_done_callback(_report)
            if work and self.shelf.seq:
                # The folder may be older than what visitors saw last; the database knows.
                await self.publisher.caught_up(CATCHING_UP_SECONDS)
            try:
                yield
            finally:
                self.api.stopping.set()
                stop.set()
                if tasks:
                    await asyncio.wait(tasks, timeout=self.settings.timings.call_timeout + 5.0)
                for task in tasks:
                    task.cancel()

    def _runs(self, opened: AsyncExitStack) -> list[Callable[[asyncio.Event], Coroutine[Any, Any, None]]]:
        loop = asyncio.get_running_loop()
        self.bell.listen(self.publisher.wake)
        database = self.settings.sqlite_path()
        if database is not None and not opened.enter_context(engine_lock(database)):
            logger("clarion").warning("engine_runs_elsewhere")
            return [*self._always()]
        self.bell.listen(lambda: _ring_engine(loop, self.engine))
        beside = []
        if isinstance(self.clock, ServerClock):
            calls = self.settings.listen_url.get_secret_value() or self.settings.database_url
            beside = [self.clock.run, Calls(calls, self.bell.ring).run]
        return [*self._always(), self.engine.run, *beside]

    def _always(self) -> Iterator[Callable[[asyncio.Event], Coroutine[Any, Any, None]]]:
        """What every process runs, whoever has the engine."""
        yield from (self.publisher.run, self.couriers.run, self.read_back.run, self.attendant.run)
        yield from (self.link_keeper.run, self.page_watch.run, self.scheduler.run, self.dead_man.run)
        yield self.importer.run


def build(settings: Settings, *, clock: Clock | None = None, allow_private: bool = False) -> Wiring:
    """Everything, connected but not running. `allow_private` lets webhooks reach loopback: for tests and the demo."""
    db = Database(settings.database_url)
    clock = clock or (SystemClock() if db.is_sqlite else ServerClock(db))
    keyring = Keyring(settings.resolved_secret_key())
    templating = Templating(TEMPLATES)
    timings = settings.timings
    http = Http(Timeouts(timings.connect_timeout, timings.call_timeout), now=clock.now, allow_private=allow_private)
    channels, bell, shelf = Channels(http, keyring), Bell(), _shelf(settings.publish_dir)
    words = Words(db, templating, clock, settings.speaker, settings.public_base, bell.ring)
    reference_key = keyring.key(REFERENCES)
    keys = (reference_key, keyring.key(MANAGE))
    composer = Composer(words.compose, clock, settings.public_base, *keys, words.areas, words.thread)
    listener = Listener(db, keyring, load_replies(), settings.default_language)
    say = AnswerWords(db, templating, listener.words, words.organisation)
    answerer = Answerer(db, channels, say, clock, timings.call_timeout)
    press = _press(settings, templating)
    engine = Engine(db, channels, composer, clock, timings, alone=db.is_sqlite, forget=forgetting(db, settings))
    couriers = Couriers(db, Opener(http, keyring.unseal), clock)
    publisher = Publisher(db, press, [own_folder(settings.publish_dir)], shelf, clock, couriers.offer)
    gauges = Gauges(db, clock, lambda: publisher.last.snapshot.published_at if publisher.last else None)
    link_keeper = LinkKeeper(db, clock, partial(visit, http), bell.ring)
    page_watch = PageWatch(db, clock, partial(fetch, http), timings.page_check, lambda: _scripts(shelf))
    fire = firing(db, clock, keyring, templating, words.preflight, bell.ring, timings, *settings.place)
    nudger = Nudger(db, channels, templating.staff, clock, timings, console=_console_base(settings),
                    tap_url=partial(question_url, db, keyring, settings.public_base))  # fmt: skip
    confirmer = open_confirmer(db, keyring, channels, clock, press, settings)
    return Wiring(
        settings=settings,
        clock=clock,
        db=db,
        keyring=keyring,
        templating=templating,
        channels=channels,
        words=words,
        engine=engine,
        publisher=publisher,
        couriers=couriers,
        read_back=ReadBack(db, clock, http, _own_url(settings), timings.read_back, bell.ring),
        attendant=Attendant(db, attend, nudger, clock, timings.attend, answerer.deliver, confirmer),
        link_keeper=link_keeper,
        page_watch=page_watch,
        scheduler=Scheduler(fire, timings.schedule),
        dead_man=DeadMan(db, clock, partial(visit, http), settings.dead_mans_switch, timings.dead_man),
        importer=Importer(db, clock, keyring),
        shelf=shelf,
        hub=Hub(shelf, settings.live_visitors, secrets.randbelow),
        bell=bell,
        api=replace(
            _api(settings, db, clock, keyring, words, allow_private=allow_private),
            metrics=gauges.exposition,
            wake=bell.ring,
            check_links=link_keeper.check,
            check_pages=page_watch.check,
            fire=fire,
        ),
        callbacks=callbacks_desk(listener, clock, settings.public_base, reference_key, channels, timings.control_stale),
        signed_webhooks=signed.Context(db, clock, keyring, bell.ring),
        visitors=visitors_context(db, clock, keyring, press, _console_base(settings), bell.ring, confirmer.policy),
    )


def _api(
    settings: Settings, db: Database, clock: Clock, keyring: Keyring, words: Words, *, allow_private: bool
) -> Context:
    return Context(
        db=db,
        clock=clock,
        keyring=keyring,
        templating=words.templating,
        public_base=settings.public_base,
        channels={name: registry.info(name) for name in registry.CHANNELS},
        facts=channel_facts,
        preflight=words.preflight,
        check_url=lambda url, private: guard.check_url(url, allow_private=private or allow_private),
        check_settings=partial(registry.check_settings, allow_private=allow_private),
        timezone=settings.timezone,
        shares=shares_of(settings.contact_shares),
        sessions=_sessions(settings),
        default_language=settings.default_language,
        site_bound=settings.timings.site_bound,
    )


def _console_base(settings: Settings) -> str:
    return f"{settings.public_base}/console"


def _sessions(settings: Settings) -> SessionPolicy:
    return policy_of(
        idle_minutes=settings.session_idle_minutes,
        hours=settings.session_hours,
        step_up_minutes=settings.step_up_minutes,
    )


def channel_facts(name: str) -> ChannelFacts | None:
    """What saving an endpoint must know of a channel, from the channel's own declaration."""
    if (info := registry.known(name)) is None:
        return None
    schema, fresh = registry.settings_schema(name), registry.fresh_settings(name)
    return ChannelFacts(name, info.medium, schema, info.rate_per_second, fresh)


def _own_url(settings: Settings) -> str:
    """Where to read back what this service shows; "" while nobody has said where it is reached."""
    return settings.public_base if "public_url" in settings.model_fields_set else ""


def _shelf(published: Path) -> Shelf:
    """What was published last is served before the database has answered once."""
    shelf, kept = Shelf(), within(lambda: last_good(published))
    if kept is not None:
        shelf.put(kept)
    return shelf


def _scripts(shelf: Shelf) -> frozenset[str]:
    """What `integrity` may name on a page: the scripts this process serves."""
    return frozenset(integrity(one.plain.body) for path, one in shelf.addresses.items() if path.endswith(".js"))


def _press(settings: Settings, templating: Templating) -> Press:
    organisation = Organisation(settings.names, settings.default_language, settings.timezone, settings.subscribing)
    return Press.load(TEMPLATES, templating, organisation, settings.public_base, sample=settings.sample_site)


def _ring_engine(loop: asyncio.AbstractEventLoop, engine: Engine) -> None:
    with suppress(RuntimeError):  # the loop is closing: nobody is left to wake
        loop.call_soon_threadsafe(engine.wake)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger("clarion").critical("stopped_working", kind=type(error).__name__, exc_info=error)
