"""What somebody who wrote a keyword is answered: who we are, the best contact right now, how to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.crisis import Severity
from app.domain.replying import Answer
from app.domain.routing import route_lines
from app.domain.texts import pick
from app.store import crises, documents, updates
from app.store.database import Database
from app.templating import Templating
from app.templating.announcement import Readers, short_route, state_note
from app.templating.replies import ReplyWords
from app.usecases.load_source import speaker_of


@dataclass(frozen=True, slots=True)
class AnswerWords:
    db: Database
    templating: Templating
    words: ReplyWords
    organisation: Mapping[str, object]
    """{names{lang}, default_language, timezone}, where staff have set none."""

    def __call__(self, kind: Answer, language: str, update_id: int | None, at: datetime) -> str:
        """`update_id`: the last update they got; its need comes first. One line, opening times as of `at`."""
        with self.db.reading() as connection:
            speaker = speaker_of(connection, self.organisation)
            fallback = str(speaker.get("default_language") or "en")
            readers = Readers(self.templating.words(language), at, str(speaker.get("timezone") or "UTC"), fallback)
            contact = _contact(connection, readers, language, update_id)
        names: Mapping[str, str] = speaker.get("names") or {}  # type: ignore[assignment]  # as it is stored
        return self.words.say(kind.value, language, organisation=pick(names, language, fallback)[0], contact=contact)


def _contact(connection: Connection, readers: Readers, language: str, update_id: int | None) -> str:
    need, severity = "", Severity.EMERGENCY
    if update_id is not None:
        row = updates.get(connection, update_id)
        need, severity = str(row.document.get("need") or ""), crises.get(connection, row.crisis).severity
    registry = documents.registry(connection)
    lines = route_lines(registry, need=need, language=language, severity=severity, at=readers.at, limit=1)
    if not lines:
        return ""
    note = state_note(lines[0].option, readers)
    address = str(short_route(lines[0], readers, note="")["address"])
    return f"{address} ({note})" if note else address
