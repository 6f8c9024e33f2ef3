"""What would happen: where somebody with a need is led at a moment, by which rule, and whether it takes so many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from app.console.register_forms import SEVERITIES
from app.console.registers import sources
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.contact_load import Load, Occasion, Told, weigh
from app.domain.crisis import Severity, Stage
from app.domain.routing import EMERGENCY_NEED, Query, Registry, advise, rule_for
from app.domain.routing_lint import lint
from app.store import documents

screens = Screens()
TOLD_WITHIN = 60.0
"""Seconds in which so many are told, for lack of anything better known."""
MOST_PEOPLE = 100_000_000


@screens.get("/route", needs="read")
def what_would_happen(visit: Visit) -> Response:
    names = ("need", "lang", "area", "severity", "audience", "people")
    asked = {name: (visit.query(name) or "")[:64] for name in names}
    typed_at = (visit.query("at") or "")[:32]
    with visit.context.db.reading() as connection:
        registry = documents.registry(connection)
        offered = sources(connection, visit)
    at = _moment(typed_at, visit)
    severity = Severity(asked["severity"]) if asked["severity"] in set(Severity) else None
    need = asked["need"] if asked["need"] in registry.needs else next(iter(registry.needs), "")
    query = Query(need, asked["lang"], asked["area"], severity, asked["audience"])
    rule = rule_for(registry, query, at) if need else None
    return visit.show(
        "route.html",
        asked={**asked, "need": need, "at": typed_at},
        at=at,
        rule=rule,
        options=advise(registry, query, at)[:10] if need else (),
        load=_load(registry, query, asked["people"], at, visit),
        doubtful=lint(registry, visit.now),
        needs=[each for each in offered["needs"] if each[0] in registry.needs],
        audiences=offered["audiences"],
        severities=[(value, visit.say(name)) for value, name in SEVERITIES],
    )


def _moment(typed: str, visit: Visit) -> datetime:
    """By the organisation's clock; now for anything that is no time."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(visit.context.timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return visit.now


def _load(registry: Registry, query: Query, typed: str, at: datetime, visit: Visit) -> Load | None:
    """What so many people who are told would bring to the first contact channel; None when nobody asks."""
    digits = "".join(each for each in typed if each.isdigit())
    if not digits or not query.need:
        return None
    people = min(int(digits), MOST_PEOPLE)
    severity = query.severity or (Severity.EMERGENCY if query.need == EMERGENCY_NEED else Severity.MAJOR)
    said = Occasion(severity, Stage.HOLDING, query.need, query.language, at, at + timedelta(days=1), query.audience)
    return weigh(registry, Told(people, people, TOLD_WITHIN), said, visit.context.shares)
