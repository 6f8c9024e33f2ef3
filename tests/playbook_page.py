"""Writes docs/playbooks.md: what each shipped playbook says, per medium and language, as its readers get it.

make playbooks
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from app.domain.message import Limits, Medium
from app.domain.playbooks import STAGES, Playbook
from app.domain.quiet_hours import clock_text
from app.domain.routing import Registry
from app.domain.texts import direction
from tests.unit.usecases.announcements import TEMPLATES, composed, document, library, playbook, sample, source

PAGE: Final = TEMPLATES.parent / "docs" / "playbooks.md"
LANGUAGES: Final = {"en": "English", "gu": "ગુજરાતી", "lo": "ລາວ", "eo": "Esperanto"}
ORDER: Final = (
    "natural-disaster",
    "service-outage",
    "product-failure",
    "financial-setback",
    "health",
    "delivery-delay",
    "demand-peak",
    "hospitality-incident",
)
SOCIAL: Final = Limits(characters=300, unit="graphemes", utf8_bytes=3000)
TEXTS: Final = Limits(characters=1600, segments=6)
PLAIN: Final = ("slug", "kind", "address", "names", "languages", "hours", "timezone")

HEAD: Final = """# What the playbooks say

The eight playbooks that ship in `templates/playbooks/`, as readers get them: the first word (holding) on a social
network, by text message and by e-mail (the website's page carries the same words as the e-mail, its banner headline
and impact), and the text message of every other stage. The e-mail carries the playbook's questions and the links of
the shipped library (`templates/help/library.json`) on its topics, as the crisis page and the contact page do. Each is
followed by the questions staff ask first and by the answers to what people usually ask. Gujarati, Lao and Esperanto
await a native speaker's review.

The gaps are filled with sample values; the organisation, its contact channels and its addresses are those of
`templates/registry/sample.json`, on a Monday at 12:30 in Vientiane. This page is written by `make playbooks`.
"""


def page() -> str:
    parts = [HEAD, "\n".join(f"- [{playbook(slug).names['en']}](#{slug})" for slug in ORDER), ""]
    for slug in ORDER:
        parts.extend(_book(slug, playbook(slug)))
    return "\n".join(parts).rstrip() + "\n"


def _book(slug: str, book: Playbook) -> Iterator[str]:
    yield f"## {slug}\n"
    yield f"{' · '.join(book.names[language] for language in LANGUAGES)}\n"
    cadence = ", ".join(f"{severity} {minutes} min" for severity, minutes in book.cadence.items())
    waves = ", ".join(f"{medium} {seconds:g} s" for medium, seconds in book.wave_offsets_seconds.items())
    yield f"- Severity: {book.severity}; needs: {', '.join(book.needs)}"
    yield f"- Next update due: {cadence}"
    first = f"the first {book.canary} readers alone" if book.canary else "everybody at once"
    yield f"- Order of release: {waves}; undo: {book.undo_seconds} s; {first}"
    if book.quiet_hours:
        begins, ends = (clock_text(minute) for minute in (book.quiet_hours.begins, book.quiet_hours.ends))
        yield f"- Good news lets people sleep from {begins} to {ends} by their own clocks, unless it is an emergency"
    yield f"- Triage tree: {book.tree}; help of the library about: {', '.join(book.topics)}\n"
    made = {
        stage: source(_update(stage, slug), registry=_registry(), library=library(), playbook=book) for stage in STAGES
    }
    for language, name in LANGUAGES.items():
        yield f"### {slug}: {name}\n"
        yield from _quoted("Social", composed(made["holding"], Medium.SOCIAL, language, SOCIAL).message.text)
        for stage in ("holding", *(stage for stage in STAGES if stage != "holding")):
            yield from _quoted(
                f"Text message, {stage}", composed(made[stage], Medium.SMS, language, TEXTS).message.text
            )
        mail = composed(made["holding"], Medium.EMAIL, language, fields=("manage_url",)).message
        yield from _quoted("E-mail", f"{mail.subject}\n\n{mail.text}")
        yield from _asked(book, language)


def _asked(book: Playbook, language: str) -> Iterator[str]:
    turn = f' dir="{direction(language)}" lang="{language}"'
    yield f"<div{turn}>\n"
    yield from (f"{index}. {question}" for index, question in enumerate(book.triage[language], 1))
    yield ""
    for entry in book.faq:
        yield f"**{entry.questions[language]}** {entry.answers[language]}\n"
    yield "</div>\n"


def _quoted(title: str, text: str) -> Iterator[str]:
    yield f"{title}:\n"
    yield f"```text\n{text.strip()}\n```\n"


def _update(stage: str, slug: str) -> dict[str, Any]:
    made = document(stage, slug)
    return {**made, "content": {language: made["content"][language] for language in LANGUAGES}}


def _registry() -> Registry:
    """The sample's contact channels in their ordinary week: the page must not change with the holidays."""
    channels: list[Mapping[str, object]] = [
        {name: channel[name] for name in PLAIN} for channel in sample()["contact_channels"]
    ]
    return Registry.from_documents(channels, sample()["needs"], sample()["routing_rules"])


def main(path: Path = PAGE) -> None:
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
