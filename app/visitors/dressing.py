"""In whose look and in which language a page for one request is made."""

from __future__ import annotations

from fastapi import Request, Response

from app.domain.audience import choose_language
from app.domain.branding import SLUG, Branding
from app.domain.topics import Topic
from app.publishing.building import Press
from app.publishing.notices import Notice, notice_page
from app.store import documents
from app.store.documents import Kind
from app.visitors.forms import Context


def dressed(context: Context) -> tuple[Press, list[Topic]]:
    """The pages in the organisation's own look, and what people may choose. Raise what the database raises."""
    with context.db.reading() as connection:
        row = documents.find(connection, Kind.ORGANISATION, SLUG)
        topics = [Topic.from_document(one.document) for one in documents.everything(connection, Kind.TOPIC)]
    return context.press.wearing(Branding.from_document(row.document)) if row else context.press, topics


def later(context: Context, language: str) -> Response:
    """The database does not answer."""
    body, headers = notice_page(
        context.press, Notice("later", {}), known_language(context, language), context.clock.now()
    )
    return Response(body, 503, {**headers, "retry-after": "60"})


def known_language(context: Context, wanted: str) -> str:
    press = context.press
    return choose_language([wanted], press.templating.languages(), press.organisation.default_language)


def wanted_language(context: Context, request: Request) -> str:
    """As the browser asks for."""
    press = context.press
    wanted = [part.partition(";")[0] for part in request.headers.get("accept-language", "").split(",")][:20]
    return choose_language(wanted, press.templating.languages(), press.organisation.default_language)
