"""What keeps an installation going: tick, backup, keys."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from app.api.answers import UpdateView
from app.api.progress import settled, view
from app.cli.desk import AsJson, Desk, at_desk
from app.cli.watching import bar_of
from app.domain.crisis import MOVING, UpdateState
from app.engine.lock import engine_lock
from app.errors import Invalid, Problem
from app.signing_up import kept
from app.store import receipts, schedules, sign_ups, staff, updates
from app.store.backup import back_up
from app.terminal import Bar, Bars, counting
from app.usecases.attend import attend
from app.usecases.fire_due import Done
from app.usecases.forget_deliveries import forget_deliveries
from app.usecases.forget_old_answers import forget_old_answers
from app.usecases.forget_what_is_old import forget_what_is_old
from app.usecases.rotate_key import rotate_key

app = typer.Typer()
key = typer.Typer(help="The secret key.", no_args_is_help=True)
app.add_typer(key, name="key")

LOOK_SECONDS: Final = 0.1


@app.command()
def tick(
    drain: Annotated[bool, typer.Option("--drain", help="Go on until nothing is left to send.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to drain at most; then exit code 5.")] = 600.0,
    as_json: AsJson = False,
) -> None:
    """Do what is due: old answers forgotten, staff told, the website published, and with --drain everything sent.

    With --drain the engine runs here when no other process runs it (SQLite), else it is waited for.
    """
    with at_desk() as desk:
        desk.allowed("send_update")
        forgotten = forget_old_answers(desk.db, desk.now())
        forget_what_is_old(desk.db, kept(desk.settings), desk.now())
        attend(desk.db, desk.now())
        fired = desk.wiring.api.fire()
        if drain:
            asyncio.run(_drain(desk, timeout))
        else:
            asyncio.run(_tell(desk))
        if not drain and desk.wiring.publisher.wanted(desk.now()):
            desk.wiring.publisher.publish(desk.now())
        left = _left(desk)
        fires = {"fired": fired.fired, "missed": fired.missed, "paused": fired.paused}
        value = {"at": desk.now(), "answers_forgotten": forgotten, "schedules": fires, "left": left}
        desk.answer(value, lambda out: out.print(_words(left, fired, drained=drain)), as_json=as_json)
        if fired.paused or (drain and any(left.values())):
            raise typer.Exit(5)


@app.command()
def forget(
    weeks: Annotated[int, typer.Option(min=1, help="Keep who got what of the last so many weeks.")],
    as_json: AsJson = False,
) -> None:
    """Forget who got which message of older broadcasts; their totals stay. Runs beside everything else."""
    with at_desk() as desk:
        desk.allowed("forget_deliveries")
        done = forget_deliveries(desk.db, desk.actor, weeks, desk.now())
        desk.answer(
            done,
            lambda out: out.print(f"{done.broadcasts} broadcasts before {done.before:%Y-%m-%d} are totals only now."),
            as_json=as_json,
        )


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")], as_json: AsJson = False
) -> None:
    """Copy the live SQLite database to one file, whole and checked."""
    with at_desk() as desk:
        desk.allowed("save_endpoint")
        database = desk.settings.sqlite_path()
        if database is None:
            raise Invalid(
                Problem("not_sqlite", "This is no SQLite database.", "CLARION_DATABASE_URL", "Use pg_dump for it.")
            )
        with counting(desk.err, "pages") as bar:
            size = back_up(database, path, bar)
        desk.answer(
            {"path": str(path), "bytes": size},
            lambda out: out.print(f"{path}: {size:,} bytes. Keep the secret key too, apart from it."),
            as_json=as_json,
        )


@key.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Seal every endpoint's secrets with the first key of CLARION_SECRET_KEY."""
    with at_desk() as desk:
        count = rotate_key(desk.db, desk.keyring, desk.actor, desk.now())
        desk.answer(
            {"endpoints": count},
            lambda out: out.print(
                f"The secrets of {count} endpoints are sealed with the first key. Keep the last key in the list: "
                "addresses and delivery references are found with it."
            ),
            as_json=as_json,
        )


async def _tell(desk: Desk) -> None:
    """Notices to staff and confirmations that are due now leave now; nothing is loaded when there is none."""
    if not _notices_due(desk):
        return
    await desk.wiring.attendant.nudger.deliver()
    await desk.wiring.attendant.confirm()
    await desk.wiring.channels.aclose()


async def _drain(desk: Desk, seconds: float) -> None:
    wiring = desk.wiring
    alone = _engine_is_free(desk)
    if not alone:
        desk.err.print("The engine runs in another process; waiting for it.")
    deadline = time.monotonic() + seconds
    with Bars(desk.err) as bars:
        async with wiring.running(work=alone):
            while time.monotonic() < deadline:
                await asyncio.sleep(LOOK_SECONDS)
                shown = await asyncio.to_thread(_moving, desk)
                bars.show([_numbered(bar_of(line), one.id) for one in shown for line in one.per_endpoint])
                if not any((await asyncio.to_thread(_left, desk)).values()):
                    return


def _engine_is_free(desk: Desk) -> bool:
    path = desk.settings.sqlite_path()
    if path is None:
        return True
    with engine_lock(path) as mine:
        return mine


def _numbered(bar: Bar, update: int) -> Bar:
    return Bar(f"{update} {bar.name}", bar.done, bar.total, bar.note)


def _moving(desk: Desk) -> list[UpdateView]:
    with desk.db.reading() as connection:
        rows = updates.page(connection, states=(*MOVING, UpdateState.RELEASING), limit=200).items
    return [view(desk.db, row.id, desk.now()) for row in rows]


def _left(desk: Desk) -> dict[str, int]:
    """What the engine still has to do by itself; paused and halted updates wait for people."""
    with desk.db.reading() as connection:
        staging = len(updates.page(connection, states=(UpdateState.STAGING,), limit=200).items)
        unread = int(receipts.waiting(connection))
        planned = len(schedules.plans_due(connection, desk.now() + timedelta(seconds=2), 200))
    moving = [shown for shown in _moving(desk) if not settled(shown)]
    notices = int(_notices_due(desk))
    return {
        "updates_to_list": staging,
        "updates_to_send": len(moving),
        "receipts_to_fold": unread,
        "planned_to_release": planned,
        "notices_to_send": notices,
    }


def _notices_due(desk: Desk) -> bool:
    with desk.db.reading() as connection:
        return staff.due(connection, desk.now()) or sign_ups.due(connection, desk.now())


def _words(left: dict[str, int], fired: Done, *, drained: bool) -> str:
    if fired.paused:
        return "Schedules wait: the scheduler was silent for long. Let them go on: clarion schedule resume"
    if not any(left.values()):
        return "Nothing is left to do."
    said = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in left.items() if count)
    return f"Still to do: {said}." + ("" if drained else " `clarion tick --drain` does it, or the running engine.")
