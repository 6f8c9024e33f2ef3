"""A small organisation in a real database: a site in five languages, two ways to reach it, messages that went out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.domain.crisis import CrisisState, Severity, UpdateState
from app.domain.reading import iso
from app.domain.texts import Texts
from app.domain.updates import UpdateDocument
from app.publishing.building import Press
from app.publishing.tongue import Organisation
from app.store import crises, documents, publishing, updates
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.documents import Kind
from app.templating import Templating

TEMPLATES = Path(__file__).parents[3] / "templates"
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LANGUAGES = ("en", "gu", "lo", "eo", "ar")
NAMES: Texts = {"en": "Adajan Power", "gu": "અડાજણ પાવર"}

PHONE: dict[str, Any] = {
    "slug": "phone",
    "kind": "phone",
    "address": "+912612345678",
    "names": {"en": "Phone line", "gu": "ફોન લાઇન"},
    "languages": ["gu", "en"],
    "hours": "Mo-Fr 08:00-18:00",
    "timezone": "Asia/Kolkata",
}
CHAT: dict[str, Any] = {
    "slug": "chat",
    "kind": "chat",
    "address": "https://help.example.org/chat",
    "names": {"en": "Live chat"},
    "hours": "24/7",
}


def press(public_base: str = "https://status.example.org", *, sample: bool = False, subscribing: bool = False) -> Press:
    organisation = Organisation(NAMES, "en", "Asia/Kolkata", subscribing)
    return Press.load(TEMPLATES, Templating(TEMPLATES), organisation, public_base, sample=sample)


def open_house(db: Database, now: datetime = NOON) -> None:
    """Site, contact channels, needs and rules."""
    with db.writing() as tx:
        documents.save(tx, Kind.SITE, "main", {"slug": "main", "languages": list(LANGUAGES)}, None)
        for channel in (PHONE, CHAT):
            documents.save(tx, Kind.CONTACT_CHANNEL, channel["slug"], channel, None)
        for slug, label in (("emergency", "Danger to life"), ("technical", "Technical issue")):
            documents.save(tx, Kind.NEED, slug, {"slug": slug, "labels": {"en": label}}, None)
            rule = {"slug": slug, "need": slug, "contact_channels": ["phone", "chat"], "position": 1}
            documents.save(tx, Kind.ROUTING_RULE, slug, rule, None)
        publishing.request(tx, "test", now)


def save(db: Database, kind: Kind, document: Mapping[str, Any], now: datetime = NOON) -> None:
    with db.writing() as tx:
        documents.save(tx, kind, document["slug"], document, None)
        publishing.request(tx, "test", now)


def open_crisis(
    db: Database, slug: str = "outage", *, severity: Severity = Severity.MAJOR, playbook: str = "", **titles: str
) -> None:
    row = CrisisRow(slug, titles or {"en": "Power cut"}, severity, CrisisState.OPEN, playbook or None, NOON, None, 1)
    with db.writing() as tx:
        crises.add(tx, row)


def resolve(db: Database, slug: str, now: datetime) -> None:
    with db.writing() as tx:
        crises.resolve(tx, slug, now)
        publishing.request(tx, "test", now)


def words(headline: str = "Power is out in Adajan", **more: Any) -> dict[str, Any]:
    return {"headline": headline, "impact": "Your lights and pumps do not work.", **more}


def say(  # each argument is a field of the update a test is about
    db: Database,
    *,
    crisis: str = "outage",
    state: UpdateState = UpdateState.SENDING,
    at: datetime = NOON,
    lasts: timedelta = timedelta(hours=2),
    content: Mapping[str, Any] | None = None,
    stage: str = "details",
    corrects: int | None = None,
    drill: bool = False,
    sent: bool = True,
    **fields: Any,
) -> int:
    """An update in the given state; `sent` at `at`. Returns its id."""
    document: dict[str, Any] = {
        "crisis": crisis,
        "stage": stage,
        "content": content or {"en": words()},
        "expires_at": iso(at + lasts),
        "drill": drill,
        **fields,
    }
    with db.writing() as tx:
        document = UpdateDocument.from_document(document).to_document()
        row = updates.add(tx, crisis, document, 1, at, corrects=corrects)
        updates.change(tx, row.id, UpdateState.DRAFT, state=state, revision=1, sent_at=at if sent else None)
        publishing.request(tx, "test", at)
        return row.id


def become(db: Database, update_id: int, state: UpdateState, at: datetime) -> None:
    with db.writing() as tx:
        updates.change(tx, update_id, updates.get(tx, update_id).state, state=state, ended_at=at)
        publishing.request(tx, "test", at)
