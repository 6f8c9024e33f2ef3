"""Templates that people write, as documents: a source and the variables it may use."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.message import Medium
from app.domain.reading import Reader


@dataclass(frozen=True, slots=True)
class TemplateDocument:
    slug: str
    medium: Medium
    source: str
    variables: tuple[str, ...]

    @classmethod
    def from_document(cls, document: object) -> TemplateDocument:
        """Raises Invalid with one Problem per fault; whether the source is harmless is `Templating.check`'s matter."""
        read = Reader(document)
        read.only("slug", "medium", "source", "variables")
        template = cls(
            slug=read.slug(),
            medium=read.choice("medium", Medium),
            source=read.text("source", required=True, longest=20_000),
            variables=read.strings("variables", most=200, longest=64),
        )
        read.done()
        return template

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "medium": self.medium.value,
            "source": self.source,
            "variables": list(self.variables),
        }
