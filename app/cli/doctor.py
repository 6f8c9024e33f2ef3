"""`clarion doctor`: compares what should be equal, and says why something is not being sent.

Another look is one more function in `LOOKS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Final

import typer

from app.cli.attention import notices, routing, upkeep
from app.cli.desk import AsJson, Desk, at_desk
from app.cli.findings import Finding, Look, report, schema, secrets
from app.cli.holding import callbacks, database, everything_held, held
from app.cli.links import dead_links
from app.cli.publishing import websites
from app.cli.site import pages
from app.domain.crisis import LIVE, UpdateState
from app.engine.lock import engine_lock
from app.site.lastgood import last_good
from app.store import deliveries, endpoints, retention, updates
from app.usecases.verify_audit import verify_audit

app = typer.Typer()

BROADCASTS: Final = 20
"""The doctor counts every row of the live ones and of so many of the last."""


@app.command()
def doctor(
    update: Annotated[int | None, typer.Argument(help="Explain this update only.")] = None, as_json: AsJson = False
) -> None:
    """Say why something is not being sent, and compare what should be equal.

    Each group of deliveries that has not left has a named reason and a remedy. Compared are counters and rows, audit
    and chain, secrets and key, files and manifest. Exit code 1 when somebody has to do something.
    """
    with at_desk() as desk:
        desk.allowed("verify_audit" if update is None else "read")
        looks = LOOKS if update is None else (schema, partial(held, update_id=update), _engine)
        report(desk, looks, as_json=as_json)


def _counters(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        rows = [*updates.page(connection, states=LIVE, limit=200).items, *updates.sent(connection)[:BROADCASTS]]
        for row in {row.id: row for row in rows if row.broadcast_id is not None}.values():
            assert row.broadcast_id is not None  # noqa: S101 - filtered in the line above
            if retention.is_forgotten(connection, row.broadcast_id):
                continue
            counted = deliveries.counts(connection, row.broadcast_id)
            by_row = deliveries.states_by_row(connection, row.broadcast_id)
            total = sum(counted.values())
            name, wrong = f"update {row.id}", [state.value for state in counted if counted[state] != by_row[state]]
            if wrong:
                figures = ", ".join(
                    f"{state} {counted[state]} / {by_row[state]}" for state in counted if state in wrong
                )
                yield Finding(name, well=False, words=f"counters differ from the rows: {figures}")
            elif row.state is not UpdateState.STAGING and total != row.recipients:
                words = f"states sum to {total:,}, the frozen audience is {row.recipients}"
                yield Finding(name, well=False, words=words)
            else:
                yield Finding(name, well=True, words=f"{total:,} deliveries: counters, rows and audience agree")


def _audit(desk: Desk) -> Iterator[Finding]:
    report = verify_audit(desk.db, desk.actor)
    words = f"whole, head {report.head}" if report.broken_at is None else f"broken at entry {report.broken_at}"
    yield Finding("audit", report.broken_at is None, words)


def _website(desk: Desk) -> Iterator[Finding]:
    kept = last_good(desk.settings.publish_dir)
    if kept is None:
        words = f"nothing whole in {desk.settings.publish_dir}; run: clarion publish"
        yield Finding("website", well=False, words=words, warning=True)
    else:
        yield Finding("website", well=True, words=f"snapshot {kept.seq}, {len(kept.files)} files as promised")


def _engine(desk: Desk) -> Iterator[Finding]:
    path = desk.settings.sqlite_path()
    if path is not None:
        with engine_lock(path) as free:
            words = "runs in another process" if not free else "does not run; clarion serve starts it"
        yield Finding("engine", not free, words, warning=True)
    with desk.db.reading() as connection:
        for endpoint in endpoints.everything(connection):
            if endpoint.halted_reason:
                words = f"halted: {endpoint.halted_reason}; save it again to release it"
                yield Finding(f"endpoint {endpoint.slug}", well=False, words=words)


LOOKS: Final[tuple[Look, ...]] = (
    schema,
    everything_held,
    _counters,
    _audit,
    secrets,
    _website,
    websites,
    pages,
    _engine,
    database,
    callbacks,
    routing,
    upkeep,
    notices,
    dead_links,
)
