"""One person as the API, the command line and the console hand them in: the whole document, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.domain.audience import normalise
from app.domain.consent import REACH_A_PERSON, How, Said, Standing, read_said
from app.domain.message import Medium
from app.domain.reading import Reader
from app.domain.subscribers import LONGEST, LONGEST_ATTRIBUTE, MOST_LANGUAGES
from app.domain.texts import forbidden_character
from app.errors import Invalid

MOST_ADDRESSES: Final = 20
MOST_CONSENTS: Final = 200
MOST_ATTRIBUTES: Final = 100


@dataclass(frozen=True, slots=True)
class PersonAddress:
    medium: Medium
    value: str
    """Normal form; "" = the one with `address_id`, which the person has already."""
    address_id: int | None
    preferred: bool


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    languages: tuple[str, ...]
    """Best first, never empty."""
    timezone: str
    area: str
    attributes: Mapping[str, str]
    standing: Standing
    preferred_medium: Medium | None
    addresses: tuple[PersonAddress, ...] | None
    """None = those they have stay; of each medium exactly one is preferred."""
    said: tuple[Said, ...]
    """What they say now, in this order; what is not spoken of stays as it was."""

    @classmethod
    def from_document(cls, document: object, how: How, region: str = "") -> Person:
        """Raise Invalid with one Problem per fault; no sentence quotes an address. `region`: of numbers without +."""
        read = Reader(document)
        read.only(
            "external_id", "name", "languages", "timezone", "area", "attributes", "standing", "preferred_medium",
            "addresses", "consents",
        )  # fmt: skip
        languages = read.languages() or ("en",)
        if len(languages) > MOST_LANGUAGES:
            read.problem("too_long", "languages", f"has more than {MOST_LANGUAGES} entries", "Keep the best ones.")
        person = cls(
            name=read.text("name", longest=LONGEST["name"], lines=False),
            languages=tuple(dict.fromkeys(languages)),
            timezone=read.timezone(),
            area=read.text("area", longest=LONGEST["area"], lines=False),
            attributes=_attributes(read),
            standing=read.choice("standing", Standing, Standing.CUSTOMER),
            preferred_medium=_medium(read, "preferred_medium") if read.has("preferred_medium") else None,
            addresses=_addresses(read, region) if read.raw("addresses") is not None else None,
            said=tuple(
                read_said(one, f"consents[{place}]", read.problems, how)
                for place, one in enumerate(read.items("consents", MOST_CONSENTS))
            ),
        )
        read.done()
        return person


def check_external_id(text: str) -> str:
    """Raise Invalid."""
    read = Reader({"external_id": text})
    clean = read.text("external_id", required=True, longest=LONGEST["external_id"], lines=False)
    read.done()
    return clean


def _attributes(read: Reader) -> Mapping[str, str]:
    given = read.mapping("attributes")
    inner = Reader(given, "attributes", read.problems)
    if len(given) > MOST_ATTRIBUTES or any(not name or len(name) > 64 for name in given):
        read.problem("too_long", "attributes", "has too many or too long names", "Keep what you select people by.")
    if any(forbidden_character(name, lines=False) for name in given):
        read.problem("forbidden_character", "attributes", "has a name with a forbidden character", "Name it anew.")
    found = {name: inner.text(name, longest=LONGEST_ATTRIBUTE, lines=False) for name in given}
    return MappingProxyType({name: text for name, text in found.items() if text})


def _medium(read: Reader, field: str) -> Medium:
    medium = read.choice(field, Medium)
    if medium not in REACH_A_PERSON:
        read.problem("not_personal", read.path(field), "reaches no person", "Use sms, email, push, chat or voice.")
    return medium


def _addresses(read: Reader, region: str) -> tuple[PersonAddress, ...]:
    found: list[PersonAddress] = []
    for place, item in enumerate(read.items("addresses", MOST_ADDRESSES)):
        inner = Reader(item, f"addresses[{place}]", read.problems)
        inner.only("medium", "address", "address_id", "preferred", "suppressed")
        medium, number = _medium(inner, "medium"), inner.number("address_id", 1, 2**62)
        value = ""
        if number is None:
            try:
                value = normalise(medium, inner.text("address", required=True, longest=2_000, lines=False), region)
            except Invalid as refused:
                problem = refused.problems[0]
                read.problem(problem.code, inner.path("address"), "cannot be used", problem.remedy)
        found.append(PersonAddress(medium, value, number, inner.flag("preferred")))
    return _one_preferred(found)


def _one_preferred(found: list[PersonAddress]) -> tuple[PersonAddress, ...]:
    """The first that says so, else the first of its medium."""
    chosen: dict[Medium, int] = {}
    for place, one in enumerate(found):
        if one.medium not in chosen or (one.preferred and not found[chosen[one.medium]].preferred):
            chosen[one.medium] = place
    return tuple(
        PersonAddress(one.medium, one.value, one.address_id, chosen[one.medium] == place)
        for place, one in enumerate(found)
    )
