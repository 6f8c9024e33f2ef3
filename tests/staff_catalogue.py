"""Write the catalogue of a language for the staff console, or bring one up to date: make messages LANGUAGE=de

Only what is said in templates/console/ and app/console/ is taken; what was translated stays.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tests.architecture.tree import ROOT

FOLDER: Final = ROOT / "templates" / "console"
LOCALES: Final = FOLDER / "locale"
KEYWORDS: Final[dict[str, tuple[int | tuple[int, str], ...] | None]] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
    "say": None, "mark": None, "Label": (1,),
}  # fmt: skip


def collect() -> Catalog:
    found = Catalog(project="Clarion", charset="utf-8")
    sources = (
        (FOLDER, "**.html", "jinja2"),
        (ROOT / "app" / "console", "**.py", "python"),
        (ROOT / "channels", "**.py", "python"),
    )
    options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for folder, pattern, method in sources:
        for name, _line, message, comments, context in extract_from_dir(
            folder, [(pattern, method)], options, KEYWORDS, strip_comment_tags=True
        ):
            found.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return found


def messages() -> set[str]:
    """Every string there is to say; of plurals the first form."""
    return {message.id if isinstance(message.id, str) else message.id[0] for message in collect() if message.id}


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
