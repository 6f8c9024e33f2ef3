"""The form by which people subscribe, on a customer's own website: for registered ones, and no more telling there."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.sign_ups import PER_NETWORK
from app.store.people_tables import sign_up
from tests.faces import Api

SHOP, STRANGER = "https://www.example.org", "https://evil.example.net"
ALLOWED = "access-control-allow-origin"


@pytest.fixture
def shop(api: Api) -> Api:
    api.prepare()
    api.done(api.post("approver", "/sites", json={"slug": "main", "origins": [SHOP], "languages": ["en"]}))
    api.done(api.post("approver", "/topics", json={"slug": "power", "names": {"en": "Power", "ar": "الكهرباء"}}))
    api.done(api.post("author", "/subscribers/suppressions", json={"medium": "email", "address": "bela@example.org"}))
    return api


def ask(api: Api, address: str, origin: str = SHOP, **more: str) -> Any:
    headers = {"accept": "application/json", **({"origin": origin} if origin else {})}
    return api.client.post("/s/en", data={"address": address, "language": "en", **more}, headers=headers)


def forms(api: Api) -> int:
    with api.db.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(sign_up)) or 0)


def test_the_words_of_the_form_come_in_every_language(shop: Api) -> None:
    for language in ("en", "gu", "lo", "eo", "ar"):
        answer = shop.client.get(f"/s/{language}/form.json", headers={"origin": SHOP})
        words = answer.json()
        assert (words["version"], words["lang"], words["dir"]) == (1, language, "rtl" if language == "ar" else "ltr")
        assert (answer.headers[ALLOWED], answer.headers["cache-control"]) == (SHOP, "no-store")
        assert [one["slug"] for one in words["topics"]["options"]] == ["power"]
        assert [one["code"] for one in words["language"]["options"] if one["chosen"]] == [language]
        assert all(words[key] for key in ("title", "intro", "consent", "button"))
        assert words["address"]["type"] == "email", "texts go nowhere until countries are named"


def test_only_registered_websites_read_the_answers_and_no_other_page_may_send(shop: Api) -> None:
    for origin in (STRANGER, "null", f"{SHOP}:8443", f"{SHOP}.evil.example.net"):
        assert ALLOWED not in shop.client.get("/s/en/form.json", headers={"origin": origin}).headers
        refused = ask(shop, "new@example.org", origin)
        assert (refused.status_code, refused.text) == (403, "{}")
        assert ALLOWED not in refused.headers
    assert forms(shop) == 0
    assert ask(shop, "new@example.org").headers[ALLOWED] == SHOP
    assert ask(shop, "new@example.org", "").status_code == 200, "a program has no page"
    assert shop.client.options("/s/en", headers={"origin": SHOP}).status_code == 405, "nothing more than plain forms"


def test_the_answer_is_the_same_for_every_address(shop: Api) -> None:
    answers = [ask(shop, address) for address in ("ana@example.org", "new@example.org", "bela@example.org")]
    assert len({(one.status_code, one.text, *sorted(one.headers)) for one in answers}) == 1
    assert set(answers[0].json()) == {"title", "text", "note"}
    assert forms(shop) == 3


def test_what_cannot_be_is_said_beside_its_field_and_limits_hold_as_on_the_page(shop: Api) -> None:
    wrong = ask(shop, "nobody")
    assert (wrong.status_code, set(wrong.json()), wrong.json()["field"]) == (422, {"fault", "field"}, "address")
    assert ask(shop, "new@example.org", topic="gone").json()["field"] == ""
    answers = [ask(shop, f"a{number}@example.org").status_code for number in range(PER_NETWORK[0] + 1)]
    assert answers == [200] * PER_NETWORK[0] + [429]
    plain = shop.client.post("/s/en", data={"address": "b@example.org"})
    assert plain.status_code == 429, "one and the same limit"
    assert "text/html" in plain.headers["content-type"]
