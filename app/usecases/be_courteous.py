"""Whom an update spares: by its stage and severity, by what its author says, by its playbook and the organisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from app.domain.branding import SLUG
from app.domain.consent import MessageClass, asked_of
from app.domain.courtesy import Courtesy, by_own_choice, most_a_day, one_at_a_time
from app.domain.crisis import Severity
from app.domain.message import MEDIUM_CODES, PERSONAL_MEDIA, Medium
from app.domain.planning import wave_offset_ms
from app.domain.playbooks import read_second_medium
from app.domain.quiet_hours import QuietHours, Ruling, Saying, read_quiet_hours, rule
from app.domain.updates import UpdateDocument
from app.store import documents, people
from app.store.documents import Kind
from app.store.updates import UpdateRow


def courtesy_of(
    connection: Connection, row: UpdateRow, severity: Severity, prepared: Mapping[str, Any], among: Iterable[Medium]
) -> tuple[Ruling, Courtesy]:
    """Why it waits for nobody or for whom; as of now. `prepared`: the document of its crisis's playbook, or nothing;
    `among`: the media it goes by.
    """
    update = UpdateDocument.from_document(row.document)
    hours = quiet_hours(connection, prepared)
    asked = asked_of(update.topic, update.message_class, prepared, severity)
    saying = Saying(
        update.stage,
        severity,
        update.news,
        safety_of_life=asked.message_class is MessageClass.SAFETY_OF_LIFE,
        corrects=row.corrects is not None,
        drill=update.drill,
    )
    ruling = rule(hours, saying)
    offsets = prepared.get("wave_offsets_seconds") or {}
    own = [] if update.drill or row.corrects is not None else sorted(set(among) & PERSONAL_MEDIA)
    media = sorted(own, key=lambda medium: (wave_offset_ms(medium, offsets), MEDIUM_CODES[medium]))
    second = read_second_medium(prepared, [])
    asked_for = by_own_choice(severity, second, media)
    return ruling, Courtesy(
        hours if ruling is Ruling.WAITS else None,
        most_a_day(update.stage, severity, drill=update.drill) if media else None,
        one_at_a_time(update.stage, severity, second, media),
        asked_for if asked_for and people.anybody_prefers(connection, asked_for) else (),
    )


def quiet_hours(connection: Connection, prepared: Mapping[str, object]) -> QuietHours | None:
    """The playbook's, else the organisation's."""
    own = read_quiet_hours(prepared.get("quiet_hours"), "quiet_hours", [])
    if own is not None:
        return own
    row = documents.find(connection, Kind.ORGANISATION, SLUG)
    return read_quiet_hours(row.document.get("quiet_hours"), "quiet_hours", []) if row else None
