from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.reading import Reader
from app.domain.week import Week, overlap, read_plain_week, read_week, week_text
from app.errors import Problem


def plain(document: object) -> tuple[str, list[Problem]]:
    read = Reader({"hours": document})
    return read_plain_week(read, "hours"), read.problems


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "off"),
        ({"mon": ["09:00-12:30", "13:30-18:00"], "sat": []}, "Mo 09:00-12:30,13:30-18:00"),
        ({day: ["9:00-17:00"] for day in ("mon", "tue", "wed", "fri")}, "Mo-We,Fr 09:00-17:00"),
        ({"mon": ["09:00-17:00"], "sat": ["10:00-12:00"]}, "Mo 09:00-17:00; Sa 10:00-12:00"),
        ({"fri": ["22:00-06:00"], "sat": ["10:00-24:00"]}, "Fr 22:00-06:00, Sa 10:00-24:00"),
        ({day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}, "24/7"),
    ],
)
def test_the_plain_form_becomes_osm_text(document: object, text: str) -> None:
    assert plain(document) == (text, [])


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ({"monday": []}, "unknown_field", "hours.monday"),
        ({"mon": "09:00-17:00"}, "wrong_type", "hours.mon"),
        ({"mon": ["9-17"]}, "bad_hours", "hours.mon[0]"),
        ({"mon": ["09:00-17:00", "25:00-26:00"]}, "bad_hours", "hours.mon[1]"),
        ({"mon": ["09:00-09:00"]}, "bad_hours", "hours.mon[0]"),
        ({"mon": ["09:00-17:00", "16:00-18:00"]}, "overlapping_hours", "hours.mon"),
        ({"sun": ["20:00-08:00"], "mon": ["07:00-12:00"]}, "overlapping_hours", "hours.mon"),
        ([], "wrong_type", "hours"),
    ],
)
def test_a_plain_week_that_makes_no_sense_is_refused(document: object, code: str, path: str) -> None:
    _, (problem,) = plain(document)
    assert (problem.code, problem.field) == (code, path)
    assert problem.remedy


SLOTS = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 96)).map(lambda s: (s[0] * 15, (s[0] + s[1]) * 15)), max_size=3
).map(lambda slots: tuple(sorted(set(slots))))


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[SLOTS] * 7))
def test_a_week_without_overlaps_comes_back_from_its_text(week: Week) -> None:
    if overlap(week) is None:
        assert read_week(week_text(week)) == week


def test_a_rule_after_a_semicolon_takes_the_place_of_the_one_before() -> None:
    week = read_week("Mo-Fr 09:00-17:00; We 10:00-12:00; Fr off, Sa 10:00-11:00")
    assert week == (((540, 1020),), ((540, 1020),), ((600, 720),), ((540, 1020),), (), ((600, 660),), ())


def test_a_day_after_a_semicolon_ends_the_night_before_it() -> None:
    assert read_week("Fr 22:00-06:00; Sa off") == ((), (), (), (), ((1320, 1440),), (), ())
    assert read_week("Fr 22:00-06:00, Sa 10:00-12:00") == ((), (), (), (), ((1320, 1800),), ((600, 720),), ())


@pytest.mark.parametrize("text", ["Jan Mo 09:00-10:00", "Mo[1] 09:00-10:00", "09:00+", "SH 09:00-10:00", ""])
def test_other_forms_are_left_to_the_library(text: str) -> None:
    assert read_week(text) is None
