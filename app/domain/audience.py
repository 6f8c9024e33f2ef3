"""Addresses in one normal form, and the language a reader gets.

Rules of who is meant are in audience_rules.py, rows of a subscriber list in subscribers.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from app.domain.devices import read_device
from app.domain.dialling import e164
from app.domain.message import Medium
from app.domain.texts import forbidden_character
from app.errors import Invalid, Problem

_NUMBERS: Final = frozenset({Medium.SMS, Medium.VOICE})
_LONGEST_ADDRESS: Final = 2_000
_PLAIN_LOCAL: Final = re.compile(r"(?=.{1,64}$)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*", re.ASCII)
_PLAIN_DOMAIN: Final = re.compile(r"(?=.{1,180}$)[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)


def normalise(medium: Medium, raw: str, region: str) -> str:
    """The one form under which an address is stored and compared; Invalid `bad_phone`, `bad_email`, `bad_push` or
    `bad_address`.

    SMS and voice: E.164. Numbers without + are read as dialled in `region` (ISO 3166, "" = refuse them). Only lengths
    and prefixes are judged, so that a number range younger than our tables is not lost. E-mail: syntax only, lower
    case, domain in IDNA form. Push: a browser's subscription (app/domain/devices.py). Other media: as given, without
    blanks around.
    """
    value = raw.strip()
    plain = value.isascii() and value.isprintable()
    if not plain and (bad := forbidden_character(value, lines=False)):
        raise Invalid(
            Problem("forbidden_character", f"The address contains {bad}.", "address", "Remove that character.")
        )
    if medium in _NUMBERS:
        return _number(value, region)
    if medium is Medium.EMAIL:
        return _mail(value)
    if medium is Medium.PUSH:
        return read_device(value)
    if not value or len(value) > _LONGEST_ADDRESS:
        raise Invalid(Problem("bad_address", "The address is empty or too long.", "address", "Correct it."))
    return value


def _number(value: str, region: str) -> str:
    number = e164(value, region)
    if number:
        return number
    raise Invalid(
        Problem(
            "bad_phone",
            "This is not a telephone number.",
            "phone",
            "Write it with its country code: +442071838750.",
        )
    )


def _mail(value: str) -> str:
    local, _, domain = value.lower().partition("@")
    if _PLAIN_LOCAL.fullmatch(local) and _PLAIN_DOMAIN.fullmatch(domain) and _known_domain(domain):
        return f"{local}@{domain}"  # nearly all; the full check costs 45 µs a row
    return _checked_mail(value)


@lru_cache(maxsize=4_096)
def _known_domain(domain: str) -> bool:
    """Whether this plain domain passes the full check unchanged."""
    try:
        return _checked_mail(f"a@{domain}") == f"a@{domain}"
    except Invalid:
        return False


def _checked_mail(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # brings a DNS library along

    try:
        checked = validate_email(value, check_deliverability=False, allow_quoted_local=False, test_environment=True)
    except EmailNotValidError:
        pass
    else:
        if "." in checked.ascii_domain:
            return f"{checked.local_part}@{checked.ascii_domain}".lower()
    raise Invalid(Problem("bad_email", "This is not an e-mail address.", "email", "Write it as name@example.org."))


def choose_language(wanted: Sequence[str], available: Sequence[str], default: str) -> str:
    """The first wanted language there is a text in (exactly, else without its region), else `default`."""
    exact = {code.lower(): code for code in available}
    roots: dict[str, str] = {}
    for code in available:
        roots.setdefault(code.lower().split("-", 1)[0], code)
    for want in wanted:
        code = want.strip().lower().replace("_", "-")
        if found := exact.get(code) or exact.get(code.split("-", 1)[0]) or roots.get(code.split("-", 1)[0]):
            return found
    return default
