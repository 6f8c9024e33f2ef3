"""Every refusal is a sentence, what to do about it, and a number."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Clarion


def test_a_wrong_command_is_a_usage_error(clarion: Clarion) -> None:
    for words in (["frobnicate"], ["crisis", "open"], ["route"], ["serve", "--port", "99999"]):
        assert clarion(*words).code == 2


def test_without_a_token_nobody_acts(clarion: Clarion) -> None:
    answer = clarion("crisis", "list")
    assert (answer.code, answer.out) == (6, "")
    assert "CLARION_TOKEN is not set" in answer.err
    assert "clarion token add" in answer.err


def test_a_role_too_low_is_not_allowed(clarion: Clarion) -> None:
    clarion.become("vera", "viewer")
    assert clarion("crisis", "list").code == 0
    answer = clarion("crisis", "open", "flood", "--title", "en=Flood", "--severity", "major")
    assert answer.code == 6
    assert "needs the role author" in answer.err


def test_nothing_there_something_there_already_and_nonsense(clarion: Clarion) -> None:
    clarion.become("ada", "author")
    assert clarion("crisis", "show", "flood").code == 3
    assert clarion("update", "watch", "1").code == 3
    assert clarion("route", "--need", "nothing").code == 3
    opened = ("crisis", "open", "flood", "--title", "en=Flood", "--severity", "major")
    assert clarion(*opened).code == 0
    assert clarion(*opened).code == 4
    assert clarion("crisis", "open", "Not A Slug", "--title", "en=Flood", "--severity", "major").code == 1
    assert clarion("crisis", "open", "fire", "--title", "Fire", "--severity", "major").code == 1
    assert clarion("update", "draft", "flood", "--file", str(clarion.folder / "missing.json")).code == 1
    assert clarion("update", "draft", "flood", "--file", clarion.write("bad.json", "{")).code == 1


def test_what_is_worse_than_it_was_called_is_called_so(clarion: Clarion) -> None:
    clarion.become("ada", "author")
    clarion.done("crisis", "open", "flood", "--title", "en=Flood", "--severity", "minor")
    worse = clarion.json("crisis", "severity", "flood", "emergency", "--reason", "the dam broke")
    assert (worse["slug"], worse["severity"]) == ("flood", "emergency")
    assert clarion.json("crisis", "show", "flood")["severity"] == "emergency"
    again = clarion("crisis", "severity", "flood", "emergency")
    assert (again.code, "emergency already" in again.err) == (4, True)
    assert clarion("crisis", "severity", "flood", "terrible").code == 2
    assert clarion("crisis", "severity", "fire", "minor").code == 3
    assert "severity minor" in clarion.done("crisis", "severity", "flood", "minor").out
    clarion.become("vera", "viewer")
    assert clarion("crisis", "severity", "flood", "major").code == 6


def test_as_json_a_refusal_is_a_document_too(clarion: Clarion) -> None:
    answer = clarion("crisis", "list", "--json")
    assert answer.code == 6
    errors = json.loads(answer.err)["errors"]
    assert [one["code"] for one in errors] == ["token_missing"]
    assert errors[0]["remedy"]


def test_a_database_that_is_not_there_is_not_made_by_accident(clarion: Clarion) -> None:
    clarion.file.unlink()
    answer = clarion("crisis", "list")
    assert answer.code == 5
    assert "clarion migrate" in answer.err
    assert not clarion.file.exists()


def test_a_database_without_tables_names_the_command_that_makes_them(clarion: Clarion) -> None:
    clarion.file.write_bytes(b"")
    answer = clarion("user", "add", "ada", "--role", "author")
    assert answer.code == 5
    assert "clarion migrate" in answer.err
    clarion.done("migrate")
    clarion.done("user", "add", "ada", "--role", "author")


def test_a_setting_that_cannot_be_used_is_named(clarion: Clarion) -> None:
    clarion.environment.setenv("CLARION_TIMINGS_LEASE", "soon")
    answer = clarion("crisis", "list")
    assert answer.code == 1
    assert "LEASE" in answer.err


def test_a_worker_has_nothing_to_do_on_sqlite(clarion: Clarion) -> None:
    answer = clarion("work")
    assert answer.code == 1
    assert "clarion serve" in answer.err


@pytest.mark.parametrize("url", ["", "not an address", "oracle://host/name", "nothing://x", "mysql://host/name"])
def test_a_database_nobody_knows_is_a_sentence(clarion: Clarion, url: str) -> None:
    clarion.environment.setenv("CLARION_DATABASE_URL", url)
    answer = clarion("crisis", "list")
    assert answer.code in (1, 5, 6)
    assert answer.err.startswith("✗ ")


@pytest.mark.parametrize("words", [["demo"], ["demo", "--people", "100"]])
def test_a_demo_never_replaces_a_database_of_yours(clarion: Clarion, words: list[str]) -> None:
    before = clarion.file.read_bytes()
    answer = clarion(*words)
    assert answer.code == 4
    assert "was not made by a demo" in answer.err
    assert clarion.file.read_bytes() == before
