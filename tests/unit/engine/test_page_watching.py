"""The organisation's own pages, over real connections: staff hear when the banner's tag has gone, once."""

from __future__ import annotations

from functools import partial

import pytest

from app.clock import FrozenClock
from app.domain.page_checks import PageVerdict
from app.domain.staff_notices import NoticeKind
from app.engine.page_watching import PageWatch
from app.store import documents, page_checks, staff
from app.store.database import Database
from app.store.documents import Kind
from channels.http import Http, Timeouts
from channels.visits import Fetched, fetch
from tests.rig.wire import Reply, Request
from tests.unit.channels.answers import Answers

pytestmark = pytest.mark.anyio
TAG = '<script async src="https://status.example.org/site/widget.js" data-site="main"></script>'


class Pages:
    """What the organisation's web server answers."""

    def __init__(self) -> None:
        self.html = f"<html>{TAG}"
        self.headers: tuple[tuple[str, str], ...] = ()
        self.status = 200

    def __call__(self, request: Request) -> Reply:
        if request.path == "/old":
            return Reply(301, b"", headers=(("location", "/start"),))
        if request.path == "/huge":
            return Reply(200, b" " * (9 << 20))
        return Reply(self.status, self.html.encode(), "text/html", self.headers)


def site(db: Database, *pages: str) -> None:
    with db.writing() as tx:
        documents.save(tx, Kind.SITE, "main", {"slug": "main", "pages_to_check": list(pages)}, None)


def told(db: Database) -> list[str]:
    with db.reading() as connection:
        return [row.notice.details["reason"] for row in staff.standing(connection, NoticeKind.BANNER_MISSING)]


async def test_a_tag_that_has_gone_is_told_once_and_forgiven(database: Database, clock: FrozenClock) -> None:
    answers, http = Pages(), Http(Timeouts(connect=20, total=60), allow_private=True)
    async with Answers(answers) as server:
        site(database, f"{server.url}/old")
        watch = PageWatch(database, clock, partial(fetch, http), 300.0)
        (check,) = await watch.check()
        assert (check.verdict, told(database)) == (PageVerdict.SHOWS, []), check.detail
        answers.html = "<html>relaunched"
        for _ in range(3):
            clock.advance(300)
            (check,) = await watch.check()
            assert check.verdict is PageVerdict.TAG_MISSING
        assert told(database) == ["tag missing (of 0 scripts none is the banner's)"]
        answers.html = f"<html>{TAG}"
        answers.headers = (("Content-Security-Policy", "default-src 'self'"),)
        assert (await watch.check())[0].verdict is PageVerdict.SCRIPT_BLOCKED
        answers.headers = ()
        assert (await watch.check())[0].verdict is PageVerdict.SHOWS
        assert told(database) == []
    await http.aclose()


async def test_pages_that_cannot_be_read_are_said_and_those_nobody_names_forgotten(
    database: Database, clock: FrozenClock
) -> None:
    answers, http = Pages(), Http(Timeouts(connect=20, total=60), allow_private=True)
    async with Answers(answers) as server:
        site(database, f"{server.url}/huge", f"{server.url}/start")
        answers.status = 404
        watch = PageWatch(database, clock, partial(fetch, http), 300.0)
        await watch.check()
        found = {one.url.rpartition("/")[2]: one.detail for one in await watch.check()}
        assert found == {"huge": "too_large", "start": "http_404"}
        assert len(told(database)) == 2
        site(database, f"{server.url}/start")
        assert len(await watch.check("main")) == 1
        assert await watch.check("elsewhere") == ()
        with database.reading() as connection:
            assert len(page_checks.everything(connection)) == 1
        assert len(told(database)) == 1
    await http.aclose()


async def test_an_address_inside_is_not_opened(database: Database, clock: FrozenClock) -> None:
    http = Http()
    site(database, "https://10.0.0.1/", "http://www.example.org/")
    found = await PageWatch(database, clock, partial(fetch, http), 300.0).check()
    assert {one.detail for one in found} == {"address_refused", "url_not_https"}
    await http.aclose()


async def test_one_process_looks_and_none_looks_for_ever(database: Database, clock: FrozenClock) -> None:
    async def never(_url: str) -> Fetched:
        import asyncio

        await asyncio.sleep(3600)
        raise AssertionError

    site(database, "https://www.example.org/")
    first, second = (PageWatch(database, clock, never, 300.0, deadline=0.05, me=name) for name in "ab")
    assert first._hold()
    assert not second._hold()
    assert await first.check() == ()
