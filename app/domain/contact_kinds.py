"""What kinds of contact channel there are, what an address of each looks like, and how a channel can be doing."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from app.domain.audience import normalise
from app.domain.content import is_public_link
from app.domain.message import Medium
from app.domain.reading import Reader
from app.errors import Invalid

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")


class ContactKind(StrEnum):
    CHAT = "chat"
    PHONE = "phone"
    TEXT = "text"
    PORTAL = "portal"
    EMAIL = "email"
    IN_PERSON = "in_person"
    SOCIAL = "social"
    CALLBACK = "callback"
    CUSTOM = "custom"


class ContactStatus(StrEnum):
    """How it goes right now."""

    OPEN = "open"
    """As usual: the hours decide."""
    BUSY = "busy"
    """Works, but people wait too long: others are offered first."""
    DOWN = "down"
    """Does not work."""
    CLOSED = "closed"
    """Shut by somebody, whatever the hours say."""


def read_address(read: Reader, kind: ContactKind, *, required: bool = True) -> str:
    """The field `address` in the form that is stored; notes a fault when it cannot work for this kind."""
    address = read.text("address", required=required, longest=500, lines=False)
    if kind in (ContactKind.PHONE, ContactKind.TEXT):
        address = re.sub(r"[\s().-]", "", address)
        right, remedy = _is_number(address), "Write it as +442071838750, or as the short number people dial."
    elif kind in (ContactKind.CHAT, ContactKind.PORTAL):
        right, remedy = is_public_link(address), "Use a full https:// address."
    elif kind is ContactKind.EMAIL:
        right, remedy = _is_mail(address), "Write it as name@example.org."
    elif kind is ContactKind.CALLBACK:
        right = is_public_link(address) or _is_number(address)
        remedy = "Use an https:// address or a phone number such as +442071838750."
    else:
        right, remedy = "://" not in address or is_public_link(address), "Links must be full https:// addresses."
    if address and not right:
        read.problem("bad_address", read.path("address"), f"is not an address of a {kind.value} channel", remedy)
    return address


def _is_mail(address: str) -> bool:
    """By the syntax that subscribers' addresses are held to."""
    try:
        return bool(normalise(Medium.EMAIL, address, ""))
    except Invalid:
        return False


def _is_number(address: str) -> bool:
    return bool(_E164.fullmatch(address) or _SHORT_CODE.fullmatch(address))
