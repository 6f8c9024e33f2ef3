"""The rule of an audience on its page: as conditions or as text, what is offered for them, and how many they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection

from app.console.condition_rows import MAIN, rows_of, rule_in
from app.console.condition_tree import (
    DEEPEST_GROUP,
    ROOT,
    Group,
    Join,
    Kind,
    Place,
    Row,
    added,
    everything,
    fields_of,
    group_in,
    name_of,
    place_of,
    removed,
)
from app.console.entered import Entered
from app.console.notes import mark
from app.console.subscribers import MEDIA
from app.console.visit import Visit
from app.domain.audience_rules import MEDIA as WRITTEN_TO
from app.domain.audience_rules import Rule
from app.domain.audience_text import parse_text
from app.domain.audience_words import rule_text
from app.domain.delivery import State
from app.domain.texts import pick, tidy
from app.errors import Invalid, Problem
from app.store import audiences, documents, exporting, listing, updates
from app.store.database import Database
from app.store.documents import Kind as Register
from app.usecases.check_audience import MOST_NAMED, check_audience
from app.usecases.save_audience import AudienceSize, count_parts, measure_audience

MODE: Final = "mode"
TEXT: Final = "text"
CONDITIONS: Final = "conditions"
MOST_COUNTED: Final = 12
"""Parts that get a figure of their own, those that come first: on a million people each takes a moment."""
KINDS: Final = (
    (mark("About the person"), (
        (Kind.LANGUAGE, mark("Language")), (Kind.AREA, mark("Area")), (Kind.POSTCODE, mark("Postcode")),
        (Kind.CUSTOMER, mark("Customer number")), (Kind.EVERYBODY, mark("Everybody")),
    )),
    (mark("A column of your own"), (
        (Kind.TEXT, mark("Column with words")), (Kind.NUMBER, mark("Column with a number")),
        (Kind.DAY, mark("Column with a day")), (Kind.KNOWN, mark("Column is there")),
    )),
    (mark("What they want and can get"), (
        (Kind.TOPIC, mark("Topic they chose")), (Kind.CONSENT, mark("Agreed to hear from us")),
        (Kind.REACHABLE, mark("Can be reached by")),
    )),
    (mark("What they were sent"), ((Kind.UPDATE, mark("An earlier update")),)),
    (mark("Saved"), ((Kind.AUDIENCE, mark("Another audience")),)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    whole: AudienceSize
    parts: Mapping[str, int]
    """People by the name of a condition or group."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A condition or group as the page draws it."""

    name: str
    kind: str
    """"" = a group."""
    parts: tuple[Shown, ...] = ()
    number: str = ""
    """Its place as it is read: the second of the first group is 1.2; "" = the whole."""
    room: bool = True
    """There may be a group within."""


def begin(rule: Rule | None) -> dict[str, list[str]]:
    """The fields in which a saved rule opens; as text where it says more than conditions can."""
    group = Group() if rule is None else rows_of(rule)
    return {MODE: [TEXT], TEXT: [rule_text(rule)]} if group is None and rule else as_conditions(group or Group())


def as_conditions(group: Group) -> dict[str, list[str]]:
    return {MODE: [CONDITIONS], **fields_of(group)}


def is_text(entered: Entered) -> bool:
    return entered.one(MODE) == TEXT


def changed(entered: Entered, act: str) -> tuple[Group, Place]:
    """After a button: `add:c.1` (a condition of the kind chosen there), `group:c` or `remove:c.0`; and where to go on.

    Raise Invalid for what there is no room for.
    """
    group = group_in(entered.fields)
    what, _, name = act.partition(":")
    place = place_of(name)
    if what == "remove":
        return removed(group, place), place[:-1]
    if what == "group":
        return added(group, place, Group(Join.ANY))
    kind = entered.one(f"{name}.new")
    if kind not in set(Kind):
        raise Invalid(Problem("bad_choice", "Choose one of these.", f"{name}.new", "Choose what it is about."))
    return added(group, place, Row(Kind(kind)))


def typed_rule(db: Database, entered: Entered) -> dict[Place, Rule]:
    """What is meant, the whole at place `()`, its parts at theirs. Raise Invalid, each fault beside its field.

    Areas with commas between them on one line are several, when all of them are known and the whole line is none.
    """
    if not is_text(entered):
        with db.reading() as connection:
            return rule_in(_areas_apart(connection, group_in(entered.fields)))
    try:
        return {(): parse_text(entered.one(TEXT))}
    except Invalid as refusal:
        raise Invalid([replace(problem, field=TEXT) for problem in refusal.problems]) from None


def _areas_apart(connection: Connection, group: Group) -> Group:
    def apart(node: Row | Group) -> Row | Group:
        if isinstance(node, Group):
            return replace(node, parts=tuple(map(apart, node.parts)))
        if node.kind is not Kind.AREA:
            return node
        typed = "\n".join(node.fields.get(MAIN[Kind.AREA], ())).split("\n")
        lines = [name for line in map(tidy, typed) for name in _several(connection, line)]
        return replace(node, fields={**node.fields, MAIN[Kind.AREA]: ("\n".join(lines),)})

    return replace(group, parts=tuple(map(apart, group.parts)))


def _several(connection: Connection, line: str) -> list[str]:
    names = [name for name in map(tidy, re.split("[,;،]", line)) if name]
    known = len(names) > 1 and audiences.unknown_areas(connection, [line])
    return names if known and not audiences.unknown_areas(connection, names) else [line]


def check(db: Database, entered: Entered, found: Mapping[Place, Rule], slug: str) -> None:
    """Raise Invalid for names of nothing, beside the condition that has them."""
    if is_text(entered):
        places: Mapping[Place, str] = {(): TEXT}
    else:
        nodes = everything(group_in(entered.fields))
        places = {place: f"{name_of(place)}.{MAIN[node.kind]}" for place, node in nodes if isinstance(node, Row)}
    problems: list[Problem] = []
    with db.reading() as connection:
        for place, field in places.items():
            try:
                check_audience(connection, found[place], slug, field)
            except Invalid as refusal:
                problems += [replace(problem, field=field) for problem in refusal.problems]
    if problems:
        raise Invalid(problems)


def measured(db: Database, found: Mapping[Place, Rule], slug: str) -> Figures:
    """How many the whole and its first parts mean; `found` was checked."""
    places = sorted((place for place in found if place), key=lambda place: (len(place), place))[:MOST_COUNTED]
    counts = count_parts(db, [found[place] for place in places], slug) if len(places) > 1 else []
    names = map(name_of, places)
    return Figures(measure_audience(db, found[()], slug), dict(zip(names, counts, strict=False)))


def tree(group: Group) -> Shown:
    def shown(node: Row | Group, place: Place) -> Shown:
        number = ".".join(str(one + 1) for one in place)
        if isinstance(node, Row):
            return Shown(name_of(place), node.kind.value, number=number)
        parts = tuple(shown(part, (*place, at)) for at, part in enumerate(node.parts))
        return Shown(name_of(place), "", parts, number, len(place) + 1 < DEEPEST_GROUP)

    return shown(group, ())


def offers(connection: Connection, visit: Visit, group: Group, slug: str) -> dict[str, Any]:
    """What the fields offer to choose from."""
    named = [row.slug for row in audiences.page(connection, limit=200).items if row.slug != slug]
    topics = [row.slug for row in documents.everything(connection, Register.TOPIC)]
    rows = [node for _, node in everything(group) if isinstance(node, Row)]
    languages = {code for codes in listing.language_lists(connection).values() for code in codes}
    columns = any(row.kind in (Kind.TEXT, Kind.NUMBER, Kind.DAY, Kind.KNOWN) for row in rows)
    areas = any(row.kind is Kind.AREA for row in rows)
    return {
        "kinds": [(visit.say(title), [(kind.value, visit.say(name)) for kind, name in some]) for title, some in KINDS],
        "kind_names": {kind.value: visit.say(name) for _, some in KINDS for kind, name in some},
        "audiences": named,
        "topics": topics,
        "languages": sorted(languages)[:MOST_NAMED],
        "areas": audiences.known_areas(connection)[:MOST_NAMED] if areas else [],
        "columns": exporting.sampled_columns(connection) if columns else [],
        "media": [(value, visit.say(name)) for value, name in MEDIA if value in WRITTEN_TO],
        "states": [state.value for state in State],
        "recent": _recent(connection, visit) if any(row.kind is Kind.UPDATE for row in rows) else [],
    }


def _recent(connection: Connection, visit: Visit) -> list[tuple[int, str]]:
    """The number and headline of updates people got lately."""
    rows = updates.newest_sent(connection)
    headlines = [{code: text["headline"] for code, text in row.document["content"].items()} for row in rows]
    return [(row.id, pick(words, visit.words.language)[0]) for row, words in zip(rows, headlines, strict=True)]


def root_of(entered: Entered) -> Group:
    """The conditions of a form, an empty group where it is text."""
    return Group() if is_text(entered) or f"{ROOT}.join" not in entered.fields else group_in(entered.fields)
