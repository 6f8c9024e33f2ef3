"""Answers to our script on a customer's own website: readable there if it is registered, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fastapi import Request, Response

from app.domain.sites import Site
from app.domain.snapshot import JSON
from app.store import documents
from app.store.documents import Kind
from app.visitors.forms import Context


def wants_json(request: Request) -> bool:
    return request.headers.get("accept", "").partition(",")[0].strip() == "application/json"


def allowed_origin(context: Context, request: Request) -> str:
    """The page's origin, where it is our own or that of a registered website; "" for every other, and for none."""
    origin = request.headers.get("origin", "")
    if not origin or origin == context.press.public_base:
        return origin
    with context.db.reading() as connection:
        sites = [Site.from_document(row.document) for row in documents.everything(connection, Kind.SITE)]
    return origin if any(origin in site.origins for site in sites) else ""


def embedded(answer: Mapping[str, object], status: int, origin: str) -> Response:
    """`origin`: which page may read it."""
    headers = {
        "cache-control": "no-store",
        "x-robots-tag": "noindex",
        "x-content-type-options": "nosniff",
        "vary": "origin, accept",
        **({"access-control-allow-origin": origin} if origin else {}),
        **({"retry-after": "60"} if status == 503 else {}),
    }
    return Response(json.dumps(answer, ensure_ascii=False), status, headers, JSON)
