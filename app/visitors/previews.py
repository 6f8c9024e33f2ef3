"""Words nobody has released yet, for the holder of a signed link: the banner document, and the page it leads to.

Forged, expired, taken back or for another site: 404 without a hint. Nothing is cached or indexed on the way.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app.domain.preview_links import read_preview_token
from app.domain.sites import Site
from app.domain.snapshot import JSON
from app.domain.updates import UpdateDocument
from app.errors import Invalid
from app.publishing.picture import Picture, picture
from app.publishing.previewing import imagined, preview_banner, preview_page
from app.store import crises, documents, preview_links, website
from app.store.documents import Kind
from app.store.preview_links import PreviewRow
from app.visitors.forms import Context, Ctx

NEVER_KEPT: Final = {
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "vary": "origin",
}

router = APIRouter(prefix="/site/{site}/preview", include_in_schema=False)


@router.get("/{token}.json")
@router.head("/{token}.json")
def banner(site: str, token: str, request: Request, context: Ctx) -> Response:
    """The site's banner document with these words, `"preview": true`; read by the widget."""
    with context.db.reading() as connection:
        row = _held(context, connection, site, token)
        shown = _imagined(context, connection, row) if row else None
        allowed = _origin(connection, site, request.headers.get("origin", "")) if row else ""
    body = preview_banner(context.press, shown, site) if shown else None
    headers = {**NEVER_KEPT, **({"access-control-allow-origin": allowed} if allowed else {})}
    if body is None:
        return Response("{}", 404, headers, JSON)
    return Response(body, 200, headers, JSON)


@router.get("/{token}/{language}")
@router.head("/{token}/{language}")
def page(site: str, token: str, language: str, context: Ctx) -> Response:
    """The crisis page with these words in one language."""
    with context.db.reading() as connection:
        row = _held(context, connection, site, token)
        shown = _imagined(context, connection, row) if row else None
    file = preview_page(context.press, shown, row.document["crisis"], language) if row and shown else None
    if file is None:
        return Response("", 404, NEVER_KEPT, "text/plain; charset=utf-8")
    headers = {**NEVER_KEPT, "content-security-policy": file.csp, "content-language": file.language}
    return Response(file.body, 200, headers, file.content_type)


def _held(context: Context, connection: Connection, site: str, token: str) -> PreviewRow | None:
    """What this link shows; None for whatever reason it shows nothing."""
    link = read_preview_token(context.preview_key, token)
    now = context.clock.now()
    if link is None or link.site != site or link.until <= now:
        return None
    row = preview_links.find(connection, link.id)
    return row if row is not None and row.link == link and row.revoked_at is None else None


def _imagined(context: Context, connection: Connection, row: PreviewRow) -> Picture | None:
    try:
        document = UpdateDocument.from_document(row.document)
    except Invalid:
        return None
    shown = picture(website.read(connection), context.clock.now())
    return imagined(shown, crises.get(connection, document.crisis), row.link.update, row.link.revision, document)


def _origin(connection: Connection, site: str, origin: str) -> str:
    """Which page may read the answer: one of the site's origins; any, when the site names none."""
    found = documents.find(connection, Kind.SITE, site)
    origins = Site.from_document(found.document).origins if found else ()
    if not origins:
        return "*"
    return origin if origin in origins else ""
