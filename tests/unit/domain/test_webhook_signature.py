from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from app.domain.webhook_signature import Doubt, read_secret, sent_at

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
NOW = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
BODY = b'{"minutes": 25}'


def signed(at: datetime = NOW, body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    """By the reference library."""
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body.decode()),
    }


def test_what_the_reference_library_signs_is_believed() -> None:
    assert read_secret(SECRET) == KEY
    assert sent_at(KEY, signed(), BODY, NOW) == NOW
    rotated = signed() | {"webhook-signature": "v1,bm9uZQ== v1a,x " + signed()["webhook-signature"]}
    assert sent_at(KEY, rotated, BODY, NOW + timedelta(minutes=5)) == NOW


@pytest.mark.parametrize(
    ("headers", "body", "doubt"),
    [
        ({}, BODY, Doubt.UNSIGNED),
        (signed() | {"webhook-timestamp": "yesterday"}, BODY, Doubt.UNSIGNED),
        (signed() | {"webhook-timestamp": "9" * 40}, BODY, Doubt.UNSIGNED),
        (signed() | {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, BODY, Doubt.FORGED),
        (signed() | {"webhook-id": "msg_2"}, BODY, Doubt.FORGED),
        (signed() | {"webhook-signature": "v1,not base64"}, BODY, Doubt.FORGED),
        (signed() | {"webhook-signature": "v1,½"}, BODY, Doubt.FORGED),
        (signed(secret="whsec_" + base64.b64encode(b"x" * 24).decode()), BODY, Doubt.FORGED),
        (signed(), b'{"minutes": 0}', Doubt.FORGED),
        (signed(NOW - timedelta(minutes=5, seconds=1)), BODY, Doubt.STALE),
        (signed(NOW + timedelta(minutes=5, seconds=1)), BODY, Doubt.STALE),
    ],
)
def test_anything_else_is_not(headers: dict[str, str], body: bytes, doubt: Doubt) -> None:
    assert sent_at(KEY, headers, body, NOW) is doubt


@pytest.mark.parametrize("text", ["", "whsec_", "secret", "whsec_½", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_")])
def test_other_texts_are_no_secrets(text: str) -> None:
    assert read_secret(text) is None
