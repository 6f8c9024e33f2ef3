"""Who said stop has said it, whatever file names them again; and what people set themselves no list sets otherwise."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from app.domain.consent import How, Said
from app.domain.manage import Managed
from app.domain.message import MEDIUM_CODES, Medium
from app.keyring import Keyring
from app.store import consents, own_choices, subscribers
from app.store.database import Database
from app.usecases.change_wishes import Wanted, change_wishes
from app.usecases.import_subscribers import ImportReport, import_subscribers
from app.usecases.suppress_address import suppress_address
from tests.conftest import NOON
from tests.unit.usecases.people import AUTHOR

pytestmark = pytest.mark.both_databases
LIST = "external_id,name,email,phone,languages,area\nann,Ann,ann@example.org,+447911123456,en,north\n"


def bring(database: Database, keyring: Keyring, text: str = LIST) -> ImportReport:
    return import_subscribers(database, keyring, AUTHOR, io.BytesIO(text.encode()), NOON)


def test_a_suppressed_address_stays_so_under_every_name_in_every_spelling(database: Database, keyring: Keyring) -> None:
    suppress_address(database, keyring, None, Medium.SMS, "+44 7911 123456", "stop", NOON)
    again = LIST + "bob,Bob,,+44 (7911) 12-34-56,en,south\n"
    reports = [bring(database, keyring), bring(database, keyring, again)]
    assert [report.suppressed for report in reports] == [1, 1]
    with database.reading() as connection:
        for person in ("ann", "bob"):
            held = {place.medium: place.suppressed for place in subscribers.get(connection, person).addresses}
            assert held[Medium.SMS], person
            assert not held.get(Medium.EMAIL, False)


def test_what_somebody_withdrew_stays_withdrawn(database: Database, keyring: Keyring) -> None:
    bring(database, keyring)
    with database.writing() as tx:
        ann = subscribers.get(tx, "ann").id
        stop = Said(Medium.SMS, "", granted=False, how=How.SMS)
        consents.record(tx, {ann: [stop]}, "reader", NOON + timedelta(minutes=1))
    bring(database, keyring, LIST.replace("Ann,", "Anna,"))
    with database.reading() as connection:
        assert subscribers.get(connection, "ann").name == "Anna"
        (held,) = consents.of(connection, [ann])[ann]
    assert held.said == stop


def test_a_list_that_says_yes_or_no_never_overrides_what_people_said_themselves(
    database: Database, keyring: Keyring
) -> None:
    suppress_address(database, keyring, None, Medium.EMAIL, "bob@example.org", "stop", NOON)
    header, ann = "external_id,email,consent_sms,consent_email\n", "ann,ann@example.org,yes,no\n"
    bring(database, keyring, header + ann)
    with database.writing() as tx:
        number = subscribers.get(tx, "ann").id
        own = [
            Said(Medium.SMS, "", granted=False, how=How.SMS),
            Said(Medium.EMAIL, "power", granted=True, how=How.FORM),
        ]
        consents.record(tx, {number: own}, "reader", NOON - timedelta(days=9))
        before = consents.of(tx, [number])
    report = bring(database, keyring, header + ann + "bob,bob@example.org,,yes\n")
    assert (report.created, report.updated, report.kept, report.suppressed) == (1, 0, 1, 1)
    with database.reading() as connection:
        assert consents.of(connection, [number]) == before
        assert all(place.suppressed for place in subscribers.get(connection, "bob").addresses)


def test_what_people_set_themselves_no_list_sets_otherwise(database: Database, keyring: Keyring) -> None:
    bring(database, keyring)
    with database.writing() as tx:
        ann = subscribers.get(tx, "ann").id
        own_choices.note(tx, [ann], ["area", "languages", "email"], NOON)
    other = LIST.replace("Ann,", "Anna,").replace("north", "south").replace("en,", "gu,").replace("ann@", "old@")
    report = bring(database, keyring, other)
    assert (report.updated, report.kept) == (1, 1)
    with database.reading() as connection:
        row = subscribers.get(connection, "ann")
    assert (row.name, row.area, row.languages) == ("Anna", "north", ("en",))
    assert [place.value for place in row.addresses] == ["+447911123456", "ann@example.org"]


def test_what_people_changed_by_their_personal_link_no_list_changes_back(database: Database, keyring: Keyring) -> None:
    bring(database, keyring)
    with database.reading() as connection:
        (mail,) = (one for one in subscribers.get(connection, "ann").addresses if one.medium is Medium.EMAIL)
    managed = Managed(mail.address_id, MEDIUM_CODES[Medium.EMAIL])
    change_wishes(database, managed, Wanted("gu", "south", {}), "page 1", NOON + timedelta(minutes=1))
    assert bring(database, keyring, LIST.replace("Ann,", "Anna,")).kept == 1
    with database.reading() as connection:
        row = subscribers.get(connection, "ann")
    assert (row.name, row.area, row.languages) == ("Anna", "south", ("gu", "en"))
