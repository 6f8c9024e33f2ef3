"""One person on the command line, from the first to the last word about them."""

from __future__ import annotations

import json

from tests.unit.cli.conftest import Clarion


def test_one_person_from_the_first_to_the_last_word(clarion: Clarion) -> None:
    clarion.prepare()
    clarion.become("ben", "approver")
    person = {"name": "Ann", "addresses": [{"medium": "sms", "address": "020 7183 8801"}]}
    file = clarion.write("ann.json", json.dumps(person))
    assert "New." in clarion.done("subscriber", "save", "C-1", "--file", file, "--region", "GB").out
    assert "+44•••••••801" in clarion.done("subscriber", "show", "C-1").out
    assert "+442071838801" in clarion.done("subscriber", "show", "C-1", "--clear").out
    assert "C-1 Ann" in clarion.done("subscriber", "find", "+44 20 7183 8801").out
    assert clarion.json("subscriber", "find", "+442071838999") == {"items": []}
    said = clarion.json("subscriber", "consent", "C-1", "--medium", "sms", "--no")
    assert [(one["topic"], one["granted"], one["how"], one["by"]) for one in said["consents"]] == [
        ("", False, "staff", "ben")
    ]
    assert "everything" in clarion.done("subscriber", "history", "C-1").out
    assert clarion.json("subscriber", "history", "C-1")["items"] == said["consents"]
    assert json.loads(clarion.done("subscriber", "export", "C-1").out)["addresses"][0]["address"] == "+442071838801"
    assert clarion("subscriber", "erase", "C-1", "--confirm", "C-2").code != 0
    assert "Erased: 1" in clarion.done("subscriber", "erase", "C-1", "--confirm", "C-1").out
    assert clarion("subscriber", "show", "C-1").code != 0
    clarion.done("subscriber", "save", "C-2", "--file", file, "--region", "GB")
    clarion.done("subscriber", "remove", "C-2")
