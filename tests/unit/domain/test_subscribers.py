from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listed_consent import Listed
from app.domain.message import Medium
from app.domain.subscribers import Defaults, check_header, csv_row

DEFAULTS = Defaults(languages=("en",), timezone="Asia/Kolkata", region="IN")
GOOD = {
    "external_id": "7",
    "name": " Asha Patel ",
    "email": "Asha@Example.org",
    "phone": "098765 43210",
    "languages": "gu; en",
    "timezone": "",
    "area": "north",
    "tariff": "gold",
    "note": "",
}


def test_a_good_row_comes_out_clean() -> None:
    row, errors = csv_row(2, GOOD, defaults=DEFAULTS)
    assert errors == ()
    assert row is not None
    assert (row.name, row.email, row.phone) == ("Asha Patel", "asha@example.org", "+919876543210")
    assert (row.languages, row.timezone, row.area) == (("gu", "en"), "Asia/Kolkata", "north")
    assert row.attributes == {"tariff": "gold"}


@pytest.mark.parametrize(
    ("cells", "medium", "codes"),
    [
        ({"preferred_medium": "SMS"}, Medium.SMS, []),
        ({"preferred_medium": "email", "email": ""}, None, ["no_address"]),
        ({"preferred_medium": "email", "email": "nowhere"}, None, ["bad_email"]),
        ({"preferred_medium": "push"}, Medium.PUSH, []),
        ({"preferred_medium": "social"}, None, ["bad_medium"]),
        ({"preferred_medium": "asha@example.org"}, None, ["bad_medium"]),
        ({"preferred_medium": ""}, None, []),
    ],
)
def test_what_reaches_somebody_best_is_a_medium_they_can_be_reached_by(
    cells: dict[str, str], medium: Medium | None, codes: list[str]
) -> None:
    row, errors = csv_row(2, GOOD | cells, defaults=DEFAULTS)
    assert [error.code for error in errors] == codes
    assert not any("asha" in error.sentence for error in errors)
    if not codes:
        assert row is not None
        assert row.preferred_medium is medium


def test_a_list_without_addresses_may_say_what_reaches_them_best() -> None:
    row, errors = csv_row(2, {"external_id": "7", "preferred_medium": "email"}, defaults=DEFAULTS)
    assert (row and row.preferred_medium, errors) == (Medium.EMAIL, ())


def test_a_local_part_beyond_ascii_is_an_address() -> None:
    row, errors = csv_row(2, GOOD | {"email": "josé.પટેલ@example.org"}, defaults=DEFAULTS)
    assert errors == ()
    assert row is not None
    assert row.email == "josé.પટેલ@example.org"


def test_a_person_without_any_address_is_kept() -> None:
    row, errors = csv_row(2, {"external_id": "7"}, defaults=DEFAULTS)
    assert errors == ()
    assert row is not None
    assert (row.email, row.phone, row.languages) == ("", "", ("en",))


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("external_id", "", "missing"),
        ("external_id", "x" * 201, "too_long"),
        ("name", "Asha\r\nBcc: everyone@example.org", "forbidden_character"),
        ("name", "Asha\0", "forbidden_character"),
        ("name", "\u202eahsA", "forbidden_character"),
        ("email", "asha@example.org\nBcc: x@example.org", "forbidden_character"),
        ("email", "asha at example.org", "bad_email"),
        ("phone", "12", "bad_phone"),
        ("languages", "klingon", "unknown_language"),
        ("languages", "zz", "unknown_language"),
        ("timezone", "Mars/Base", "bad_timezone"),
        ("tariff", "x" * 501, "too_long"),
        ("note", "x" * 100_000, "too_long"),
        ("tariff", "gold\r\n", "forbidden_character"),
    ],
)
def test_a_bad_cell_is_reported_with_its_line_and_column(column: str, cell: str, code: str) -> None:
    row, errors = csv_row(41, GOOD | {column: cell}, defaults=DEFAULTS)
    assert row is None
    assert [(error.line, error.column, error.code) for error in errors] == [(41, column, code)]
    assert not cell or cell not in errors[0].sentence or column == "languages"


def test_every_fault_of_a_row_is_reported_at_once() -> None:
    _, errors = csv_row(2, {"external_id": "", "email": "x", "phone": "y", "languages": "q"}, defaults=DEFAULTS)
    assert [error.column for error in errors] == ["external_id", "email", "phone", "languages"]


def test_a_person_who_stood_in_an_earlier_row_is_a_duplicate() -> None:
    for seen in ({"7"}, {"7"}.__contains__):
        row, errors = csv_row(3, GOOD, defaults=DEFAULTS, seen=seen)
        assert row is None
        assert errors[0].code == "duplicate"


@pytest.mark.parametrize(
    "header", [["name", "email"], ["external_id", "name", "name"], ["external_id", ""], ["external_id", "a\nb"]]
)
def test_a_header_that_cannot_be_read_refuses_the_whole_file(header: list[str]) -> None:
    assert [problem.code for problem in check_header(header)] == ["csv_header"]


def test_own_columns_are_welcome() -> None:
    assert check_header(["external_id", " tariff ", "ગામ"]) == ()


@given(st.dictionaries(st.sampled_from([*GOOD]), st.text(max_size=30)))
def test_any_row_is_either_clean_or_reported(cells: dict[str, str]) -> None:
    row, errors = csv_row(2, cells, defaults=DEFAULTS)
    assert (row is None) == bool(errors)
    if row is not None:
        everything = "".join([row.external_id, row.name, row.email, row.phone, row.area, *row.attributes.values()])
        assert not set(everything) & set("\r\n\0\u202e")


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("name", "=HYPERLINK(1)", "formula"),
        ("note", "@SUM(A1)", "formula"),
        ("note", "+cmd|' /C calc'!A0", "formula"),
        ("phone", "=1+1", "formula"),
        ("name", "Bj\udcf8rn", "bad_encoding"),
        ("name", "lone \ud800", "forbidden_character"),
    ],
)
def test_what_would_hurt_somebody_later_is_refused(column: str, cell: str, code: str) -> None:
    _, errors = csv_row(2, GOOD | {column: cell}, defaults=DEFAULTS)
    assert [error.code for error in errors] == [code]


@pytest.mark.parametrize("cell", ["-5", "@asha", "- none -", "+4", "a=b"])
def test_what_only_looks_like_a_formula_is_kept(cell: str) -> None:
    row, errors = csv_row(2, GOOD | {"note": cell}, defaults=DEFAULTS)
    assert errors == ()
    assert row is not None
    assert row.attributes["note"] == cell


def test_the_apostrophe_of_an_export_is_taken_off_again() -> None:
    row, _ = csv_row(2, GOOD | {"phone": "'+919876543210", "note": "'=1"}, defaults=DEFAULTS)
    assert row is not None
    assert (row.phone, row.attributes["note"]) == ("+919876543210", "=1")


def test_a_number_that_names_no_country_says_so() -> None:
    _, errors = csv_row(2, GOOD, defaults=Defaults())
    assert [error.code for error in errors] == ["no_country"]


def test_an_address_in_the_wrong_column_is_not_repeated() -> None:
    for column in GOOD:
        _, errors = csv_row(2, GOOD | {column: "secret@example.org\n"}, defaults=DEFAULTS)
        assert "secret" not in str(errors)
    _, errors = csv_row(2, GOOD | {"languages": "secret@example.org"}, defaults=DEFAULTS)
    assert "secret" not in str(errors)


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("Y", "N"), ("TRUE", "False"), ("1", "0")])
def test_consent_is_read_in_its_usual_spellings(yes: str, no: str) -> None:
    cells = {"consent_sms": yes, "consent_email": no, "consent_at": "2026-02-28", "consent_text": "v2"}
    row, errors = csv_row(2, GOOD | cells, defaults=DEFAULTS, now=NOW)
    assert errors == ()
    assert row is not None
    midnight_there = datetime(2026, 2, 27, 18, 30, tzinfo=UTC)
    assert row.consent == Listed(((Medium.SMS, True), (Medium.EMAIL, False)), midnight_there, "v2")
    assert row.attributes == {"tariff": "gold"}


def test_an_empty_consent_says_nothing() -> None:
    row, errors = csv_row(2, GOOD | {"consent_sms": "", "consent_at": "2026-02-28"}, defaults=DEFAULTS, now=NOW)
    assert errors == ()
    assert row is not None
    assert row.consent is None


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("consent_sms", "maybe", "bad_consent"),
        ("consent_email", "2", "bad_consent"),
        ("consent_at", "last spring", "bad_moment"),
        ("consent_at", "2026-03-01T12:00:01Z", "bad_moment"),
        ("consent_at", "0001-01-01", "bad_moment"),
        ("consent_text", "v" * 65, "too_long"),
    ],
)
def test_a_consent_nobody_could_prove_is_refused(column: str, cell: str, code: str) -> None:
    row, errors = csv_row(2, GOOD | {"consent_sms": "yes", column: cell}, defaults=DEFAULTS, now=NOW)
    assert row is None
    assert [(error.column, error.code) for error in errors] == [(column, code)]
