"""The whole registry as one document: taken out, and put in its place at once or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.areas import Area, check_shared
from app.domain.contacts import ContactChannel
from app.domain.content import content_hash
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.principals import Actor, permit
from app.domain.reading import Reader
from app.domain.routing import Need, Registry, RoutingRule
from app.domain.routing_lint import check_references
from app.domain.topics import Topic
from app.errors import Conflict, Invalid, Problem
from app.store import audit, documents, publishing
from app.store.database import Database
from app.store.documents import Kind

PARTS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "contact_channels": Kind.CONTACT_CHANNEL,
        "needs": Kind.NEED,
        "routing_rules": Kind.ROUTING_RULE,
        "faq": Kind.FAQ,
        "help_links": Kind.HELP_LINK,
        "topics": Kind.TOPIC,
        "areas": Kind.AREA,
    }
)
"""Field of the document -> kind, in the order in which one may name the other."""
LIBRARY: Final = frozenset({"faq", "help_links", "topics", "areas"})
"""May be left out of an import: then what is there stays."""
IGNORED: Final = "organisation"
"""Sample registries say whose they are; nothing of it is kept."""

_Items = dict[str, dict[str, dict[str, Any]]]
"""Field -> slug -> document."""


@dataclass(frozen=True, slots=True)
class Change:
    added: Mapping[str, Sequence[str]]
    """Field of the document -> slugs; likewise below."""
    changed: Mapping[str, Sequence[str]]
    removed: Mapping[str, Sequence[str]]
    digest: str
    """Of the registry as it is now, see `export_registry`."""

    @property
    def empty(self) -> bool:
        return not any((*self.added.values(), *self.changed.values(), *self.removed.values()))


def export_registry(connection: Connection) -> tuple[dict[str, Any], str]:
    """The document, and the digest by which an import can tell that nobody changed anything in between."""
    document = {field: list(items.values()) for field, items in _stored(connection).items()}
    return document, content_hash(document)


def import_registry(
    db: Database, actor: Actor, document: Mapping[str, object], now: datetime, *, expected: str | None = None
) -> Change:
    """Put this registry in the place of the one that is there; what it does not name is removed.

    Raise Invalid with one Problem per fault of the whole, Conflict `stale_edit` when `expected` is not the digest of
    what is there. Then nothing has changed.
    """
    permit(actor, "save_document")
    wanted = _checked(document)
    with db.writing() as tx:
        before = _stored(tx)
        if expected is not None and expected != content_hash(_lists(before)):
            raise Conflict(
                Problem(
                    "stale_edit",
                    "Somebody changed the registry since you took it out.",
                    "If-Match",
                    "Export it again, make your change there and import that.",
                )
            )
        wanted = {field: wanted.get(field, before[field]) for field in PARTS}
        change = _compare(before, wanted)
        if not change.empty:
            _write(tx, wanted, change)
            publishing.request(tx, "registry_imported", now)
            body = {
                "removed": change.removed,
                "added": _documents(wanted, change.added),
                "changed": _documents(wanted, change.changed),
            }
            audit.append(tx, actor.name, "import_registry", "registry", body, now)
    return change


def _stored(connection: Connection) -> _Items:
    """Rewritten in today's shape, so that a field which came with a later version is no difference."""
    registry = documents.registry(connection)
    slugs = [row.slug for row in documents.everything(connection, Kind.NEED)]
    return {
        "contact_channels": {slug: one.to_document() for slug, one in registry.channels.items()},
        "needs": {slug: registry.needs[slug].to_document() for slug in slugs},
        "routing_rules": {rule.slug: rule.to_document() for rule in registry.rules},
        "faq": _each_stored(connection, Kind.FAQ, FaqEntry.from_document),
        "help_links": _each_stored(connection, Kind.HELP_LINK, HelpLink.from_document),
        "topics": _each_stored(connection, Kind.TOPIC, Topic.from_document),
        "areas": _each_stored(connection, Kind.AREA, Area.from_document),
    }


def _each_stored(
    connection: Connection, kind: Kind, read: Callable[[object], FaqEntry | HelpLink | Topic | Area]
) -> dict[str, dict[str, Any]]:
    return {row.slug: read(row.document).to_document() for row in documents.everything(connection, kind)}


def _lists(items: _Items) -> dict[str, list[dict[str, Any]]]:
    return {field: list(found.values()) for field, found in items.items()}


def _checked(document: Mapping[str, object]) -> _Items:
    read = Reader(document)
    read.only(*PARTS, IGNORED)
    for field in (name for name in PARTS if name not in LIBRARY):
        if not read.has(field):
            read.problem("missing", field, "is missing", "Send an empty list if there is none.")
    channels = _each(read, "contact_channels", ContactChannel.from_document)
    needs = _each(read, "needs", Need.from_document)
    rules = _each(read, "routing_rules", RoutingRule.from_document)
    library = {
        field: _each(read, field, make)
        for field, make in (
            ("faq", FaqEntry.from_document),
            ("help_links", HelpLink.from_document),
            ("topics", Topic.from_document),
            ("areas", Area.from_document),
        )
        if read.has(field)
    }
    for place, rule in enumerate(rules):
        if not rule.slug:
            read.problem("missing", f"routing_rules[{place}].slug", "is missing", "Give the rule a short name.")
    for field, made in (
        ("contact_channels", channels),
        ("needs", needs),
        ("routing_rules", rules),
        *library.items(),
    ):
        _unique(read, field, [one.slug for one in made])
    read.done()
    areas = [area for area in library.get("areas", ()) if isinstance(area, Area)]
    for area in areas:
        check_shared(area, areas)
    registry = Registry.of(channels, needs, rules)
    # A need without a rule can be kept: it is what the linter tells.
    dangling = [one for one in check_references(registry) if one.code != "need_without_rule"]
    if dangling:
        raise Invalid(dangling)
    return {
        "contact_channels": {one.slug: one.to_document() for one in channels},
        "needs": {one.slug: one.to_document() for one in needs},
        "routing_rules": {one.slug: one.to_document() for one in rules},
        **{field: {one.slug: one.to_document() for one in made} for field, made in library.items()},
    }


def _each(read: Reader, field: str, make: Any) -> list[Any]:  # noqa: ANN401 - three kinds, one shape
    made = []
    for place, one in enumerate(read.items(field, 10_000)):
        try:
            made.append(make(one, f"{field}[{place}]"))
        except Invalid as refused:
            read.problems.extend(refused.problems)
    return made


def _unique(read: Reader, field: str, slugs: Sequence[str]) -> None:
    seen: set[str] = set()
    for slug in slugs:
        if slug and slug in seen:
            read.problem("duplicate", field, f"names “{slug}” twice", "Keep one of the two.")
        seen.add(slug)


def _compare(before: _Items, wanted: _Items) -> Change:
    def slugs(chosen: Iterable[str]) -> list[str]:
        return sorted(chosen)

    return Change(
        added={field: slugs(wanted[field].keys() - before[field].keys()) for field in PARTS},
        changed={
            field: slugs(slug for slug, one in wanted[field].items() if before[field].get(slug, one) != one)
            for field in PARTS
        },
        removed={field: slugs(before[field].keys() - wanted[field].keys()) for field in PARTS},
        digest=content_hash({field: _in_order(field, wanted[field]) for field in PARTS}),
    )


def _in_order(field: str, items: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """As the store gives them back."""
    by_position = field == "routing_rules"
    return sorted(items.values(), key=lambda one: (one["position"] if by_position else 0, one["slug"]))


def _documents(wanted: _Items, chosen: Mapping[str, Sequence[str]]) -> dict[str, list[dict[str, Any]]]:
    return {field: [wanted[field][slug] for slug in slugs] for field, slugs in chosen.items()}


def _write(tx: Connection, wanted: _Items, change: Change) -> None:
    for field in reversed(tuple(PARTS)):
        for slug in change.removed[field]:
            documents.remove(tx, PARTS[field], slug, None)
    for field, kind in PARTS.items():
        for slug in (*change.added[field], *change.changed[field]):
            documents.save(tx, kind, slug, wanted[field][slug], None)
