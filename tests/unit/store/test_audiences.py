from __future__ import annotations

import io

import pytest
from sqlalchemy import Connection, select, update

from app.domain.audience_documents import parse_rule
from app.domain.consent import ORDINARY
from app.domain.message import Medium
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store import addresses, audiences, counting
from app.store.database import Database
from app.store.tables import subscriber
from app.usecases.import_subscribers import import_subscribers
from tests.conftest import NOON

PEOPLE = """external_id,name,email,phone,languages,area,tier
ann,Ann,ann@example.org,,en,north,gold
bob,Bob,home@example.org,+442071838750,gu;en,south,
cem,Cem,home@example.org,+442071838750,pt-BR,north,gold
dee,Dee,,,lo,,100%
"""


@pytest.fixture
def people(database: Database, keyring: Keyring) -> Database:
    report = import_subscribers(database, keyring, HOST, io.BytesIO(PEOPLE.encode()), NOON)
    assert report.created == 4
    return database


@pytest.mark.parametrize(
    ("rule", "meant"),
    [
        ({"all": True}, "ann bob cem dee"),
        ({"languages": ["en"]}, "ann bob"),
        ({"languages": ["pt", "lo"]}, "cem dee"),
        ({"languages": ["enm"]}, ""),
        ({"areas": ["north"]}, "ann cem"),
        ({"external_ids": ["dee", "nobody"]}, "dee"),
        ({"attribute": {"name": "tier", "value": "gold"}}, "ann cem"),
        ({"attribute": {"name": "tier", "value": "100%"}}, "dee"),
        ({"attribute": {"name": "ti'er\"", "value": "gold"}}, ""),
        ({"not": {"attribute": {"name": "tier", "value": "gold"}}}, "bob dee"),
        ({"and": [{"areas": ["north"]}, {"not": {"languages": ["en"]}}]}, "cem"),
        ({"or": [{"areas": ["south"]}, {"external_ids": ["dee"]}]}, "bob dee"),
    ],
)
def test_a_rule_means_exactly_these_people(people: Database, rule: dict[str, object], meant: str) -> None:
    typed = parse_rule(rule)
    with people.reading() as connection:
        meaning = audiences.members(connection, typed)
        query = select(subscriber.c.external_id).where(meaning).order_by(subscriber.c.external_id)
        assert " ".join(connection.execute(query).scalars()) == meant
        assert counting.count_people(connection, typed) == len(meant.split())


def test_a_shared_address_counts_once_and_a_suppressed_one_not_at_all(people: Database, keyring: Keyring) -> None:
    everyone = parse_rule({"all": True})
    with people.writing() as tx:
        assert counting.count_by_medium(tx, everyone) == {Medium.EMAIL: 2, Medium.SMS: 1}
        addresses.suppress(tx, addresses.resolve(tx, keyring, Medium.EMAIL, "ann@example.org"), "bounced", NOON)
        assert counting.count_by_medium(tx, everyone) == {Medium.EMAIL: 1, Medium.SMS: 1}


@pytest.mark.both_databases
def test_addresses_by_zone_a_shared_one_in_each_of_its_zones(people: Database, keyring: Keyring) -> None:
    everyone, media = parse_rule({"all": True}), (Medium.EMAIL, Medium.SMS)

    def zones(tx: Connection) -> dict[str, int]:
        return counting.count_by_zone(tx, everyone, media, ORDINARY)

    with people.writing() as tx:
        tx.execute(update(subscriber).values(timezone="Asia/Kolkata"))
        assert zones(tx) == {"Asia/Kolkata": 3}, "two share their mailbox and their telephone"
        tx.execute(update(subscriber).where(subscriber.c.external_id == "cem").values(timezone="Europe/London"))
        assert zones(tx) == {"Asia/Kolkata": 3, "Europe/London": 2}
        addresses.suppress(tx, addresses.resolve(tx, keyring, Medium.SMS, "+442071838750"), "bounced", NOON)
        assert zones(tx) == {"Asia/Kolkata": 2, "Europe/London": 1}
        addresses.suppress(tx, addresses.resolve(tx, keyring, Medium.EMAIL, "home@example.org"), "bounced", NOON)
        assert zones(tx) == {"Asia/Kolkata": 1}
