"""The publisher: every request becomes a snapshot, time alone too, and no fault makes the website go back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.clock import FrozenClock
from app.domain.crisis import UpdateState
from app.domain.reading import iso
from app.domain.snapshot import File, Snapshot
from app.publishing.directory import DirectoryTarget
from app.publishing.picture import Picture
from app.publishing.publisher import LONGEST_SILENCE, RETRY_AFTER, Publisher
from app.publishing.targets import Placement, Result
from app.site.lastgood import last_good
from app.site.shelf import Shelf
from app.store import publishing
from app.store.database import Database
from app.store.documents import Kind
from tests.patience import PATIENCE
from tests.unit.site.world import NOON, open_crisis, open_house, press, save, say

pytestmark = pytest.mark.anyio

BANNER = "site/main/banner.json"


class FakeTarget:
    """Remembers what it was given; fails or does something first when told to."""

    name = "fake"

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.broken = False

    def seq(self) -> int:
        return max((snapshot.seq for snapshot in self.snapshots), default=0)

    def write(self, snapshot: Snapshot) -> Placement:
        if self.broken:
            return Placement(self.name, Result.FAILED, "no space left on device")
        self.snapshots.append(snapshot)
        return Placement(self.name, Result.PLACED)


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    open_crisis(database)
    return database


def publisher(db: Database, *targets: FakeTarget | DirectoryTarget, shelf: Shelf | None = None) -> Publisher:
    return Publisher(db, press(), targets, shelf or Shelf(), FrozenClock(NOON))


def open_requests(db: Database) -> int | None:
    with db.reading() as connection:
        return publishing.pending(connection)


def banner(snapshot: Snapshot) -> dict[str, object]:
    found = json.loads(snapshot.files[BANNER].body)
    assert isinstance(found, dict)
    return found


def shows(shelf: Shelf, update: int) -> bool:
    found = shelf.get(f"/{BANNER}")
    return found is not None and f'"update":{update}'.encode() in found.plain.body


def test_a_publication_reaches_memory_and_every_target_and_settles_its_requests(house: Database) -> None:
    say(house)
    shelf, first, second = Shelf(), FakeTarget(), FakeTarget()
    publication = publisher(house, first, second, shelf=shelf).publish(NOON)
    assert publication.settled
    assert shelf.seq == first.seq() == second.seq() == publication.snapshot.seq == 1
    assert banner(publication.snapshot)["severity"] == "major"
    assert open_requests(house) is None


class EarlyShelf(Shelf):
    """Remembers what visitors got before the snapshot was whole."""

    def put_ahead(self, files: Iterable[File], seq: int, published_at: datetime) -> bool:
        early = super().put_ahead(files, seq, published_at)
        self.early = [address for address in ("/site/main/banner.json", "/site/widget.js") if self.get(address)]
        return early


def test_whoever_gets_the_very_first_words_gets_the_script_that_shows_them(house: Database) -> None:
    shelf = EarlyShelf()
    publisher(house, shelf=shelf).publish(NOON)
    assert shelf.early == ["/site/main/banner.json", "/site/widget.js"]


def test_the_sequence_number_rises_with_every_publication(house: Database) -> None:
    target = FakeTarget()
    site = publisher(house, target)
    for _ in range(3):
        site.publish(NOON)
    assert [snapshot.seq for snapshot in target.snapshots] == [1, 2, 3]
    assert banner(target.snapshots[-1])["seq"] == 3


def test_a_restored_database_goes_on_above_what_readers_have_seen(house: Database, tmp_path: Path) -> None:
    target = DirectoryTarget(tmp_path)
    target.write(Snapshot(70, NOON, {}))
    assert publisher(house, target).publish(NOON).snapshot.seq == 71


def test_a_target_that_fails_keeps_the_request_open_and_is_tried_again(house: Database) -> None:
    target, good = FakeTarget(), FakeTarget()
    target.broken = True
    site = publisher(house, target, good)
    assert not site.publish(NOON).settled
    assert good.seq() == 1
    assert open_requests(house) is not None
    assert not site.wanted(NOON + timedelta(seconds=1)), "a full disk must not be hammered"
    assert site.wanted(NOON + RETRY_AFTER)
    target.broken = False
    assert site.publish(NOON + RETRY_AFTER).settled
    assert open_requests(house) is None


def test_a_change_between_looking_and_numbering_is_not_missed(house: Database) -> None:
    site = MeddledPublisher(house, press(), [], Shelf(), FrozenClock(NOON))
    publication = site.publish(NOON)
    shown = banner(publication.snapshot)["updates"]
    assert isinstance(shown, list)
    assert [entry["update"] for entry in shown] == site.said


class MeddledPublisher(Publisher):
    """While it looks at the database for the first time, somebody sends an update."""

    said: list[int]

    def look(self, now: datetime) -> Picture:
        shown = super().look(now)
        if not hasattr(self, "said"):
            self.said = [say(self._db)]
        return shown


def test_what_another_process_has_published_is_shown_by_this_one_too(house: Database) -> None:
    here, there = publisher(house, FakeTarget()), publisher(house, FakeTarget())
    here.publish(NOON)
    there.publish(NOON)
    say(house)
    there.publish(NOON)
    assert open_requests(house) is None
    assert here.wanted(NOON)


@pytest.mark.parametrize(
    ("lasts", "due"),
    [
        (timedelta(minutes=10), NOON + timedelta(minutes=10)),  # the update expires
        (timedelta(hours=5), NOON + timedelta(minutes=30)),  # the phone line closes at 18:00 in India
    ],
)
def test_time_alone_asks_for_the_next_snapshot(house: Database, lasts: timedelta, due: datetime) -> None:
    say(house, lasts=lasts)
    site = publisher(house, FakeTarget())
    assert site.publish(NOON).due == due
    assert not site.wanted(due - timedelta(seconds=1))
    assert site.wanted(due)


def test_the_end_of_an_undo_window_asks_too(house: Database) -> None:
    release = NOON + timedelta(seconds=20)
    update = say(house, state=UpdateState.RELEASING, at=release)
    site = publisher(house, FakeTarget())
    assert site.publish(NOON).due == release
    assert f'"update":{update}' in site.publish(release).snapshot.files[BANNER].body.decode()


def test_the_end_of_opened_knowledge_asks_too(house: Database) -> None:
    end = NOON + timedelta(minutes=20)
    opened = {"url_pattern": "https://learn.example.org/*", "until": iso(end)}
    link = {"slug": "course", "texts": {"en": "Course"}, "url": "https://learn.example.org/", "open_resources": opened}
    save(house, Kind.HELP_LINK, link)
    site = publisher(house, FakeTarget())
    assert site.publish(NOON).due == end
    assert not site.wanted(end - timedelta(seconds=1))
    assert site.wanted(end)


def test_a_quiet_website_is_still_published_every_hour(database: Database) -> None:
    assert publisher(database, FakeTarget()).publish(NOON).due == NOON + LONGEST_SILENCE


def test_what_lies_in_the_folder_is_what_is_in_memory(house: Database, tmp_path: Path) -> None:
    say(house)
    publication = publisher(house, DirectoryTarget(tmp_path)).publish(NOON)
    assert last_good(tmp_path) == publication.snapshot


async def test_a_request_is_on_the_website_in_a_moment_when_the_publisher_is_woken(house: Database) -> None:
    shelf = Shelf()
    site = publisher(house, shelf=shelf)
    stop = asyncio.Event()
    task = asyncio.create_task(site.run(stop))
    async with asyncio.timeout(PATIENCE):
        while shelf.seq == 0:
            await asyncio.sleep(0.005)
        update = await asyncio.to_thread(say, house)
        site.wake()
        while (
            not (found := shelf.get("/site/main/banner.json")) or f'"update":{update}'.encode() not in found.plain.body
        ):
            await asyncio.sleep(0.005)
        stop.set()
        await task


async def test_the_publisher_outlives_a_database_that_fails(house: Database) -> None:
    shelf = Shelf()
    site = publisher(house, shelf=shelf)
    stop = asyncio.Event()
    with house.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE publish_request RENAME TO hidden")
    task = asyncio.create_task(site.run(stop))
    async with asyncio.timeout(PATIENCE):
        await asyncio.sleep(0.05)
        assert not task.done()
        with house.writing() as tx:
            tx.exec_driver_sql("ALTER TABLE hidden RENAME TO publish_request")
        site.wake()
        while shelf.seq == 0:
            site.wake()
            await asyncio.sleep(0.01)
        stop.set()
        await task
