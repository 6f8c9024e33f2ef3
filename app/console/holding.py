"""First words approved in advance: read them in every language, say yes with a review date; and send them alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from app.console.approving import contents, let_go, typed_count
from app.console.forms import Fields
from app.console.screens import Screens
from app.console.signing_in import confirm_fresh
from app.console.visit import Visit
from app.domain.crisis import UpdateState
from app.domain.holding import STAGE, USUAL_REVIEW, Approval, Readiness, readiness, sentences_hash, standing
from app.domain.playbooks import Playbook
from app.domain.principals import step_up_refusal
from app.domain.texts import direction, pick
from app.domain.updates import UpdateDocument
from app.store import accounts, approvals, crises, documents, updates
from app.store.documents import Kind
from app.usecases.approve_holding import approve_holding, playbook_of, withdraw_holding
from app.usecases.send_first_word import approve_first_word, first_word_refusal

screens = Screens()


@dataclass(frozen=True, slots=True)
class Prepared:
    playbook: Playbook
    title: str
    found: Readiness
    approvals: tuple[Approval, ...]
    """Of the sentences as they are now."""

    @property
    def review_on(self) -> date | None:
        return min((one.review_on for one in self.approvals), default=None)


@screens.get("/holding", needs="read")
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        found = [Playbook.from_document(row.document) for row in documents.everything(connection, Kind.PLAYBOOK)]
        known = {one.slug: approvals.in_advance(connection, one.slug) for one in found}
    ready = [_prepared(visit, one, known[one.slug]) for one in found]
    return visit.show("holding_list.html", prepared=sorted(ready, key=lambda one: one.title))


@screens.get("/holding/{slug}", needs="read")
def one(visit: Visit) -> Response:
    context = visit.context
    with context.db.reading() as connection:
        playbook = playbook_of(connection, visit.path["slug"])
        known = approvals.in_advance(connection, playbook.slug)
        has_code = visit.actor.user_id is not None and accounts.has_code(connection, visit.actor.user_id)
    prepared = _prepared(visit, playbook, known)
    step_up = step_up_refusal(visit.actor, visit.now, context.sessions.step_up, has_code=has_code)
    return visit.show(
        "holding.html",
        prepared=prepared,
        content_hash=sentences_hash(playbook),
        contents=[(code, direction(code), words) for code, words in playbook.stages.get(STAGE, {}).items()],
        variables={name: playbook.variables[name] for name in playbook.wanted(STAGE) if name in playbook.variables},
        mine=any(each.person == visit.actor.person_id for each in prepared.approvals),
        wants_code=step_up is not None,
        usual={"review_on": (visit.now + USUAL_REVIEW).date().isoformat()},
    )


@screens.post("/holding/{slug}", needs="approve_update", again=one)
def approve(visit: Visit) -> Response:
    context, typed, read = visit.context, visit.entered, Fields(visit.entered)
    try:
        review_on = date.fromisoformat(typed.one("review_on"))
    except ValueError:
        review_on = visit.now.date()
        read.problem("bad_day", "review_on", "This is not a day.", "Write it like 2027-03-31.")
    read.done()
    if typed.one("code"):
        confirm_fresh(visit, typed.one("code"))
    approve_holding(
        context.db, visit.actor, visit.path["slug"], typed.one("content_hash"), review_on, visit.now,
        step_up=context.sessions.step_up,
    )  # fmt: skip
    return visit.go(f"/holding/{visit.path['slug']}", said="holding_approved")


@screens.post("/holding/{slug}/withdraw", needs="approve_update")
def withdraw(visit: Visit) -> Response:
    withdraw_holding(visit.context.db, visit.actor, visit.path["slug"], visit.now)
    return visit.go(f"/holding/{visit.path['slug']}", said="holding_withdrawn")


@screens.get("/updates/{update_id:int}/first-word", needs="send_first_word")
def first_word(visit: Visit) -> Response:
    context = visit.context
    with context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        if row.state not in (UpdateState.STAGING, UpdateState.SUBMITTED):
            return visit.go(f"/updates/{row.id}", said="decided")
        crisis = crises.get(connection, row.crisis)
        by, refusal = first_word_refusal(connection, row, visit.now)
        has_code = visit.actor.user_id is not None and accounts.has_code(connection, visit.actor.user_id)
    document = UpdateDocument.from_document(row.document)
    step_up = step_up_refusal(visit.actor, visit.now, context.sessions.step_up, has_code=has_code)
    return visit.show(
        "first_word.html",
        row=row,
        crisis=crisis,
        drill=document.drill,
        contents=contents(document, visit.words.language),
        by=by,
        refusal=refusal,
        wants_code=not document.drill and step_up is not None,
        usual={"count": str(row.recipients)} if document.drill else {},
    )


@screens.post("/updates/{update_id:int}/first-word", needs="send_first_word", again=first_word)
def send(visit: Visit) -> Response:
    context, update_id = visit.context, visit.path["update_id"]
    count = typed_count(visit)
    approve_first_word(
        context.db, visit.actor, update_id, count, visit.now, visit.entered.one("content_hash"),
        step_up=context.sessions.step_up,
    )  # fmt: skip
    return let_go(visit, update_id)


def _prepared(visit: Visit, playbook: Playbook, known: list[Approval]) -> Prepared:
    title = pick(playbook.names, visit.words.language)[0] or playbook.slug
    found = readiness(playbook, known, visit.now.date())
    return Prepared(playbook, title, found, tuple(standing(playbook, known)))
