"""The ways out: what each channel has to be told, whether it sends now, a test to oneself, stopping and going on.

A secret is a field of its own kind (`secret.*`): it is sent, sealed, and never shown, kept or held again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from starlette.responses import Response

from app.clock import to_ms
from app.console.blanks import Blank, Part, Shape, Sheet, found
from app.console.entered import HIDDEN
from app.console.forms import Fields
from app.console.notes import mark
from app.console.register_forms import NAME
from app.console.registers import revision
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.endpoints import MASK, Endpoint
from app.errors import Invalid, NotFound, Problem
from app.store import breakers, endpoints
from app.usecases.halt_endpoint import close_endpoint
from app.usecases.resume_endpoint import resume_endpoint
from app.usecases.save_endpoint import save_endpoint
from app.usecases.try_endpoint import last_trial, try_endpoint

screens = Screens()
SHAPES: Final[Mapping[str, Shape]] = {"number": Shape.NUMBER, "switch": Shape.FLAG, "secret": Shape.SECRET}
PACE: Final = Part(
    mark("How it is used"),
    (
        Blank(
            "rate_per_second",
            mark("Messages a second"),
            Shape.DECIMAL,
            hint=mark("What the provider allows this sender."),
        ),
        Blank("weight", mark("Weight"), Shape.NUMBER, mark("Twice as high: twice as many, beside others of its kind.")),
        Blank(
            "fallback_for", mark("Stands in for"), hint=mark("The endpoint whose work it takes over when that fails.")
        ),
    ),
)


class Setting(Protocol):
    """What `channels.registry` says of one setting."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def secret(self) -> bool: ...
    @property
    def default(self) -> str | int | bool | None: ...


@dataclass(frozen=True, slots=True)
class Way:
    """An endpoint on the list."""

    endpoint: Endpoint
    title: str
    breaker: str
    """closed, open or half_open."""
    reason: str


@screens.get("/endpoints", needs="read")
def listing(visit: Visit) -> Response:
    context, now_ms = visit.context, to_ms(visit.now)
    with context.db.reading() as connection:
        page = endpoints.page(connection, cursor=visit.query("cursor"), limit=50)
        known = breakers.everything(connection)
    rows = []
    for one in page.items:
        breaker = known.get(one.id)
        info = context.channels.get(one.channel)
        phase = breaker.phase(now_ms) if breaker else breakers.CLOSED
        rows.append(Way(one, info.title if info else one.channel, phase, breaker.reason if breaker else ""))
    channels = [(name, info.title) for name, info in context.channels.items()]
    return visit.show("endpoints.html", rows=rows, next_cursor=page.next_cursor, channels=channels)


@screens.get("/add/endpoints/{channel}", needs="save_endpoint")
def begin(visit: Visit) -> Response:
    return _form(visit, visit.path["channel"], None)


@screens.post("/add/endpoints/{channel}", needs="save_endpoint", again=begin)
def add(visit: Visit) -> Response:
    return visit.go(f"/endpoints/{_save(visit, visit.path['channel'], None)}", said="saved")


@screens.get("/endpoints/{slug}", needs="read")
def one(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        endpoint = endpoints.get(connection, visit.path["slug"])
    return _form(visit, endpoint.channel, endpoint)


@screens.post("/endpoints/{slug}", needs="save_endpoint", again=one)
def change(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        endpoint = endpoints.get(connection, visit.path["slug"])
    return visit.go(f"/endpoints/{_save(visit, endpoint.channel, endpoint)}", said="saved")


@screens.post("/endpoints/{slug}/try", needs="try_endpoint", again=one)
def attempt(visit: Visit) -> Response:
    try_endpoint(visit.context.db, visit.actor, visit.path["slug"], visit.now)
    visit.context.wake()
    return visit.go(f"/endpoints/{visit.path['slug']}", said="tried")


@screens.post("/endpoints/{slug}/halt", needs="halt_endpoint", again=one)
def halt(visit: Visit) -> Response:
    read = Fields(visit.entered)
    reason = read.text("reason", required=False, longest=150)
    read.done()
    close_endpoint(visit.context.db, visit.actor, visit.path["slug"], reason, visit.now)
    visit.context.wake()
    return visit.go(f"/endpoints/{visit.path['slug']}", said="halted")


@screens.post("/endpoints/{slug}/resume", needs="resume_endpoint", again=one)
def resume(visit: Visit) -> Response:
    resume_endpoint(visit.context.db, visit.actor, visit.path["slug"], visit.now)
    visit.context.wake()
    return visit.go(f"/endpoints/{visit.path['slug']}", said="resumed")


def settings_of(visit: Visit, channel: str) -> Sequence[Setting]:
    """As the channel declares them. Raise NotFound for one that nobody wrote."""
    facts = visit.context.facts(channel)
    if facts is None:
        raise NotFound(Problem("unknown_channel", "There is no such channel.", "channel", "Choose one of the list."))
    return cast("Sequence[Setting]", facts.fields)


def sheet(visit: Visit, channel: str, endpoint: Endpoint | None) -> Sheet:
    blanks = [_blank(one, stored=endpoint is not None) for one in settings_of(visit, channel)]
    declared = Part(visit.context.channels[channel].title, blanks)
    return Sheet((*(() if endpoint else (Part("", (NAME,)),)), declared, PACE))


def _blank(one: Setting, *, stored: bool) -> Blank:
    path = f"{HIDDEN}{one.name}" if one.secret else f"settings.{one.name}"
    return Blank(
        path, one.label, SHAPES.get(one.type, Shape.LINE), one.hint, one.required and not (one.secret and stored)
    )


def _form(visit: Visit, channel: str, endpoint: Endpoint | None) -> Response:
    form, context = sheet(visit, channel, endpoint), visit.context
    with context.db.reading() as connection:
        breaker = breakers.everything(connection).get(endpoint.id) if endpoint else None
        trial = last_trial(connection, endpoint.slug) if endpoint else None
    info = context.channels[channel]
    return visit.show(
        "endpoint.html",
        endpoint=endpoint,
        channel=channel,
        info=info,
        sheet=form,
        values=form.values(_document(endpoint) if endpoint else _usual(visit, channel)),
        breaker=breaker if breaker and breaker.phase(to_ms(visit.now)) != breakers.CLOSED else None,
        trial=trial,
    )


def _document(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "settings": endpoint.settings,
        "rate_per_second": f"{endpoint.rate_per_second:g}",
        "weight": endpoint.weight,
        "fallback_for": endpoint.fallback_for,
    }


def _usual(visit: Visit, channel: str) -> dict[str, Any]:
    """What stands there before anybody has typed."""
    declared = {one.name: one.default for one in settings_of(visit, channel) if not one.secret}
    return {
        "settings": declared,
        "rate_per_second": f"{visit.context.channels[channel].rate_per_second:g}",
        "weight": 1,
    }


def _save(visit: Visit, channel: str, endpoint: Endpoint | None) -> str:
    """The slug. Raise Invalid or Conflict, each fault beside its field."""
    context, form = visit.context, sheet(visit, channel, endpoint)
    typed = form.document(visit.entered, {})
    settings = {}
    for one in settings_of(visit, channel):
        value = found(typed, f"{HIDDEN}{one.name}" if one.secret else f"settings.{one.name}")
        kept = MASK if one.secret and endpoint and endpoint.secrets else ""
        settings[one.name] = value if value not in (None, "") else kept
    slug = endpoint.slug if endpoint else str(typed.get("slug") or "")
    document = {"channel": channel, "settings": settings} | {
        name: typed[name] for name in ("rate_per_second", "weight", "fallback_for") if name in typed
    }
    with form.beside():
        problems = context.check_settings(channel, {name: value for name, value in settings.items() if value != ""})
        if problems:
            raise Invalid(problems)
        save_endpoint(
            context.db, context.keyring, context.facts, visit.actor, slug, document, revision(visit), visit.now
        )
    context.wake()
    return slug
