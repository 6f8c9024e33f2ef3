"""The credentials the rig's providers know. They open nothing anywhere else."""

from __future__ import annotations

from typing import Final

TWILIO_ACCOUNTS: Final = {
    "AC00000000000000000000000000000001": "rig-token-of-the-first-account",
    "AC00000000000000000000000000000002": "rig-token-of-the-second-account",
}
"""Account SID -> auth token; the second one is for failover between endpoints."""
TWILIO_SENDER: Final = "+15005550006"
SENDGRID_KEY: Final = "SG.rig-key"
SENDGRID_SENDER: Final = "help@clarion.example"
SMTP_USER: Final = "rig"
SMTP_PASSWORD: Final = "rig-password"
MASTODON_TOKEN: Final = "rig-mastodon-token"
MASTODON_ACCOUNT: Final = "clarion"
BLUESKY_HANDLE: Final = "clarion.bsky.example"
BLUESKY_PASSWORD: Final = "rig-app-password"
BLUESKY_DID: Final = "did:plc:rigrigrigrigrigrigrigrig"
WEBHOOK_SECRET: Final = "whsec_cmlnLXNlY3JldC1vZi10d2VudHktZm91ci1ieXRlcw=="
VAPID_PUBLIC: Final = "BBFCquF_2eQEAvMsjF3KwIXedGILQFjDflY-Q3OeNFK5gDiFqPokT0R7YympqYlObt6qTWV8KWOMjZsZregj4YE"
VAPID_PRIVATE: Final = "ap3bIinqNmyKCU04d4aq4_cbnOUfq2UpqBX-VdHsNpw"

TELEGRAM_TOKEN: Final = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
TELEGRAM_SECRET: Final = "rig-secret-of-the-webhook"


def document() -> dict[str, dict[str, str]]:
    """All of it by provider, with the names a channel's settings use."""
    first = next(iter(TWILIO_ACCOUNTS))
    return {
        "twilio": {"account_sid": first, "auth_token": TWILIO_ACCOUNTS[first], "sender": TWILIO_SENDER},
        "sendgrid": {"api_key": SENDGRID_KEY, "sender": SENDGRID_SENDER},
        "smtp": {"username": SMTP_USER, "password": SMTP_PASSWORD, "sender": SENDGRID_SENDER},
        "mastodon": {"access_token": MASTODON_TOKEN, "account": MASTODON_ACCOUNT},
        "bluesky": {"handle": BLUESKY_HANDLE, "app_password": BLUESKY_PASSWORD, "did": BLUESKY_DID},
        "webhook": {"secret": WEBHOOK_SECRET},
        "telegram": {"bot_token": TELEGRAM_TOKEN, "webhook_secret": TELEGRAM_SECRET},
        "push": {"public_key": VAPID_PUBLIC, "private_key": VAPID_PRIVATE},
    }
