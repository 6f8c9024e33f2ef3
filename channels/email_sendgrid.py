"""E-mail by SendGrid's v3 Mail Send: one JSON document for up to 250 people, each with their own fields.

The part that is the same for everyone is encoded once per message. Events are checked here, with the key read once,
as the official SDK checks them: tests hold the two against each other.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import escape
from typing import Annotated, Any, ClassVar, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from channels.base import (
    Accepted,
    Batch,
    Failure,
    FailureKind,
    Forged,
    Inbound,
    Info,
    Label,
    Limits,
    Medium,
    Message,
    Outcome,
    PerMessage,
    Problem,
    Receipt,
    ReceiptKind,
    Recipient,
    Secret,
)
from channels.http import Http, Reply, by_status, standing_headers
from channels.mail import (
    MANAGE,
    STATUS_CODE,
    refuse_message,
    refuse_recipients,
    sender_problems,
    told_by_status,
    unsubscribe_headers,
)

# https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
EVENTS: Final[Mapping[str, ReceiptKind]] = {
    "processed": ReceiptKind.ACCEPTED,
    "deferred": ReceiptKind.DEFERRED,
    "delivered": ReceiptKind.DELIVERED,
    "open": ReceiptKind.READ,
    "click": ReceiptKind.READ,
    "bounce": ReceiptKind.BOUNCED,
    "dropped": ReceiptKind.UNDELIVERED,
    "spamreport": ReceiptKind.COMPLAINED,
    "unsubscribe": ReceiptKind.OPTED_OUT,
    "group_unsubscribe": ReceiptKind.OPTED_OUT,
}

# The same page: what a `dropped` event gives as its reason.
DROP_REASONS: Final[Mapping[str, ReceiptKind]] = {
    "Invalid": ReceiptKind.BOUNCED,
    "Spam Content": ReceiptKind.FILTERED,
    "Bounced Address": ReceiptKind.BOUNCED,
    "Spam Reporting Address": ReceiptKind.COMPLAINED,
    "Unsubscribed Address": ReceiptKind.OPTED_OUT,
}

EVIDENCE: Final = ("event", "type", "bounce_classification", "attempt", "timestamp", "sg_event_id", "sg_message_id")
"""Of an event: what is kept as it came. `email`, `reason` and `response` may hold the address."""

FRESHNESS: Final = timedelta(minutes=5)
"""How far a signed timestamp may be from now; the SDK itself would accept one of any year."""
UNSPECIFIC: Final = "5.0.0"
RATE_LIMIT_RESET: Final = "x-ratelimit-reset"

_BAD_ADDRESS_FIELD: Final = re.compile(r"personalizations\.\d+\.to\b")


class SendGridEmail:
    info: ClassVar[Info] = Info(
        name="email_sendgrid",
        title="E-mail by SendGrid",
        medium=Medium.EMAIL,
        limits=Limits(utf8_bytes=1_000_000),
        batch_size=250,
        rate_per_second=1000.0,
        concurrency=8,
        renders_html=True,
        docs_url="https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        api_key: Annotated[Secret, Label("API key")]
        sender: Annotated[str, Label("Sender address", "A verified sender.")]
        sender_name: Annotated[str, Label("Sender name")] = ""
        reply_to: Annotated[str, Label("Reply address")] = ""
        event_public_key: Annotated[str, Label("Event verification key", "Base64, from the Event Webhook's page.")] = ""
        base_url: Annotated[str, Label("API address")] = "https://api.sendgrid.com"

        def problems(self) -> Iterable[Problem]:
            return sender_problems(self.sender, self.sender_name, self.reply_to)

    def __init__(self, settings: Settings, http: Http) -> None:
        self._http = http
        self._settings = settings
        self._url = f"{settings.base_url.rstrip('/')}/v3/mail/send"
        self._headers = standing_headers(f"Bearer {settings.api_key.reveal()}", "application/json")
        self._tails = PerMessage(self._tail)
        self._key: ec.EllipticCurvePublicKey | None = None

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        """One call; those whose own fields are refused here are left out of it and get their own outcome."""
        refused = refuse_message(batch.message)
        if refused is not None:
            return [refused] * len(batch.recipients)
        refusals = refuse_recipients(batch.recipients)
        if not any(refusals):
            return [await self._send(batch.message, batch.recipients)] * len(refusals)
        good = [one for one, refusal in zip(batch.recipients, refusals, strict=True) if refusal is None]
        result = await self._send(batch.message, good) if good else Accepted()
        return [refusal or result for refusal in refusals]

    async def _send(self, message: Message, recipients: Sequence[Recipient]) -> Outcome:
        body = b'{"personalizations":%b,%b' % (_people(recipients), self._tails.get(message, recipients[0].fields))
        reply = await self._http.call("POST", self._url, self._headers, body)
        if isinstance(reply, Failure):
            return reply
        if reply.status in (200, 202):
            return Accepted(reply.header("x-message-id"))
        return _failure(reply, alone=len(recipients) == 1)

    def _tail(self, message: Message, names: tuple[str, ...]) -> bytes:
        settings = self._settings
        sender = {"email": settings.sender, **({"name": settings.sender_name} if settings.sender_name else {})}
        content = [{"type": "text/plain", "value": _their_marks(message.text, names)}]
        if message.html:
            content.append({"type": "text/html", "value": _their_marks(message.html, names)})
        document: dict[str, Any] = {
            "from": sender,
            "subject": message.subject,
            "content": content,
            "headers": {"Auto-Submitted": "auto-generated", "Content-Language": message.language},
            # Clicks and opens are not tracked: rewritten links look like fraud in a crisis.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
            },
        }
        if settings.reply_to:
            document["reply_to"] = {"email": settings.reply_to}
        return orjson.dumps(document)[1:]

    def verify(self, inbound: Inbound, now: datetime) -> None:
        """Raise Forged unless SendGrid signed these very bytes within FRESHNESS of `now`."""
        signature = inbound.headers.get("x-twilio-email-event-webhook-signature", "")
        stamp = inbound.headers.get("x-twilio-email-event-webhook-timestamp", "")
        if not signature or not stamp or not self._settings.event_public_key:
            raise Forged("The callback carries no signature, or no verification key is set.")
        try:
            signed_at = datetime.fromtimestamp(int(stamp), UTC)
            inbound.body.decode()  # JSON is UTF-8, and the SDK signs texts
            if self._key is None:  # read once, not with every post
                self._key = _public_key(self._settings.event_public_key)
            self._key.verify(base64.b64decode(signature), stamp.encode() + inbound.body, _SCHEME)
        except InvalidSignature as error:
            raise Forged("The signature does not fit the callback.") from error
        except (ValueError, OverflowError, OSError) as error:  # not a number, base64, a key or UTF-8
            raise Forged("The signature or the verification key is malformed.") from error
        if abs(now - signed_at) > FRESHNESS:
            raise Forged("The callback was signed too long ago.")

    def receipts(self, inbound: Inbound) -> Sequence[Receipt]:
        """One receipt per event, in the order of the array."""
        try:
            events = orjson.loads(inbound.body)
        except orjson.JSONDecodeError:
            events = None
        if not isinstance(events, list):
            return (Receipt("", hashlib.sha256(inbound.body).hexdigest()[:32], ReceiptKind.UNKNOWN, "malformed"),)
        return [_receipt(event) for event in events if isinstance(event, dict)]


_SCHEME: Final = ec.ECDSA(hashes.SHA256())


def _public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Raise ValueError unless it is one for ECDSA."""
    key = load_pem_public_key(f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----".encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("not an ECDSA key")  # noqa: TRY004 - a setting, not a mistake of ours
    return key


def _people(recipients: Sequence[Recipient]) -> bytes:
    """Everybody's part as JSON: one form filled in for each, where all have the same fields and nothing is escaped."""
    addresses, references, _, fields = zip(*recipients, strict=True)
    names = tuple(fields[0])
    if set(map(tuple, fields)) == {names}:
        own = {name: [values[name] for values in fields] for name in names}
        if _as_it_is([*addresses, *references]) and all(map(_plainly_there, own.values())):
            twice = [column for column in own.values() for _ in ("plain", "html")]
            link = [own[MANAGE]] if MANAGE in own else []
            gaps = zip(addresses, references, *twice, *link, strict=True)
            return f"[{','.join(map(_form(names).__mod__, gaps))}]".encode()
    return orjson.dumps([_personalization(recipient) for recipient in recipients])


def _plainly_there(values: Sequence[str]) -> bool:
    """Whether none is blank and each stands in JSON and in HTML as it is."""
    together = "".join(values)
    return all(values) and _as_it_is(values) and not any(sign in together for sign in "&<>'")


def _as_it_is(texts: Sequence[str]) -> bool:
    """Whether they stand in JSON as they are."""
    together = "".join(texts)
    return together.isascii() and len(orjson.dumps(together)) == len(together) + 2


@lru_cache(maxsize=8)
def _form(names: tuple[str, ...]) -> str:
    """A personalization with gaps: address, reference, each field plain and in HTML, and the link to unsubscribe."""
    gap = "\0"
    document = orjson.dumps(_personalization(Recipient(gap, gap, fields=dict.fromkeys(names, gap)))).decode()
    return document.replace("%", "%%").replace("\\u0000", "%s")


def _personalization(recipient: Recipient) -> dict[str, Any]:
    """One person's part. Only `to` and their own fields say who it is: SendGrid keeps the rest."""
    address, reference, _, fields = recipient
    document: dict[str, Any] = {"to": [{"email": address}], "custom_args": {"reference": reference}}
    if fields:
        substitutions = document["substitutions"] = {}
        for (plain, html), value in zip(_marks(tuple(fields)), fields.values(), strict=True):
            substitutions[plain], substitutions[html] = value, escape(value)
        headers = unsubscribe_headers(fields)
        if headers:
            document["headers"] = headers
    return document


@lru_cache(maxsize=8)
def _marks(names: tuple[str, ...]) -> Sequence[tuple[str, str]]:
    """What stands for each field in the text, and escaped in the HTML."""
    return [(f"-{name}-", _html_mark(name)) for name in names]


def _html_mark(name: str) -> str:
    """SendGrid replaces in no stated order, and `-name-` would match within `-name-html-`."""
    return f"-{name}.html-"


def _their_marks(text: str, names: tuple[str, ...]) -> str:
    for name in names:
        text = text.replace(f"-{name}-html-", _html_mark(name))
    return text


def _failure(reply: Reply, *, alone: bool) -> Failure:
    """400 refuses the whole batch; only for a single recipient can it be told that the address is to blame."""
    if reply.status == 400 and alone:
        errors = reply.document().get("errors")
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, dict) and _BAD_ADDRESS_FIELD.search(str(error.get("field") or "")):
                return Failure(FailureKind.RECIPIENT, "bad_address", "The provider refuses this address.")
    return by_status(reply, reset_header=RATE_LIMIT_RESET)


def _receipt(event: Mapping[str, Any]) -> Receipt:
    name = str(event.get("event", ""))
    kind = EVENTS.get(name, ReceiptKind.UNKNOWN)
    # `reason` may quote the address, so only the enhanced status code is kept (RFC 3463).
    status = STATUS_CODE.match(str(event.get("status", "")))
    if name == "bounce":
        kind = _bounce(event, status.group() if status else "")
    elif name == "dropped":
        kind = DROP_REASONS.get(str(event.get("reason", "")), kind)
    event_id = event.get("sg_event_id")
    if not isinstance(event_id, str) or not event_id:
        canonical = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
        event_id = base64.urlsafe_b64encode(hashlib.sha256(canonical).digest())[:32].decode()
    reference = event.get("reference")
    return Receipt(
        reference=reference if isinstance(reference, str) else "",
        event_id=event_id,
        kind=kind,
        code=status.group() if status else name[:40],
        provider_id=str(event.get("sg_message_id", "")),
        at=_at(event.get("timestamp")),
        raw=" ".join(f"{key}={event[key]}" for key in EVIDENCE if isinstance(event.get(key), str | int))[:400],
    )


def _bounce(event: Mapping[str, Any], status: str) -> ReceiptKind:
    """Only a hard one says something of the address: type `bounce`, and no code that speaks of something else."""
    if event.get("type", "bounce") != "bounce":
        return ReceiptKind.UNDELIVERED  # blocked, expired: the address itself may be well
    return told_by_status(status) if status and status != UNSPECIFIC else ReceiptKind.BOUNCED


def _at(stamp: object) -> datetime | None:
    if not isinstance(stamp, int) or not 0 < stamp < 1 << 34:
        return None
    return datetime.fromtimestamp(stamp, UTC)
