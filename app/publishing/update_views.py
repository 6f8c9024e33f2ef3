"""Announcements as plain data: every field of every message, word for word, in the language the reader asked for."""

from __future__ import annotations

from datetime import datetime

from app.domain.content import Content
from app.domain.texts import direction
from app.domain.updates import ContentByLanguage
from app.publishing.chapters import Standing
from app.publishing.picture import PublicCrisis, PublicUpdate
from app.publishing.tongue import Tongue, View

STANDING_WORDS = {
    Standing.CURRENT: "",
    Standing.CORRECTED: "corrected",
    Standing.WITHDRAWN: "withdrawn",
    Standing.EXPIRED: "over",
    Standing.OVER: "over",
    Standing.ALL_CLEAR: "",
}


def crisis_view(tongue: Tongue, crisis: PublicCrisis, prefix: str) -> View:
    """A crisis with all its messages, newest first; `now` is the one that holds, or None; `earlier` all others."""
    shown = crisis.shown
    updates = {update.id: update_view(tongue, update, holds=update is shown) for update in crisis.updates}
    now = updates[shown.id] if shown else None
    return {
        "slug": crisis.slug,
        "title": tongue.text(crisis.titles),
        "severity": crisis.severity.value,
        "severity_word": tongue.say(f"severity_{crisis.severity.value}"),
        "resolved": crisis.resolved,
        "href": f"{prefix}/{tongue.language}/crises/{crisis.slug}",
        "now": now,
        "earlier": [view for view in updates.values() if view is not now],
        "last": updates[crisis.updates[0].id],
        "began": tongue.dated(crisis.updates[-1].sent_at),
        "changed": tongue.dated(crisis.updates[0].sent_at),
    }


def update_view(tongue: Tongue, update: PublicUpdate, *, holds: bool) -> View:
    """`holds`: it is its crisis's last word, so its promise of the next one is the one to keep."""
    document = update.document
    promise = document.next_update_by if holds else None
    return {
        "anchor": f"u{update.id}",
        "stage": document.stage.value,
        "stage_word": tongue.say(f"stage_{document.stage.value}"),
        "sent": tongue.say("sent_at", time=str(tongue.moment(update.sent_at)["text"])),
        "sent_iso": tongue.moment(update.sent_at)["iso"],
        "current": holds,
        "note": standing_note(tongue, update),
        "words": content_view(tongue, document.content),
        "variants": [content_view(tongue, document.words(number + 1)) for number in range(len(document.variants))],
        "promise": promise_text(tongue, promise),
        "promise_iso": None if promise is None else tongue.moment(promise)["iso"],
    }


def content_view(tongue: Tongue, content: ContentByLanguage) -> View:
    """One language's words: the reader's, else their base language's, the organisation's, any."""
    language = content_language(tongue, content)
    words = content[language] if language else Content()
    return {
        "lang": language,
        "dir": direction(language),
        "foreign": language != tongue.language,
        "headline": words.headline,
        "acknowledgement": words.acknowledgement,
        "impact": words.impact,
        "duration": words.duration,
        "explanation": words.explanation,
        "complications": list(words.complications),
        "options": [{"text": option.text, "need": option.need, "url": option.url} for option in words.options],
        "perspective": words.perspective,
        "reassurance": words.reassurance,
        "links": [{"text": link.text, "url": link.url} for link in words.links],
    }


def content_language(tongue: Tongue, content: ContentByLanguage) -> str:
    base = tongue.language.split("-", maxsplit=1)[0]
    wanted = (tongue.language, base, tongue.organisation.default_language, *sorted(content))
    return next((language for language in wanted if language in content), "")


def promise_text(tongue: Tongue, promise: datetime | None) -> str:
    return "" if promise is None else tongue.say("next_update", time=tongue.day(promise))


def standing_note(tongue: Tongue, update: PublicUpdate) -> str:
    """What the reader must know about it, "" for a message that holds."""
    word = STANDING_WORDS[update.standing]
    return tongue.say(word) if word else ""
