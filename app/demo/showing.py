"""What recipients read, as the providers took it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text

from app.demo.texts import registry, word
from app.terminal import quote

if TYPE_CHECKING:
    from tests.rig.ledger import Accepted

MAIL: Final = ("sendgrid", "smtp")
_HTML: Final = re.compile("<!doctype|<html", re.IGNORECASE)
MAIL_PARAGRAPHS: Final = 4


def show_messages(out: Console, examples: Sequence[Accepted], headlines: Mapping[str, str]) -> int:
    """One panel for each provider and language with an example in it; how many."""
    shown, shown_mail = 0, False
    for provider in dict.fromkeys(one.provider for one in examples):
        for language, headline in headlines.items():
            found = next((one for one in examples if one.provider == provider and headline in (one.body or "")), None)
            if found is not None:
                quote(out, _title(found, language), _words(provider, found.body or "", whole=not shown_mail))
                shown_mail = shown_mail or provider in MAIL
                shown += 1
    return shown


def show_banner(out: Console, banner: Mapping[str, Any]) -> None:
    """The banner placement in every language, its next promise, and the first contact channels."""
    placed = banner["placements"]["banner"]
    if placed is None:
        return
    words = Text()
    for language, text in placed["texts"].items():
        words.append(f"{language}  ", "name").append(f"{text['headline']}\n", "head")
        words.append(f"    {text['impact']}\n", "none")
    words.append(word("banner", **banner), "quiet")
    quote(out, "banner.json", words)


def _title(found: Accepted, language: str) -> str:
    personal = "@" in found.to or found.to.startswith("+")
    return f"{found.provider} · {language}" + (f" · {found.to}" if personal else "")


def _words(provider: str, body: str, *, whole: bool) -> Text:
    if provider == "webhook":
        return Text(json.dumps(_without_words(json.loads(body)), ensure_ascii=False, indent=1))
    if provider not in MAIL:
        return Text(body)
    subject, _, text = _HTML.split(body)[0].strip().partition("\n")
    paragraphs = text.strip().split("\n\n")
    words = Text(f"{subject}\n\n", "head")
    shown, left = paragraphs[:MAIL_PARAGRAPHS], paragraphs[MAIL_PARAGRAPHS:]
    words.append("\n\n".join(shown), "none")
    ways = _contact_block(paragraphs) if whole else ""
    if unseen := len([one for one in left if one != ways]):
        words.append(f"\n\n{word('more', count=unseen)}", "quiet")
    if ways in left:
        words.append(f"\n\n{ways}", "none")
    return words


def _contact_block(paragraphs: Sequence[str]) -> str:
    addresses = [str(channel["address"]).removeprefix("https://") for channel in registry()["contact_channels"]]
    return max(paragraphs, key=lambda paragraph: sum(address in paragraph for address in addresses))


def _without_words(event: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope and what machines read; the words are the social post's."""
    data = {
        name: value
        for name, value in dict(event.get("data", {})).items()
        if not isinstance(value, str) or len(value) < 90
    }
    return {**event, "data": data}
