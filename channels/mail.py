"""What both e-mail channels put into a header, and what they refuse to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from operator import contains
from typing import Final

from channels.base import (
    HEADER_BREAKERS,
    Failure,
    FailureKind,
    Message,
    Problem,
    ReceiptKind,
    Recipient,
    breaks_header,
)

MANAGE: Final = "manage_url"
"""The personal field that holds the page where one unsubscribes."""

# Asked of everybody before every call: one search each, for what ends a header line and what has a meaning in it.
_NOT_IN_ADDRESS: Final = re.compile(HEADER_BREAKERS.pattern + r'|[ \t<>,;"]')
_NOT_IN_LINK: Final = re.compile(HEADER_BREAKERS.pattern + r"|[ \t<>,]")


STATUS_CODE: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
"""An enhanced status code (RFC 3463)."""
_OF_THE_SENDER: Final = frozenset({"5.1.7", "5.1.8"})
_OF_THE_MAILBOX: Final = frozenset({"5.2.1"})


def told_by_status(status: str) -> ReceiptKind:
    """What a permanent failure under this enhanced code says: only a wrong or closed address is given up for good.

    A full mailbox (5.2.2) empties, policy (5.7) is about us or the words, everything else about a server.
    """
    if status in _OF_THE_MAILBOX or (status.startswith("5.1.") and status not in _OF_THE_SENDER):
        return ReceiptKind.BOUNCED
    return ReceiptKind.FILTERED if status.startswith("5.7.") else ReceiptKind.UNDELIVERED


def unsubscribe_headers(fields: Mapping[str, str]) -> dict[str, str]:
    """One-click unsubscribe (RFC 8058, RFC 2369); {} without a page to point to."""
    url = fields.get(MANAGE, "")
    if not url:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def refuse_message(message: Message) -> Failure | None:
    """A subject that would end its header line is nobody's words: never sent, never mended."""
    if breaks_header(message.subject):
        return Failure(FailureKind.OURS, "header_injection", "The subject holds a line break or a control character.")
    return None


def refuse_recipient(recipient: Recipient) -> Failure | None:
    """Anything of one recipient that would break out of its header."""
    address = recipient.address
    if not 0 < address.rfind("@") < len(address) - 1 or _NOT_IN_ADDRESS.search(address):
        return Failure(FailureKind.RECIPIENT, "bad_address", "This is not a usable e-mail address.")
    if _NOT_IN_LINK.search(recipient.fields.get(MANAGE, "")):
        return Failure(FailureKind.OURS, "header_injection", "The unsubscribe address holds a forbidden character.")
    return None


def refuse_recipients(recipients: Sequence[Recipient]) -> Sequence[Failure | None]:
    """`refuse_recipient` for everybody of a call; that nobody is refused is found out in a few passes over all."""
    addresses = [recipient.address for recipient in recipients]
    links = [recipient.fields.get(MANAGE, "") for recipient in recipients]
    if _harmless(addresses, '<>,;"') and _harmless(links, "<>,"):
        together = f" {' '.join(addresses)} "
        if all(map(contains, addresses, repeat("@"))) and " @" not in together and "@ " not in together:
            return [None] * len(recipients)
    return [refuse_recipient(recipient) for recipient in recipients]


def _harmless(texts: Sequence[str], signs: str) -> bool:
    """Whether none of them holds one of these signs, a blank, a line break or anything else that is not printed."""
    together = " ".join(texts)
    plain = together.isprintable() and together.count(" ") == len(texts) - 1
    return plain and not any(map(contains, repeat(together), signs))


def sender_problems(sender: str, sender_name: str, reply_to: str) -> Iterable[Problem]:
    """What is wrong with the addresses an endpoint writes from, one Problem for each."""
    for field, address in (("sender", sender), ("reply_to", reply_to)):
        if address and not _is_plain(address):
            sentence = "This is not an e-mail address in plain ASCII."
            yield Problem("bad_address", sentence, field, "Write name@example.org.")
    if breaks_header(sender_name):
        yield Problem("header_injection", "The name holds a line break.", "sender_name", "Write it on one line.")


def _is_plain(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return bool(local and domain) and address.isascii() and not any(sign in address for sign in ' \t\r\n<>,;"')
