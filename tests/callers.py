"""Twilio and SendGrid as callers of our callbacks, with real signatures, about one approved update."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from sqlalchemy import select

from app.domain.message import MEDIUM_CODES, Medium
from app.domain.reference import DeliveryKey, encode
from app.store.ledger_tables import receipt, recipient
from app.wiring import REFERENCES
from tests.faces import Api
from tests.rig.signing import EventKey, sign_twilio

TOKEN: Final = "the auth token of the account"
BASE: Final = "https://status.example.org"


@dataclass
class Callers:
    api: Api
    key: EventKey
    reference: str
    """Of the first text of the update."""

    def twilio(self, status: str, *, token: str = TOKEN, url: str = "", sign: bool = True, **other: str) -> Any:
        path = f"/callbacks/real-texts/{self.reference}"
        form = {"MessageSid": "SM1", "MessageStatus": status, **other}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if sign:
            headers["x-twilio-signature"] = sign_twilio(token, url or BASE + path, form)
        return self.api.client.post(path, content=urlencode(form), headers=headers)

    def event(self, kind: str) -> dict[str, Any]:
        return {"event": kind, "sg_event_id": f"e-{kind}", "sg_message_id": "m.1", "reference": self.reference}

    def sendgrid(self, events: list[dict[str, Any]], *, ago: timedelta = timedelta(), tamper: bytes = b"") -> Any:
        body = orjson.dumps(events) + b"\r\n"
        stamp = str(int((self.api.clock.now() - ago).timestamp()))
        headers = {
            "content-type": "application/json",
            "x-twilio-email-event-webhook-timestamp": stamp,
            "x-twilio-email-event-webhook-signature": self.key.sign(stamp, body),
        }
        return self.api.client.post("/callbacks/real-mail", content=body + tamper, headers=headers)

    def change_secret(self, token: str) -> None:
        """Staff give the texts' endpoint another auth token."""
        settings = {"account_sid": "AC1", "auth_token": token, "sender": "+15005550006"}
        endpoint = {"slug": "real-texts", "channel": "sms_twilio", "settings": settings}
        self.api.done(self.api.put("admin", "/endpoints/real-texts", json=endpoint))

    def kept(self) -> list[tuple[str, str]]:
        with self.api.db.reading() as connection:
            return [(row.kind, row.code) for row in connection.execute(select(receipt).order_by(receipt.c.id))]


def connect(api: Api) -> Callers:
    """Endpoints with their signing keys, and an approved update to report about; `api` is prepared."""
    key = EventKey()
    texts = {"account_sid": "AC1", "auth_token": TOKEN, "sender": "+15005550006"}
    mail = {"api_key": "SG.x", "sender": "news@example.org", "event_public_key": key.public}
    for slug, channel, settings in (("real-texts", "sms_twilio", texts), ("real-mail", "email_sendgrid", mail)):
        api.done(api.post("admin", "/endpoints", json={"slug": slug, "channel": channel, "settings": settings}))
    api.approved()
    with api.db.reading() as connection:
        of_texts = recipient.c.medium == MEDIUM_CODES[Medium.SMS]
        row = connection.execute(select(recipient).where(of_texts).limit(1)).one()
    secret = api.wiring.keyring.key(REFERENCES)
    return Callers(api, key, encode(DeliveryKey(row.broadcast, row.medium, row.address_id, 1), secret))
