"""How many an update would reach, and for how long it would be on its way, before anybody freezes anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.contact_load import pace_hours
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.pacing import seconds_left
from app.domain.updates import UpdateDocument
from app.store import audiences, endpoints
from app.store.database import Database
from app.store.updates import UpdateRow


@dataclass(frozen=True, slots=True)
class Reach:
    """As of now; the exact number is frozen when the update is submitted."""

    recipients: dict[Medium, int]
    """Different addresses per medium; for sites and accounts the endpoints themselves."""
    seconds: float
    """From the start of its wave until the last one is handed over, at the endpoints' rates or the update's own."""
    people: int = 0
    """Persons among them, at most: somebody may share an address with others."""

    @property
    def personal(self) -> int:
        """Deliveries to persons, in all media."""
        return sum(number for medium, number in self.recipients.items() if medium in PERSONAL_MEDIA)


def measure_reach(db: Database, row: UpdateRow) -> Reach | None:
    """None when nobody can say yet: no audience is named, or a correction, which goes where the wrong words went."""
    update = UpdateDocument.from_document(row.document)
    with db.reading() as connection:
        ways = [each for each in endpoints.everything(connection) if each.slug in update.endpoints]
        personal = {way.medium for way in ways} & PERSONAL_MEDIA
        found = audiences.find(connection, update.audience) if update.audience else None
        if row.corrects is not None or (personal and found is None):
            return None
        reachable = audiences.count_by_medium(connection, found.typed()) if found is not None else {}
        audience = audiences.count_people(connection, found.typed()) if found is not None and personal else 0
    recipients, rates = dict.fromkeys((way.medium for way in ways), 0), dict.fromkeys((way.medium for way in ways), 0.0)
    for way in ways:
        if way.medium in PERSONAL_MEDIA:
            recipients[way.medium] = reachable.get(way.medium, 0)
        else:
            recipients[way.medium] += 1
        rates[way.medium] += way.rate_per_second
    slowest = max((seconds_left(number, rates[medium]) for medium, number in recipients.items()), default=0.0)
    told = Reach(recipients, slowest)
    people = min(audience, told.personal)
    if update.recipients_per_hour is None:
        return replace(told, people=people)
    paced = pace_hours(told.personal, update.recipients_per_hour) * 3_600
    return replace(told, people=people, seconds=max(slowest, paced))
