"""gettext catalogues in templates/console/locale/, one .po a language, read as they are written.

Adding a language is adding a file: the console's pages, and what staff are told by text, e-mail or on their first page.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from gettext import GNUTranslations
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.domain.texts import direction
from app.templating.words import FALLBACK, Words, load_words

NOTICE: Final = "notice"
"""The msgctxt of what staff are told; the English stands in templates/staff/en.json."""


def read_messages(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.stem.replace("-", "_"), abort_invalid=True)


def read_catalogue(path: Path) -> GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, read_messages(path))
    compiled.seek(0)
    return GNUTranslations(compiled)


def load_notices(root: Path) -> Mapping[str, Words]:
    """What notices to staff say, by language; English where a catalogue lacks a sentence. Empty without templates."""
    if not (root / "staff").is_dir():
        return MappingProxyType({})
    written = load_words(root / "staff")
    found = dict(written)
    for path in sorted((root / "console" / "locale").glob("*.po")):
        catalogue, language = read_catalogue(path), path.stem
        texts = {key: catalogue.pgettext(NOTICE, text) for key, text in written[FALLBACK].texts.items()}
        found.setdefault(language, Words(language, direction(language), "", MappingProxyType(texts)))
    return MappingProxyType(found)
