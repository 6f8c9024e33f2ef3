"""Live push to many visitors of one process: publish to last visitor, and memory each.

`python -m benchmarks.live --people N [--ask] [--asgi]`: `clarion serve` on one core, N connections from a process on
the other, ROUNDS changes through the API. Milliseconds from the moment the new banner can be fetched at the origin
(`last_ms`), and from the request that changed it, until the last visitor has all of it. `--ask`: each visitor takes the
event only as a call, and fetches banner.json over a connection of its own. `--asgi`: the way that works on any server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any, Final

import uvloop

from app.domain.principals import Role
from app.site.live import GZIP_HEADER
from benchmarks import website
from benchmarks.others import ROOT

ROUNDS: Final = 7
AT_ONCE: Final = 200
"""Connections being opened at the same time."""
LONGEST: Final = 60.0
LIVE: Final = b"GET /site/main/live HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: %b\r\n\r\n"
FETCH: Final = b"GET /site/main/banner.json HTTP/1.1\r\nHost: bench\r\n\r\n"
SPARE: Final = 500
"""File descriptors for everything else."""
LIMIT_MS: Final = 250
LIMIT_KB: Final = 12


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("--asgi", action="store_true")
    parser.add_argument("--plain", action="store_true", help="take no gzip")
    parser.add_argument("--port", type=int, help="be the visitors of this port")
    parser.add_argument("--ports", type=Path, help="not used: no provider takes part")
    given = parser.parse_args()
    _many_files(given.people * (2 if given.ask else 1))
    if given.port:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_visit(given))
        return
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as directory:
        print(json.dumps(_measure(given, Path(directory))))


def _many_files(people: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, people + SPARE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except ValueError:
        raise SystemExit(f"{people:,} visitors need {wanted:,} open files; the limit is {hard:,} (ulimit -n)") from None


def _measure(given: argparse.Namespace, directory: Path) -> dict[str, Any]:
    wired = website.sample(directory)
    wired.publisher.publish(wired.clock.now())
    secret = website.token(wired, Role.ADMIN, 1)
    wired.db.close()
    more = {"CLARION_SHORTCUT": str(not given.asgi), "CLARION_LIVE_VISITORS": str(given.people)}
    with website.serving(directory, **more) as running:
        website.fetch(f"{running.base}{website.BANNER}")
        time.sleep(2.0)  # what a process sets up once is not the visitors'
        empty = website.memory_kb(running.pid)
        command = [*website.ON_CLIENT_CORE, sys.executable, "-m", "benchmarks.live", "--people", str(given.people)]
        command += ["--port", running.base.rpartition(":")[2], *_flags(given)]
        visitors = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            opened = _told(visitors)
            each = (website.memory_kb(running.pid) - empty) / given.people
            rounds = [_round(running.base, secret, number, visitors) for number in range(ROUNDS)]
        finally:
            visitors.kill()
            visitors.wait()
    last = statistics.median(told["last_ms"] for told in rounds)
    changed = statistics.median(told["changed_ms"] for told in rounds)
    missed = (
        [f"{last:.0f} ms to the last visitor"]
        if last > LIMIT_MS and not (given.ask or given.asgi or given.plain)
        else []
    )
    missed += [f"{each:.1f} KB each"] if each > LIMIT_KB and not given.asgi else []
    return {
        "people": given.people,
        "last_ms": round(last),
        "most_ms": round(max(told["last_ms"] for told in rounds)),
        "median_visitor_ms": round(statistics.median(told["median_ms"] for told in rounds)),
        "from_the_change_ms": round(changed),
        "kb_each": round(each, 1),
        "opened_seconds": opened["seconds"],
        "not_met": missed,
    }


def _round(base: str, secret: str, number: int, visitors: subprocess.Popen[str]) -> dict[str, float]:
    """One change; when everybody has it."""
    before = website.fetch(f"{base}{website.BANNER}")["seq"]
    started = time.monotonic()
    website.post(base, secret, "/contact-channels/live-chat/wait", {"minutes": number + 1})
    while website.fetch(f"{base}{website.BANNER}")["seq"] == before:
        pass
    visible = time.monotonic()
    told: dict[str, Any] = {"seq": 0}
    while told["seq"] <= before:
        told = _told(visitors)
    time.sleep(0.5)  # a change is published in two steps; let the second pass
    return {
        "last_ms": max(0.0, told["last"] - visible) * 1_000,
        "median_ms": max(0.0, told["median"] - visible) * 1_000,
        "changed_ms": (told["last"] - started) * 1_000,
    }


def _flags(given: argparse.Namespace) -> list[str]:
    return [flag for flag, chosen in (("--ask", given.ask), ("--plain", given.plain)) if chosen]


def _told(visitors: subprocess.Popen[str]) -> dict[str, Any]:
    line = visitors.stdout.readline() if visitors.stdout is not None else ""
    if not line:
        raise SystemExit("the visitors are gone")
    found: dict[str, Any] = json.loads(line)
    return found


class Visitor(asyncio.Protocol):
    """Follows, and counts itself in when it has the whole event (`--ask`: the whole banner).

    An event is one chunk, and the same bytes for everybody: it is read once, by whoever has it first.
    """

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.waiting: bytes = b""
        self.begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(LIVE % (b"identity" if self.crowd.plain else b"gzip"))

    def data_received(self, data: bytes) -> None:
        self.waiting = self.waiting + data if self.waiting else data
        if not self.begun:
            _, end_of_head, rest = self.waiting.partition(b"\r\n\r\n")
            if not end_of_head:
                return
            self.begun, self.waiting = True, rest
        while b"\r\n" in self.waiting:
            size, _, rest = self.waiting.partition(b"\r\n")
            end = int(size, 16)
            if len(rest) < end + 2:
                return
            self.waiting = rest[end + 2 :]
            self.crowd.heard(rest[:end])


class Crowd:
    def __init__(self, people: int, port: int, *, ask: bool, plain: bool) -> None:
        self.people, self.port, self.ask, self.plain = people, port, ask, plain
        self.known: dict[bytes, int] = {}
        self.times: dict[int, list[float]] = {}
        self.inside = 0
        self.complete: asyncio.Queue[tuple[int, list[float]]] = asyncio.Queue()
        self.tasks: set[asyncio.Task[None]] = set()

    def heard(self, chunk: bytes) -> None:
        seq = self.known.get(chunk)
        if seq is None:
            seq = self.known[chunk] = self._read(chunk)
        if seq == 0:
            return
        times = self.times.setdefault(seq, [])
        if self.ask and self.inside >= self.people:
            task = asyncio.get_running_loop().create_task(self._fetch(seq, times))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        else:
            self._count(seq, times)

    def _read(self, chunk: bytes) -> int:
        """The banner's number, 0 for everything else."""
        if not self.plain:
            chunk = zlib.decompressobj(-15).decompress(chunk.removeprefix(GZIP_HEADER))
        return int(chunk.partition(b"id: ")[2].split(b"\n", 1)[0]) if b"event: banner" in chunk else 0

    async def _fetch(self, seq: int, times: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(FETCH)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]))
        writer.close()
        self._count(seq, times)

    def _count(self, seq: int, times: list[float]) -> None:
        times.append(time.monotonic())
        if len(times) == self.people:
            self.complete.put_nowait((seq, times))


async def _visit(given: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    crowd = Crowd(given.people, given.port, ask=given.ask, plain=given.plain)
    gate = asyncio.Semaphore(AT_ONCE)

    async def enter() -> None:
        async with gate:
            await loop.create_connection(lambda: Visitor(crowd), "127.0.0.1", given.port)

    started = time.monotonic()
    await asyncio.gather(*(enter() for _ in range(given.people)))
    async with asyncio.timeout(LONGEST):
        await crowd.complete.get()
    crowd.inside = given.people
    print(json.dumps({"seconds": round(time.monotonic() - started, 2)}), flush=True)
    while os.getppid() != 1:
        seq, times = await crowd.complete.get()
        print(json.dumps({"seq": seq, "last": times[-1], "median": statistics.median(times)}), flush=True)


if __name__ == "__main__":
    main()
