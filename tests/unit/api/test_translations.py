from __future__ import annotations

from tests.console import Visitor
from tests.faces import WORDS, Api

GUJARATI = {**WORDS, "headline": "વીજળી નથી"}


def test_programs_see_who_vouches_and_let_a_language_stay_with_a_reason(api: Api) -> None:
    api.prepare()
    update = api.draft(content={"en": WORDS, "gu": GUJARATI})
    document = api.done(api.get("author", f"/updates/{update}"))["document"]
    document["content"]["en"]["duration"] = "Until 19:00."
    api.done(api.put("other", f"/updates/{update}", json=document))
    listed = api.done(api.get("viewer", f"/updates/{update}/languages"))
    assert [(each["language"], each["step"], each["vouched_by"]) for each in listed] == [
        ("en", "source", "second author"),
        ("gu", "stale", "author"),
    ]
    waiver = {"language": "gu", "reason": "A number only."}
    assert api.post("viewer", f"/updates/{update}/waive", json=waiver).status_code == 403
    assert api.post("author", f"/updates/{update}/waive", json={**waiver, "language": "en"}).status_code == 409
    after = api.done(api.post("author", f"/updates/{update}/waive", json=waiver))
    assert (after[1]["step"], after[1]["waived_reason"]) == ("waived", "A number only.")
    api.submit(update)


def test_programs_ask_for_translations_and_take_the_link_back(api: Api) -> None:
    api.prepare()
    update = api.draft()
    made = api.done(api.post("author", f"/updates/{update}/translations", json={"language": "gu", "hours": 2}))
    path = made["url"].removeprefix("https://status.example.org/console")
    assert Visitor(api).open(path).heading == "Translate into Gujarati"
    assert api.post("author", f"/translations/{made['id']}/revoke").status_code == 204
    assert Visitor(api).open(path).status == 404
    nobody = api.post("author", f"/updates/{update}/rest", json={"language": "gu"})
    assert nobody.json()["code"] == "nobody_waits"
