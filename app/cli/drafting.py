"""The document of an update, out of a file, a playbook's slot sentences and options; later ones win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from app.cli.desk import Desk, document_from, moment, pairs
from app.domain.crisis import Stage
from app.domain.playbooks import Playbook, fill_playbook
from app.domain.slots import Reading, SlotType
from app.errors import Invalid, Problem
from app.store import crises, documents
from app.store.documents import Kind

File = Annotated[str | None, typer.Option("--file", "-f", help="JSON document of the update; - reads it here.")]
Slots = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A variable of the playbook; place.gu=… for one language."),
]
Languages = Annotated[list[str] | None, typer.Option("--lang", help="Languages to take from the playbook; all.")]
Endpoints = Annotated[list[str] | None, typer.Option("--endpoint", "-e", help="A way out; once for each.")]
Audience = Annotated[str | None, typer.Option(help="Who gets it, where it goes to people.")]
Need = Annotated[str | None, typer.Option(help="Whose contact channels come first.")]
NextBy = Annotated[str | None, typer.Option("--next-update-by", metavar="TIME", help="The promise, ISO 8601.")]
Expires = Annotated[str | None, typer.Option("--expires-at", metavar="TIME", help="Never sent after this time.")]
Drill = Annotated[bool | None, typer.Option("--drill", help="An exercise: reaches nobody, says EXERCISE.")]


@dataclass(frozen=True, slots=True)
class Draft:
    """The options as they were given."""

    file: str | None
    slots: Sequence[str]
    languages: Sequence[str]
    endpoints: Sequence[str]
    audience: str | None
    need: str | None
    next_update_by: str | None
    expires_at: str | None
    drill: bool | None

    def document(self, desk: Desk, crisis: str, stage: Stage | None) -> dict[str, Any]:
        """Raise Invalid for what cannot be read or filled in, NotFound for an unknown crisis or playbook."""
        document = document_from(self.file) if self.file else {}
        if stage is not None:
            document["stage"] = stage.value
        if self.slots or not (self.file and "content" in document):
            document["content"] = self._from_playbook(desk, crisis, str(document.get("stage") or ""))
        times = {
            "next_update_by": moment(self.next_update_by, "--next-update-by"),
            "expires_at": moment(self.expires_at, "--expires-at"),
        }
        document |= {name: at.isoformat() for name, at in times.items() if at is not None}
        given = {"audience": self.audience, "need": self.need, "drill": self.drill}
        document |= {name: value for name, value in given.items() if value is not None}
        if self.endpoints:
            document["endpoints"] = list(self.endpoints)
        return document

    def _from_playbook(self, desk: Desk, crisis: str, stage: str) -> dict[str, dict[str, object]]:
        if not stage:
            raise Invalid(Problem("missing", "It has no stage.", "--stage", f"One of: {', '.join(Stage)}."))
        with desk.db.reading() as connection:
            row = crises.get(connection, crisis)
            if row.playbook is None:
                raise Invalid(
                    Problem(
                        "no_playbook",
                        f"“{crisis}” has no playbook to take words from.",
                        "--file",
                        "Write the update as JSON and hand it in with --file.",
                    )
                )
            playbook = Playbook.from_document(documents.get(connection, Kind.PLAYBOOK, row.playbook).document)
        reading = Reading(desk.settings.timezone, desk.now())
        return fill(playbook, stage, pairs(list(self.slots), "--set"), self.languages, reading)


def fill(
    playbook: Playbook, stage: str, given: Mapping[str, str], languages: Sequence[str], reading: Reading
) -> dict[str, dict[str, object]]:
    """Content of every language asked for (none = all the playbook has), from values as people type them."""
    values = typed_values(playbook, given)
    needed = set(playbook.wanted(stage))
    # Variables of other stages may be given along: whoever drafts an hour later repeats the whole line.
    used = {name: value for name, value in values.items() if name in needed or name not in playbook.variables}
    return fill_playbook(playbook, stage, used, languages or playbook.languages(stage), reading)


def typed_values(playbook: Playbook, given: Mapping[str, str]) -> dict[str, object]:
    """What people type as the playbook's variables want it; `place.gu` is the name in one language."""
    values: dict[str, object] = {}
    for name, text in given.items():
        slot, dot, language = name.partition(".")
        if dot:
            named = values.setdefault(slot, {})
            if isinstance(named, dict):
                named[language] = text
        else:
            values[slot] = _number(text) if playbook.variables.get(slot) is SlotType.NUMBER else text
    return values


def _number(text: str) -> object:
    try:
        return int(text.replace(",", ""))
    except ValueError:
        return text
