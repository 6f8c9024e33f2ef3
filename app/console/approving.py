"""The second person: exactly these words, what is new in them, as real people will read them; then yes, no or back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.forms import Fields
from app.console.listed import in_order, texts_of
from app.console.screens import Screens
from app.console.signing_in import confirm_fresh
from app.console.visit import Visit
from app.domain.crisis import MOVING, UpdateState
from app.domain.languages import LanguagePolicy
from app.domain.message import Medium
from app.domain.paging import alone_from
from app.domain.principals import step_up_refusal
from app.domain.updates import ContentByLanguage, UpdateDocument
from app.domain.word_changes import LanguageChange, compare, compare_texts
from app.store import accounts, crises, updates
from app.store.updates import UpdateRow
from app.usecases.approve_alone import approve_alone
from app.usecases.bring_rest import who_waits
from app.usecases.decide_update import approve_update, reject_update, return_update
from app.usecases.look_at_submission import look_at_submission
from app.usecases.measure_reach import left_out_of, measure_reach
from app.usecases.page_approvers import WAITING, asked, looks_at
from app.usecases.second_person import other_person_refusal
from app.usecases.send_update import send_update
from app.usecases.stop_update import pause_update
from app.usecases.submit_update import plan_of
from app.usecases.vouch import who_vouches, who_vouches_apart
from app.usecases.watch_promises import REACHED

screens = Screens()
MOST: Final = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Compared:
    """What is different from other words."""

    update_id: int
    revision: int
    own: bool
    """From what was submitted of this very update before; else from the last words of the crisis."""
    languages: tuple[LanguageChange, ...]
    settings: tuple[tuple[str, str, str], ...]
    """(audience | endpoints | stage | need, before, now)"""
    texts: tuple[tuple[str, tuple[LanguageChange, ...]], ...] = ()
    """Audience -> what is different in the words for it; gone or new ones with all their words."""


@screens.get("/updates/{update_id:int}/approve", needs="approve_update")
def decide(visit: Visit) -> Response:
    context = visit.context
    with context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        if row.state not in WAITING:
            return visit.go(f"/updates/{row.id}", said="decided" if visit.query("revision") else "")
        crisis = crises.get(connection, row.crisis)
        document = UpdateDocument.from_document(row.document)
        refusal = other_person_refusal(connection, visit.actor, row.authors, row.created_at)
        has_code = visit.actor.user_id is not None and accounts.has_code(connection, visit.actor.user_id)
        compared = comparisons(connection, row)
        plan = plan_of(connection, row)
        known = asked(connection, row)
        left_out = left_out_of(connection, row, plan)
        texts = texts_of(connection, row, document, visit.words.language)
    if refusal is None:
        look_at_submission(context.db, visit.actor, row.id, row.revision, visit.now)
    code = not document.drill and step_up_refusal(
        visit.actor, visit.now, context.sessions.step_up, has_code=has_code
    )  # fmt: skip
    asked_about = visit.query("revision")
    stale = any(problem.code == "words_changed" for problem in visit.problems)
    return visit.show(
        "approve.html",
        row=row,
        crisis=crisis,
        document=document,
        drill=document.drill,
        contents=contents(document, visit.words.language),
        standings=who_vouches(context.db, row),
        standings_apart=who_vouches_apart(context.db, row),
        waiting=who_waits(context.db, row),
        compared=compared,
        samples=context.samples(row, visit.now) if row.state is UpdateState.SUBMITTED else (),
        plan=plan,
        asked_of=plan.asked,
        left_out=left_out,
        unread=_unread(visit, row, document),
        texts=texts,
        asked=known,
        refusal=refusal,
        wants_code=bool(code),
        stale=stale or (asked_about is not None and asked_about != str(row.revision)),
        usual={"count": str(row.recipients)} if document.drill else {},
    )


@screens.post("/updates/{update_id:int}/approve", needs="approve_update", again=decide)
def approve(visit: Visit) -> Response:
    """Approve exactly what the page showed; with `then=send` let it go at once."""
    context, update_id, typed = visit.context, visit.path["update_id"], visit.entered
    count = typed_count(visit)
    approve_update(
        context.db, visit.actor, update_id, count, visit.now, typed.one("content_hash"),
        step_up=context.sessions.step_up,
    )  # fmt: skip
    if typed.one("then") != "send":
        return visit.go(f"/updates/{update_id}", said="approved")
    return let_go(visit, update_id)


def typed_count(visit: Visit) -> int:
    """The number somebody confirms live words with, and their code where they gave one. Raise Invalid."""
    read = Fields(visit.entered)
    count = read.number("count", 0, MOST)
    read.done()
    if visit.entered.one("code"):
        confirm_fresh(visit, visit.entered.one("code"))
    return count


@screens.post("/updates/{update_id:int}/return", needs="return_update", again=decide)
def give_back(visit: Visit) -> Response:
    return_update(visit.context.db, visit.actor, visit.path["update_id"], _why(visit), visit.now)
    return visit.go(f"/updates/{visit.path['update_id']}", said="returned")


@screens.post("/updates/{update_id:int}/reject", needs="reject_update", again=decide)
def reject(visit: Visit) -> Response:
    reject_update(visit.context.db, visit.actor, visit.path["update_id"], _why(visit), visit.now)
    return visit.go(f"/updates/{visit.path['update_id']}", said="rejected")


@screens.get("/updates/{update_id:int}/alone", needs="approve_alone")
def alone(visit: Visit) -> Response:
    """Breaking the glass: from when it can be done, and what it takes."""
    context = visit.context
    with context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        if row.state is not UpdateState.SUBMITTED:
            return visit.go(f"/updates/{row.id}", said="" if row.state is UpdateState.STAGING else "decided")
        crisis = crises.get(connection, row.crisis)
        known, looks = asked(connection, row), looks_at(connection, row)
        document = UpdateDocument.from_document(row.document)
        texts = texts_of(connection, row, document, visit.words.language)
    step_up = step_up_refusal(visit.actor, visit.now, context.sessions.step_up, has_code=True)
    since = alone_from(row.submitted_at or visit.now, looks)
    return visit.show(
        "alone.html",
        row=row,
        crisis=crisis,
        drill=document.drill,
        contents=contents(document, visit.words.language),
        texts=texts,
        asked=known,
        since=since,
        open=visit.now >= since,
        wants_code=step_up is not None,
    )


@screens.post("/updates/{update_id:int}/alone", needs="approve_alone", again=alone)
def go_alone(visit: Visit) -> Response:
    context, update_id, typed = visit.context, visit.path["update_id"], visit.entered
    read = Fields(typed)
    count, reason = read.number("count", 0, MOST), read.text("reason", longest=2_000, lines=True)
    read.done()
    if typed.one("code"):
        confirm_fresh(visit, typed.one("code"))
    approve_alone(
        context.db, visit.actor, update_id, count, visit.now, typed.one("content_hash"), reason,
        step_up=context.sessions.step_up,
    )  # fmt: skip
    return let_go(visit, update_id)


@screens.post("/updates/{update_id:int}/send", needs="send_update")
def send(visit: Visit) -> Response:
    return let_go(visit, visit.path["update_id"])


@screens.post("/updates/{update_id:int}/undo", needs="pause_update")
def undo(visit: Visit) -> Response:
    """Within the undo window nothing has left; later it says honestly what has."""
    report = pause_update(visit.context.db, visit.actor, visit.path["update_id"], visit.now, "undone")
    counts = report.deliveries
    visit.context.wake()
    left = counts.in_flight + counts.out
    numbers = f"{counts.stopped}.{counts.in_flight}.{counts.out}"
    return visit.go(f"/updates/{report.update.id}", said="undone_late" if left else "undone", counts=numbers)


def comparisons(connection: Connection, row: UpdateRow) -> list[Compared]:
    """With what was submitted of it before, and with the last words of its crisis; a correction with the wrong ones."""
    found = []
    earlier = updates.frozen_before(connection, row.id, row.revision)
    if earlier is not None:
        found.append(_compare(earlier.update_id, earlier.revision, earlier.document, row, own=True))
    last = _last_words(connection, row)
    if last is not None:
        found.append(_compare(last.id, last.revision, last.document, row, own=False))
    return found


def contents(document: UpdateDocument, first: str) -> list[tuple[str, str, dict[str, object]]]:
    """(language, direction, words), the reader's own language first."""
    return in_order(document.content, first)


def let_go(visit: Visit, update_id: int) -> Response:
    """Send what is approved, and say on its page whether it can still be taken back."""
    context = visit.context
    row = send_update(context.db, visit.actor, update_id, visit.now, site_bound=context.site_bound)
    context.wake()
    said = "sent" if row.state in MOVING else "releasing" if row.state is UpdateState.RELEASING else "sent_before"
    return visit.go(f"/updates/{update_id}", said=said)


def _last_words(connection: Connection, row: UpdateRow) -> UpdateRow | None:
    if row.corrects is not None:
        return updates.get(connection, row.corrects)
    drill = bool(row.document.get("drill"))
    reached = updates.page(connection, crisis_slug=row.crisis, states=REACHED, limit=50).items
    return next((one for one in reached if one.id != row.id and bool(one.document.get("drill")) is drill), None)


def _compare(update_id: int, revision: int, document: dict[str, object], row: UpdateRow, *, own: bool) -> Compared:
    before, after = UpdateDocument.from_document(document), UpdateDocument.from_document(row.document)
    pairs = (
        ("stage", before.stage.value, after.stage.value),
        ("audience", before.audience, after.audience),
        ("endpoints", ", ".join(before.endpoints), ", ".join(after.endpoints)),
        ("need", before.need, after.need),
        ("topic", before.topic, after.topic),
        ("message_class", before.message_class or "", after.message_class or ""),
    )
    differ = tuple((name, was, now) for name, was, now in pairs if was != now)
    texts = compare_texts(_texts(before), _texts(after))
    return Compared(update_id, revision, own, compare(before.content, after.content), differ, texts)


def _texts(document: UpdateDocument) -> dict[str, ContentByLanguage]:
    return {each.audience: each.content for each in document.variants}


def _unread(visit: Visit, row: UpdateRow, document: UpdateDocument) -> Mapping[Medium, int]:
    """Counted over the whole audience, so only where somebody can be skipped."""
    if document.language_policy is not LanguagePolicy.SKIP:
        return {}
    measured = measure_reach(visit.context.db, row, visit.now)
    return measured.unread if measured else {}


def _why(visit: Visit) -> str:
    read = Fields(visit.entered)
    reason = read.text("reason", longest=2_000, lines=True)
    read.done()
    return reason
