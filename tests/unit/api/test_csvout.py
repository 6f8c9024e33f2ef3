from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.csvout import lines, safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+44", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0", " =1", "＝1", "＋1", "＠1"]
)
def test_a_cell_that_a_spreadsheet_would_evaluate_is_text(text: str) -> None:
    assert safe_cell(text).startswith("'")


def test_an_ordinary_cell_stays_as_it_is() -> None:
    assert [safe_cell(value) for value in ("a@example.org", 7, None, "ગુજરાતી")] == ["a@example.org", "7", "", "ગુજરાતી"]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), max_size=20))
def test_whatever_is_written_can_be_read_back_and_begins_harmlessly(rows: list[list[str]]) -> None:
    text = b"".join(lines(("a", "b"), rows)).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert len(read) == len(rows)
    assert not any(cell[:1] in set("=+-@\t\r\n\0") and cell for row in read for cell in row)
