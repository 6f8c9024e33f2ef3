from __future__ import annotations

import pytest

from app.domain.route_expectations import Verdict, judge, read_expectations
from app.domain.routing import Reason
from app.errors import Invalid
from tests.unit.domain.samples import CHAT, Document, registry

HEADER = "need,language,area,severity,at,expected,reason"
NOON, NIGHT = "2026-03-10T12:00+05:30", "2026-03-10T23:59+05:30"


def verdicts(*rows: str, channels: tuple[Document, ...] = ()) -> tuple[Verdict, ...]:
    return judge(registry(*channels), read_expectations([HEADER, *rows]))


def test_what_holds_is_ok_with_and_without_a_reason() -> None:
    found = verdicts(
        f"technical,en,,,{NOON},chat,open", f"technical,en,,,{NIGHT},hotline,", f"emergency,lo,,major,{NOON},hotline,"
    )
    assert [one.ok for one in found] == [True, True, True]
    assert found[0].sentence == "technical in en leads to chat (open)."
    assert (found[1].found, found[1].reason) == ("hotline", Reason.OPEN)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            f"technical,en,,,{NIGHT},chat,",
            "technical in en leads to hotline (open), not to chat: it stands in place 2 (opens later).",
        ),
        (
            f"technical,en,,,{NOON},portal,",
            "technical in en leads to chat (open), not to portal: no rule that holds here names it.",
        ),
        (
            f"technical,en,,,{NOON},fax,",
            "technical in en leads to chat (open), not to fax: there is no such contact channel.",
        ),
        (
            f"rescheduling,en,,,{NIGHT},portal,open",
            "rescheduling in en leads to portal (alternative), but it should be there as open.",
        ),
        (f"gardening,en,,,{NOON},chat,", "There is no need “gardening”."),
    ],
)
def test_what_differs_says_what_is_and_why(row: str, sentence: str) -> None:
    (found,) = verdicts(row)
    assert not found.ok
    assert found.sentence == sentence


def test_an_area_that_nobody_serves_is_said() -> None:
    south = registry({**CHAT, "areas": ["south"]}, rules=[{"need": "*", "contact_channels": ["chat"]}])
    (found,) = judge(south, read_expectations([HEADER, f"technical,en,north,,{NOON},chat,"]))
    assert (found.ok, found.found) == (False, "")
    assert "nobody serves this area" in found.sentence


def test_columns_may_stand_in_any_order_and_empty_lines_and_remarks_are_passed_over() -> None:
    lines = [
        "\ufeffexpected,at,need,language,area,severity,audience",
        "",
        "# at noon",
        f"chat,{NOON},technical,en,,,vip",
    ]
    (one,) = read_expectations(lines)
    assert (one.line, one.query.audience, one.expected) == (4, "vip", "chat")


@pytest.mark.parametrize(
    ("lines", "code", "where"),
    [
        ([], "bad_header", "line 1"),
        (["need,language,expected"], "bad_header", "line 1"),
        ([HEADER + ",colour"], "bad_header", "line 1"),
        ([HEADER], "empty_table", ""),
        ([HEADER, f"technical,en,,{NOON},chat"], "bad_row", "line 2"),
        ([HEADER, f"technical,en,,awful,{NOON},chat,"], "bad_cell", "line 2, column severity"),
        ([HEADER, "technical,en,,,2026-03-10T12:00,chat,"], "bad_cell", "line 2, column at"),
        ([HEADER, f"technical,english!,,,{NOON},chat,"], "bad_cell", "line 2, column language"),
        ([HEADER, f"technical,en,,,{NOON},Live Chat,"], "bad_cell", "line 2, column expected"),
        ([HEADER, f"technical,en,,,{NOON},chat,because"], "bad_cell", "line 2, column reason"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(lines: list[str], code: str, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_expectations(lines)
    assert (refused.value.problems[0].code, refused.value.problems[0].field) == (code, where)
    assert refused.value.problems[0].remedy
