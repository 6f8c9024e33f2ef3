"""What people write back and what they are answered, one data file per language: templates/replies/<language>.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.domain.audience import choose_language
from app.domain.keywords import Vocabulary, vocabulary
from app.domain.message import Wish
from app.templating.words import FALLBACK

FOLDER: Final = Path(__file__).parents[2] / "templates" / "replies"


@dataclass(frozen=True, slots=True)
class ReplyWords:
    vocabulary: Vocabulary
    """Of all languages together: nobody is asked first in which one they write."""
    answers: Mapping[str, Mapping[str, str]]
    """Language -> kind of answer -> its words."""

    def say(self, kind: str, language: str, *, organisation: str, contact: str = "") -> str:
        """`contact`: how to reach us, "" = nothing is said about it."""
        said = self.answers[choose_language([language], list(self.answers), FALLBACK)]
        reach = said["contact"].replace("{contact}", contact) if contact else ""
        return said[kind].replace("{organisation}", organisation).replace("{contact}", reach).strip(": ")


@lru_cache(maxsize=4)
def load_replies(folder: Path = FOLDER) -> ReplyWords:
    """Raise ValueError when one word means two things, in whatever languages."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    lists = {
        language: {Wish(wish): tuple(words) for wish, words in document["keywords"].items()}
        for language, document in found.items()
    }
    courtesies = [phrase for document in found.values() for phrase in document["courtesies"]]
    english = found[FALLBACK]["answers"]
    answers = {language: MappingProxyType({**english, **document["answers"]}) for language, document in found.items()}
    return ReplyWords(vocabulary(lists, courtesies), MappingProxyType(answers))
