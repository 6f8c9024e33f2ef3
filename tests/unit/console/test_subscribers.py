"""One person by the screens of the console: added, found, noted, shown in the clear with a trace, exported, erased."""

from __future__ import annotations

import json
import re

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


def test_who_is_never_written_to_is_found_by_the_whole_address_and_written_to_again(api: Api) -> None:
    api.prepare()
    api.done(
        api.put("author", "/subscribers/C-1", json={"addresses": [{"medium": "email", "address": "a@example.org"}]})
    )
    api.done(api.post("author", "/subscribers/suppressions", json={"medium": "email", "address": "a@example.org"}))
    author, approver = Visitor(api), Visitor(api)
    author.enter("ada", Role.AUTHOR)
    approver.enter("ben", Role.APPROVER)
    found = author.send(author.open("/suppressions"), "find", address=" A@example.org")
    assert (found.status, found.words.count("a•••@example.org")) == (200, 1)
    assert "They want to hear from us again" not in found.words, "an approver says so"
    for wrong, sentence in (("b@example.org", "is not on the list"), ("a@", "e-mail address"), ("", "needed")):
        refused = author.send(author.open("/suppressions"), "find", address=wrong)
        assert (refused.status, sentence in refused.words) == (422, True), refused.words

    person = author.send(author.open("/subscribers"), "find", who="C-1").action("subscriber")
    page = approver.open(person.removeprefix("/console"))
    assert "stopped asked · staff" in page.words, page.words
    [lift] = re.findall(r"lift-\d+", page.text)[:1]
    assert approver.send(page, lift, reason="").status == 422
    assert "a•••@example.org" not in approver.send(page, lift, reason="by telephone").words
    assert "stopped asked" not in approver.open(person.removeprefix("/console")).words
