"""What visitors find, read back over real connections and compared with what was published."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from app.clock import FrozenClock
from app.domain.reading_back import Seen, Verdict
from app.domain.staff_notices import NoticeKind
from app.domain.targets import TargetKind
from app.publishing.directory import DirectoryTarget
from app.publishing.publisher import Publisher
from app.publishing.read_back import ReadBack
from app.site.shelf import Shelf
from app.store import publishing, staff, targets
from app.store.database import Database
from app.store.targets import TargetValues
from app.usecases.tell_site_differs import tell_site_differs
from channels.http import Http, Timeouts
from tests.conftest import NOON
from tests.rig.wire import Reply, Request
from tests.unit.channels.answers import Answers, closed_port
from tests.unit.site.world import open_crisis, open_house, press, say

pytestmark = pytest.mark.anyio
BANNER = "site/main/banner.json"


def manifest(seq: int) -> bytes:
    return b'{"version": 1, "seq": %d, "published_at": "2026-01-01T00:00:00Z", "files": {}}' % seq


class Website:
    """A folder served by a web server somebody else runs, with whatever it does to the answers."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.status = 200
        self.headers: dict[str, str] = {}
        self.packed = False
        self.instead: dict[str, bytes] = {}
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        path = request.path.lstrip("/")
        if path in self.instead:
            body = self.instead[path]
        elif (self.root / path).is_file():
            body = (self.root / path).read_bytes()
        else:
            return Reply(404, b"")
        headers = {**self.headers, **({"content-encoding": "gzip"} if self.packed else {})}
        return Reply(self.status, gzip.compress(body) if self.packed else body, headers=tuple(headers.items()))


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http(Timeouts(connect=20, total=60))
    yield opened
    await opened.aclose()


@pytest.fixture
def publisher(database: Database, tmp_path: Path) -> Publisher:
    open_house(database)
    open_crisis(database)
    say(database)
    made = Publisher(database, press(), [DirectoryTarget(tmp_path / "site")], Shelf(), FrozenClock(NOON))
    made.publish(NOON)
    return made


def known(db: Database, url: str, *, private: bool = True) -> None:
    with db.writing() as tx:
        settings = {"path": "/unused", "private": private}
        targets.save(tx, "mirror", TargetValues(TargetKind.DIRECTORY, settings, b"", url), None)


async def look(db: Database, clock: FrozenClock, http: Http) -> Seen:
    seen = await ReadBack(db, clock, http, "", 30.0).look()
    return seen["mirror"]


@contextmanager
def notices(db: Database) -> Iterator[list[str]]:
    with db.reading() as connection:
        kinds = (NoticeKind.SITE_DIFFERS, NoticeKind.SITE_CLOCK_WRONG)
        yield [f"{row.notice.kind}:{row.notice.subject}" for kind in kinds for row in staff.standing(connection, kind)]


def told(db: Database) -> list[str]:
    with notices(db) as found:
        return found


async def test_what_was_published_is_found(
    database: Database, publisher: Publisher, clock: FrozenClock, http: Http, tmp_path: Path
) -> None:
    website = Website(tmp_path / "site")
    async with Answers(website) as server:
        known(database, server.url)
        for packed in (False, True):
            website.packed = packed
            seen = await look(database, clock, http)
            assert (seen.verdict, seen.seq, seen.since) == (Verdict.AS_PUBLISHED, 1, None), seen.detail
    assert {request.path for request in website.asked} == {"/manifest.json", "/index.html", f"/{BANNER}"}


@pytest.mark.parametrize(
    ("path", "body", "verdict"),
    [
        (BANNER, b'{"seq": 1, "other": true}', Verdict.DIFFERS),
        (BANNER, b"<html>an error page with status 200</html>", Verdict.DIFFERS),
        ("index.html", b"defaced", Verdict.DIFFERS),
        ("manifest.json", b"garbage", Verdict.NOT_OURS),
        ("manifest.json", manifest(999), Verdict.NOT_OURS),
        ("manifest.json", manifest(1), Verdict.DIFFERS),
    ],
)
async def test_what_somebody_changed_is_noticed_and_told_once_when_it_lasts(
    database: Database,
    publisher: Publisher,
    clock: FrozenClock,
    http: Http,
    tmp_path: Path,
    path: str,
    body: bytes,
    verdict: Verdict,
) -> None:
    website = Website(tmp_path / "site")
    website.instead[path] = body
    async with Answers(website) as server:
        known(database, server.url)
        with database.writing() as tx:
            publishing.mark_done(tx, 10_000, clock.now())
        for _ in range(3):
            seen = await look(database, clock, http)
            assert seen.verdict is verdict
            tell_site_differs(database, clock.now())
            assert told(database) == []
            clock.advance(30)
        with database.reading() as connection:
            asked = publishing.pending(connection)
        assert (asked is not None) == (verdict is Verdict.DIFFERS), "what differs is written anew"
        await look(database, clock, http)
        assert len(tell_site_differs(database, clock.now())) == 1
        assert tell_site_differs(database, clock.now()) == ()
        website.instead.clear()
        assert (await look(database, clock, http)).verdict is not verdict
        if (await look(database, clock, http)).verdict is Verdict.AS_PUBLISHED:
            tell_site_differs(database, clock.now())
            assert told(database) == []


async def test_one_that_lags_behind_is_noticed_after_a_minute(
    database: Database, publisher: Publisher, clock: FrozenClock, http: Http, tmp_path: Path
) -> None:
    website = Website(tmp_path / "site")
    async with Answers(website) as server:
        known(database, server.url)
        await look(database, clock, http)
        old = {path: (tmp_path / "site" / path).read_bytes() for path in ("manifest.json", "index.html", BANNER)}
        say(database, at=NOON, content={"en": {"headline": "Newer", "impact": "Words."}})
        publisher.publish(clock.now())
        website.instead.update(old)
        assert (await look(database, clock, http)).verdict is Verdict.AS_PUBLISHED, "a cache may be a little behind"
        clock.advance(61)
        assert (await look(database, clock, http)).verdict is Verdict.BEHIND


async def test_time_that_changed_what_is_true_counts_too(
    database: Database, publisher: Publisher, clock: FrozenClock, http: Http, tmp_path: Path
) -> None:
    async with Answers(Website(tmp_path / "site")) as server:
        known(database, server.url)
        clock.advance(timedelta(minutes=32).total_seconds())  # the phone line closed two minutes ago
        assert (await look(database, clock, http)).verdict is Verdict.BEHIND


async def test_unreachable_in_every_way_is_said(
    database: Database, publisher: Publisher, clock: FrozenClock, http: Http, tmp_path: Path
) -> None:
    website = Website(tmp_path / "site")
    website.status = 500
    async with Answers(website) as server:
        known(database, server.url)
        assert (await look(database, clock, http)).detail == "manifest.json: http_500"
        website.status = 200
        website.instead["manifest.json"] = b"x" * (9 << 20)
        assert (await look(database, clock, http)).detail == "manifest.json: too_large"
        known(database, server.url, private=False)
        assert (await look(database, clock, http)).detail == "url_not_https"
    with closed_port() as port:
        known(database, f"http://127.0.0.1:{port}")
        seen = await look(database, clock, http)
    assert (seen.verdict, seen.detail) == (Verdict.UNREACHABLE, "manifest.json: refused")


@pytest.mark.parametrize(
    ("off", "age", "wrong"), [(0, 0, False), (50, 0, False), (-90, 0, True), (90, 0, True), (-600, 600, False)]
)
async def test_a_server_with_a_wrong_clock_is_told(
    database: Database,
    publisher: Publisher,
    clock: FrozenClock,
    http: Http,
    tmp_path: Path,
    off: int,
    age: int,
    wrong: bool,
) -> None:
    website = Website(tmp_path / "site")
    website.headers = {"Date": format_datetime(clock.now() + timedelta(seconds=off), usegmt=True), "Age": str(age)}
    async with Answers(website) as server:
        known(database, server.url)
        seen = await look(database, clock, http)
    assert seen.skew == off + age
    assert seen.clock_is_wrong == wrong
    tell_site_differs(database, clock.now())
    assert (told(database) == ["site_clock_wrong:mirror"]) == wrong


async def test_one_process_looks(database: Database, clock: FrozenClock, http: Http) -> None:
    first, second = (ReadBack(database, clock, http, "", 30.0, me=name) for name in ("a", "b"))
    assert first._hold()
    assert not second._hold()
    clock.advance(80)
    assert second._hold()
