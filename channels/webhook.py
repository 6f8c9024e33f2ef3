"""The update as JSON to a partner's own address, signed as Standard Webhooks 1.0.0 says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, ClassVar, Final

import orjson
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from channels.base import (
    Accepted,
    Batch,
    Failure,
    FailureKind,
    Info,
    Label,
    Limits,
    Medium,
    Message,
    Outcome,
    Problem,
    Secret,
)
from channels.http import Http, by_status

# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
EVENT_TYPE: Final = "crisis.update"
BODY_LIMIT: Final = 20_000
"""Bytes; the specification advises to stay below 20 kB."""

STATUSES: Final[Mapping[int, tuple[FailureKind, str, str]]] = {
    404: (FailureKind.ACCOUNT, "http_404", "There is nothing at this address."),
    405: (FailureKind.ACCOUNT, "http_405", "The address does not take a POST."),
    410: (FailureKind.ACCOUNT, "endpoint_gone", "The receiver says that this address is gone for good."),
}


class WebhookCalls:
    info: ClassVar[Info] = Info(
        name="webhook",
        title="Webhook",
        medium=Medium.WEBHOOK,
        limits=Limits(),
        rate_per_second=10.0,
        concurrency=4,
        # The receiver drops what it has seen by webhook-id; a day is what the specification's retries span.
        key_lifetime_seconds=86_400,
        docs_url="https://www.standardwebhooks.com",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        url: Annotated[str, Label("Address", "Public, https.")]
        secret: Annotated[Secret, Label("Signing secret", "Begins with whsec_.")]

        def problems(self) -> Iterable[Problem]:
            if not _signer(self.secret):
                yield Problem(
                    "secret_malformed",
                    "The signing secret is not base64.",
                    "secret",
                    "Write whsec_ and 24 to 64 bytes.",
                )

        def public_url(self) -> str:
            """The address that must not lead inside; checked again, with its look-up, at every call."""
            return self.url

    def __init__(self, settings: Settings, http: Http) -> None:
        self._http = http
        self._url = settings.url
        self._signer = _signer(settings.secret)

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        """The id stays the same over retries; the signed time is each attempt's own."""
        return [await self._send(batch.message)] * len(batch.recipients)

    async def _send(self, message: Message) -> Outcome:
        if self._signer is None or not message.key:
            return Failure(FailureKind.OURS, "unsigned", "Without a usable secret and a key nothing can be signed.")
        body = _payload(message)
        if len(body) >= BODY_LIMIT:
            return Failure(FailureKind.CONTENT, "too_large", "The update is larger than a webhook should be (20 kB).")
        now = self._http.now().astimezone(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.key, now, body.decode()),
        }
        reply = await self._http.post_public(self._url, headers, body)
        if isinstance(reply, Failure):
            return reply
        if 200 <= reply.status < 300:
            return Accepted(message.key)
        if reply.status in STATUSES:
            kind, code, detail = STATUSES[reply.status]
            return Failure(kind, code, detail)
        return by_status(reply)


def _payload(message: Message) -> bytes:
    """`{type, timestamp, data}`; the same bytes at every attempt. `timestamp` is when the update was sent.

    A notice to staff brings its own type, `staff.notice`.
    """
    kind = message.data.get("type", EVENT_TYPE)
    data = {
        **{name: value for name, value in message.data.items() if name != "type"},
        "language": message.language,
        "subject": message.subject,
        "text": message.text,
        "link": message.link,
        "drill": message.drill,
    }
    at = message.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z") if message.created_at else None
    return orjson.dumps({"type": kind, "timestamp": at, "data": data})


def _signer(secret: Secret) -> Webhook | None:
    try:
        return Webhook(secret.reveal()) if secret else None
    except (ValueError, EmptyWebhookSecretError):  # not base64, or nothing in it
        return None
