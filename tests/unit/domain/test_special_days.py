from __future__ import annotations

from datetime import date

import pytest

from app.domain.public_holidays import Holidays, holiday_names
from app.domain.reading import Reader
from app.domain.special_days import SpecialDays, read_special_days
from app.errors import Problem


def exceptions(*documents: object) -> tuple[tuple[SpecialDays, ...], list[Problem]]:
    read = Reader({"exceptions": list(documents)})
    return read_special_days(read), read.problems


def holidays(document: object) -> tuple[Holidays | None, list[Problem]]:
    read = Reader({"holidays": document})
    return Holidays.read(read), read.problems


def test_an_exception_comes_back_as_it_went_in() -> None:
    document = {
        "from": "2026-12-24",
        "to": "2026-12-31",
        "every_year": False,
        "hours": "10:00-14:00,22:00-02:00",
        "labels": {"en": "Between the years"},
    }
    ((one,), problems) = exceptions(document)
    assert (one.to_document(), problems) == (document, [])
    ((closed,), _) = exceptions({"from": "2026-05-01", "closed": True})
    assert closed == SpecialDays(date(2026, 5, 1), date(2026, 5, 1))


def test_one_year_wins_over_every_year() -> None:
    found, problems = exceptions(
        {"from": "2020-12-24", "to": "2020-12-26", "every_year": True, "closed": True},
        {"from": "2026-12-24", "hours": "09:00-12:00"},
    )
    assert problems == []
    assert [one.every_year for one in found] == [False, True]


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        ({"from": "tomorrow", "closed": True}, "bad_date", "from"),
        ({"closed": True}, "missing", "from"),
        ({"from": "2026-12-24", "to": "2026-12-01", "closed": True}, "bad_range", "to"),
        ({"from": "2026-01-01", "to": "2027-01-01", "every_year": True, "closed": True}, "bad_range", "to"),
        ({"from": "2026-12-24"}, "missing", "hours"),
        ({"from": "2026-12-24", "closed": True, "hours": "10:00-12:00"}, "contradiction", "hours"),
        ({"from": "2026-12-24", "hours": "all day"}, "bad_hours", "hours"),
        ({"from": "2026-12-24", "hours": "10:00-12:00,11:00-13:00"}, "overlapping_hours", "hours"),
        ({"from": "2026-12-24", "closed": True, "label": {}}, "unknown_field", "label"),
    ],
)
def test_an_exception_that_makes_no_sense_is_refused(document: object, code: str, field: str) -> None:
    _, (problem,) = exceptions(document)
    assert (problem.code, problem.field) == (code, f"exceptions[0].{field}")
    assert problem.remedy


@pytest.mark.parametrize("every_year", [True, False])
def test_two_exceptions_for_one_day_are_refused(every_year: bool) -> None:
    _, (problem,) = exceptions(
        {"from": "2026-12-24", "to": "2027-01-02", "closed": True, "every_year": every_year},
        {"from": "2027-01-01", "hours": "10:00-12:00", "every_year": every_year},
    )
    assert (problem.code, problem.field) == ("overlapping_exceptions", "exceptions[1]")


@pytest.mark.parametrize(
    ("country", "region", "day"),
    [
        ("IN", "GJ", date(2026, 8, 15)),
        ("LA", "", date(2026, 12, 2)),
        ("TH", "", date(2026, 12, 5)),
        ("AE", "", date(2026, 12, 2)),
        ("GB", "SCT", date(2026, 1, 2)),
    ],
)
def test_holidays_are_known_where_our_readers_live(country: str, region: str, day: date) -> None:
    found, problems = holidays({"country": country.lower(), "region": region})
    assert (found, problems) == (Holidays(country, region), [])
    assert found is not None
    assert found.include(day)
    assert holiday_names(country, region, day.year)[day]


def test_an_unknown_country_is_told_what_is_known_and_that_exceptions_still_work() -> None:
    found, (problem,) = holidays({"country": "XX"})
    assert found is None
    assert (problem.code, problem.field) == ("country_not_supported", "holidays.country")
    assert "IN, " in problem.remedy
    assert "exceptions" in problem.remedy


def test_an_unknown_region_is_told_the_regions_of_its_country() -> None:
    _, (problem,) = holidays({"country": "GB", "region": "ZZ"})
    assert (problem.code, problem.field) == ("region_not_supported", "holidays.region")
    assert "ENG, NIR, SCT, WLS" in problem.remedy


@pytest.mark.parametrize(
    ("hours", "code"), [("sometimes", "bad_hours"), ("09:00-12:00,11:00-13:00", "overlapping_hours")]
)
def test_hours_of_a_holiday_that_make_no_sense_are_refused(hours: str, code: str) -> None:
    _, (problem,) = holidays({"country": "GB", "hours": hours})
    assert (problem.code, problem.field) == (code, "holidays.hours")
