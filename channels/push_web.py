"""Notifications to browsers by Web Push: RFC 8030, encrypted for each device by RFC 8291.

A message is composed once; for each device only its encryption is new. Whom to call is a stranger's word, so only push
services that are known are called, by the client that looks where an address leads.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from channels.aes128gcm import CURVE, LONGEST_PLAIN, SALT_BYTES, Device, device, encrypt
from channels.base import (
    EMPTY,
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
    PerMessage,
    Problem,
    Secret,
)
from channels.guard import parse
from channels.http import Http, Reply, by_status
from channels.push_services import Services
from channels.vapid import Vapid, bytes_of, new_pair, public_of, read_private, text_of

SERVICES: Final = (
    "fcm.googleapis.com",
    "*.push.services.mozilla.com",
    "*.notify.windows.com",
    "*.push.apple.com",
)
"""Those of the browsers there are (Chrome, Edge and Opera; Firefox; old Edge; Safari)."""
TAKEN: Final = frozenset({200, 201, 202, 204})
# https://www.rfc-editor.org/rfc/rfc8030#section-7.3 and 7.2
STATUSES: Final[Mapping[int, tuple[FailureKind, str]]] = {
    404: (FailureKind.RECIPIENT, "This device takes our messages no more."),
    410: (FailureKind.RECIPIENT, "This device takes our messages no more."),
    413: (FailureKind.CONTENT, "The push service finds the message too long."),
}
UNPROVEN: Final = frozenset({401, 403})
"""A subscription is bound to the key it was made with (RFC 8292 4.2), and there is no account: whoever subscribed with
another key, or is at a service that dislikes our contact, must not keep the news from all other devices.
"""
URGENT: Final = frozenset({"emergency", "major"})
"""Severities for which a sleeping device is woken (RFC 8030 5.3)."""
LONGEST_WAIT: Final = 2_419_200
"""Seconds, four weeks: the most that push services keep a message."""
USUAL_WAIT: Final = 86_400
KNOWN_SECONDS: Final = 60.0
"""How long the checked address of a push service is used before its name is looked up anew."""
# Languages written from right to left, CLDR 46 characterOrder.
RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"})
_STOPS: Final = " \n.!?…:।۔؟。"


class _Ready(NamedTuple):
    payload: bytes
    headers: Mapping[str, str]


class WebPush:
    info: ClassVar[Info] = Info(
        name="push_web",
        title="Web Push",
        medium=Medium.PUSH,
        limits=Limits(utf8_bytes=3000),
        rate_per_second=200.0,
        concurrency=64,
        docs_url="https://www.rfc-editor.org/rfc/rfc8030",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        contact: Annotated[str, Label("Contact", "mailto:name@example.org: where push services reach you.")]
        public_key: Annotated[str, Label("Public key", "Leave both keys blank: a pair is made for you.")] = ""
        private_key: Annotated[
            Secret, Label("Private key", "Of devices that subscribed with another key nobody is reached any more.")
        ] = Secret("")  # noqa: RUF009 - immutable
        push_services: Annotated[str, Label("Further push services", "Hosts such as *.push.example.org.")] = ""
        base_url: Annotated[str, Label("Relay", "Blank: each device's own push service is called.")] = ""

        def problems(self) -> Iterable[Problem]:
            scheme, _, place = self.contact.partition(":")
            host = place.rpartition("@")[2] if scheme == "mailto" else place.removeprefix("//").partition("/")[0]
            if scheme not in ("mailto", "https") or " " in place or "." not in host.strip("."):  # Apple: 403
                remedy = "Write mailto:name@example.org."
                yield Problem("contact_malformed", "This is no address to reach you at.", "contact", remedy)
            if bool(self.public_key) != bool(self.private_key) or not _is_pair(self.public_key, self.private_key):
                remedy = "Give both as base64url, or leave both blank for a new pair."
                yield Problem("keys_malformed", "The two keys are no pair.", "private_key", remedy)

    @staticmethod
    def fresh_settings() -> Mapping[str, str]:
        """A key pair for an endpoint that has none."""
        public, private = new_pair()
        return {"public_key": public, "private_key": private}

    def __init__(self, settings: Settings, http: Http) -> None:
        """Raise ValueError for keys that are none."""
        self._http = http
        self._vapid = (
            Vapid(read_private(settings.private_key.reveal()), settings.contact, http.now)
            if settings.private_key
            else None
        )
        self._services = (*SERVICES, *settings.push_services.replace(",", " ").lower().split())
        self._relay = settings.base_url.rstrip("/")
        self._hosts = Services(http.now)
        self._ready = PerMessage(_ready)

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        message = batch.message
        return [await self._send(message, one.address) for one in batch.recipients]

    async def _send(self, message: Message, address: str) -> Outcome:
        if self._vapid is None:
            return Failure(FailureKind.ACCOUNT, "no_keys", "The endpoint has no key pair; save it once to get one.")
        payload, headers = self._ready.get(message, EMPTY)
        if len(payload) > LONGEST_PLAIN:
            return Failure(FailureKind.CONTENT, "too_large", "The message is longer than a notification may be (4 kB).")
        url, device = _read(address)
        origin, _, path = url.removeprefix("https://").partition("/")
        if device is None or not self._known(origin) or parse(url) is None:
            return Failure(FailureKind.RECIPIENT, "unknown_service", "This is no device at a push service we know.")
        if wait := self._hosts.left_alone(origin):
            words = "This push service has not answered for a while."
            return Failure(FailureKind.NOT_ACCEPTED, "service_silent", words, wait, only_this_one=True)
        body = encrypt(payload, device, ec.generate_private_key(CURVE), os.urandom(SALT_BYTES))
        wanted = f"{self._relay}/{path}" if self._relay else url
        authorization = {"authorization": self._vapid.header(f"https://{origin}")}
        reply = await self._http.post_public(wanted, {**headers, **authorization}, body, keep=KNOWN_SECONDS)
        if not isinstance(reply, Failure):
            self._hosts.answered(origin)
            return _outcome(reply)
        apart = self._hosts.silent(origin) and reply.kind is FailureKind.NOT_ACCEPTED
        return replace(reply, only_this_one=True) if apart else reply

    def _known(self, host: str) -> bool:
        return any(
            host.endswith(one[1:]) and len(host) >= len(one) if one.startswith("*.") else host == one
            for one in self._services
        )


def _ready(message: Message, _names: tuple[str, ...]) -> _Ready:
    """Everything that is the same for all devices."""
    about = message.data
    crisis = str(about.get("crisis") or message.key)
    topic = text_of(hashlib.sha256(f"{crisis}\n{message.drill}".encode()).digest()[:18])
    waits = USUAL_WAIT if message.valid_seconds is None else min(max(message.valid_seconds, 0), LONGEST_WAIT)
    urgent = about.get("severity") in URGENT or about.get("stage") == "correction"
    headers = {
        "content-type": "application/octet-stream",
        "content-encoding": "aes128gcm",
        "ttl": str(waits),
        "urgency": "high" if urgent else "normal",
        "topic": topic,
    }
    return _Ready(orjson.dumps(_notification(message, topic)), headers)


def _notification(message: Message, topic: str) -> dict[str, str]:
    """What templates/site/push_worker.js shows. Newer words of a crisis take the place of older ones by their tag."""
    title = message.subject or str(message.data.get("headline") or "")
    text = message.text.strip()
    if not title:
        title, _, text = text.partition("\n")
    elif text.startswith(title):
        text = text[len(title) :].lstrip(_STOPS)
    return {
        "title": title,
        "body": text.removesuffix(message.link).strip() if message.link else text.strip(),
        "url": message.link,
        "tag": topic,
        "lang": message.language,
        "dir": "rtl" if message.language.partition("-")[0] in RIGHT_TO_LEFT else "ltr",
    }


def _read(address: str) -> tuple[str, Device | None]:
    """The line that app/domain/devices.py writes."""
    parts = address.split(" ")
    if len(parts) != 3 or not parts[0].startswith("https://"):
        return "", None
    try:
        return parts[0], device(bytes_of(parts[1]), bytes_of(parts[2]))
    except ValueError:
        return "", None


def _outcome(reply: Reply) -> Outcome:
    if reply.status in TAKEN:
        return Accepted(reply.header("location").rpartition("/")[2][:100])
    if reply.status in STATUSES:
        kind, detail = STATUSES[reply.status]
        return Failure(kind, f"http_{reply.status}", detail)
    if reply.status in UNPROVEN:
        detail = "The push service refuses our signature: the device has another key of ours, or our contact is wrong."
        return Failure(FailureKind.RECIPIENT, f"http_{reply.status}", detail, spares_address=True)
    usual = by_status(reply)
    # One service that is down holds up nobody's devices but its own.
    apart = usual.kind is FailureKind.NOT_ACCEPTED and not usual.throttled
    return replace(usual, only_this_one=True) if apart else usual


def _is_pair(public: str, private: Secret) -> bool:
    if not private:
        return not public
    try:
        return public_of(read_private(private.reveal())) == public.rstrip("=")
    except ValueError:
        return False
