"""What the doctor says about the machine, the database and the providers' reports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.cli.desk import Desk
from app.cli.doctor import _engine
from app.cli.findings import Finding
from app.cli.holding import DISK_LOW, NO_RECEIPT_YET, RECEIPTS_LATE, SILENCE, WAL_LARGE, callbacks, database, disk
from app.cli.holding import engine_facts as facts
from app.clock import Clock, FrozenClock, SystemClock, to_ms
from app.domain.delivery import State
from app.domain.message import Medium, Receipt, ReceiptKind
from app.domain.principals import HOST
from app.keyring import Keyring
from app.settings import Settings
from app.store import duties, endpoints, receipts
from app.store.database import Database
from app.store.duties import Worker
from app.usecases.record_receipts import record_receipts
from app.usecases.save_endpoint import save_endpoint
from app.wiring import channel_facts
from tests.conftest import NOON
from tests.contract.ways import WAYS
from tests.rig.stage import Stage

KEY = "a key that only tests know, long enough to be one"
TWILIO = WAYS["sms_twilio"]


def desk_of(db: Database, clock: Clock, folder: Path, url: str = "") -> Desk:
    told = url or db.url.render_as_string(hide_password=False)
    return Desk(Settings(database_url=told, publish_dir=folder, secret_key=SecretStr(KEY)), clock, db)


def by_name(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {one.name: one for one in findings}


def test_a_log_that_somebody_holds_open_is_named(database_url: str, clock: FrozenClock, tmp_path: Path) -> None:
    db = Database(database_url)
    desk = desk_of(db, clock, tmp_path, f"sqlite:///{tmp_path}/grown.db")
    log = tmp_path / "grown.db-wal"
    assert by_name(database(desk))["log of the database"].well
    log.touch()
    os.truncate(log, WAL_LARGE)
    found = by_name(database(desk))["log of the database"]
    assert (found.well, found.warning) == (False, True)
    assert "reader" in found.remedy
    db.close()


def test_a_disk_that_fills_up_is_named_before_it_is_full(database_url: str, clock: FrozenClock, tmp_path: Path) -> None:
    assert disk(tmp_path, DISK_LOW).well
    found = disk(tmp_path, DISK_LOW - 1)
    assert (found.well, found.warning) == (False, False)
    assert found.remedy
    db = Database(database_url)
    assert f"disk of {tmp_path}" in by_name(database(desk_of(db, clock, tmp_path)))
    db.close()


@pytest.mark.postgresql
def test_a_clock_that_is_not_the_servers_is_named(database_url: str, tmp_path: Path) -> None:
    db = Database(database_url)
    [right] = [one for one in database(desk_of(db, SystemClock(), tmp_path)) if one.name == "clock"]
    [wrong] = [one for one in database(desk_of(db, FrozenClock(NOON), tmp_path)) if one.name == "clock"]
    assert not wrong.well
    assert "NTP" in wrong.remedy
    assert right.words.endswith("from the database's")
    db.close()


@pytest.mark.both_databases
def test_an_engine_that_fell_silent_is_told_from_one_that_works(
    database_url: str, clock: FrozenClock, tmp_path: Path
) -> None:
    db = Database(database_url)
    desk = desk_of(db, clock, tmp_path)
    assert not facts(desk).alive
    with db.writing() as tx:
        duties.seen(tx, Worker("w", "here", 7, to_ms(NOON), to_ms(NOON)))
    assert facts(desk).alive is not db.is_sqlite, "on SQLite the lock says whether it lives"
    assert facts(desk).last_seen == NOON
    clock.advance(SILENCE.total_seconds() + 1)
    assert not facts(desk).alive
    db.close()


def test_an_endpoint_that_has_halted_and_an_engine_that_does_not_run_are_named(
    database_url: str, keyring: Keyring, clock: FrozenClock, tmp_path: Path
) -> None:
    db = Database(database_url)
    Stage(db, keyring, clock).add_endpoint("texts", Medium.SMS)
    with db.writing() as tx:
        endpoints.halt(tx, endpoints.get(tx, "texts").id, endpoints.get(tx, "texts").revision, "http_401", NOON)
    found = by_name(_engine(desk_of(db, clock, tmp_path)))
    assert (found["engine"].well, found["engine"].warning) == (False, True)
    assert "http_401" in found["endpoint texts"].words
    db.close()


@pytest.mark.anyio
@pytest.mark.virtual_time
@pytest.mark.both_databases
async def test_reports_that_never_come_or_wait_to_be_counted_are_named(database_url: str, tmp_path: Path) -> None:
    db, keyring = Database(database_url), Keyring(KEY)
    stage = Stage(db, keyring)
    stage.open(3)
    stage.add_endpoint("texts", Medium.SMS)
    async with stage.running():
        sent = stage.broadcast(["texts"])
        await stage.until_counted(sent.id, State.ACCEPTED, 3)
        await stage.until(sent.id, "done")
    document = {"channel": "sms_twilio", "settings": TWILIO.settings("http://127.0.0.1:9"), "rate_per_second": 1}
    save_endpoint(db, keyring, channel_facts, HOST, "texts", document, None, stage.clock.now())
    clock = FrozenClock(stage.clock.now())
    desk = desk_of(db, clock, tmp_path)
    assert reasons(desk) == set(), "they may still come"
    clock.advance(NO_RECEIPT_YET.total_seconds() + 1)
    assert reasons(desk) == {"no_callbacks"}
    heard = [Receipt(one.reference, one.reference, ReceiptKind.DELIVERED) for one in stage.heard]
    record_receipts(db, 1, heard, clock.now(), reference_key=keyring.key("reference"))
    assert reasons(desk) == {"no_callbacks"}
    clock.advance((RECEIPTS_LATE + timedelta(seconds=1)).total_seconds())
    assert reasons(desk) == {"no_callbacks", "receipts_lag"}
    with db.writing() as tx:
        receipts.apply_waiting(tx, 1_000)
    assert reasons(desk) == set()
    db.close()


def reasons(desk: Desk) -> set[str]:
    return {one.reason for one in callbacks(desk) if not one.well}
