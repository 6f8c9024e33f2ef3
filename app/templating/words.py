"""The small words around an announcement, one data file per language: templates/words/<language>.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.errors import Invalid, Problem

FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words. `texts` is a plain mapping fit for templates."""

    language: str
    direction: str
    """ltr | rtl."""
    review: str
    """"" when a native speaker has read the file, else what is still due."""
    texts: Mapping[str, str]

    def say(self, key: str, **values: str) -> str:
        """The words of `key` with `{name}` gaps filled literally; KeyError for a key no file has."""
        text = self.texts[key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text


def load_words(folder: Path) -> Mapping[str, Words]:
    """Every language of the folder. A key a language lacks is said in English, never left blank."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    if FALLBACK not in found:
        raise Invalid(Problem("words_missing", "The English words are missing.", str(folder.name), "Restore en.json."))
    english: Mapping[str, str] = found[FALLBACK]["texts"]
    return MappingProxyType(
        {
            language: Words(
                language=language,
                direction=document["direction"],
                review=document.get("review", ""),
                texts=MappingProxyType({**english, **document["texts"]}),
            )
            for language, document in found.items()
        }
    )
