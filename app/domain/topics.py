"""What people may choose to hear about: power, transport, water."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.domain.reading import Reader
from app.domain.texts import Texts

EVERYTHING: Final = ""
"""As the topic of a consent: whatever comes by that medium. As the topic of an update: none in particular."""


@dataclass(frozen=True, slots=True)
class Topic:
    slug: str
    names: Texts
    """As people read it where they choose."""

    @classmethod
    def from_document(cls, document: object, at: str = "") -> Topic:
        read = Reader(document, at)
        read.only("slug", "names")
        topic = cls(read.slug(), read.texts("names", required=True, longest=100))
        read.done()
        return topic

    def to_document(self) -> dict[str, object]:
        return {"slug": self.slug, "names": dict(self.names)}
