"""What is happening: crises, promises, what waits for me, what is being sent, what staff were told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.crisis import LIVE, CrisisState, UpdateState
from app.domain.delivery import State
from app.domain.staff_notices import NoticeKind
from app.domain.texts import pick
from app.domain.updates import UpdateDocument
from app.store import crises, deliveries, staff, updates
from app.store.crises import CrisisRow
from app.store.updates import UpdateRow
from app.templating.staff_words import say_notice
from app.templating.words import FALLBACK
from app.usecases.acknowledge_notice import acknowledge_notice
from app.usecases.page_approvers import KINDS
from app.usecases.second_person import other_person_refusal

screens = Screens()
MOST = 20


@dataclass(frozen=True, slots=True)
class Situation:
    crisis: CrisisRow
    title: str
    next_update_by: datetime | None
    """What customers were promised last."""
    sent: int


@dataclass(frozen=True, slots=True)
class Brief:
    """An update on a list."""

    row: UpdateRow
    headline: str
    drill: bool
    stage: str
    mine: bool = False
    """The reader wrote some of it, so somebody else must approve."""
    out: int = 0
    waiting: int = 0
    failed: int = 0


@screens.get("/", needs="read")
def now(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        told = staff.page(connection, waiting=True, limit=MOST).items
        found = [row for row in told if row.notice.kind is not NoticeKind.ENDPOINT_TRIAL]
        said = {FALLBACK: visit.words.notices(visit.context.templating.staff[FALLBACK])}
        return visit.show(
            "home.html",
            situations=situations(connection, visit.words.language),
            to_approve=_to_approve(connection, visit) if visit.may("approve_update") else (),
            sending=[
                brief(row, visit.words.language, connection)
                for row in updates.page(connection, states=LIVE, limit=MOST).items
            ],
            drafts=[
                brief(row, visit.words.language)
                for row in updates.page(
                    connection, states=(UpdateState.DRAFT, UpdateState.RETURNED, UpdateState.APPROVED), limit=MOST
                ).items
            ],
            notices=[(row, say_notice(said, row.notice, row.id)) for row in found if row.notice.kind not in KINDS],
        )


@screens.post("/notices/{notice_id:int}/acknowledge", needs="acknowledge_notice")
def acknowledge(visit: Visit) -> Response:
    acknowledge_notice(visit.context.db, visit.actor, visit.path["notice_id"], visit.now)
    return visit.go("/", said="acknowledged")


def situations(connection: Connection, language: str) -> list[Situation]:
    """Open crises, the most severe first."""
    found = crises.page(connection, state=CrisisState.OPEN, limit=200).items
    sent = updates.sent(connection, open_only=True) if found else []
    promised: dict[str, datetime | None] = {}
    counted: dict[str, int] = {}
    for row in sent:  # newest first
        if row.completes is not None:  # the same news in one more language
            continue
        document = UpdateDocument.from_document(row.document)
        if not document.drill:
            promised.setdefault(row.crisis, document.next_update_by)
            counted[row.crisis] = counted.get(row.crisis, 0) + 1
    listed = [
        Situation(one, pick(one.titles, language)[0], promised.get(one.slug), counted.get(one.slug, 0)) for one in found
    ]
    return sorted(listed, key=lambda one: (one.crisis.severity.rank, -one.crisis.opened_at.timestamp()))


def brief(row: UpdateRow, language: str, connection: Connection | None = None) -> Brief:
    """With a connection also how far it has got."""
    content = row.document.get("content", {})
    headline, _ = pick({code: words.get("headline", "") for code, words in content.items()}, language)
    drill, stage = bool(row.document.get("drill")), str(row.document.get("stage", ""))
    if connection is None or row.broadcast_id is None:
        return Brief(row, headline, drill, stage)
    lines = deliveries.counts_by_endpoint(connection, row.broadcast_id)
    out = _sum(lines, State.ACCEPTED, State.DELIVERED, State.UNDELIVERED)
    waiting = _sum(lines, State.QUEUED, State.SENDING, State.RETRY_WAIT)
    return Brief(row, headline, drill, stage, out=out, waiting=waiting, failed=_sum(lines, State.FAILED, State.UNKNOWN))


def _sum(lines: list[deliveries.EndpointCounts], *states: State) -> int:
    return sum(line.counts[state] for line in lines for state in states)


def _to_approve(connection: Connection, visit: Visit) -> list[Brief]:
    rows = updates.page(connection, states=(UpdateState.STAGING, UpdateState.SUBMITTED), limit=MOST).items
    listed = []
    for row in rows:
        plain = brief(row, visit.words.language)
        mine = other_person_refusal(connection, visit.actor, row.authors, row.created_at) is not None
        listed.append(Brief(row, plain.headline, plain.drill, plain.stage, mine=mine))
    return listed
