"""Bounces and complaints that come as mail: RFC 3464 delivery status notifications, RFC 5965 feedback reports.

Whose delivery a report is about is read from our own signed reference and from nothing else: in the Message-ID of the
letter it brings back, or in the address it was sent to (VERP). An address that stands in the mail proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from email.message import Message as Mail
from typing import Final

from app.domain.parsing_mail import parse_mail
from channels.base import Receipt, ReceiptKind
from channels.mail import STATUS_CODE, told_by_status

LONGEST: Final = 256 << 10
"""Bytes of a report that are looked at: what it says stands before the letter it brings back, and some heads take the
square of their length to read.
"""
MOST_REFERENCES: Final = 10
_REFERENCE: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{48}(?![A-Za-z0-9])")
_ARRIVED_AT: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
_BROUGHT_BACK: Final = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"})

# RFC 3464 2.3.3; `failed` goes by its status code.
ACTIONS: Final = {
    "delayed": ReceiptKind.DEFERRED,
    "delivered": ReceiptKind.DELIVERED,
    "relayed": ReceiptKind.SENT,
    "expanded": ReceiptKind.SENT,
}
# https://www.iana.org/assignments/marf-parameters: what does not stand here is a complaint.
FEEDBACK: Final = {
    "opt-out": ReceiptKind.OPTED_OUT,
    "opt-out-list": ReceiptKind.OPTED_OUT,
    "not-spam": ReceiptKind.UNKNOWN,
}


def read_report(raw: bytes) -> Sequence[Receipt]:
    """One receipt for each reference a report may be about; () for a mail that is no report, or about nothing of ours.

    References are as they stand there, lower case: whether we signed them is for the caller to find out.
    """
    try:
        mail = parse_mail(raw[:LONGEST])
        told = _feedback(mail) or _status(mail)
        references = _references(mail) if told is not None else ()
    except RecursionError:  # parts within parts, to break us
        return ()
    if told is None:
        return ()
    kind, code = told
    receipts = []
    for reference in references:
        event = hashlib.sha256(f"{reference}\0{kind}\0{code}".encode()).hexdigest()[:32]
        receipts.append(Receipt(reference, event, kind, code, at=None, raw=f"mail {kind.value} {code}"))
    return receipts


def _feedback(mail: Mail) -> tuple[ReceiptKind, str] | None:
    for part in mail.walk():
        if part.get_content_type() != "message/feedback-report":
            continue
        for fields in _blocks(part):
            word = str(fields.get("Feedback-Type", "")).strip().lower()
            if word:
                return FEEDBACK.get(word, ReceiptKind.COMPLAINED), f"feedback_{word}"[:40]
    return None


def _status(mail: Mail) -> tuple[ReceiptKind, str] | None:
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in _blocks(part):
            action = str(fields.get("Action", "")).strip().lower()
            if not action:
                continue
            status = _code(str(fields.get("Status", "")), str(fields.get("Diagnostic-Code", "")))
            kind = ACTIONS.get(action) or (told_by_status(status) if action == "failed" else ReceiptKind.UNKNOWN)
            return kind, status or action[:40]
    return None


def _code(status: str, diagnostic: str) -> str:
    """The enhanced code; where the report gives only a general one, what the receiving server said."""
    told = STATUS_CODE.search(status)
    plain = told.group() if told else ""
    more = STATUS_CODE.search(diagnostic)
    return more.group() if more and plain in {"", "5.0.0", "4.0.0"} else plain


def _blocks(part: Mail) -> Iterator[Mail]:
    """The groups of fields of a report's part, as whatever the parser made of them."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Mail))
    elif isinstance(payload, str):
        yield parse_mail(payload.encode("utf-8", "replace"))


def _references(mail: Mail) -> Sequence[str]:
    found: dict[str, None] = {}
    for name in _ARRIVED_AT:
        for value in mail.get_all(name, []):
            found.update(dict.fromkeys(_REFERENCE.findall(str(value).lower())))
    for part in mail.walk():
        if part.get_content_type() in _BROUGHT_BACK:
            for letter in _blocks(part):
                for value in letter.get_all("Message-ID", []):
                    found.update(dict.fromkeys(_REFERENCE.findall(str(value).lower())))
    return list(found)[:MOST_REFERENCES]
