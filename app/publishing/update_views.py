"""Announcements as plain data: every field of every message, word for word, in the language the reader asked for."""

from __future__ import annotations

from app.domain.content import Content
from app.domain.texts import direction
from app.domain.updates import ContentByLanguage
from app.publishing.picture import PublicCrisis, PublicUpdate, Standing
from app.publishing.tongue import Tongue, View

STANDING_WORDS = {
    Standing.CURRENT: "",
    Standing.CORRECTED: "corrected",
    Standing.WITHDRAWN: "withdrawn",
    Standing.EXPIRED: "over",
    Standing.OVER: "over",
}


def crisis_view(tongue: Tongue, crisis: PublicCrisis, prefix: str) -> View:
    """A crisis with all its messages, newest first; `now` is the one that holds, or None."""
    updates = [update_view(tongue, update) for update in crisis.updates]
    return {
        "slug": crisis.slug,
        "title": tongue.text(crisis.titles),
        "severity": crisis.severity.value,
        "severity_word": tongue.say(f"severity_{crisis.severity.value}"),
        "resolved": crisis.resolved,
        "href": f"{prefix}/{tongue.language}/crises/{crisis.slug}",
        "updates": updates,
        "now": update_view(tongue, crisis.shown) if crisis.shown else None,
        "last": updates[0],
    }


def update_view(tongue: Tongue, update: PublicUpdate) -> View:
    document = update.document
    promise = document.next_update_by if update.standing is Standing.CURRENT else None
    return {
        "anchor": f"u{update.id}",
        "stage": document.stage.value,
        "stage_word": tongue.say(f"stage_{document.stage.value}"),
        "sent": tongue.say("sent_at", time=str(tongue.moment(update.sent_at)["text"])),
        "sent_iso": tongue.moment(update.sent_at)["iso"],
        "current": update.standing is Standing.CURRENT,
        "standing": update.standing.value,
        "note": standing_note(tongue, update),
        "words": content_view(tongue, document.content),
        "variants": [content_view(tongue, document.words(number + 1)) for number in range(len(document.variants))],
        "promise": None if promise is None else tongue.say("next_update", time=tongue.day(promise)),
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


def standing_note(tongue: Tongue, update: PublicUpdate) -> str:
    """What the reader must know about it, "" for a message that holds."""
    word = STANDING_WORDS[update.standing]
    return tongue.say(word) if word else ""
