"""The link checker against a real loopback server: dead links are known, told, and left out of what readers get."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from app.clock import FrozenClock
from app.domain.link_checks import EVERY, LinkReason, LinkState
from app.domain.staff_notices import NoticeKind
from app.engine.link_keeping import LinkKeeper
from app.store import documents, links, staff, website
from app.store.database import Database
from app.store.documents import Kind
from app.store.tables import publish_request
from channels.http import Http
from channels.visits import Visited, visit
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.rig.wire import Reply
from tests.unit.channels.answers import Answers

pytestmark = pytest.mark.anyio


def add(db: Database, slug: str, url: str) -> None:
    link: dict[str, Any] = {"slug": slug, "texts": {"en": slug}, "url": url, "topics": ["power"]}
    with db.writing() as tx:
        documents.save(tx, Kind.HELP_LINK, slug, link, None)


def requests(db: Database) -> int:
    with db.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(publish_request)).scalar_one())


def notices(db: Database) -> list[str]:
    with db.reading() as connection:
        return [row.notice.subject for row in staff.standing(connection, NoticeKind.LINK_DEAD)]


async def test_dead_links_are_found_told_once_and_forgiven(database: Database, clock: FrozenClock) -> None:
    statuses = {"/alive": 200, "/dead": 404, "/busy": 503}
    bare = Http(allow_private=True)

    async with Answers(lambda request: Reply(statuses[request.path])) as server:

        async def on_loopback(url: str) -> Any:
            return await visit(bare, url.replace("https://www.example.org", server.url))

        for name in ("alive", "dead", "busy"):
            add(database, name, f"https://www.example.org/{name}")
        keeper = LinkKeeper(database, clock, on_loopback)
        found = {one.url.rpartition("/")[2]: one.check for one in await keeper.check()}
        states = {name: check.state for name, check in found.items() if check}
        assert states == {"alive": LinkState.ALIVE, "dead": LinkState.DEAD, "busy": LinkState.UNSURE}
        assert notices(database) == ["https://www.example.org/dead"]
        assert requests(database) == 1, "the website shows no dead link"
        with database.reading() as connection:
            assert website.read(connection).dead == {"https://www.example.org/dead"}

        clock.advance(60)
        await keeper.check()
        assert len(notices(database)) == 2, "what stays busy is dead; what was told is not told again"

        statuses.update({"/dead": 200, "/busy": 200})
        await keeper.check()
        assert notices(database) == []
        assert requests(database) == 3
        with database.reading() as connection:
            assert links.dead(connection) == frozenset()
    await bare.aclose()


async def test_not_all_at_once_and_not_for_ever(database: Database, clock: FrozenClock) -> None:
    under_way: list[str] = []
    most = 0

    async def slow(url: str) -> Visited:
        nonlocal most
        if url.endswith("quick"):  # answers before any clock can have moved on
            return Visited(200, url)
        under_way.append(url)
        most = max(most, len(under_way))
        await asyncio.sleep(3600)
        return Visited(200, url)

    for number in range(20):
        add(database, f"l{number}", f"https://www.example.org/{number}")
    add(database, "quick", "https://a.example.org/quick")
    known = await LinkKeeper(database, clock, slow, deadline=0.3).check()
    assert most <= 6
    assert [one.url for one in known if one.check] == ["https://a.example.org/quick"]


async def test_one_process_looks_every_few_hours(database: Database, clock: FrozenClock) -> None:
    with database.writing() as tx:
        assert links.claim_run(tx, NOON, EVERY)
        assert not links.claim_run(tx, NOON, EVERY)
        assert links.claim_run(tx, NOON + EVERY, EVERY)
        assert links.last_run(tx) == NOON + EVERY


async def test_it_runs_by_itself(database: Database, clock: FrozenClock) -> None:
    add(database, "one", "https://www.example.org/one")
    looked = asyncio.Event()

    async def seen(url: str) -> Visited:
        looked.set()
        return Visited(200, url)

    stop = asyncio.Event()
    running = asyncio.create_task(LinkKeeper(database, clock, seen, first_after=0.01).run(stop))
    await asyncio.wait_for(looked.wait(), PATIENCE)
    stop.set()
    await asyncio.wait_for(running, PATIENCE)


async def test_a_link_that_no_browser_opens_is_dead(database: Database, clock: FrozenClock) -> None:
    add(database, "inside", "https://10.0.0.1/")
    http = Http()
    (known,) = await LinkKeeper(database, clock, partial(visit, http)).check()
    await http.aclose()
    assert known.check is not None
    assert (known.check.state, known.check.reason) == (LinkState.DEAD, LinkReason.PRIVATE_ADDRESS)
