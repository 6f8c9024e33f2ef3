"""Disks that are full, read-only or hang, clocks that jump, publishers that race: no torn file, nothing old."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import FrozenClock
from app.domain.snapshot import Snapshot, manifest_bytes
from app.publishing.bounding import Bounded, within
from app.publishing.directory import DirectoryTarget
from app.publishing.publisher import LONGEST_SILENCE, SET_BACK, Publisher
from app.publishing.targets import Placement, Result
from app.site.lastgood import last_good
from app.site.shelf import Shelf
from app.store import targets
from app.store.database import Database
from channels.http import Http, Reply
from channels.s3 import Bucket, Opened
from tests.patience import PATIENCE
from tests.rig.s3 import place, s3_server
from tests.unit.site.snapshots import BANNER, snapshot
from tests.unit.site.world import NOON, open_crisis, open_house, press, say

LAST = 60
NOBODY = 65_534
RACER = """
import asyncio, os, sys
from pathlib import Path
from app.publishing.bucket import BucketTarget
from app.publishing.directory import DirectoryTarget
from app.publishing.targets import Result
from channels.http import Http, Timeouts
from channels.s3 import Bucket
from tests.rig.s3 import place
from tests.unit.site.snapshots import snapshot

first, folder, port = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

async def main():
    http = Http(Timeouts(connect=60, total=120))
    directory, bucket = DirectoryTarget(folder), BucketTarget("race", Bucket(place(port, "race"), http))
    for seq in range(first, int(sys.argv[4]) + 1, 2):
        offered = snapshot(seq, text=f"words {seq % 3}")
        assert directory.write(offered).result is not Result.FAILED
        if seq % 6 in (4, 5, 0):
            placed = await bucket.place(offered)
            assert placed.result is not Result.FAILED, placed.detail
    await http.aclose()

asyncio.run(main())
os._exit(0)  # it is over: a thread of the client's may not outlive the interpreter, which would end in an abort
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below one that everybody may enter: pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.anyio
async def test_two_processes_racing_on_a_folder_and_a_bucket_never_go_back(tmp_path: Path) -> None:
    folder, seen = tmp_path / "site", 0
    with s3_server() as port:
        http = Http()
        async with Bucket(place(port, "race"), http).opened() as opened:
            assert isinstance(opened, Opened)
            await opened.put("", b"<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>"
                                 b"</CreateBucketConfiguration>", {})  # fmt: skip
            command = [sys.executable, "-W", "ignore", "-c", RACER]
            racers = [
                await asyncio.create_subprocess_exec(
                    *command, str(first), str(folder), str(port), str(LAST), env={**os.environ, "PYTHONPATH": "."}
                )
                for first in (1, 2)
            ]
            racing = asyncio.gather(*(racer.wait() for racer in racers))
            while not racing.done():
                body = await asyncio.to_thread(_banner, folder)
                assert body >= seen
                seen = body
                await asyncio.sleep(0)
            assert racing.result() == [0, 0]
            whole = snapshot(LAST, text=f"words {LAST % 3}")
            assert last_good(folder) == whole
            for path, file in whole.files.items():
                reply = await opened.get(path)
                assert isinstance(reply, Reply)
                assert bytes(reply.body) == file.body
            manifest = await opened.get("manifest.json")
            assert isinstance(manifest, Reply)
            assert bytes(manifest.body) == manifest_bytes(whole)
        await http.aclose()


def _banner(folder: Path) -> int:
    """Its number, 0 while there is none; raises when it is torn."""
    try:
        return int(json.loads((folder / BANNER).read_bytes())["seq"])
    except FileNotFoundError:
        return 0


def with_room_for(largest: int, act: str, folder: Path) -> str:
    """What a process comes to that can write no file larger than this."""
    done = subprocess.run(
        [sys.executable, "-c", f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest},) * 2)\n{act}",
         str(folder)],
        env={**os.environ, "PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


WRITE = """
import sys
from pathlib import Path
from app.publishing.directory import DirectoryTarget
from tests.unit.site.snapshots import snapshot
placed = DirectoryTarget(Path(sys.argv[1])).write(snapshot(2, text="x" * 5000))
print(placed.result, placed.detail)
"""


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, which no read-only folder stops."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_read_only_disk_keeps_what_it_had_and_says_so(open_folder: Path) -> None:
    site = open_folder / "site"
    DirectoryTarget(site).write(snapshot(1))
    for path in (site, *site.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with nobody():
        placed = DirectoryTarget(site).write(snapshot(2))
        kept = last_good(site)
    for path in (site, *site.rglob("*")):
        path.chmod(0o755)
    assert placed.result is Result.FAILED
    assert placed.detail == "PermissionError: Permission denied"
    assert kept == snapshot(1)


def test_a_full_disk_keeps_what_it_had_file_by_file(tmp_path: Path) -> None:
    site = tmp_path / "site"
    DirectoryTarget(site).write(snapshot(1))
    said = with_room_for(4096, WRITE, site)
    assert said.startswith("failed OSError: File too large")
    kept = last_good(site)
    assert kept is not None
    assert json.loads(kept.files[BANNER].body)["seq"] == 1
    assert not list(site.rglob("*.tmp"))
    assert DirectoryTarget(site).write(snapshot(3)).result is Result.PLACED


class Hanging:
    """A network disk that is gone: every call waits until the test is over."""

    name = "mirror"

    def __init__(self) -> None:
        self.back = threading.Event()
        self.calls = 0

    def seq(self) -> int:
        self._wait()
        return 7

    def write(self, given: Snapshot) -> Placement:
        self._wait()
        return Placement(self.name, Result.PLACED, held=given.seq)

    def _wait(self) -> None:
        self.calls += 1
        self.back.wait(PATIENCE)


def test_a_disk_that_hangs_is_bounded_and_costs_one_thread(database: Database) -> None:
    open_house(database)
    disk, shelf = Hanging(), Shelf()
    site = Publisher(database, press(), [Bounded(disk, 0.05)], shelf, FrozenClock(NOON))
    publication = site.publish(NOON)
    assert shelf.seq == publication.snapshot.seq, "readers of this process see it all the same"
    assert not publication.settled
    for _ in range(5):
        site.publish(NOON)
    assert disk.calls == 1
    with database.reading() as connection:
        state = targets.states(connection)["mirror"]
    assert (state.failures, state.error) == (6, "the disk has not answered within 0.05 s")
    disk.back.set()
    for thread in [one for one in threading.enumerate() if one.name == "disk mirror"]:
        thread.join(PATIENCE)
    patient = Bounded(disk, PATIENCE)
    assert patient.write(snapshot(8)).result is Result.PLACED
    assert patient.seq() == 7


def test_a_start_does_not_wait_for_a_disk_that_hangs() -> None:
    back = threading.Event()
    assert within(lambda: back.wait(PATIENCE), 0.05) is None
    back.set()
    assert within(lambda: 3) == 3


@pytest.mark.parametrize("spoil", ["truncate", "garbage", "empty", "manifest", "no manifest"])
def test_what_is_broken_on_the_disk_is_not_served_at_the_start(tmp_path: Path, spoil: str) -> None:
    DirectoryTarget(tmp_path).write(snapshot(4))
    banner, manifest = tmp_path / BANNER, tmp_path / "manifest.json"
    match spoil:
        case "truncate":
            banner.write_bytes(banner.read_bytes()[:-3])
        case "garbage":
            banner.write_bytes(b"\x00\xff" * 40)
        case "empty":
            banner.write_bytes(b"")
        case "manifest":
            manifest.write_bytes(manifest.read_bytes()[:-40])
        case _:
            manifest.unlink()
    kept, shelf = last_good(tmp_path), Shelf()
    if kept is not None:
        shelf.put(kept)
        assert BANNER not in kept.files
    assert shelf.get(f"/{BANNER}") is None
    assert (kept is None) == ("manifest" in spoil)
    assert DirectoryTarget(tmp_path).write(snapshot(5)).result is Result.PLACED
    assert last_good(tmp_path) == snapshot(5)


def test_a_database_that_was_deleted_goes_on_above_what_readers_saw(database: Database, tmp_path: Path) -> None:
    DirectoryTarget(tmp_path).write(snapshot(41))
    open_house(database)
    site = Publisher(database, press(), [DirectoryTarget(tmp_path)], Shelf(), FrozenClock(NOON))
    assert site.publish(NOON).snapshot.seq == 42
    with database.writing() as tx:
        known = targets.states(tx)["directory " + tmp_path.name]
        assert known.seq == 42
        targets.note(tx, known.__class__("cloud", held=90))
    assert site.publish(NOON).snapshot.seq == 91, "nor below what a bucket shows"


def test_a_clock_set_back_a_little_brings_nothing_back(database: Database) -> None:
    open_house(database)
    open_crisis(database)
    update = say(database, lasts=timedelta(minutes=5))
    shelf = Shelf()
    site = Publisher(database, press(), [], shelf, FrozenClock(NOON))
    over = NOON + timedelta(minutes=6)
    for at in (NOON, over):
        site.publish(at)
    for back in (over - timedelta(minutes=2), over - SET_BACK):
        shown = json.loads(site.publish(back).snapshot.files[BANNER].body)
        assert shown["updates"] == [], "an expired crisis is over, whatever the clock says"
        assert shown["placements"]["banner"] is None
    assert update


def test_a_clock_that_was_far_off_is_believed_once_it_is_right(database: Database) -> None:
    open_house(database)
    site = Publisher(database, press(), [], Shelf(), FrozenClock(NOON))
    wrong = NOON + timedelta(days=1)
    site.publish(wrong)
    assert not site.wanted(wrong)
    assert site.wanted(NOON), "what was due by the wrong clock may have been long ago"
    first = site.publish(NOON)
    assert (first.snapshot.published_at, first.snapshot.seq) == (NOON, 2)
    assert first.due is not None
    assert first.due <= NOON + LONGEST_SILENCE
