"""Whether people who watch slow a broadcast down: `python -m benchmarks.watched --watchers 20`.

Turn by turn a broadcast nobody watches and one that so many browsers follow on its page in the console (one event
stream each, from a process of their own), in the same run on the same cores; one process sends and answers, as
`clarion serve` does. Prints the runs and the ratio of the medians, of recipients a second and a CPU second.

`--rate 300` holds the endpoint to so many a second: both broadcasts then take the same time, and what watching costs is
the difference of their processor time, as a share of one core (`cores_taken`). That is no noise of two full cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import uvicorn
import uvloop

from app.cli.processes import settle_in
from app.domain.principals import Role
from app.main import create_app
from app.observe import configure_logging
from app.settings import Settings
from app.store import updates
from app.store.migrate import upgrade
from app.usecases.send_update import send_update
from app.usecases.sign_in import Browser, enter_as
from app.wiring import build
from benchmarks import one
from benchmarks.others import ROOT, provider
from tests.staff_accounts import POLICY, enrol

LONGEST: Final = 300.0
COOKIE: Final = "clarion-session"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=60_000)
    parser.add_argument("--watchers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=100_000, help="messages a second of the endpoint")
    parser.add_argument("--ports", type=Path, help="one run, with the providers of this file")
    parser.add_argument("--follow", nargs=2, metavar=("URL", "COOKIE"), help="be the watchers")
    given = parser.parse_args()
    configure_logging("ERROR")
    if given.follow:
        url, cookie = given.follow
        asyncio.run(_follow(url, cookie, given.watchers))
    elif given.ports:
        with tempfile.TemporaryDirectory(prefix="clarion-bench-") as folder, asyncio.Runner(
            loop_factory=uvloop.new_event_loop
        ) as runner:  # fmt: skip
            print(json.dumps(runner.run(_broadcast(given, Path(folder)))))
    else:
        print(json.dumps(_compare(given), indent=1))


def _compare(given: argparse.Namespace) -> dict[str, Any]:
    runs: list[dict[str, Any]] = []
    with provider() as ports:
        for _ in range(given.rounds):
            for watchers in (0, given.watchers):
                command = [sys.executable, "-m", "benchmarks.watched", "--ports", str(ports), "--people",
                           str(given.people), "--watchers", str(watchers), "--rate", str(given.rate)]  # fmt: skip
                done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=2 * LONGEST)
                runs.append(json.loads(done.stdout.splitlines()[-1]))
    figures = ("recipients_a_second", "recipients_a_cpu_second", "cpu_share")
    medians = {
        watchers: {
            name: statistics.median(run[name] for run in runs if run["watchers"] == watchers) for name in figures
        }
        for watchers in (0, given.watchers)
    }
    ratios = {name: round(medians[given.watchers][name] / medians[0][name], 3) for name in figures}
    taken = round(medians[given.watchers]["cpu_share"] - medians[0]["cpu_share"], 4)
    return {"runs": runs, "medians": medians, "watched_to_unwatched": ratios, "cores_taken": taken}


async def _broadcast(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    settings = Settings(
        database_url=f"sqlite:///{folder}/bench.db", publish_dir=folder / "site", secret_key="benchmark key",
        public_url="http://127.0.0.1:8000",
    )  # fmt: skip
    upgrade(settings.database_url)
    wired = build(settings, allow_private=True)
    given.medium, given.tls = "sms", False
    one.prepare(wired, given, given.rate)
    one.seed(wired, given.people, one.CHANNELS["sms"][2])
    update_id, _ = one.stage(wired)
    person = enrol(wired.db, wired.keyring, "wanda", Role.VIEWER, wired.clock.now())
    session = enter_as(wired.db, person.id, Browser("127.0.0.1", "a watcher"), POLICY, wired.clock.now()).secret
    settle_in()
    server = uvicorn.Server(uvicorn.Config(create_app(wiring=wired), port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(LONGEST):
        await _until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        following = await _watchers(given.watchers, f"127.0.0.1:{port}/console/updates/{update_id}/events", session)
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.to_thread(send_update, wired.db, one.AUTHOR, update_id, wired.clock.now())
        await _until(lambda: _done(wired, update_id))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    events = await _end(following)
    server.should_exit = True
    await serving
    return {
        "watchers": given.watchers,
        "people": given.people,
        "recipients_a_second": round(given.people / seconds),
        "recipients_a_cpu_second": round(given.people / cpu),
        "cpu_share": round(cpu / seconds, 4),
        "events": events,
    }


async def _until(holds: Callable[[], bool]) -> None:
    while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - what is waited for is no event of this loop
        await asyncio.sleep(0.1)


def _done(wired: Any, update_id: int) -> bool:  # noqa: ANN401 - the wiring
    with wired.db.reading() as connection:
        return updates.get(connection, update_id).state.value == "done"


async def _watchers(number: int, url: str, session: str) -> asyncio.subprocess.Process | None:
    """All of them have had their first event when this returns."""
    if not number:
        return None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.watched", "--follow", url, session, "--watchers", str(number), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101 - asked for above
    if await process.stdout.readline() != b"ready\n":
        raise SystemExit("nobody can watch")
    return process


async def _end(process: asyncio.subprocess.Process | None) -> int:
    if process is None:
        return 0
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return int(out.split()[-1])


async def _follow(url: str, session: str, number: int) -> None:
    address, _, path = url.partition("/")
    host, _, port = address.partition(":")
    ready = asyncio.Semaphore(0)

    async def watch() -> int:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /{path} HTTP/1.1\r\nHost: {address}\r\nCookie: {COOKIE}={session}\r\n\r\n".encode())
        events = 0
        while line := await reader.readline():
            if line.startswith(b"event: progress"):
                events += 1
                if events == 1:
                    ready.release()
            if line.startswith(b"event: end"):
                break
        writer.close()
        return events

    watching = [asyncio.create_task(watch()) for _ in range(number)]
    for _ in range(number):
        await asyncio.wait_for(ready.acquire(), 60)
    print("ready", flush=True)
    print(sum(await asyncio.gather(*watching)))


if __name__ == "__main__":
    main()
