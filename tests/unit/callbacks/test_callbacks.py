"""Providers report; whatever is not proven to come from them changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from sqlalchemy import select

from app.domain.message import MEDIUM_CODES, Medium
from app.domain.reference import DeliveryKey, encode
from app.store.ledger_tables import receipt, recipient
from app.wiring import REFERENCES
from tests.faces import Api
from tests.rig.signing import EventKey, sign_twilio

TOKEN = "the auth token of the account"
BASE = "https://status.example.org"


@dataclass
class Provider:
    api: Api
    key: EventKey
    reference: str
    """Of the first text of an approved update."""

    def twilio(self, status: str, *, token: str = TOKEN, url: str = "", sign: bool = True, **other: str) -> Any:
        path = f"/callbacks/real-texts/{self.reference}"
        form = {"MessageSid": "SM1", "MessageStatus": status, **other}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if sign:
            headers["x-twilio-signature"] = sign_twilio(token, url or BASE + path, form)
        return self.api.client.post(path, content=urlencode(form), headers=headers)

    def sendgrid(self, events: list[dict[str, Any]], *, seconds_ago: float = 0, tamper: bytes = b"") -> Any:
        body = orjson.dumps(events) + b"\r\n"
        stamp = str(int(self.api.clock.now().timestamp() - seconds_ago))
        headers = {
            "content-type": "application/json",
            "x-twilio-email-event-webhook-timestamp": stamp,
            "x-twilio-email-event-webhook-signature": self.key.sign(stamp, body),
        }
        return self.api.client.post("/callbacks/real-mail", content=body + tamper, headers=headers)

    def kept(self) -> list[tuple[str, str]]:
        with self.api.db.reading() as connection:
            return [(row.kind, row.code) for row in connection.execute(select(receipt).order_by(receipt.c.id))]


@pytest.fixture
def provider(api: Api) -> Provider:
    api.prepare()
    key = EventKey()
    texts = {"account_sid": "AC1", "auth_token": TOKEN, "sender": "+15005550006"}
    mail = {"api_key": "SG.x", "sender": "news@example.org", "event_public_key": key.public}
    for slug, channel, settings in (("real-texts", "sms_twilio", texts), ("real-mail", "email_sendgrid", mail)):
        api.done(api.post("admin", "/endpoints", json={"slug": slug, "channel": channel, "settings": settings}))
    update = api.approved()
    with api.db.reading() as connection:
        of_texts = recipient.c.medium == MEDIUM_CODES[Medium.SMS]
        row = connection.execute(select(recipient).where(of_texts).limit(1)).one()
    assert update
    secret = api.wiring.keyring.key(REFERENCES)
    return Provider(api, key, encode(DeliveryKey(row.broadcast, row.medium, row.address_id, 1), secret))


def test_a_signed_status_is_kept(provider: Provider) -> None:
    assert provider.twilio("delivered").status_code == 204
    assert provider.kept() == [("delivered", "delivered")]


@pytest.mark.parametrize(
    "forged",
    [
        {"sign": False},
        {"token": "somebody else's token"},
        {"url": "http://status.example.org/callbacks/real-texts/x"},
        {"url": f"{BASE}/callbacks/real-texts/another-delivery"},
    ],
)
def test_an_unsigned_or_wrongly_signed_status_changes_nothing(provider: Provider, forged: dict[str, Any]) -> None:
    answer = provider.twilio("undelivered", ErrorCode="30003", **forged)
    assert (answer.status_code, answer.json()["code"]) == (401, "callback_not_proven")
    assert answer.json()["remedy"]
    assert provider.kept() == []


def test_a_status_said_again_is_kept_once(provider: Provider) -> None:
    for _ in range(5):
        assert provider.twilio("delivered").status_code == 204
    assert len(provider.kept()) == 1


def test_a_word_we_do_not_know_is_kept_and_means_nothing(provider: Provider) -> None:
    assert provider.twilio("levitating").status_code == 204
    assert provider.kept() == [("unknown", "levitating")]


def test_a_reference_that_is_not_ours_changes_nothing(provider: Provider) -> None:
    provider.reference = "a" * 48
    assert provider.twilio("delivered").status_code == 204
    assert provider.kept() == []


def test_signed_events_are_kept_each_once_and_a_replay_or_a_changed_body_is_refused(provider: Provider) -> None:
    event = {"event": "bounce", "sg_event_id": "e1", "sg_message_id": "m.1", "reference": provider.reference}
    assert provider.sendgrid([event, event]).status_code == 204
    kept = provider.kept()
    assert [kind for kind, _ in kept] == ["bounced"]
    for answer in (provider.sendgrid([event], seconds_ago=3_600), provider.sendgrid([event], tamper=b" ")):
        assert (answer.status_code, answer.json()["code"]) == (401, "callback_not_proven")
    assert provider.kept() == kept


def test_an_endpoint_that_expects_no_callback_has_no_address_for_it(provider: Provider) -> None:
    for slug in ("texts", "nothing"):
        answer = provider.api.client.post(f"/callbacks/{slug}/{provider.reference}", content=b"x")
        assert answer.status_code == 404
        assert answer.json()["code"] in {"callback_not_found", "endpoint_not_found"}


def test_a_callback_larger_than_any_provider_sends_is_refused(provider: Provider) -> None:
    answer = provider.api.client.post("/callbacks/real-mail", content=b" " * (5 << 20))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
