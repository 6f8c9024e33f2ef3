"""A pass opens the addresses it names until its end, and nothing else; what is refused says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.help_library import OpenResource
from app.domain.open_links import Verdict, check_pass, faults, make_pass, matches, pass_in, signed_url

KEY = b"k" * 32
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
COURSES = OpenResource("https://learn.example.org/courses/*", NOW + timedelta(days=2))
COURSE = "https://learn.example.org/courses/first-aid"
PAGE = Path(__file__).parents[3] / "docs" / "open-links.md"


def verdict(token: str, url: str = COURSE, at: datetime = NOW, key: bytes = KEY) -> Verdict:
    return check_pass(key, token, url, at).verdict


def test_a_pass_opens_its_addresses_until_its_end() -> None:
    token = make_pass(KEY, COURSES)
    checked = check_pass(KEY, token, COURSE + "?page=2#top", NOW)
    assert (checked.verdict, checked.until) == (Verdict.OPEN, COURSES.until)
    assert verdict(token, at=COURSES.until - timedelta(seconds=1)) is Verdict.OPEN
    assert verdict(token, at=COURSES.until) is Verdict.EXPIRED


def test_each_refusal_has_one_reason() -> None:
    token = make_pass(KEY, COURSES)
    assert verdict("") is Verdict.MISSING
    assert verdict("nonsense") is Verdict.NOT_GENUINE
    assert verdict(token, key=b"x" * 32) is Verdict.NOT_GENUINE
    assert verdict(token, "https://learn.example.org/exams/1") is Verdict.OTHER_ADDRESS
    assert verdict(token, "https://evil.example.org/courses/first-aid") is Verdict.OTHER_ADDRESS


@given(place=st.integers(0, 400), letter=st.sampled_from("AZaz09-_.=~"))
def test_a_changed_pass_is_not_genuine(place: int, letter: str) -> None:
    token = make_pass(KEY, COURSES)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert verdict(changed) is (Verdict.OPEN if changed == token else Verdict.NOT_GENUINE)
    assert verdict(token[:place]) in (Verdict.NOT_GENUINE, Verdict.MISSING)
    assert verdict(token + letter) is Verdict.NOT_GENUINE


def test_only_who_holds_a_genuine_pass_learns_that_it_is_over_or_for_another_address() -> None:
    old = make_pass(b"x" * 32, OpenResource(COURSES.url_pattern, NOW - timedelta(days=1)))
    assert verdict(old, "https://learn.example.org/exams/1") is Verdict.NOT_GENUINE


@pytest.mark.parametrize(
    "path",
    ["../exams/1", "a/../../exams", "./x", "a//b", "%2e%2e/exams", "a%2Fb", "a%5cb", "a\\b", "%252e", "a b", "\0"],
)
def test_an_address_that_servers_read_differently_is_opened_by_no_pass(path: str) -> None:
    assert not matches("https://learn.example.org/courses/*", f"https://learn.example.org/courses/{path}")
    assert verdict(make_pass(KEY, COURSES), f"https://learn.example.org/courses/{path}") is Verdict.OTHER_ADDRESS


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://LEARN.example.org/courses/x", True),
        ("https://learn.example.org/courses/", True),
        ("https://learn.example.org/courses", False),
        ("http://learn.example.org/courses/x", False),
        ("https://learn.example.org:8443/courses/x", False),
        ("https://a@learn.example.org/courses/x", False),
        ("https://learn.example.org/Courses/x", False),
        ("https://[bad/courses/x", False),
        ("", False),
    ],
)
def test_what_a_pattern_opens(url: str, fits: bool) -> None:
    assert matches("https://learn.example.org/courses/*", url) is fits


@pytest.mark.parametrize(
    ("opens", "code"),
    [
        (OpenResource("https://*.example.org/x", NOW + timedelta(days=1)), "bad_link"),
        (OpenResource("http://learn.example.org/x", NOW + timedelta(days=1)), "bad_link"),
        (OpenResource("https://learn.example.org/x?y=*", NOW + timedelta(days=1)), "bad_link"),
        (OpenResource("https://learn.example.org/a/../*", NOW + timedelta(days=1)), "bad_link"),
        (OpenResource(COURSES.url_pattern, NOW), "expired"),
        (OpenResource(COURSES.url_pattern, NOW + timedelta(days=91)), "too_long"),
    ],
)
def test_no_pass_is_made_for_too_much(opens: OpenResource, code: str) -> None:
    assert [fault.code for fault in faults(opens, NOW)] == [code]


def test_a_link_carries_its_pass_and_keeps_its_own_query() -> None:
    url = signed_url(KEY, COURSES, signed_url(KEY, COURSES, COURSE + "?lang=gu#part-2"))
    assert url.startswith(COURSE + "?lang=gu&clarion_pass=")
    assert url.endswith("#part-2")
    assert url.count("clarion_pass") == 1
    assert pass_in(url) == make_pass(KEY, COURSES)
    assert verdict(pass_in(url), url) is Verdict.OPEN
    assert pass_in("https://[x") == ""


def test_the_code_the_documentation_shows_decides_the_same() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)  # noqa: S102 - the recipe people copy
    lets_in: Callable[[str, str, str, float], bool] = scope["lets_in"]
    token = make_pass(KEY, COURSES)
    for handed, url, at in (
        (token, COURSE, NOW),
        (token, COURSE, COURSES.until),
        (token, "https://learn.example.org/exams/1", NOW),
        (token[:-1], COURSE, NOW),
        ("", COURSE, NOW),
        ("a.b.c", COURSE, NOW),
        (make_pass(b"x" * 32, COURSES), COURSE, NOW),
    ):
        ours = verdict(handed, url, at) is Verdict.OPEN
        assert lets_in(KEY.hex(), handed, url, at.timestamp()) is ours
