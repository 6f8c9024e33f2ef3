"""Updates made from the shipped playbooks and sample registry, for the tests of composing and preflight."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from app.domain.crisis import Severity
from app.domain.help_choice import Library
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.message import Limits, Medium
from app.domain.playbooks import Playbook, fill_playbook
from app.domain.routing import Registry
from app.domain.slots import Reading
from app.domain.updates import UpdateDocument
from app.templating import Templating
from app.usecases.compose_message import Composed, Source, compose

TEMPLATES = Path(__file__).parents[3] / "templates"
AT = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
"""A Monday, 12:30 in Vientiane: chat, text line and desk are open."""
NIGHT = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
LINK = "https://status.example.org/{language}/c/grid"
SMS = Limits(segments=10)
LANGUAGES = ("en", "gu", "lo", "eo", "ar")
STAGES = ("warning", "holding", "details", "progress", "correction", "resolved", "followup")
VALUES = {
    "place": "Vientiane",
    "started": "2026-11-23T04:10:00Z",
    "until": "2026-11-23T09:30:00Z",
    "duration": "PT4H",
    "customers": 4200,
    "shelter": "Central School",
    "product": "Kettle K2",
}
ARABIC = {
    "headline": "الخدمة متوقفة في فيينتيان",
    "acknowledgement": "نعرف أن هذا يزعجك، ونعتذر.",
    "impact": "قد لا تتمكن من الاتصال بالإنترنت أو إجراء المكالمات.",
    "duration": "لا نعرف بعد كم سيستغرق ذلك.",
    "explanation": "نبحث عن السبب.",
    "options": [{"text": "إذا كان أحد في خطر فاتصل الآن.", "need": "emergency"}],
    "perspective": "فرقنا تعمل على الحل.",
    "reassurance": "سنواصل الكتابة إليك.",
    "links": [{"text": "الخطوات الأولى", "url": "https://www.example.org/ar/help"}],
}


@cache
def templating() -> Templating:
    return Templating(TEMPLATES)


@cache
def sample() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TEMPLATES / "registry" / "sample.json").read_text(encoding="utf-8"))
    return loaded


def registry(**changes: Mapping[str, object]) -> Registry:
    """The sample registry; `live_chat={...}` changes fields of the contact channel `live-chat`."""
    channels = [
        {**channel, **changes.get(channel["slug"].replace("-", "_"), {})} for channel in sample()["contact_channels"]
    ]
    return Registry.from_documents(channels, sample()["needs"], sample()["routing_rules"])


@cache
def library() -> Library:
    """The help that ships."""
    shipped = json.loads((TEMPLATES / "help" / "library.json").read_text(encoding="utf-8"))
    links = tuple(HelpLink.from_document(one) for one in shipped["help_links"])
    return Library(links, tuple(FaqEntry.from_document(one) for one in shipped["faq"]))


@cache
def playbook(slug: str = "service-outage") -> Playbook:
    return Playbook.from_document(json.loads((TEMPLATES / "playbooks" / f"{slug}.json").read_text(encoding="utf-8")))


def document(stage: str = "holding", slug: str = "service-outage", **fields: object) -> dict[str, Any]:
    """An update document in the playbook's four languages and Arabic."""
    book = playbook(slug)
    values = {name: value for name, value in VALUES.items() if name in book.variables}
    content = fill_playbook(book, stage, values, book.languages(stage), Reading("Asia/Vientiane", AT))
    return {
        "crisis": "grid",
        "stage": stage,
        "endpoints": ["texts"],
        "content": {**content, "ar": ARABIC},
        "need": book.needs[0],
        "next_update_by": "2026-11-23T06:30:00Z",
        "expires_at": "2026-11-24T05:30:00Z",
        **fields,
    }


def source(update: Mapping[str, object] | None = None, **changes: object) -> Source:
    made = Source(
        crisis={"slug": "grid"},
        update=UpdateDocument.from_document(update or document()),
        registry=registry(),
        organisation=sample()["organisation"],
        severity=Severity.MAJOR,
        update_id=7,
        revision=2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def composed(made: Source, medium: Medium, language: str = "en", limits: Limits = SMS, **more: Any) -> Composed:
    chosen = Limits() if medium is Medium.EMAIL else limits
    arguments: dict[str, Any] = {"at": AT, "page_link": LINK, **more}
    return compose(templating(), made, medium=medium, limits=chosen, language=language, **arguments)
