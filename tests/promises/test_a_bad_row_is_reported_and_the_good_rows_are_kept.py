"""One bad row in a list of subscribers costs that row and no other, and its sender learns where and why."""

from __future__ import annotations

import io

from app.domain.message import Medium
from app.keyring import Keyring
from app.store import subscribers
from app.store.database import Database
from app.usecases.import_subscribers import ImportReport, import_subscribers
from tests.conftest import NOON
from tests.unit.usecases.people import AUTHOR

HEADER = "external_id,name,email,phone,languages,timezone,area\n"
GOOD = [f"good-{n},Person {n},person{n}@example.org,,en,UTC,north\n" for n in range(3)]


def bring_in(database: Database, keyring: Keyring, text: str) -> tuple[ImportReport, str]:
    errors = io.StringIO()
    report = import_subscribers(database, keyring, AUTHOR, io.BytesIO(text.encode()), NOON, errors=errors)
    return report, errors.getvalue()


def kept(database: Database) -> list[str]:
    with database.reading() as connection:
        return [row.external_id for row in subscribers.page(connection).items]


def test_each_kind_of_bad_row_is_named_with_its_line_and_column(database: Database, keyring: Keyring) -> None:
    bad = [
        "b1,Eve,eve@example.org\n",
        'b2,"Eve\r\nBcc: everyone@example.org",eve@example.org,,en,UTC,north\n',
        "b3,Eve,not an address,,en,UTC,north\n",
        "b4,Eve,,12,en,UTC,north\n",
        "b5,Eve,eve@example.org,,tlhx,UTC,north\n",
        "b6,Eve,eve@example.org,,en,Mars/Olympus,north\n",
        ",Eve,eve@example.org,,en,UTC,north\n",
        "good-0,Eve again,eve@example.org,,en,UTC,north\n",
        "b9,E\0ve,eve@example.org,,en,UTC,north\n",
    ]
    report, _ = bring_in(database, keyring, HEADER + GOOD[0] + "".join(bad) + GOOD[1] + GOOD[2])
    assert kept(database) == ["good-0", "good-1", "good-2"]
    assert (report.rows, report.created, report.rejected) == (12, 3, 9)
    assert [(error.line, error.column, error.code) for error in report.errors] == [
        (3, "", "malformed"),
        (4, "name", "forbidden_character"),
        (6, "email", "bad_email"),
        (7, "phone", "bad_phone"),
        (8, "languages", "unknown_language"),
        (9, "timezone", "bad_timezone"),
        (10, "external_id", "missing"),
        (11, "external_id", "duplicate"),
        (12, "name", "forbidden_character"),
    ]


def test_a_quotation_mark_that_never_closes_swallows_no_other_row(database: Database, keyring: Keyring) -> None:
    report, _ = bring_in(database, keyring, HEADER + 'bad,"Eve,eve@example.org,,en,UTC,north\n' + "".join(GOOD))
    assert kept(database) == ["good-0", "good-1", "good-2"]
    assert [(error.line, error.code) for error in report.errors] == [(2, "malformed")]


def test_a_row_without_end_is_one_bad_row(database: Database, keyring: Keyring) -> None:
    report, _ = bring_in(database, keyring, HEADER + GOOD[0] + "x" * 300_000 + "\n" + GOOD[1])
    assert kept(database) == ["good-0", "good-1"]
    assert [(error.line, error.code) for error in report.errors] == [(3, "malformed")]


def test_all_bad_rows_are_in_the_errors_file_however_many(database: Database, keyring: Keyring) -> None:
    bad = "".join(f"bad-{n},Eve,nowhere,,en,UTC,north\n" for n in range(500))
    report, errors = bring_in(database, keyring, HEADER + bad + GOOD[0])
    assert report.rejected == 500
    assert len(report.errors) == 100
    assert len(errors.splitlines()) == 501
    assert "nowhere" not in errors, "what may be an address is not repeated"


def test_a_person_without_any_address_is_kept(database: Database, keyring: Keyring) -> None:
    report, _ = bring_in(database, keyring, HEADER + "quiet,Ann,,,en,UTC,north\n")
    assert report.created == 1
    with database.reading() as connection:
        assert subscribers.get(connection, "quiet").addresses == ()


def test_a_good_row_is_kept_whole(database: Database, keyring: Keyring) -> None:
    bring_in(database, keyring, HEADER + "ann,Ann,Ann@Example.ORG,+44 20 7183 8750,gu;en,Asia/Kolkata,north\n")
    with database.reading() as connection:
        ann = subscribers.get(connection, "ann")
    assert (ann.name, ann.languages, ann.timezone, ann.area) == ("Ann", ("gu", "en"), "Asia/Kolkata", "north")
    assert {(place.medium, place.value) for place in ann.addresses} == {
        (Medium.EMAIL, "ann@example.org"),
        (Medium.SMS, "+442071838750"),
    }
