"""The demo's list is the same every time, and wrong in just the places it means to be."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from app.demo.people import write_people
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.import_subscribers import import_subscribers
from tests.conftest import NOON


@pytest.mark.parametrize("people", [50, 600, 3000])
def test_only_the_bad_rows_are_refused(tmp_path: Path, database: Database, keyring: Keyring, people: int) -> None:
    path = tmp_path / "people.csv"
    told = write_people(path, people)
    report = import_subscribers(database, keyring, HOST, io.BytesIO(path.read_bytes()), NOON)
    assert (report.rows, report.rejected) == (people, told.bad_rows)
    assert report.created == people - told.bad_rows
    assert {error.code for error in report.errors} >= {
        "forbidden_character", "bad_phone", "bad_email", "unknown_language", "bad_timezone", "missing", "malformed",
        "duplicate",
    }  # fmt: skip


def test_the_list_of_twenty_thousand_fills_the_providers_as_announced(tmp_path: Path) -> None:
    told = write_people(tmp_path / "people.csv", 20_000)
    assert 5_900 <= told.phones <= 6_300
    assert 12_300 <= told.emails <= 12_800
    assert told.stopped


def test_two_lists_of_the_same_size_are_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    assert write_people(first, 500) == write_people(second, 500)
    assert first.read_bytes() == second.read_bytes()
