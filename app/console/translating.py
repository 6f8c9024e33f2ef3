"""Translations: who vouches for which language, what is out of step, and the page of whoever was sent a link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response

from app.console.entered import Entered
from app.console.forms import Fields
from app.console.screens import Door, Screens
from app.console.visit import Visit
from app.console.written import TEXTS, field_of, flat
from app.domain.crisis import UpdateState
from app.domain.message import Medium
from app.domain.texts import direction, pick, tidy
from app.domain.vouching import Step, standings
from app.store import crises, endpoints, translations, updates, vouching
from app.store.translations import TaskRow
from app.store.updates import UpdateRow
from app.usecases.ask_translation import (
    ask_translation,
    check_source,
    held_task,
    revoke_translation,
    translation_token,
)
from app.usecases.bring_rest import OUT, bring_rest, who_waits
from app.usecases.count_readers import Readers, count_readers
from app.usecases.save_translation import save_translation
from app.usecases.vouch import who_vouches_apart
from app.usecases.waive_translation import waive_translation

screens = Screens()
OPEN: Final = (UpdateState.DRAFT, UpdateState.RETURNED)
FORM_NAME: Final = "translate"


@screens.get("/updates/{update_id:int}/translations", needs="read")
def page(visit: Visit) -> Response:
    context = visit.context
    with context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        tasks = translations.of_update(connection, row.id)
        found = standings(row.document["content"], vouching.of_update(connection, row.id))
    asks = row.state in OPEN and bool(row.document.get("languages_to_come"))
    readers = count_readers(context.db, row, context.default_language) if asks else {}
    waiting = who_waits(context.db, row)
    named = {code: visit.words.named(code) for code in _codes(visit, row, tasks)}
    return visit.show(
        "translations.html",
        row=row,
        standings=found,
        standings_apart=who_vouches_apart(context.db, row),
        tasks=[(task, _link(visit, task) if task.open(visit.now) else "") for task in tasks],
        named=named,
        missing=[code for code in named if code not in row.document["content"]],
        open=row.state in OPEN,
        waiting=waiting,
        would_wait=_would_wait(row, readers),
        can_bring=row.state in OUT,
        stale=Step.STALE,
        drill=bool(row.document.get("drill")),
    )


@screens.post("/updates/{update_id:int}/translations", needs="draft_update", again=page)
def ask(visit: Visit) -> Response:
    read, context = Fields(visit.entered), visit.context
    language = read.text("other", required=False, longest=35) or visit.entered.one("language")
    note, hours = read.text("note", required=False, longest=2_000, lines=True), read.number("hours", 1, 168)
    read.done()
    ask_translation(
        context.db, context.keyring, visit.actor, visit.path["update_id"], language, visit.now, note=note,
        lasts=timedelta(hours=hours),
    )  # fmt: skip
    return visit.go(f"/updates/{visit.path['update_id']}/translations", said="translation_asked")


@screens.post("/updates/{update_id:int}/rest", needs="draft_update", again=page)
def bring(visit: Visit) -> Response:
    """Write now what some still wait for."""
    language = Fields(visit.entered).text("language", longest=35)
    row = bring_rest(visit.context.db, visit.actor, visit.path["update_id"], language, visit.now)
    return visit.go(f"/updates/{row.id}/write", language=language)


@screens.post("/updates/{update_id:int}/translations/{task:int}/revoke", needs="draft_update", again=page)
def revoke(visit: Visit) -> Response:
    revoke_translation(visit.context.db, visit.actor, visit.path["task"], visit.now)
    return visit.go(f"/updates/{visit.path['update_id']}/translations", said="translation_revoked")


@screens.post("/updates/{update_id:int}/translations/{language}/waive", needs="draft_update", again=page)
def waive(visit: Visit) -> Response:
    read, update_id = Fields(visit.entered), visit.path["update_id"]
    reason = read.text("reason", longest=500, lines=True)
    read.done()
    language, audience = visit.path["language"], visit.entered.one("audience")
    waive_translation(visit.context.db, visit.actor, update_id, language, reason, visit.now, audience)
    return visit.go(f"/updates/{update_id}/translations", said="translation_waived")


@screens.get("/translate/{token}", needs=Door.ANYONE)
def translate(visit: Visit) -> Response:
    """For whoever holds the link, without an account: the source, what it is about, and fields for the words."""
    task = held_task(visit.context.db, visit.context.keyring, visit.path["token"], visit.now)
    with visit.context.db.reading() as connection:
        row = updates.get(connection, task.update_id)
        crisis = crises.get(connection, row.crisis)
        media = {each.medium for each in endpoints.everything(connection) if each.slug in row.document["endpoints"]}
    content = row.document["content"]
    if visit.entered.form != FORM_NAME:
        check_source(task, content.get(task.source))
    first_word = task.language in (row.document.get("languages_to_come") or ()) and task.done_at is None
    there = {} if first_word else content.get(task.language) or {}
    written = flat({"content": {task.language: there}}, visit.context.timezone)
    visit.problems = tuple(field_of(problem) for problem in visit.problems)
    source_words = flat({"content": {task.source: task.source_words}}, visit.context.timezone)
    at = f"content.{task.source}."
    return visit.show(
        "translate.html",
        task=task,
        row=row,
        title=pick(crisis.titles, visit.words.language)[0],
        severity=crisis.severity.value,
        values={**written, "name": task.done_by or ""},
        source_name=visit.words.named(task.source),
        name=visit.words.named(task.language),
        dir=direction(task.language),
        source_words={name.removeprefix(at): text for name, text in source_words.items() if name.startswith(at)},
        options=range(len(task.source_words.get("options") or ())),
        links=range(len(task.source_words.get("links") or ())),
        texts=Medium.SMS in media,
        shown=_as_read(visit, row, task),
        open=row.state in OPEN,
        drill=bool(row.document.get("drill")),
    )


@screens.post("/translate/{token}", needs=Door.ANYONE, again=translate)
def save(visit: Visit) -> Response:
    context = visit.context
    task = held_task(context.db, context.keyring, visit.path["token"], visit.now)
    signed_in = visit.resumed.actor.user_id if visit.resumed and visit.resumed.actor else None
    name, words = visit.entered.one("name"), _words(visit.entered, task)
    save_translation(context.db, task, name, words, visit.now, user=signed_in)
    return visit.go(f"/translate/{visit.path['token']}", said="translation_saved")


def _words(entered: Entered, task: TaskRow) -> dict[str, Any]:
    """What was typed; whom an option leads to and where a link goes is the source's matter unless another was typed."""
    at = f"content.{task.language}."
    words: dict[str, Any] = {name: tidy(entered.one(at + name)) for name in TEXTS}
    words["complications"] = [line for line in words["complications"].split("\n") if line.strip()]
    for kind in ("options", "links"):
        words[kind] = []
        for place, row in enumerate(task.source_words.get(kind) or ()):
            text, url = (tidy(entered.one(f"{at}{kind}[{place}].{part}")) for part in ("text", "url"))
            if text:
                words[kind].append({**row, "text": text, **({"url": url} if url else {})})
    return words


def _would_wait(row: UpdateRow, readers: Readers) -> list[tuple[str, int]]:
    """Of a draft: how many deliveries would wait in each language that is to come."""
    codes = row.document.get("languages_to_come") or ()
    return [(code, sum(by_language.get(code, 0) for by_language in readers.values())) for code in codes]


def _as_read(visit: Visit, row: UpdateRow, task: TaskRow) -> list[Any]:
    """The text messages and posts with the words that were saved."""
    if task.language not in row.document["content"]:
        return []
    found = visit.context.preflight(row, visit.now).renderings
    return [each for each in found if each.language == task.language and not each.html and each.variant == 0]


def _link(visit: Visit, task: TaskRow) -> str:
    return f"{visit.context.public_base}/console/translate/{translation_token(visit.context.keyring, task)}"


def _codes(visit: Visit, row: UpdateRow, tasks: list[TaskRow]) -> list[str]:
    known = (*row.document["content"], *(task.language for task in tasks), *visit.context.templating.languages())
    return list(dict.fromkeys(known))
