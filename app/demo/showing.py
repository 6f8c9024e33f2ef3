"""What recipients read, as the providers took it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from app.demo.texts import word

if TYPE_CHECKING:
    from tests.rig.ledger import Accepted

MAIL_LINES: Final = 14
WIDEST: Final = 92


def show_messages(out: Console, examples: Sequence[Accepted], headlines: Mapping[str, str]) -> int:
    """One panel for each provider and language with an example in it; how many."""
    shown = 0
    for provider in dict.fromkeys(one.provider for one in examples):
        for language, headline in headlines.items():
            found = next((one for one in examples if one.provider == provider and headline in (one.body or "")), None)
            if found is not None:
                title = f"{provider} · {language} · to {found.to}" if "@" in found.to or "+" in found.to else provider
                _panel(out, title, _words(provider, found.body or ""))
                shown += 1
    return shown


def show_banner(out: Console, banner: Mapping[str, Any]) -> None:
    """The banner placement in every language, its next promise, and the first contact channels."""
    placed = banner["placements"]["banner"]
    if placed is None:
        return
    lines: list[Text] = []
    for language, text in placed["texts"].items():
        lines += [Text.assemble((f"{language}  ", "name"), (text["headline"], "head")), Text(f"    {text['impact']}")]
    lines.append(
        Text(f"seq {banner['seq']} · {banner['severity']} · next update by {banner['next_update_by']}", "quiet")
    )
    _panel(out, "banner.json", Group(*lines))


def _panel(out: Console, title: str, words: Text | Group) -> None:
    out.print(Panel(words, title=title, title_align="left", width=min(out.width, WIDEST), padding=(0, 1)))


def _words(provider: str, body: str) -> Text:
    if provider == "webhook":
        return Text(json.dumps(_without_words(json.loads(body)), ensure_ascii=False, indent=1))
    if provider not in ("sendgrid", "smtp"):
        return Text(body)
    lines = body.partition("<!doctype")[0].partition("<!DOCTYPE")[0].partition("<html")[0].strip().splitlines()
    rest = len(lines) - MAIL_LINES
    words = Text(lines[0], style="head")
    words.append("\n" + "\n".join(lines[1:MAIL_LINES]), style="none")
    if rest > 0:
        words.append("\n" + word("more_lines", count=rest), style="quiet")
    return words


def _without_words(event: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope and what machines read; the words are the social post's."""
    data = {
        name: value
        for name, value in dict(event.get("data", {})).items()
        if not isinstance(value, str) or len(value) < 90
    }
    return {**event, "data": data}
