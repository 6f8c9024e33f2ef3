"""Endpoints by their screens: a form out of the channel's own declaration, secrets that never come back, a test."""

from __future__ import annotations

from app.domain.endpoints import full_settings
from app.domain.principals import Role
from app.store import endpoints
from channels.registry import CHANNELS
from tests.console import Visitor
from tests.faces import Api

TYPED = {
    "slug": "texts-2", "settings.account_sid": "AC0123", "secret.auth_token": "a very secret token",
    "settings.sender": "+442071838750", "rate_per_second": "2.5", "fallback_for": "",
}  # fmt: skip


def stored(api: Api, slug: str) -> dict[str, object]:
    with api.db.reading() as connection:
        return full_settings(endpoints.get(connection, slug), api.wiring.keyring.unseal)


def test_every_channel_has_a_form_of_its_own_settings(admin: Visitor) -> None:
    for name in CHANNELS:
        page = admin.open(f"/add/endpoints/{name}")
        assert page.status == 200, name
        assert "rate_per_second" in page.form("endpoint")
    assert admin.open("/add/endpoints/nothing").status == 404


def test_a_secret_is_typed_once_and_never_seen_again(api: Api, admin: Visitor) -> None:
    api.prepare()
    wrong = admin.send(admin.open("/add/endpoints/sms_twilio"), "endpoint", **TYPED, weight="0")
    assert wrong.wrong("endpoint-weight")
    assert "a very secret token" not in wrong.text
    missing = admin.send(wrong, "endpoint", **{**TYPED, "secret.auth_token": "", "weight": "1"})
    assert missing.wrong("endpoint-secret.auth_token")
    page = admin.send(missing, "endpoint", **TYPED, weight="1")
    assert page.said, page.words
    assert "a very secret token" not in page.text
    assert page.form("endpoint")["secret.auth_token"] == ""
    assert admin.send(page, "endpoint", **{"settings.sender": "+442071838751", "secret.auth_token": ""}).said
    assert stored(api, "texts-2") == {
        "account_sid": "AC0123", "auth_token": "a very secret token", "sender": "+442071838751",
        "base_url": "https://api.twilio.com", "keyword_answers": "provider",
    }  # fmt: skip
    with api.db.reading() as connection:
        assert endpoints.get(connection, "texts-2").rate_per_second == 2.5


def test_a_secret_is_not_held_over_a_sign_in(api: Api, admin: Visitor) -> None:
    page = admin.open("/add/endpoints/sms_twilio")
    admin.client.cookies.clear()
    sealed = admin.send(page, "endpoint", **TYPED, weight="1").form("sign-in")["held"]
    assert b"a very secret token" not in api.wiring.keyring.unseal(sealed.encode())
    assert b"texts-2" in api.wiring.keyring.unseal(sealed.encode())


def test_somebody_sends_themselves_a_test_stops_it_and_lets_it_go_on(api: Api, admin: Visitor) -> None:
    api.prepare()
    page = admin.send(admin.open("/endpoints/texts"), "try")
    assert page.status == 422
    assert "No address of yours" in page.words
    places = {"recipients": [{"endpoint": "texts", "address": "+442071838799", "person": "admin"}]}
    api.done(api.put("admin", "/staff/recipients", json=places))
    page = admin.send(admin.open("/endpoints/texts"), "try")
    assert "The last test: on its way" in page.words
    assert "+442071838799" not in page.text
    assert "A test of texts" not in admin.open("/").words  # nobody has to take care of it
    page = admin.send(page, "halt", reason="the sender is blocked")
    assert "halted and sends nothing: admin: the sender is blocked" in page.words
    assert "halted: admin" in admin.open("/endpoints").words
    assert "It sends." in admin.send(page, "resume").words
    author = Visitor(api)
    author.enter("ada", Role.AUTHOR)
    mine = author.open("/endpoints/mail")
    assert [form.get("id") for form in mine.tree.forms if form.get("id")] == ["form-halt"]


def test_the_same_by_the_api(api: Api) -> None:
    api.prepare()
    assert api.post("approver", "/endpoints/mail/try").json()["errors"][0]["code"] == "no_own_address"
    assert api.done(api.post("author", "/endpoints/mail/halt", json={"reason": "bounces"}))["halted_reason"]
    assert api.post("author", "/endpoints/mail/resume").status_code == 403
