"""People who subscribe themselves: what the form may say, what a confirmation may cost, and why one is not sent.

What a stranger is told depends on what they typed and on where they come from, never on whether we know the address.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from app.domain.audience import normalise
from app.domain.message import Medium
from app.domain.texts import forbidden_character, tidy
from app.errors import Invalid

PURPOSE: Final = "sign-up"
"""`Keyring.key(PURPOSE)` signs the links that confirm."""
NETWORKS: Final = "sign-up-network"
"""`Keyring.key(NETWORKS)` stands for where somebody comes from, without saying it."""
LINK_LASTS: Final = timedelta(hours=48)
TOO_OLD: Final = timedelta(hours=1)
"""A confirmation that could not be sent so long is no answer to anybody any more."""
A_DAY: Final = timedelta(days=1)
PER_ADDRESS: Final = 2
"""Confirmations a day, to whatever address."""
PER_NETWORK: Final = (10, timedelta(hours=4))
"""Forms from one place; as many as a household or an office needs."""
PER_NEIGHBOURS: Final = 30
"""Confirmations a day to numbers that differ in the last three digits only: whoever earns by texts has them in rows."""
PER_SERVICE: Final = (2_000, timedelta(hours=1))
"""Forms in all: beyond that somebody means harm, and people are asked to come later."""
DEVICES_PER_NETWORK: Final = (200, timedelta(hours=4))
DEVICES_PER_SERVICE: Final = (20_000, timedelta(hours=1))
"""The same of devices, counted apart: a notification costs nothing and reaches nobody else, and in a power cut
thousands come by the one IPv4 address of their mobile network.
"""
ASSUMED_PRICE: Final = Decimal("0.10")
"""Of one part of a text while nobody has set a price: high, so that the cap is reached early."""
LONGEST_AREA: Final = 64
MEDIA: Final = (Medium.EMAIL, Medium.SMS)
_REFUSED: Final = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN, PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL, PhoneNumberType.TOLL_FREE, PhoneNumberType.PERSONAL_NUMBER,
    }
)  # fmt: skip
"""Numbers somebody earns by, or that no text reaches, where the library knows them (ITU-T E.164 national plans)."""

_BODY: Final = struct.Struct(">QI")
_MAC_BYTES: Final = 9
_TOKEN_LENGTH: Final = (_BODY.size + _MAC_BYTES) * 4 // 3


@dataclass(frozen=True, slots=True)
class Policy:
    """What the organisation lets strangers do; nothing but e-mail unless it says more."""

    media: frozenset[Medium] = frozenset({Medium.EMAIL})
    countries: frozenset[str] = frozenset()
    """ISO 3166: texts go nowhere else; none = no texts."""
    endpoints: frozenset[str] = frozenset()
    """By which confirmations leave; of a medium none of them has by its first one."""
    part_price: Decimal = ASSUMED_PRICE
    daily_cost: Decimal = Decimal(5)
    """For confirming texts in 24 hours, in the currency of the price."""

    @property
    def offered(self) -> tuple[Medium, ...]:
        return tuple(one for one in MEDIA if one in self.media and (one is not Medium.SMS or self.countries))

    @property
    def region(self) -> str:
        """Of numbers without +: known when there is one country only."""
        return next(iter(self.countries)) if len(self.countries) == 1 else ""


class Fault(StrEnum):
    """What a stranger is told at once: it follows from what they typed alone."""

    ADDRESS = "subscribe_wrong_address"
    COUNTRY = "subscribe_wrong_country"
    TOPIC = "subscribe_wrong_topic"


@dataclass(frozen=True, slots=True)
class Asking:
    """A form that says something possible."""

    medium: Medium
    value: str
    """Normal form."""
    language: str
    area: str
    topics: tuple[str, ...]
    """Empty = everything."""


def read_asking(
    policy: Policy, address: str, language: str, area: str, topics: Iterable[str], known_topics: Iterable[str]
) -> Asking | Fault:
    """The medium follows from the address: what has an @ is a mailbox."""
    medium = Medium.EMAIL if "@" in address else Medium.SMS
    if medium not in policy.offered:
        return Fault.ADDRESS if medium is Medium.EMAIL else Fault.COUNTRY
    try:
        value = normalise(medium, address, policy.region)
    except Invalid:
        return Fault.ADDRESS
    if medium is Medium.SMS and not may_be_texted(policy, value):
        return Fault.COUNTRY
    return _asking(medium, value, language, area, topics, known_topics)


def _asking(
    medium: Medium, value: str, language: str, area: str, topics: Iterable[str], known_topics: Iterable[str]
) -> Asking | Fault:
    chosen = tuple(dict.fromkeys(topics))
    if not set(chosen) <= set(known_topics):
        return Fault.TOPIC
    place = tidy(area)[:LONGEST_AREA]
    return Asking(medium, value, language, "" if forbidden_character(place, lines=False) else place, chosen)


def read_device_asking(
    subscription: str, language: str, area: str, topics: Iterable[str], known_topics: Iterable[str]
) -> Asking | Fault:
    """The same of a browser that offers its own device."""
    try:
        value = normalise(Medium.PUSH, subscription, "")
    except Invalid:
        return Fault.ADDRESS
    return _asking(Medium.PUSH, value, language, area, topics, known_topics)


def may_be_texted(policy: Policy, value: str) -> bool:
    """Whether texts go to this E.164 number: its country is allowed, and it is no number somebody earns by."""
    number = phonenumbers.parse(value)
    country = phonenumbers.region_code_for_number(number) or _by_prefix(number.country_code)
    return country in policy.countries and phonenumbers.number_type(number) not in _REFUSED


def _by_prefix(country_code: int | None) -> str:
    """For a range younger than the tables: the country, where one alone has the prefix."""
    regions = phonenumbers.region_codes_for_country_code(country_code or 0)
    return regions[0] if len(regions) == 1 else ""


class Ruling(StrEnum):
    """What becomes of a confirmation; nobody outside ever learns which."""

    SEND = "send"
    SUPPRESSED = "suppressed"
    """Only the person's own START, or staff, open a stopped address again; a form cannot."""
    TOO_OFTEN = "too_often"
    TOO_MANY_ALIKE = "too_many_alike"
    """Numbers that stand beside each other."""
    BUDGET_SPENT = "budget_spent"
    TOO_LATE = "too_late"
    NO_ENDPOINT = "no_endpoint"


@dataclass(frozen=True, slots=True)
class Facts:
    age: timedelta
    suppressed: bool
    sent_to_it: int
    """Confirmations to this address in the last day."""
    spent: Decimal
    """On texts in the last day."""
    cost: Decimal
    """Of this one."""
    endpoint: str
    sent_to_neighbours: int = 0
    """Confirmations in the last day to the thousand numbers it is one of."""


def rule(policy: Policy, medium: Medium, facts: Facts) -> Ruling:
    if facts.age > TOO_OLD:
        return Ruling.TOO_LATE
    if facts.suppressed:
        return Ruling.SUPPRESSED
    if facts.sent_to_it >= PER_ADDRESS:
        return Ruling.TOO_OFTEN
    if medium is Medium.SMS and facts.sent_to_neighbours >= PER_NEIGHBOURS:
        return Ruling.TOO_MANY_ALIKE
    if medium is Medium.SMS and facts.spent + facts.cost > policy.daily_cost:
        return Ruling.BUDGET_SPENT
    return Ruling.SEND if facts.endpoint else Ruling.NO_ENDPOINT


def network_of(host: str) -> str:
    """Where somebody comes from: one IPv4 address, or the /64 of an IPv6 one, which is one house."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def neighbours_of(asking: Asking) -> str:
    """What all numbers beside this one begin with; "" for a mailbox."""
    return asking.value[:-3] if asking.medium is Medium.SMS else ""


def text_version(words: Iterable[str]) -> str:
    """Which words somebody agreed to: 12 hex digits of their SHA-256."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]


def sign_up_token(key: bytes, number: int, at: datetime) -> str:
    """28 URL-safe characters: a text message has no room for more. `at`: when it was asked; numbers are used again."""
    body = _BODY.pack(number, int(at.timestamp()))
    return base64.urlsafe_b64encode(body + _mac(key, body)).decode("ascii")


def read_sign_up_token(key: bytes, token: str) -> tuple[int, datetime] | None:
    """The number and when it was asked, in whole seconds; None unless it was made with this key."""
    if len(token) != _TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(key, body)):
        return None
    number, seconds = _BODY.unpack(body)
    return number, datetime.fromtimestamp(seconds, UTC)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"sign-up" + body, hashlib.sha256)[:_MAC_BYTES]
