from __future__ import annotations

from sqlalchemy import update

from app.domain.masking import mask
from app.domain.message import Medium
from app.keyring import Keyring
from app.store import addresses
from app.store.database import Database
from app.store.ledger_tables import address
from tests.conftest import NOON

ANN = (Medium.EMAIL, "ann@example.org")


def test_the_same_place_is_the_same_row(database: Database, keyring: Keyring) -> None:
    with database.writing() as tx:
        first = addresses.resolve(tx, keyring, *ANN)
        assert addresses.resolve(tx, keyring, *ANN) == first
        assert addresses.resolve(tx, keyring, Medium.WEBHOOK, ANN[1]) != first, "another medium is another place"


def test_many_are_resolved_at_once(database: Database, keyring: Keyring) -> None:
    places = [(Medium.SMS, f"+44770090{n:04}") for n in range(500)] + [ANN]
    with database.writing() as tx:
        ids = addresses.upsert(tx, addresses.hashes(keyring, places))
    assert set(ids) == set(places)
    assert len(set(ids.values())) == 501


def test_of_two_reasons_on_the_list_the_heavier_stays(database: Database, keyring: Keyring) -> None:
    with database.writing() as tx:
        ann = addresses.resolve(tx, keyring, *ANN)
        assert addresses.suppress(tx, ann, "unsubscribed", NOON)
        assert not addresses.suppress(tx, ann, "bounced", NOON)
        assert not addresses.suppress(tx, ann, "opted_out", NOON), "that is said already"
        assert [row.reason for row in addresses.suppression_page(tx).items] == ["unsubscribed"]
        assert addresses.suppressed(tx, [ann, 99]) == {ann}
        assert addresses.lift(tx, ann)
        assert not addresses.lift(tx, ann)


def test_an_erased_address_stays_erased(database: Database, keyring: Keyring) -> None:
    with database.writing() as tx:
        ann = addresses.resolve(tx, keyring, *ANN)
        tx.execute(update(address).where(address.c.id == ann).values(value=None))
        assert addresses.resolve(tx, keyring, *ANN) == ann
        assert addresses.get(tx, ann).value is None


def test_a_masked_address_can_be_recognised_and_not_used() -> None:
    assert mask(Medium.EMAIL, "ann@example.org") == "a•••@example.org"
    assert mask(Medium.SMS, "+447700900123") == "+44•••••••123"
    assert mask(Medium.SMS, "+4477") == "•••••"
    assert mask(Medium.SITE, "main") == "main"
    assert mask(Medium.SMS, None) == "erased"
