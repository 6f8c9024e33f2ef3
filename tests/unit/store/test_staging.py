from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, select, true, update

from app.domain.delivery import Result
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.planning import SHARD_SIZE
from app.domain.principals import HOST
from app.domain.stepping import Stride
from app.keyring import Keyring
from app.store import listing, sharers, staging
from app.store.appending import go_on_later, wait_for_the_disk
from app.store.database import Database
from app.store.ledger_tables import address, broadcast, due, recipient, shard, shared_address
from app.store.listing import Languages, Texts
from app.store.migrate import upgrade
from app.store.staging import WayOut
from app.store.tables import language_list, subscriber, subscriber_address
from app.usecases.import_subscribers import import_subscribers
from app.usecases.stage_update import Run, stage_step, stage_update
from app.usecases.submit_update import submit_update
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.postgres import Server
from tests.rig.mortal import MortalDatabase, PowerCut
from tests.rig.stage import AUTHOR, Stage
from tests.unit.store.ledgers import (
    NOON_MS,
    SMS,
    Worker,
    add_broadcast,
    add_crisis,
    add_endpoint,
    small_broadcast,
)

SAME = {(0, "en"): (0, "en")}
HEADER = "external_id,name,email,phone,languages,timezone,area"


def people(db: Database, keyring: Keyring, rows: Sequence[str]) -> None:
    text = "\n".join([HEADER, *rows])
    import_subscribers(db, keyring, HOST, io.BytesIO(text.encode()), NOON)


def person(number: int, languages: str = "en", phone: int | None = None) -> str:
    return (
        f"p{number},P,p{number}@example.org,+1202555{phone if phone is not None else number:04d},{languages},UTC,north"
    )


def stage_all(connection: Connection, sent: int, media: Sequence[Medium], most: int) -> None:
    lists = listing.language_lists(connection)
    chosen = {
        number: next((one for one in wanted if one in ("en", "gu", "lo")), "en") for number, wanted in lists.items()
    }
    while listing.stage_members(connection, sent, true(), media, Texts([Languages(chosen, "en")]), most) is not None:
        pass


def staged(connection: Connection, sent: int) -> list[tuple[int, int, str]]:
    query = select(recipient.c.medium, recipient.c.address_id, recipient.c.language)
    query = query.where(recipient.c.broadcast == sent).order_by(recipient.c.medium, recipient.c.address_id)
    return [(row.medium, row.address_id, row.language) for row in connection.execute(query)]


@pytest.fixture
def crowd(database: Database, keyring: Keyring) -> Database:
    people(database, keyring, [person(n, ("en", "gu", "lo;en")[n % 3], phone=n % 20) for n in range(50)])
    with database.writing() as tx:
        add_crisis(tx)
    return database


@pytest.mark.parametrize("most", [1, 7, 50, 1_000])
def test_the_size_of_the_steps_changes_nothing(crowd: Database, most: int) -> None:
    with crowd.writing() as tx:
        whole, stepped = add_broadcast(tx, number=1), add_broadcast(tx, number=2)
        media = (Medium.SMS, Medium.EMAIL)
        stage_all(tx, whole, media, 1_000)
        stage_all(tx, stepped, media, most)
        assert staged(tx, stepped) == staged(tx, whole)
        assert len(staged(tx, whole)) == 20 + 50  # a shared phone gets one message


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (["en", "en"], "en"),
        (["gu;en", "en"], "en"),
        (["gu;lo", "lo;gu"], "gu"),
        (["gu", "en"], "gu"),
        (["eo;gu", "gu;eo"], "gu"),
        (["lo;gu;en", "en;gu", "gu"], "gu"),
    ],
)
@pytest.mark.parametrize("most", [1, 100])
def test_a_shared_phone_gets_the_language_all_read_else_the_first_persons(
    database: Database, keyring: Keyring, languages: list[str], expected: str, most: int
) -> None:
    people(database, keyring, [person(n, one, phone=7) for n, one in enumerate(languages)])
    with database.writing() as tx:
        add_crisis(tx)
        sent = add_broadcast(tx)
        stage_all(tx, sent, [Medium.SMS], most)
        assert [language for _, _, language in staged(tx, sent)] == [expected]


@pytest.mark.parametrize(("areas", "expected"), [(["north", "north"], "north"), (["north", "south"], "")])
@pytest.mark.parametrize("most", [1, 100])
def test_a_shared_phone_is_told_about_the_area_all_live_in_else_about_none(
    database: Database, keyring: Keyring, areas: list[str], expected: str, most: int
) -> None:
    people(database, keyring, [f"p{n},P,,+12025550007,en,UTC,{area}" for n, area in enumerate(areas)])
    with database.writing() as tx:
        add_crisis(tx)
        sent = add_broadcast(tx)
        stage_all(tx, sent, [Medium.SMS], most)
        assert tx.scalars(select(recipient.c.area)).all() == [expected]


def test_only_members_decide_about_a_shared_phone(database: Database, keyring: Keyring) -> None:
    people(database, keyring, [person(1, "gu", phone=7), person(2, "en", phone=7)])
    with database.writing() as tx:
        add_crisis(tx)
        sent = add_broadcast(tx)
        lists = {row.id: row.languages for row in tx.execute(select(language_list))}
        only = subscriber.c.external_id == "p2"
        texts = Texts([Languages(lists, "en")])
        while listing.stage_members(tx, sent, only, [Medium.SMS], texts) is not None:
            pass
        assert [language for _, _, language in staged(tx, sent)] == ["en"]


def test_addresses_that_several_people_have_are_known_beforehand(crowd: Database) -> None:
    with crowd.reading() as connection:
        known = set(connection.scalars(select(shared_address.c.address_id)))
        links = subscriber_address.c
        several = select(links.address_id).group_by(links.address_id).having(func.count() > 1)
        assert known == set(connection.scalars(several))
        assert len(known) == 20


@pytest.mark.both_databases
@pytest.mark.parametrize("few", [0, 19, 20])
def test_they_get_one_message_however_many_there_are(
    crowd: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharers, "FEW", few)
    with crowd.writing() as tx:
        sent = add_broadcast(tx)
        stage_all(tx, sent, (Medium.SMS, Medium.EMAIL), 7)
        assert len(staged(tx, sent)) == 20 + 50


@pytest.mark.both_databases
def test_a_disk_that_lags_behind_is_waited_for_between_steps(
    database: Database, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, update_id = prepared(database, keyring)
    there: list[int] = []

    def waited(db: Database, behind: float) -> None:
        with db.writing() as tx:  # nobody is kept out
            there.append(tx.scalar(select(func.count()).select_from(recipient)) or 0)
        wait_for_the_disk(db, behind)

    monkeypatch.setattr("app.usecases.stage_update.wait_for_the_disk", waited)
    if not database.is_sqlite:
        monkeypatch.setattr("app.usecases.stage_update.go_on_later", lambda tx: go_on_later(tx) + 1)
    done = stage_update(database, update_id, stage.clock.now)
    assert there
    assert there == sorted(there)
    assert done.recipients == 102


def test_a_shared_address_that_was_not_known_is_found_when_it_is_met(database: Database, keyring: Keyring) -> None:
    """As a process of a version before this one leaves it, which links people and notes nothing."""
    stage, update_id = prepared(database, keyring)
    with database.writing() as tx:
        links = subscriber_address.c
        place = tx.scalar(select(func.min(links.address_id)).where(links.medium == SMS))
        last = tx.scalar(select(func.max(links.subscriber_id)))
        tx.execute(
            update(subscriber_address).where(links.subscriber_id == last, links.medium == SMS).values(address_id=place)
        )
    done = stage_update(database, update_id, stage.clock.now)
    assert done.recipients == 101
    assert sum(stage.counts(update_id).values()) == 101
    with database.reading() as connection:
        assert connection.scalars(select(shared_address.c.address_id)).all() == [place]


def test_somebody_who_comes_to_share_an_address_while_it_is_listed_has_a_say(crowd: Database, keyring: Keyring) -> None:
    people(crowd, keyring, [person(60, "gu", phone=900)])
    with crowd.writing() as tx:
        sent = add_broadcast(tx)
        lists = {number: words[0] for number, words in listing.language_lists(tx).items()}
        texts = Texts([Languages(lists, "en")])
        listing.stage_members(tx, sent, true(), [Medium.SMS], texts, 1_000)
    people(crowd, keyring, [person(61, "lo;gu", phone=900), person(62, "en", phone=901)])
    with crowd.writing() as tx:
        while listing.stage_members(tx, sent, true(), [Medium.SMS], texts, 1_000) is not None:
            pass
        place = select(address.c.id).where(address.c.value == "+12025550900")
        told = tx.scalars(select(recipient.c.language).where(recipient.c.address_id.in_(place))).all()
        assert told == ["gu"]  # both read it
        assert len(staged(tx, sent)) == 22


def test_an_erased_address_is_not_listed(crowd: Database) -> None:
    with crowd.writing() as tx:
        first = tx.scalar(select(func.min(address.c.id)).where(address.c.medium == SMS))
        tx.execute(update(address).where(address.c.id == first).values(value=None))
        sent = add_broadcast(tx)
        stage_all(tx, sent, [Medium.SMS], 100)
        assert len(staged(tx, sent)) == 19


def test_shards_cover_everybody_once_and_are_shared_by_weight(crowd: Database) -> None:
    with crowd.writing() as tx:
        sent = add_broadcast(tx)
        ids = list(range(10_000, 10_000 + 7 * SHARD_SIZE + 3))
        rows = [{"broadcast": sent, "medium": SMS, "address_id": n, "language": "en", "variant": 0} for n in ids]
        tx.execute(recipient.insert(), rows)
        ways = [WayOut(add_endpoint(tx, slug), slug, Medium.SMS, weight, 0) for slug, weight in (("a", 3), ("b", 1))]
        while staging.cut_shards(tx, sent, Medium.SMS, ways, most=2):
            pass
        cut = tx.execute(select(shard).where(shard.c.broadcast == sent).order_by(shard.c.no)).all()
        assert [row.no for row in cut] == list(range(8))
        assert sum(row.size for row in cut) == len(ids)
        assert all(before.last_address < after.first_address for before, after in itertools.pairwise(cut))
        assert [row.endpoint for row in cut].count(ways[0].id) == 6
        assert staging.close_staging(tx, sent) == len(ids)


def prepared(db: Database, keyring: Keyring) -> tuple[Stage, int]:
    """A submitted update to 50 people by text and e-mail, a site and an account, none of it staged yet."""
    stage = Stage(db, keyring)
    stage.open(50)
    for slug, medium in (
        ("site", Medium.SITE),
        ("social", Medium.SOCIAL),
        ("text", Medium.SMS),
        ("mail", Medium.EMAIL),
    ):
        stage.add_endpoint(slug, medium)
    row = stage.draft(["site", "social", "text", "mail"])
    submit_update(db, AUTHOR, row.id, stage.clock.now(), keyring=keyring, check=lambda _: ())
    return stage, row.id


@pytest.mark.parametrize("committed", [False, True])
def test_staging_survives_a_crash_at_every_step(database_url: str, keyring: Keyring, committed: bool) -> None:
    healthy = Database(database_url)
    stage, update_id = prepared(healthy, keyring)
    for _ in range(20):
        dying = MortalDatabase(database_url, 1, committed=committed)
        before = stage.row(update_id)
        with pytest.raises(PowerCut):
            stage_update(dying, update_id, stage.clock.now)
        dying.close()
        if not committed:
            assert stage.row(update_id) == before
            stage_step(healthy, update_id, stage.clock.now())
        if stage.row(update_id).state == "submitted":
            break
    done = stage_update(healthy, update_id, stage.clock.now)
    assert (done.done, done.recipients) == (True, 102)
    assert stage.row(update_id).recipients == 102
    assert sum(stage.counts(update_id).values()) == 102
    healthy.close()


def test_a_power_cut_in_the_middle_lists_nobody_twice_and_after_the_end_takes_nobody_back(keyring: Keyring) -> None:
    """On PostgreSQL, where only the last step waits for the disk."""
    with Server(options={"synchronous_commit": "on"}) as server:
        url = server.create("staged")
        upgrade(url)
        stage, update_id = prepared(Database(url), keyring)
        for size in (7, 11):
            assert not stage_step(stage.db, update_id, NOON, Run(people=Stride(size))).done
        server.crash()
        server.start()
        stage.db.close()
        assert stage_update(stage.db, update_id, stage.clock.now).recipients == 102
        server.crash()
        server.start()
        stage.db.close()
        assert stage.row(update_id).state == "submitted"
        assert sum(stage.counts(update_id).values()) == 102
        with stage.db.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(recipient)) == 102
            assert connection.scalar(select(func.sum(shard.c.size))) == 102
        stage.db.close()


def test_two_processes_that_stage_at_once_list_everybody_once(database_url: str, keyring: Keyring) -> None:
    first, second = Database(database_url), Database(database_url)
    stage, update_id = prepared(first, keyring)
    with ThreadPoolExecutor(2) as processes:
        runs = [processes.submit(stage_update, db, update_id, stage.clock.now) for db in (first, second)]
        assert {run.result(timeout=PATIENCE).recipients for run in runs} == {102}
    assert sum(stage.counts(update_id).values()) == 102
    with first.reading() as connection:
        assert connection.scalar(select(func.sum(shard.c.size))) == 102
    first.close()
    second.close()


def test_nothing_staged_is_claimed_before_it_is_sent(crowd: Database) -> None:
    with crowd.writing() as tx:
        sent = add_broadcast(tx)
        stage_all(tx, sent, [Medium.SMS], 7)
        way = WayOut(add_endpoint(tx), "text", Medium.SMS, 1, 0)
        staging.cut_shards(tx, sent, Medium.SMS, [way])
        worker = Worker(tx, "first")
        assert worker.claim() == []
        staging.close_staging(tx, sent)
        assert worker.claim() == []
        staging.start_sending(tx, sent, release_ms=NOON_MS, site_bound_ms=None)
        assert len(worker.claim()) == 1


@pytest.fixture
def wrong(database: Database) -> Iterator[Any]:
    """Nine people in every condition at the moment a correction is listed; 107 and 108 are still queued."""
    with database.writing() as tx:
        sent = small_broadcast(tx, 9, size=9)
        worker = Worker(tx, "first")
        worker.claim()
        results = (Result.ACCEPTED, Result.FAILED, Result.REFUSED, None, Result.UNKNOWN)
        for one, result in zip(worker.admit(7), results, strict=False):
            worker.answer(one, result, wait_ms=0 if result is Result.REFUSED else 99_999)
        yield tx, sent, worker


def reached(tx: Connection, wrong: int, number: int) -> list[int]:
    right = add_broadcast(tx, number=number)
    while listing.stage_reached(tx, right, wrong, Medium.SMS, SAME, 2) is not None:
        pass
    return [address_id for _, address_id, _ in staged(tx, right)]


def test_a_correction_goes_to_whoever_was_told_or_may_have_been(wrong: Any) -> None:
    tx, sent, worker = wrong
    assert reached(tx, sent, 2) == [100, 104, 105, 106]  # told, unknown, and two in flight
    worker.again(sent, NOON_MS)
    assert reached(tx, sent, 3) == [100, 102, 104, 105, 106]  # 102 is being tried again just now


def test_a_correction_goes_to_whoever_is_sent_again_after_a_doubt(wrong: Any) -> None:
    tx, sent, worker = wrong
    worker.take_over(NOON_MS + 99_999)
    heir = Worker(tx, "heir")
    assert heir.take_over(NOON_MS + 99_999) == 2
    tx.execute(update(due).where(due.c.why == "unknown").values(why="retry"))
    assert reached(tx, sent, 2) == [100, 104, 105, 106]


def test_the_medium_a_correction_goes_by_is_the_one_that_was_used(wrong: Any) -> None:
    tx, sent, _ = wrong
    right = add_broadcast(tx, number=2)
    assert listing.stage_reached(tx, right, sent, Medium.EMAIL, SAME) is None
    assert MEDIUM_CODES[Medium.EMAIL] not in {medium for medium, _, _ in staged(tx, right)}
    tx.execute(delete(broadcast).where(broadcast.c.id == right))
