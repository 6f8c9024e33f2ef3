"""What of the last snapshot can stand as it is: a closed crisis is written once, not at every publication."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.domain.snapshot import File

NO_FILES: Final[Mapping[str, File]] = {}


def source_of(*facts: object) -> str:
    """A short name for these facts, plain data only; other facts have another name."""
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of the last snapshot, and `dress`: what every page is made from beside its own facts."""

    before: Mapping[str, File] = field(default_factory=lambda: NO_FILES)
    dress: str = ""

    def source(self, stamp: str) -> str:
        """`stamp`: of a page's own facts."""
        return f"{self.dress}-{stamp}"

    def holds(self, path: str, source: str) -> bool:
        """Whether the file at `path` was made from exactly this."""
        found = self.before.get(path)
        return found is not None and found.source == source

    def or_make(self, path: str, source: str, make: Callable[[], File]) -> File:
        """The file as it is while its source is the same, else a new one that names the source."""
        found = self.before.get(path)
        if found is not None and found.source == source:
            return found
        made = make()
        return File(made.path, made.body, made.content_type, made.cache_control, made.csp, made.language, source)

    def old(self, paths: Iterable[str]) -> list[File]:
        """What there is of these, whatever it was made from."""
        return [found for path in paths if (found := self.before.get(path)) is not None]
