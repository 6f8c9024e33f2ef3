"""Write the catalogue of a language for the staff console, or bring one up to date: make messages LANGUAGE=de

What is said in templates/console/ and app/console/, what channels call their settings, what staff are told (context
`notice`) and what the service refuses with (contexts `refusal` and `refusal word`); what was translated stays.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.templating.catalogues import NOTICE
from app.templating.refusal_words import WORD, WORDS
from app.templating.refusals import CONTEXT
from app.templating.words import FALLBACK, load_words
from channels.registry import CHANNELS, settings_schema
from tests.architecture.tree import ROOT
from tests.refusal_catalogue import refusals

FOLDER: Final = ROOT / "templates" / "console"
LOCALES: Final = FOLDER / "locale"
KEYWORDS: Final[dict[str, tuple[int | tuple[int, str], ...] | None]] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
    "say": None, "mark": None,
}  # fmt: skip


@cache
def collect() -> Catalog:
    """The same object each time: to be read."""
    found = Catalog(project="Clarion", charset="utf-8")
    sources = (
        (FOLDER, "**.html", "jinja2"),
        (ROOT / "app" / "console", "**.py", "python"),
        (ROOT / "app" / "domain", "recurrence_words.py", "python"),
        (ROOT / "app" / "domain", "schedules.py", "python"),
        (ROOT / "channels", "**.py", "python"),
    )
    options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for folder, pattern, method in sources:
        for name, _line, message, comments, context in extract_from_dir(
            folder, [(pattern, method)], options, KEYWORDS, strip_comment_tags=True
        ):
            found.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    for label in labels():
        found.add(label)
    for key, text in load_words(ROOT / "templates" / "staff")[FALLBACK].texts.items():
        if any(map(str.isalpha, text)) and not key.endswith("_style"):
            found.add(text, context=NOTICE)
    for sentence in refusals():
        found.add(sentence, context=CONTEXT)
    for word in WORDS:
        found.add(word, context=WORD)
    return found


def labels() -> set[str]:
    """What channels call their settings: the console's forms are made of it."""
    fields = (field for name in CHANNELS for field in settings_schema(name))
    return {text for field in fields for text in (field.label, field.hint) if text}


def messages() -> set[str]:
    """Every string there is to say but refusals; of plurals the first form."""
    said = (message.id for message in collect() if message.id and message.context not in (CONTEXT, WORD))
    return {one if isinstance(one, str) else one[0] for one in said}


def update(language: str, folder: Path = LOCALES) -> Path:
    """The path of the language's catalogue."""
    path = folder / f"{language}.po"
    locale = language.replace("-", "_")
    catalogue = Catalog(locale=locale, project="Clarion", charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale)
    catalogue.update(collect(), no_fuzzy_matching=True)
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, include_lineno=False, sort_output=True)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("Name the language: make messages LANGUAGE=de")
    sys.stdout.write(f"{update(sys.argv[1])}\n")
