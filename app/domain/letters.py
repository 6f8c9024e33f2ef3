"""What people write back by mail: who wrote, their plain words, what it answers; and what no person wrote.

Nothing here answers a letter, and what a robot wrote is left alone (RFC 3834), so two robots never go on for ever.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.utils import getaddresses
from enum import StrEnum
from itertools import islice
from typing import Final

from app.domain.parsing_mail import parse_mail

LONGEST: Final = 256 << 10
"""Bytes of a letter that are looked at: its words stand before what is attached, and some heads take the square
of their length to read.
"""
LONGEST_FIELD: Final = 1_000
"""Characters of a field of its head that are taken apart: nobody's name or subject is longer, and a robot's may be."""
LONGEST_TEXT: Final = 64 << 10
"""Bytes of its words: some character sets take long to decode."""
MOST_PARTS: Final = 200
MOST_REFERENCES: Final = 20
PURPOSE: Final = "letters"
"""`Keyring.key(PURPOSE)` makes the secret part of the addresses at which letters are handed in."""
_REFERENCE: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{48}(?=@)")
_QUOTED: Final = re.compile(r"\s*>")
_ATTRIBUTION: Final = re.compile(r".{0,200}:\s*")
"""The line above what is quoted, in whatever language: "On Monday Metro Power wrote:"."""
_IN_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_OF_ROBOTS: Final = ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Loop", "Feedback-ID")
_ROBOTS: Final = re.compile(r"(mailer-daemon|postmaster|(no|do-?not)[-_.]?reply|bounces?)\b", re.IGNORECASE)
_REPORTS: Final = frozenset({"multipart/report", "message/delivery-status", "message/disposition-notification"})


class NoLetter(StrEnum):
    """Why a mail is left alone."""

    AUTOMATIC = "automatic"
    """An answering machine, a list, a bounce."""
    NO_SENDER = "no_sender"
    """Nobody, or several, claim to have written it."""


@dataclass(frozen=True, slots=True)
class Letter:
    sender: str
    """As the letter claims: nothing here proves it."""
    event_id: str
    """The same letter has the same."""
    subject: str
    text: str
    """Its first plain part, without what is quoted below it; "" when there is none."""
    answers: tuple[str, ...]
    """What may be our references in the Message-IDs it answers, lower case; whether we signed them is not known yet."""

    @property
    def words(self) -> str:
        """As staff read it."""
        return f"{self.subject}\n\n{self.text}".strip()


def door_secret(key: bytes, endpoint: str) -> str:
    """What whoever hands in letters for this endpoint has to know: 32 URL-safe characters."""
    return base64.urlsafe_b64encode(hmac.digest(key, endpoint.encode(), hashlib.sha256)[:24]).decode("ascii")


def opens(key: bytes, endpoint: str, secret: str) -> bool:
    return hmac.compare_digest(door_secret(key, endpoint).encode(), secret.encode("utf-8", "replace"))


def read_letter(raw: bytes) -> Letter | NoLetter:
    """Whatever the bytes are."""
    try:
        mail = parse_mail(raw[:LONGEST])
        return _letter(mail, _plain(mail), raw)
    except RecursionError:  # parts within parts, to break us
        return NoLetter.NO_SENDER


def read_posted(fields: Mapping[str, bytes], charset: str) -> Letter | NoLetter:
    """The fields of SendGrid's Inbound Parse; `charset` of the text.

    `email` is the whole letter where that is switched on, else `headers` and `text` are:
    https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
    """
    if "email" in fields:
        return read_letter(fields["email"])
    head = fields.get("headers", b"")[:LONGEST]
    text = fields.get("text", b"")[:LONGEST_TEXT]
    try:
        return _letter(parse_mail(head.rstrip() + b"\n\n"), _decoded(text, charset), head + text)
    except RecursionError:
        return NoLetter.NO_SENDER


def _letter(mail: Mail, text: str, raw: bytes) -> Letter | NoLetter:
    senders = getaddresses([str(value)[:LONGEST_FIELD] for value in mail.get_all("From", [])[:2]])
    if len(senders) != 1 or "@" not in senders[0][1]:
        return NoLetter.NO_SENDER
    sender = senders[0][1]
    if _by_a_robot(mail, sender):
        return NoLetter.AUTOMATIC
    number = str(mail.get("Message-ID", "")).strip()[:500]
    event = f"{sender}\0{number}".encode("utf-8", "replace") if number else raw
    answered = " ".join(str(value) for name in ("In-Reply-To", "References") for value in mail.get_all(name, []))
    found = dict.fromkeys(one.group().lower() for one in islice(_REFERENCE.finditer(answered), MOST_REFERENCES))
    subject = " ".join(_said(mail.get("Subject")).split())
    return Letter(sender, hashlib.sha256(event).hexdigest(), subject[:200], _own_words(text), tuple(found))


def _by_a_robot(mail: Mail, sender: str) -> bool:
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return (
        submitted != "no"
        or str(mail.get("Precedence", "")).strip().lower() in _IN_BULK
        or any(name in mail for name in _OF_ROBOTS)
        or str(mail.get("Return-Path", "")).strip() == "<>"
        or mail.get_content_type() in _REPORTS
        or _ROBOTS.match(sender) is not None
    )


def _plain(mail: Mail) -> str:
    for part in islice(mail.walk(), MOST_PARTS):
        if part.get_content_type() == "text/plain" and part.get_content_disposition() != "attachment":
            body = part.get_payload(decode=True)
            return _decoded(body[:LONGEST_TEXT], _charset(part)) if isinstance(body, bytes) else ""
    return ""


def _charset(part: Mail) -> str:
    try:
        return part.get_content_charset() or "utf-8"
    except (LookupError, ValueError):  # a name in a character set of its own
        return "utf-8"


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):  # no such character set, or one that is none
        return body.decode("utf-8", "replace")


def _said(value: object) -> str:
    told = str(value or "")[:LONGEST_FIELD]
    try:
        return str(make_header(decode_header(told)))
    except (LookupError, ValueError, MessageError):
        return told


def _own_words(text: str) -> str:
    """Without what stands quoted at its end and the line above it, and without a signature (RFC 3676 4.3)."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    for place, line in enumerate(lines):
        if line == "--":
            lines = lines[:place]
            break
    if any(_QUOTED.match(line) for line in lines):
        kept = len(lines)
        while kept and (not lines[kept - 1] or _QUOTED.match(lines[kept - 1])):
            kept -= 1
        if kept < len(lines) and kept and _ATTRIBUTION.fullmatch(lines[kept - 1]):
            kept -= 1
        lines = lines[:kept]
    return "\n".join(lines).strip()
