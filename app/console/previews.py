"""What recipients will get, medium beside medium: from the functions the engine composes with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import anyio.from_thread
from starlette.responses import Response

from app.console.notes import mark
from app.console.screens import Door, Screens
from app.console.visit import Visit
from app.console.written import field_of
from app.domain.content import Content
from app.domain.crisis import UpdateState
from app.domain.link_checks import LinkCheck, urls_below, urls_in
from app.domain.message import Medium
from app.domain.preview_links import PreviewLink, preview_token, read_preview_token
from app.domain.readability import Ease, readability
from app.domain.text_messages import OnThePhone, on_the_phone
from app.domain.texts import direction
from app.domain.updates import UpdateDocument
from app.errors import Conflict, NotFound, Problem
from app.publishing.picture import picture
from app.publishing.previewing import imagined, preview_banner
from app.store import crises, documents, links, updates, website
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.count_readers import count_readers
from app.usecases.measure_reach import measure_reach
from app.usecases.preview_update import Preflight, Rendering

screens = Screens()
PURPOSE: Final = "console-previews"
"""`Keyring.key(PURPOSE)` signs what lets the widget of a preview fetch its words; the widget sends no cookie."""
SHOWN_FOR: Final = timedelta(hours=1)
OPEN: Final = (UpdateState.DRAFT, UpdateState.RETURNED)
LETTER_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""A mail's own styles, and nothing that runs."""
SHOP_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data: https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One text as its readers will get it."""

    rendering: Rendering
    phone: OnThePhone | None
    """Of text messages."""
    audience: str = ""
    """Of other words for a part of the audience."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How many an update would reach in one language by text message and e-mail, and what it costs."""

    name: str
    texts: int
    mails: int
    parts: int
    """Of text messages, to be paid for."""
    cost: str


@screens.get("/updates/{update_id:int}/previews", needs="preview_update")
def previews(visit: Visit) -> Response:
    """The whole page, or for htmx the part of it that changes while somebody writes."""
    shown = _shown(visit)
    if visit.request.headers.get("hx-request"):
        return visit.show("previews_part.html", **shown)
    counted = _reach(visit, shown["row"], shown["checked"]) if visit.query("count") else {}
    return visit.show("previews.html", **shown, **counted, counted=bool(counted))


@screens.get("/updates/{update_id:int}/reach", needs="preview_update")
def reach(visit: Visit) -> Response:
    """How many, until when, for how much: counted over the whole audience, so it comes by itself."""
    row = _row(visit)
    return visit.show("reach_part.html", **_reach(visit, row, visit.context.preflight(row, visit.now)))


@screens.post("/updates/{update_id:int}/links", needs="check_links")
def look_at_links(visit: Visit) -> Response:
    row, look = _row(visit), visit.context.look_at_links
    urls = {url.partition("#")[0] for url in urls_below(row.document["content"])}
    if look is None or row.state not in OPEN:
        raise Conflict(Problem("not_a_draft", "Its links cannot be looked at now.", "", "Look while it is a draft."))

    async def looking() -> None:
        await look(urls)

    anyio.from_thread.run(looking)
    return visit.go(f"/updates/{row.id}/previews", said="links_checked", language=visit.entered.one("language"))


@screens.get("/updates/{update_id:int}/previews/{endpoint}/{language}", needs="preview_update")
def letter(visit: Visit) -> Response:
    """The e-mail as its HTML is, for a frame."""
    wanted = (visit.path["endpoint"], visit.path["language"])
    for each in visit.context.preflight(_row(visit), visit.now).renderings:
        if (each.endpoint, each.language) == wanted and each.html and each.variant == 0:
            headers = {"Content-Security-Policy": LETTER_POLICY, "Referrer-Policy": "no-referrer"}
            return Response(each.html, 200, headers, "text/html; charset=utf-8")
    raise NotFound(Problem("no_such_preview", "There is no such e-mail.", "", "Look at the update again."))


@screens.get("/updates/{update_id:int}/shop/{language}", needs="preview_update")
def shop(visit: Visit) -> Response:
    """A customer's website with the widget, for a frame; the words come by the token behind the `#` of its address."""
    folder = visit.context.templates / "sample"
    said = json.loads((folder / "words.json").read_text(encoding="utf-8"))
    language = visit.path["language"]
    spoken = language if language in said else "en"
    answer = visit.show("shop.html", lang=language, dir=direction(language), w=said[spoken], spoken=spoken)
    answer.headers["Content-Security-Policy"] = SHOP_POLICY
    return answer


@screens.get("/shown/preview/{name}", needs=Door.ANYONE)
def banner(visit: Visit) -> Response:
    """What the widget of a preview asks for, without a cookie: signed, for an hour, for one update."""
    context = visit.context
    token = str(visit.path["name"]).removesuffix(".json")
    link = read_preview_token(context.keyring.key(PURPOSE), token)
    body = None
    if link is not None and link.until > visit.now and context.press is not None:
        with context.db.reading() as connection:
            row = updates.get(connection, link.update)
            crisis = crises.get(connection, row.crisis)
            rows = website.read(connection)
        document = UpdateDocument.from_document(row.document)
        seen = imagined(picture(rows, visit.now), crisis, row.id, row.revision, document)
        body = preview_banner(context.press, seen, link.site) if document.content else None
    return Response(body or b"{}", 200 if body else 404, None, "application/json")


def _row(visit: Visit) -> UpdateRow:
    with visit.context.db.reading() as connection:
        return updates.get(connection, visit.path["update_id"])


def _shown(visit: Visit) -> dict[str, Any]:
    context, row = visit.context, _row(visit)
    checked = context.preflight(row, visit.now)
    written = sorted(row.document["content"])
    languages = list(dict.fromkeys([*written, *(each.language for each in checked.renderings)]))
    first = context.default_language if context.default_language in languages else next(iter(languages), "")
    language = visit.query("language") if visit.query("language") in languages else first
    here = [each for each in checked.renderings if each.language == language]
    others = [""] + [each["audience"] for each in row.document.get("variants") or ()]
    content = row.document["content"].get(language)
    with context.db.reading() as connection:
        crisis = crises.get(connection, row.crisis)
        seen = links.everything(connection)
        sites = documents.everything(connection, Kind.SITE)
    return {
        "row": row,
        "crisis": crisis,
        "drill": bool(row.document.get("drill")),
        "checked": checked,
        "standing": [
            (visit.words.sayings.problem(field_of(one)), one in checked.problems)
            for one in (*checked.problems, *checked.warnings)
        ],
        "language": language,
        "dir": direction(language or "en"),
        "languages": [(code, visit.words.named(code), code in written) for code in languages],
        "shown": [
            Shown(one, on_the_phone(one.text) if one.medium is Medium.SMS else None, others[one.variant])
            for one in sorted(here, key=lambda one: one.variant)
        ],
        "ease": _ease(visit, content, language or "en") if content else "",
        "links": _links(content, seen) if content else [],
        "shop": _shop_token(visit, row, sites[0].slug, language or "") if sites and content else "",
        "open": row.state in OPEN,
    }


def _ease(visit: Visit, content: dict[str, Any], language: str) -> str:
    words = Content.from_document(content)
    texts = (words.acknowledgement, words.impact, words.duration, words.explanation, *words.complications)
    more = (*(one.text for one in words.options), words.perspective, words.reassurance)
    found = readability("\n".join((words.headline, *texts, *more)), language)
    if found.ease is Ease.LONG:
        said = visit.say(mark("The longest sentence has %(words)s words; cut it in two: “%(sentence)s”"))
        return said % {"words": found.longest_words, "sentence": found.longest}
    if found.ease is Ease.HARD:
        said = visit.say(
            mark("It takes about %(grade)s years of school; shorter words and sentences help under stress.")
        )
        return said % {"grade": visit.words.number(found.grade or 0)}
    return visit.say(mark("Easy to read under stress.")) if found.ease is Ease.EASY else ""


def _links(content: dict[str, Any], seen: Mapping[str, LinkCheck]) -> list[tuple[str, LinkCheck | None]]:
    """Each address in the words, and what is known of it."""
    words = " ".join(str(value) for value in content.values())
    urls = dict.fromkeys((*urls_below(content), *urls_in(words)))
    return [(url, seen.get(url.partition("#")[0])) for url in urls]


def _shop_token(visit: Visit, row: UpdateRow, site: str, language: str) -> str:
    """The address of the frame, with what lets its widget see these words."""
    until = (visit.now + SHOWN_FOR).replace(microsecond=0)
    token = preview_token(visit.context.keyring.key(PURPOSE), PreviewLink(0, row.id, row.revision, site, until))
    return f"/console/updates/{row.id}/shop/{language}?r={row.revision}#clarion-preview={token}"


def _reach(visit: Visit, row: UpdateRow, checked: Preflight) -> dict[str, Any]:
    context = visit.context
    measured = measure_reach(context.db, row, visit.now)
    readers = count_readers(context.db, row, context.default_language)
    parts = {one.language: one.parts for one in checked.renderings if one.medium is Medium.SMS and one.variant == 0}
    texts, mails = readers.get(Medium.SMS, {}), readers.get(Medium.EMAIL, {})
    lines = []
    for language in sorted({*texts, *mails}):
        paid = texts.get(language, 0) * parts.get(language, 0)
        name = visit.words.named(language)
        lines.append(Reached(name, texts.get(language, 0), mails.get(language, 0), paid, _cost(visit, paid)))
    return {
        "measured": measured,
        "last": visit.now + timedelta(seconds=measured.seconds) if measured else None,
        "lines": lines,
        "paid": sum(line.parts for line in lines),
        "cost": _cost(visit, sum(line.parts for line in lines)),
    }


def _cost(visit: Visit, parts: int) -> str:
    price = visit.context.part_price
    return visit.words.money(price.amount * parts, price.currency) if price and parts else ""
