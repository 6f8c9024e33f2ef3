"""Named areas, and which of them a postcode falls into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from app.domain.audience_rules import plain_postcode
from app.domain.reading import Reader
from app.domain.texts import Texts
from app.errors import Invalid, Problem

MOST_PREFIXES: Final = 2_000
LONGEST_PREFIX: Final = 16


@dataclass(frozen=True, slots=True)
class Area:
    """`slug` is what stands in a subscriber's own `area`, in contact channels and in rules."""

    slug: str
    names: Texts
    postcodes: tuple[str, ...] = ()
    """Beginnings of postcodes, plain (`plain_postcode`); none = only who is in it by name."""

    @classmethod
    def from_document(cls, document: object) -> Area:
        read = Reader(document)
        read.only("slug", "names", "postcodes")
        given = read.strings("postcodes", most=MOST_PREFIXES, longest=40)
        plain = tuple(dict.fromkeys(map(plain_postcode, given)))
        if any(not each or len(each) > LONGEST_PREFIX for each in plain):
            fault = f"holds something other than 1 to {LONGEST_PREFIX} letters and digits"
            read.problem("bad_postcode", "postcodes", fault, "Write beginnings of postcodes: SW1, N1.")
        area = cls(read.slug(), read.texts("names"), plain)
        read.done()
        return area

    def to_document(self) -> dict[str, object]:
        return {"slug": self.slug, "names": dict(self.names), "postcodes": list(self.postcodes)}


@dataclass(frozen=True, slots=True)
class Places:
    """Every beginning of a postcode, and the area it belongs to."""

    areas: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, areas: Iterable[Area]) -> Places:
        return cls(MappingProxyType({prefix: area.slug for area in areas for prefix in area.postcodes}))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the beginnings, longest first."""
        return tuple(sorted({len(prefix) for prefix in self.areas}, reverse=True))

    def area_of(self, area: str, postcode: str) -> str:
        """The person's own area, else the one of the longest beginning that fits, "" for none; `postcode` is plain."""
        fitting = (self.areas.get(postcode[:length]) for length in self.lengths if len(postcode) >= length)
        return area or next(filter(None, fitting), "")


NOWHERE: Final = Places()


def check_shared(area: Area, others: Iterable[Area]) -> None:
    """Raise Invalid when a beginning belongs to another area too: nobody could say which of them is meant."""
    places = Places.of(other for other in others if other.slug != area.slug)
    taken = [(prefix, places.areas[prefix]) for prefix in area.postcodes if prefix in places.areas]
    if taken:
        sentence = f"Postcodes with {taken[0][0]} belong to “{taken[0][1]}” already."
        remedy = "Take it out of one of the two; a longer beginning wins over a shorter one."
        raise Invalid(Problem("postcode_taken", sentence, "postcodes", remedy))


def postcode_in(attributes: Mapping[str, str]) -> str:
    """As it is searched for; the own column of that name keeps it as it was written."""
    return plain_postcode(attributes.get("postcode", ""))[:LONGEST_PREFIX]
