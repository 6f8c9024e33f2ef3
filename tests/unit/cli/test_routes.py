"""Rules looked through, held against a table, taken out and put in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Clarion

ROOT = Path(__file__).parents[3]
SAMPLE = str(ROOT / "templates" / "registry" / "sample.json")
TABLE = str(ROOT / "docs" / "examples" / "routes.csv")
HEADER = "need,language,area,severity,at,expected"


@pytest.fixture
def filled(clarion: Clarion) -> Clarion:
    clarion.become("ben", "approver")
    clarion.done("registry", "import", SAMPLE)
    return clarion


def test_the_example_table_holds_for_the_sample_registry(filled: Clarion) -> None:
    answer = filled.done("routes", "test", TABLE)
    assert "differs" not in answer.out.replace("0 differ", "")
    rows = filled.json("routes", "test", TABLE)["rows"]
    assert len(rows) >= 20
    assert all(one["ok"] for one in rows)


def test_a_row_that_differs_is_told_in_a_sentence_and_by_the_exit_code(filled: Clarion) -> None:
    table = filled.write("t.csv", f"{HEADER}\nrescheduling,en,,,2026-03-10T10:00+07:00,live-chat\n")
    answer = filled("routes", "test", table)
    assert answer.code == 1
    assert "line 2: rescheduling in en leads to portal (open), not to live-chat" in answer.out
    assert "1 checked, 1 differs." in answer.out


def test_a_table_that_cannot_be_read_is_explained(filled: Clarion) -> None:
    wrong = filled("routes", "test", filled.write("t.csv", "a,b\n1,2\n"))
    assert (wrong.code, "Begin with the line" in wrong.err) == (1, True)
    path = filled.folder / "latin.csv"
    path.write_bytes(f"{HEADER}\nà".encode("latin-1"))
    assert "not UTF-8" in filled("routes", "test", str(path)).err
    assert filled("routes", "test", str(filled.folder / "nowhere.csv")).code == 1


def test_the_linter_ends_with_1_when_something_is_doubtful(clarion: Clarion) -> None:
    clarion.become("ben", "approver")
    empty = clarion("routes", "lint")
    assert (empty.code, "emergency" in empty.out) == (1, True)
    clarion.done("registry", "import", SAMPLE)
    assert "lead everybody somewhere" in clarion.done("routes", "lint").out
    assert clarion.json("routes", "lint") == {"problems": []}


def test_an_export_imported_again_changes_nothing(filled: Clarion) -> None:
    path = str(filled.folder / "registry.json")
    assert "contact channels" in filled.done("registry", "export", path).out
    assert json.loads(filled.done("registry", "export").out) == json.loads(Path(path).read_text(encoding="utf-8"))
    assert "Nothing differs" in filled.done("registry", "import", path).out
    gone = json.loads(Path(path).read_text(encoding="utf-8"))
    gone["needs"] = []
    refused = filled("registry", "import", filled.write("gone.json", json.dumps(gone)))
    assert (refused.code, "There is no need" in refused.err) == (1, True)
    assert "Nothing differs" in filled.done("registry", "import", path).out


def test_who_only_looks_cannot_import(filled: Clarion) -> None:
    filled.become("vic", "viewer")
    filled.done("registry", "export")
    assert filled("registry", "import", SAMPLE).code == 6


def test_an_asker_of_a_known_audience_is_led_by_its_rule(filled: Clarion) -> None:
    whole = filled.done("registry", "export").out
    document = json.loads(whole)
    rule = {"slug": "vip", "need": "rescheduling", "when": {"audience": "vip"}, "contact_channels": ["emergency-line"]}
    document["routing_rules"].append(rule)
    filled.done("registry", "import", filled.write("vip.json", json.dumps(document)))

    def first(*words: str) -> str:
        options = filled.json("route", "--need", "rescheduling", *words)["options"]
        return str(options[0]["contact_channel"]["slug"])

    assert (first("--audience", "vip"), first()) == ("emergency-line", "portal")
