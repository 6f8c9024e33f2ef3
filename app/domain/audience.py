"""Who is meant: addresses in one normal form, the language a reader gets, and audience rules.

Rows of a subscriber list are in subscribers.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers

from app.domain.message import Medium
from app.domain.reading import Reader
from app.domain.texts import forbidden_character
from app.errors import Invalid, Problem

DEEPEST_RULE: Final = 8
LONGEST_LIST: Final = 5_000
"""Entries of one list in a rule: below what one SQL statement can bind."""

_NUMBERS: Final = frozenset({Medium.SMS, Medium.VOICE})
_LONGEST_ADDRESS: Final = 2_000
_PLAIN_LOCAL: Final = re.compile(r"(?=.{1,64}$)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*", re.ASCII)
_PLAIN_DOMAIN: Final = re.compile(r"(?=.{1,180}$)[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)


def normalise(medium: Medium, raw: str, region: str) -> str:
    """The one form under which an address is stored and compared; Invalid `bad_phone`, `bad_email` or `bad_address`.

    SMS and voice: E.164. Numbers without + are read as dialled in `region` (ISO 3166, "" = refuse them). Only lengths
    and prefixes are judged, so that a number range younger than our tables is not lost. E-mail: syntax only, lower
    case, domain in IDNA form. Other media: as given, without blanks around.
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
    if not value or len(value) > _LONGEST_ADDRESS:
        raise Invalid(Problem("bad_address", "The address is empty or too long.", "address", "Correct it."))
    return value


def _number(value: str, region: str) -> str:
    try:
        number = phonenumbers.parse(value, region.upper() or None)
        if phonenumbers.is_possible_number(number) and not number.extension:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        pass
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


@dataclass(frozen=True, slots=True)
class All:
    """Everyone; only ever by saying so: {"all": true}."""


@dataclass(frozen=True, slots=True)
class Languages:
    """People with one of these among their languages."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Areas:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExternalIds:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """People whose own column `name` holds exactly `value`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class And:
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Or:
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    rule: Rule


Rule = All | Languages | Areas | ExternalIds | Attribute | And | Or | Not

_KINDS: Final = ("all", "languages", "areas", "external_ids", "attribute", "and", "or", "not")


def parse_rule(document: object) -> Rule:
    """The typed rule; Invalid for anything empty, unknown or ambiguous: a mistake never means everyone."""
    problems: list[Problem] = []
    rule = _rule(document, "rule", problems, 1)
    if problems or rule is None:
        raise Invalid(problems or [_refusal("rule", "is empty")])
    return rule


def _refusal(path: str, fault: str) -> Problem:
    return Problem(
        "bad_audience_rule",
        f"{path} {fault}.",
        path,
        'Send exactly one of {"all": true}, {"languages": [..]}, {"areas": [..]}, {"external_ids": [..]}, '
        '{"attribute": {"name": .., "value": ..}}, {"and": [..]}, {"or": [..]}, {"not": ..}.',
    )


def _rule(document: object, path: str, problems: list[Problem], depth: int) -> Rule | None:
    if not isinstance(document, Mapping) or len(document) != 1:
        problems.append(_refusal(path, "is not an object with exactly one name"))
        return None
    (kind,) = document
    if kind not in _KINDS:
        problems.append(_refusal(path, f"does not know “{str(kind)[:40]}”"))
        return None
    if depth > DEEPEST_RULE:
        problems.append(_refusal(path, f"is nested more than {DEEPEST_RULE} deep"))
        return None
    value, inside = document[kind], f"{path}.{kind}"
    if kind == "all":
        if value is not True:
            problems.append(_refusal(inside, "can only be true"))
        return All()
    if kind == "not":
        inner = _rule(value, inside, problems, depth + 1)
        return Not(inner) if inner else None
    if kind == "attribute":
        return _attribute(value, inside, problems)
    read = Reader(document, path, problems)
    if kind in {"and", "or"}:
        parts = [
            _rule(part, f"{inside}[{index}]", problems, depth + 1) for index, part in enumerate(read.items(kind, 100))
        ]
        rules = tuple(part for part in parts if part is not None)
        if not parts:
            problems.append(_refusal(inside, "is empty"))
        return And(rules) if kind == "and" else Or(rules)
    words = read.strings(kind, most=LONGEST_LIST, longest=200)
    if not words:
        problems.append(_refusal(inside, "is empty"))
    if kind == "languages":
        read.languages(kind)
        return Languages(words)
    return Areas(words) if kind == "areas" else ExternalIds(words)


def _attribute(value: object, path: str, problems: list[Problem]) -> Attribute:
    read = Reader(value, path, problems)
    read.only("name", "value")
    return Attribute(
        read.text("name", required=True, longest=64, lines=False),
        read.text("value", required=True, longest=500, lines=False),
    )


def rule_document(rule: Rule) -> dict[str, object]:
    """The document `parse_rule` reads back to the same rule."""
    match rule:
        case All():
            return {"all": True}
        case Languages(codes):
            return {"languages": list(codes)}
        case Areas(names):
            return {"areas": list(names)}
        case ExternalIds(ids):
            return {"external_ids": list(ids)}
        case Attribute(name, value):
            return {"attribute": {"name": name, "value": value}}
        case And(rules):
            return {"and": [rule_document(part) for part in rules]}
        case Or(rules):
            return {"or": [rule_document(part) for part in rules]}
        case Not(inner):
            return {"not": rule_document(inner)}
