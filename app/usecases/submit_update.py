"""Hand an update in for approval: words and audience rule frozen, listing of the audience begun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.audience_rules import Rule
from app.domain.big_news import News, news
from app.domain.consent import ORDINARY, Asked, asked_of
from app.domain.courtesy import NO_COURTESY, Courtesy
from app.domain.crisis import MOVING, REACHED, Action, Severity, Stage, UpdateState, move
from app.domain.endpoints import Endpoint
from app.domain.halting import CANARY_WAIT_SECONDS
from app.domain.languages import fallback, main_language
from app.domain.message import PERSONAL_MEDIA
from app.domain.planning import Lane, Spread, broadcast_id, lane, spread, wave_offset_ms
from app.domain.playbooks import read_agents_first
from app.domain.principals import Actor, permit
from app.domain.quiet_hours import Ruling
from app.domain.template_documents import TemplateDocument
from app.domain.updates import UpdateDocument, missing
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import addresses, audiences, audit, counting, crises, documents, endpoints, staging, stopping, updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.staging import WayOut
from app.store.updates import UpdateRow
from app.usecases.be_courteous import courtesy_of
from app.usecases.bring_rest import take_those_who_wait, who_wait
from app.usecases.check_audience import check_audience
from app.usecases.own_templates import templates_for, words_hash
from app.usecases.page_approvers import page_first

Check = Callable[[UpdateRow], Sequence[Problem]]
"""Renders every endpoint and language; what it returns stands in the way of submitting."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where one update goes: every endpoint with its wave, and whom it reaches by person."""

    update: UpdateDocument
    ways: tuple[WayOut, ...]
    lane: Lane
    undo_seconds: int
    canary: float
    """How many go first alone (see `domain.halting.portion`)."""
    canary_wait_seconds: float
    agents: tuple[str, ...] = ()
    """Endpoints at which staff hear of it before customers do."""
    asked: Asked = ORDINARY
    """What of it decides who agreed to hear it."""
    courtesy: Courtesy = NO_COURTESY
    """Who is spared, as of now: it is decided anew when it is sent."""
    ruling: Ruling = Ruling.NO_QUIET_HOURS
    severity: Severity = Severity.MAJOR
    """Of the crisis, as of now."""

    @property
    def spread(self) -> Spread:
        """Urgent words are not held back, whatever pace was asked for."""
        media = {way.medium for way in self.ways if way.medium in PERSONAL_MEDIA}
        return spread(None if self.lane <= Lane.EMERGENCY else self.update.recipients_per_hour, len(media))


def submit_update(
    db: Database,
    actor: Actor,
    update_id: int,
    now: datetime,
    *,
    keyring: Keyring,
    check: Check,
    page: bool = True,
    language: str = "en",
) -> UpdateRow:
    """The update in state `staging`; the engine (or the caller, by `stage_update`) lists its audience next.

    `language`: the organisation's, for readers of none of the update's. Audiences are frozen as their rules are now.
    The approvers on duty are told in the same transaction, unless `page` is off: somebody approved it in advance.
    Raise Invalid with everything that preflight found, Conflict when it is not a draft. A correction pauses the
    update it corrects in the same transaction.
    """
    permit(actor, "submit_update")
    with db.reading() as connection:
        seen = updates.get(connection, update_id)
    move(seen.state, Action.SUBMIT)
    if problems := [*missing(UpdateDocument.from_document(seen.document), now), *check(seen)]:
        raise Invalid(problems)
    with db.reading() as connection:  # a million people are counted for seconds, in which others must be able to write
        total = _people(connection, seen, plan_of(connection, seen))
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        state = move(row.state, Action.SUBMIT)
        if row.revision != seen.revision:
            raise stale_edit()
        plan = plan_of(tx, row)
        revision = row.revision + 1
        digest = _freeze_words(tx, row, templates_for(tx, row) if page else (), now)  # in advance: the shipped form
        broadcast = _open_broadcast(tx, row, revision, plan, total, now, language)
        audiences.freeze(tx, broadcast, rules_of(tx, row, plan))
        _stage_endpoints(tx, keyring, broadcast, plan, language)
        take_those_who_wait(tx, row, plan.update, broadcast)
        _pause_the_wrong_one(tx, row, actor, now)
        changed = updates.change(
            tx,
            update_id,
            row.state,
            state=state,
            revision=revision,
            content_hash=digest,
            broadcast_id=broadcast,
            recipients=None,
            authors=sorted(row.authors | {actor.user_id}, key=lambda author: -1 if author is None else author),
            submitted_at=now,
            submitted_by=actor.name,
            reason=None,
            severity=plan.severity.value,
        )
        body = {"update": update_id, "revision": revision, "content_hash": digest, "people_to_look_at": total}
        if page:
            page_first(tx, changed, now)
        crises.add_timeline(tx, row.crisis, actor.name, "update_submitted", body, now)
        audit.append(tx, actor.name, "submit_update", f"update/{update_id}", body, now)
    return changed


def _freeze_words(tx: Connection, row: UpdateRow, templates: Sequence[TemplateDocument], now: datetime) -> str:
    """Under the next revision; their check sum."""
    digest = words_hash(row, templates)
    updates.freeze(tx, row.id, row.revision + 1, row.document, digest, now, [one.to_document() for one in templates])
    return digest


def plan_of(connection: Connection, row: UpdateRow) -> Plan:
    """Endpoints in the playbook's order of release. Raise Invalid when one does not exist."""
    update = UpdateDocument.from_document(row.document)
    crisis = crises.get(connection, row.crisis)
    playbook = documents.find(connection, Kind.PLAYBOOK, crisis.playbook) if crisis.playbook else None
    prepared = playbook.document if playbook else {}
    offsets = dict(prepared.get("wave_offsets_seconds") or {})
    found = [endpoints.get(connection, slug) for slug in update.endpoints]
    agents = read_agents_first(prepared, [])
    lane_of = lane(update.stage, crisis.severity)
    at_once = lane_of <= Lane.EMERGENCY
    ways = tuple(_way(endpoint, offsets) for endpoint in found)
    ruling, courtesy = courtesy_of(connection, row, crisis.severity, prepared, (way.medium for way in ways))
    return Plan(
        update,
        ways,
        lane_of,
        courtesy=courtesy,
        ruling=ruling,
        undo_seconds=0 if at_once else max(int(prepared.get("undo_seconds") or 0), agents.seconds),
        agents=agents.endpoints,
        canary=0 if at_once else float(prepared.get("canary") or 0),
        canary_wait_seconds=float(prepared.get("canary_wait_seconds", CANARY_WAIT_SECONDS)),
        asked=asked_of(update.topic, update.message_class, prepared, crisis.severity),
        severity=crisis.severity,
    )


def rules_of(connection: Connection, row: UpdateRow, plan: Plan) -> dict[int, tuple[str, Rule]]:
    """Slug and resolved rule of each audience, by variant, as of now; empty where nobody is listed by rules.

    Raise Invalid for a rule that names what is not there.
    """
    update, personal = plan.update, any(way.medium in PERSONAL_MEDIA for way in plan.ways)
    if row.corrects is not None or row.completes is not None or not update.audience or not personal:
        return {}
    rules: dict[int, tuple[str, Rule]] = {}
    for variant in range(len(update.variants) + 1):
        slug = update.audience_of(variant)
        named = f"variants[{variant - 1}].audience" if variant else "audience"
        rules[variant] = slug, check_audience(connection, audiences.get(connection, slug).typed(), slug, named)
    return rules


def stale_edit() -> Invalid:
    return Invalid(
        Problem("stale_edit", "Somebody edited the update while you were submitting it.", "revision", "Read it again.")
    )


def _way(endpoint: Endpoint, offsets: dict[str, float]) -> WayOut:
    return WayOut(
        endpoint.id, endpoint.slug, endpoint.medium, endpoint.weight, wave_offset_ms(endpoint.medium, offsets)
    )


def _people(connection: Connection, row: UpdateRow, plan: Plan) -> int:
    """How many persons (for a correction: deliveries) will be looked at, as of now.

    Raise Invalid rather than mean nobody.
    """
    personal = {way.medium for way in plan.ways if way.medium in PERSONAL_MEDIA}
    if not personal:
        return 0
    if row.corrects is not None:
        return updates.get(connection, row.corrects).recipients or 0
    if row.completes is not None:
        return who_wait(connection, row, plan.update)
    if not plan.update.audience:
        raise Invalid(
            Problem("no_audience", "It goes to people, but names no audience.", "audience", "Choose an audience.")
        )
    rule = rules_of(connection, row, plan)[0][1]
    if not counting.reaches_anybody(connection, rule, personal, plan.asked):
        raise Invalid(
            Problem(
                "empty_audience",
                f"Nobody in “{plan.update.audience}” can be reached through these endpoints.",
                "audience",
                "Check the audience's rule and the import; an empty audience never means everybody.",
            )
        )
    return counting.count_everybody(connection)  # each is looked at, whoever is meant


def _open_broadcast(
    tx: Connection, row: UpdateRow, revision: int, plan: Plan, total: int, now: datetime, language: str
) -> int:
    wrong = updates.get(tx, row.corrects).broadcast_id if row.corrects is not None else None
    number = broadcast_id(to_ms(now), staging.last_broadcast_id(tx))
    staging.open_broadcast(
        tx,
        {
            "id": number,
            "update_id": row.id,
            "revision": revision,
            "crisis": row.crisis,
            "drill": int(plan.update.drill),
            "lane": int(plan.lane),
            "corrects": wrong,
            "stage_total": total,
            "other_language": other_language(plan.update, language),
            "canary": plan.canary,
            "canary_wait_ms": int(plan.canary_wait_seconds * 1000),
            "expires_ms": to_ms(plan.update.expires_at),
            "minor_news": int(news_of(tx, row, plan) is News.MINOR),
        },
    )
    return number


def news_of(connection: Connection, row: UpdateRow, plan: Plan) -> News:
    """Whether those who asked for LESS are to hear of it: as things stand when it is submitted."""
    return news_now(connection, row, plan.update, plan.lane, plan.asked)


def news_now(connection: Connection, row: UpdateRow, update: UpdateDocument, own: Lane, asked: Asked) -> News:
    """As `news_of`, also of a draft for which no plan can be made yet."""
    if row.completes is not None:  # the same news, in languages that came later
        row = updates.get(connection, row.completes)
    drill = update.drill
    told = updates.page(connection, crisis_slug=row.crisis, states=REACHED, rests=False, limit=50).items
    last = next((one for one in told if one.id < row.id and bool(one.document.get("drill")) is drill), None)
    now = crises.get(connection, row.crisis).severity
    worse = last is not None and last.severity is not None and now.rank < last.severity.rank
    before = staging.lane_of(connection, last.broadcast_id) if last and last.broadcast_id is not None else None
    stage = Stage(str(row.document.get("stage")))
    if last is None or before is None:
        return news(stage, own, asked.message_class, None)
    same = last.document.get("content") == row.document.get("content")
    earlier = (Stage(str(last.document.get("stage"))), before)
    return news(stage, own, asked.message_class, earlier, same_words=same, worse=worse)


def other_language(update: UpdateDocument, organisation: str) -> str:
    """What readers of none of its languages get."""
    return fallback(update.language_policy, update.ready or update.languages, organisation)


def _stage_endpoints(tx: Connection, keyring: Keyring, broadcast: int, plan: Plan, organisation: str) -> None:
    apart = [way for way in plan.ways if way.medium not in PERSONAL_MEDIA]
    placed = [(way, addresses.resolve(tx, keyring, way.medium, way.slug)) for way in apart]
    language = main_language(plan.update.ready or plan.update.languages, organisation)
    staging.stage_endpoints(tx, broadcast, placed, language)


def _pause_the_wrong_one(tx: Connection, row: UpdateRow, actor: Actor, now: datetime) -> None:
    if row.corrects is None:
        return
    wrong = updates.get(tx, row.corrects, lock=True)
    if wrong.state not in (*MOVING, UpdateState.RELEASING) or wrong.broadcast_id is None:
        return
    stopping.pause(tx, wrong.broadcast_id)
    updates.change(tx, wrong.id, wrong.state, state=UpdateState.PAUSED, reason="correction_submitted")
    body = {"update": wrong.id, "corrected_by": row.id}
    crises.add_timeline(tx, row.crisis, actor.name, "update_paused", body, now)
