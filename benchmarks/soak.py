"""`make soak`: 100,000 deliveries on each database, 200 kills, one in a hundred unanswered, the database in trouble.

`python -m benchmarks.soak --people 2000 --kills 10` is a short one. It ends by itself: after --minutes no more fire is
opened and the rest is sent in peace. Ctrl-C stops it at once and leaves nothing running. The timings are production's.
The result goes to benchmarks/soak.json and into docs/reliability.md; the exit code is 1 when anybody was lost, doubled
without a flag, or stuck.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select

from app.store.database import Database
from app.store.ledger_tables import due
from app.store.migrate import SCHEMA
from tests.postgres import Server
from tests.rig.fire import Fire, Verdict, under_fire
from tests.rig.process import RigProcess

ROOT: Final = Path(__file__).parents[1]
RESULT: Final = Path(__file__).parent / "soak.json"
PAGE: Final = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- soak: written by make soak -->\n", "<!-- /soak -->"
UNANSWERED: Final = ("hang_after_accept", "reset_after_accept", "error_after_accept")
TROUBLE_SECONDS: Final = 4.0
KILLS_A_TROUBLE: Final = 10
LONGEST_END: Final = 1_800.0
Troubles = dict[str, Callable[[], None]]


@dataclass
class Result:
    database: str
    workers: int
    deliveries: int
    kills: int = 0
    troubles: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    rest_after: float = 0.0
    """Seconds from a kill to the first message to somebody never sent to before."""
    asked_after: float = 0.0
    """Seconds from a kill until the provider was asked about the last of those in doubt."""
    verdict: Verdict | None = None

    @property
    def well(self) -> bool:
        found = self.verdict
        return found is not None and (found.lost, found.unflagged, found.stuck) == (0, 0, 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50_000, help="each gets a text and an e-mail")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    parser.add_argument("--rate", type=float, default=150, help="of each of the two endpoints, a second")
    parser.add_argument("--minutes", type=float, default=30, help="of fire on each database at most")
    given = parser.parse_args()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        results = [_soak(database, given, bars) for database in given.databases]
    _keep(results)
    return 0 if all(result.well for result in results) else 1


def _soak(kind: str, given: argparse.Namespace, bars: Progress) -> Result:
    with ExitStack() as opened:
        rig = opened.enter_context(RigProcess())
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="clarion-soak-")))
        server = opened.enter_context(Server(durable=True)) if kind == "postgresql" else None
        result = Result(kind, 1 if server is None else 2, 2 * given.people)
        with _burning(rig, server, folder / "first", result.workers) as (fire, _):
            bars.add_task(f"{kind}: one kill, timed", total=None)
            result.rest_after, result.asked_after = _time_a_kill(fire)
        rig.control.clear_rules()
        with _burning(rig, server, folder / "second", result.workers) as (fire, troubles):
            _burn(fire, troubles, given, result, bars)
    return result


@contextmanager
def _burning(rig: RigProcess, server: Server | None, folder: Path, workers: int) -> Iterator[tuple[Fire, Troubles]]:
    folder.mkdir()
    url = f"sqlite:///{folder}/clarion.db" if server is None else server.create(f"soak_{folder.name}")
    with closing(Database(url)) as database:
        with database.writing() as connection:
            SCHEMA.create_all(connection)
        with under_fire(rig, database, folder, {}, workers=workers) as fire:
            yield fire, _of_a_file(fire) if server is None else _of_a_server(server)


def _of_a_server(server: Server) -> Troubles:
    def hung() -> None:
        server.freeze()
        time.sleep(TROUBLE_SECONDS)
        server.thaw()

    def stopped() -> None:
        server.crash()
        time.sleep(TROUBLE_SECONDS)
        server.start()

    return {"hung": hung, "stopped": stopped}


def _of_a_file(fire: Fire) -> Troubles:
    def locked() -> None:
        with fire.stage.db.writing():
            time.sleep(TROUBLE_SECONDS)

    def full() -> None:
        _, most = resource.prlimit(fire.worker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(fire.worker.pid, resource.RLIMIT_FSIZE, (16_384, most))
        time.sleep(TROUBLE_SECONDS)
        resource.prlimit(fire.worker.pid, resource.RLIMIT_FSIZE, (most, most))

    return {"locked": locked, "disk full": full}


def _time_a_kill(fire: Fire) -> tuple[float, float]:
    """(until the never-sent rest goes on, until the last in doubt was asked about), seconds after the kill."""
    stage, people = fire.stage, 1_000
    stage.severity = "emergency"
    stage.open(people)
    way, before = fire.add("sms_twilio", 40), fire.taken()
    update = stage.broadcast([way])
    fire.until(lambda: fire.taken() >= before + people // 4)
    busy = max(fire.workers, key=lambda worker: worker.pid)
    others = [one for one in fire.workers if one is not busy]
    for worker in others:
        worker.kill()  # so that the busy one surely has people in its hands
    fire.until(lambda: fire.taken() >= before + people // 3, seconds=120)
    for worker in others:
        worker.start()  # and the others are there when it goes, and wait for its lease
    busy.kill()
    killed, reached = time.monotonic(), {one.to for one in fire.book(update.id)}
    busy.start()
    asked = due.c.asked == 0

    def all_asked() -> bool:
        with stage.db.reading() as connection:
            unknown = select(func.count()).select_from(due).where(due.c.why == "unknown", due.c.broadcast.is_not(None))
            waiting = connection.scalar(unknown.where(asked)) or 0
        return bool(fire.flagged(update.id)) and not waiting

    fire.until(all_asked, seconds=120)
    all_asked_at = time.monotonic()
    if not fire.until_over(update.id, 300):
        raise SystemExit("the first broadcast waits for a person, though its provider can be asked")
    doubtful = fire.flagged(update.id)
    fresh = [one.at for one in fire.book(update.id) if one.to not in reached | doubtful]
    return min(fresh) - killed, all_asked_at - killed


def _burn(fire: Fire, troubles: Troubles, given: argparse.Namespace, result: Result, bars: Progress) -> None:
    dice, total = random.Random(given.people), result.deliveries
    for seed, effect in enumerate(UNANSWERED):
        fire.rig.control.behave("twilio", effect, share=0.01 / len(UNANSWERED), seed=seed)
    listing = bars.add_task(f"{result.database}: listing", total=None)
    fire.stage.open(given.people)
    ways = [fire.add("sms_twilio", given.rate), fire.add("email_sendgrid", given.rate)]
    before, began = fire.taken(), time.monotonic()
    update = fire.stage.broadcast(ways)
    bars.remove_task(listing)
    taken = bars.add_task(f"{result.database}: taken", total=total)
    kills = bars.add_task(f"{result.database}: kills", total=given.kills)
    while result.kills < given.kills and time.monotonic() - began < given.minutes * 60:
        enough = total * (result.kills + dice.random()) / (given.kills + 1)
        while (now := fire.taken() - before) < enough and time.monotonic() - began < given.minutes * 60:
            bars.update(taken, completed=now)
            time.sleep(0.05)
        if result.kills % KILLS_A_TROUBLE == KILLS_A_TROUBLE - 1:
            name = dice.choice(sorted(troubles))
            troubles[name]()
            result.troubles[name] = result.troubles.get(name, 0) + 1
        fire.kill(dice)
        result.kills += 1
        bars.update(kills, completed=result.kills)
    _let_it_end(fire, update.id, lambda: bars.update(taken, completed=fire.taken() - before))
    result.seconds, result.verdict = time.monotonic() - began, fire.verdict(update.id, total)


def _let_it_end(fire: Fire, update: int, look: Callable[[], None]) -> None:
    """In peace; whoever only a person can decide about is sent to again, in bulk."""
    deadline = time.monotonic() + LONGEST_END
    while fire.stage.row(update).state != "done" and time.monotonic() < deadline:
        if fire.waits_for_a_person(update):
            fire.resend_unknown(update)
        time.sleep(2)
        look()


def _keep(results: list[Result]) -> None:
    at = datetime.now(UTC)
    document: dict[str, Any] = {"at": at.isoformat(timespec="minutes"), "runs": [asdict(one) for one in results]}
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    lines = [
        f"Last run {at:%d %B %Y}, production's timings.",
        "",
        (
            "| database | workers | deliveries | kills | database troubles | lost | twice, not flagged | stuck "
            "| once in doubt | twice, flagged | minutes | rest goes on after | last in doubt asked about after |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in results:
        found = one.verdict or Verdict(one.deliveries, one.deliveries, 0, 0, 0, 0)
        troubles = ", ".join(f"{name} {times}x" for name, times in sorted(one.troubles.items())) or "none"
        figures = (
            one.database, one.workers, f"{one.deliveries:,}", one.kills, troubles, found.lost, found.unflagged,
            found.stuck, f"{found.flagged:,}", f"{found.twice:,}", f"{one.seconds / 60:.1f}",
            f"{one.rest_after:.1f} s", f"{one.asked_after:.1f} s",
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, figures))} |")
    table = "\n".join(lines)
    print(table)
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}{table}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit("stopped; nothing was written") from None
