"""How to reach each registered channel on the rig: settings, one message, one recipient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.domain.message import Medium, Message
from tests.rig import accounts
from tests.rig.push import Device
from tests.unit.channels.letters import message

SID, TOKEN = next(iter(accounts.TWILIO_ACCOUNTS.items()))


@dataclass(frozen=True)
class Way:
    """`settings(url)`: for a server at `url`; for SMTP `url` is host:port."""

    provider: str
    settings: Callable[[str], dict[str, object]]
    message: Message
    address: str
    secret: str = ""
    """The canary that must never be seen."""
    settles: bool = True
    """False: only ever looks, so nothing can be ambiguous."""


def _smtp(url: str) -> dict[str, object]:
    host, _, port = url.removeprefix("http://").partition(":")
    return {
        "host": host,
        "port": int(port.rstrip("/")),
        "sender": accounts.SENDGRID_SENDER,
        "tls": "none",
        "username": accounts.SMTP_USER,
        "password": accounts.SMTP_PASSWORD,
    }


HTTP_WAYS: Final = {
    "sms_twilio": Way(
        "twilio",
        lambda url: {"account_sid": SID, "auth_token": TOKEN, "sender": accounts.TWILIO_SENDER, "base_url": url},
        message(Medium.SMS),
        "+15551230001",
        TOKEN,
    ),
    "email_sendgrid": Way(
        "sendgrid",
        lambda url: {"api_key": accounts.SENDGRID_KEY, "sender": accounts.SENDGRID_SENDER, "base_url": url},
        message(Medium.EMAIL),
        "canary@example.org",
        accounts.SENDGRID_KEY,
    ),
    "social_mastodon": Way(
        "mastodon",
        lambda url: {"base_url": url, "access_token": accounts.MASTODON_TOKEN},
        message(Medium.SOCIAL),
        "canary-account",
        accounts.MASTODON_TOKEN,
    ),
    "social_bluesky": Way(
        "bluesky",
        lambda url: {
            "identifier": accounts.BLUESKY_HANDLE,
            "app_password": accounts.BLUESKY_PASSWORD,
            "base_url": url,
        },
        message(Medium.SOCIAL),
        "canary-account",
        accounts.BLUESKY_PASSWORD,
    ),
    "webhook": Way(
        "webhook",
        lambda url: {"url": f"{url}/canary-path", "secret": accounts.WEBHOOK_SECRET},
        message(Medium.WEBHOOK),
        "canary-partner",
        accounts.WEBHOOK_SECRET,
    ),
    "push_web": Way(
        "push",
        lambda url: {
            "contact": "mailto:it@clarion.example",
            "public_key": accounts.VAPID_PUBLIC,
            "private_key": accounts.VAPID_PRIVATE,
            "base_url": url,
        },
        message(Medium.PUSH),
        Device("canary-device").address,
        accounts.VAPID_PRIVATE,
    ),
    "chat_telegram": Way(
        "telegram",
        lambda url: {
            "bot_name": "clarion_bot",
            "bot_token": accounts.TELEGRAM_TOKEN,
            "webhook_secret": accounts.TELEGRAM_SECRET,
            "base_url": url,
        },
        message(Medium.CHAT),
        "987650001",
        accounts.TELEGRAM_TOKEN,
    ),
}
SMTP_WAY: Final = Way("smtp", _smtp, message(Medium.EMAIL), "canary@example.org", accounts.SMTP_PASSWORD)
SITE_WAY: Final = Way(
    "", lambda url: {"site": "main", "read_back_url": url}, message(Medium.SITE), "main", settles=False
)


def _outbox(medium: Medium) -> Way:
    return Way("", lambda _: {}, message(medium), "canary")


WAYS: Final = {
    **HTTP_WAYS,
    "email_smtp": SMTP_WAY,
    "site": SITE_WAY,
    **{f"outbox.{medium}": _outbox(medium) for medium in Medium},
}
