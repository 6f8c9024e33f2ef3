"""One person by the screens of the console: added, found, noted, shown in the clear with a trace, exported, erased."""

from __future__ import annotations

import json

from app.domain.principals import Role
from tests.console import Visitor
from tests.faces import Api


def test_one_person_from_the_first_to_the_last_word(api: Api) -> None:
    api.prepare()
    author, approver = Visitor(api), Visitor(api)
    author.enter("ada", Role.AUTHOR)
    approver.enter("ben", Role.APPROVER)
    typed = {
        "external_id": "C-1", "name": "Ann",
        "addresses": "sms +44 20 7183 8801\nsms +442071838802 *\nemail A@Example.org",
        "languages": "gu\nen", "timezone": "Asia/Kolkata", "area": "north", "attributes": "tier: gold",
        "preferred_medium": "sms",
    }  # fmt: skip
    wrong = author.send(author.open("/add/subscribers"), "subscriber", **{**typed, "addresses": "pigeon 7"})
    assert wrong.status == 422
    assert author.send(author.open("/add/subscribers"), "subscriber").status == 422
    page = author.send(author.open("/add/subscribers"), "subscriber", **typed)
    assert "Saved" in page.said, page.words
    assert "+44•••••••802" in page.words
    assert "71838801" not in page.text
    kept = page.form("subscriber")
    assert str(kept["addresses"]).split()[0] == "sms"
    again = author.send(page, "subscriber", name="Ann B.")
    assert "Ann B." in again.words
    assert again.form("subscriber")["addresses"] == kept["addresses"], "addresses stay without being read"
    noted = author.send(again, "consent", medium="sms", granted="no")
    assert "everything · no" in noted.words
    found = author.send(author.open("/subscribers"), "find", who="+442071838802")
    assert "Ann B." in found.words
    assert author.send(author.open("/subscribers"), "find", who="+442071838999").status == 422
    assert "Show addresses" not in author.open("/subscribers").words

    number = page.action("subscriber").rsplit("/", 1)[-1]
    shown = approver.send(approver.open(f"/subscribers/{number}"), "clear")
    assert "+442071838801" in shown.text
    held = approver.send(approver.open(f"/subscribers/{number}"), "export")
    assert json.loads(held.text)["subscriber"]["external_id"] == "C-1"
    assert approver.send(approver.open(f"/subscribers/{number}"), "erase", confirm="C-2").status == 422
    gone = approver.send(approver.open(f"/subscribers/{number}"), "erase", confirm="C-1")
    assert gone.said == "It is taken away."
    assert approver.open(f"/subscribers/{number}").status == 404
