"""A customer's website to look at: the widget in its three places, for newcomers and for tests. Never by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.domain.cldr import language_name
from app.domain.snapshot import CLOSED_CSP, CSS, HTML, File
from app.domain.texts import direction
from app.publishing.pages import Render
from app.publishing.tongue import Tongue

PAGES: Final = {"": "index.html", "bills": "bills/index.html"}
CSP: Final = CLOSED_CSP.replace(
    "default-src 'none'", "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'"
)
"""As strict as the widget lets any website be: its script and its banner, from the one origin."""


@dataclass(frozen=True, slots=True)
class Sample:
    words: Mapping[str, Mapping[str, str]]
    """By language."""
    css: str

    @classmethod
    def load(cls, root: Path) -> Sample:
        """`root`: the folder of templates."""
        folder = root / "sample"
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        return cls(words, (folder / "sample.css").read_text(encoding="utf-8"))

    def files(self, render: Render, site: str, tongues: Mapping[str, Tongue]) -> Iterator[File]:
        """`tongues`: of the site's languages, the first of them for `/sample/`."""
        spoken = [language for language in tongues if language in self.words] or ["en"]
        yield File("sample/sample.css", self.css.encode(), CSS)
        for language in spoken:
            for page, name in PAGES.items():
                html = render("sample/page.html", self._variables(site, tongues, spoken, language, page))
                yield File(f"sample/{language}/{name}", html.encode(), HTML, csp=CSP, language=language)
                if language == spoken[0] and not page:
                    yield File("sample/index.html", html.encode(), HTML, csp=CSP, language=language)

    def _variables(
        self, site: str, tongues: Mapping[str, Tongue], spoken: list[str], language: str, page: str
    ) -> Mapping[str, object]:
        tongue = tongues[language]
        return {
            "lang": language,
            "dir": direction(language),
            "w": self.words[language],
            "name": str(tongue.text(tongue.organisation.names)["text"]) or site,
            "site": site,
            "page": page,
            "languages_word": tongue.say("languages"),
            "languages": [
                {"lang": other, "dir": direction(other), "name": language_name(other, other)} for other in spoken
            ],
        }
