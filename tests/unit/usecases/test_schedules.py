"""Schedules: what they refuse, what they draft, what staff answer, and what goes by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.crisis import Severity
from app.domain.principals import Actor, Role
from app.errors import Conflict, Forbidden, Invalid
from app.keyring import Keyring
from app.store import crises, documents
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.answer_plan import confirm_plan, snooze_plan
from app.usecases.decide_update import reject_update
from app.usecases.draft_update import edit_draft
from app.usecases.resolve_crisis import resolve_crisis
from app.usecases.save_schedule import (
    approve_schedule,
    pause_schedule,
    remove_schedule,
    resume_schedule,
    resume_scheduler,
    save_schedule,
)
from tests.rig.cadences import PLAYBOOK, Rounds
from tests.rig.stage import APPROVER, AUTHOR, Stage
from tests.staff_accounts import enrol


@pytest.fixture
def rounds(database: Database, keyring: Keyring, clock: FrozenClock) -> Rounds:
    made = Rounds(Stage(database, keyring, clock), clock)
    made.prepare()
    return made


def refused(rounds: Rounds, **document: Any) -> list[str]:
    with pytest.raises(Invalid) as fault:
        save_schedule(rounds.stage.db, AUTHOR, "s", {"every": "1h", **document}, None, rounds.clock.now())
    assert all(problem.remedy for problem in fault.value.problems)
    return [problem.code for problem in fault.value.problems]


def test_what_is_not_there_or_cannot_be_filled_is_refused(rounds: Rounds) -> None:
    assert refused(rounds, playbook="nothing") == ["unknown_playbook"]
    assert refused(rounds, crisis="outage", endpoints=["fax"], audience="nobody") == [
        "unknown_endpoint",
        "unknown_audience",
    ]
    assert refused(rounds, crisis="outage", variables={"colour": "red"}) == ["unknown_variable"]
    assert refused(rounds, crisis="outage", variables={"customers": "many"}) == ["variable_type"]
    assert refused(rounds, crisis="outage", stage="followup") == ["stage_missing"]
    assert refused(rounds, policy="approved") == ["standing_asks"]
    with rounds.stage.db.writing() as tx:
        stages = {"progress": {"en": {"headline": "In {shop}", "impact": "Closed."}}}
        book = {"slug": "plan", "variables": {"shop": "place"}, "stages": stages}
        documents.save(tx, Kind.PLAYBOOK, "plan", book, None)
    assert refused(rounds, crisis="outage") == ["cannot_be_filled"]
    assert rounds.schedule(variables={"shop": "Corner"}).revision == 1


def test_a_firing_drafts_from_fresh_facts_in_every_language(rounds: Rounds) -> None:
    rounds.schedule()
    rounds.pass_on(20)
    (draft,) = rounds.updates("draft")
    assert draft.document["content"]["en"]["impact"] == "4,200 homes have no electricity."
    assert "Vientiane" in draft.document["content"]["eo"]["headline"]
    assert draft.document["next_update_by"] == "2026-03-10T13:00:00Z"
    assert (draft.document["stage"], draft.document["audience"]) == ("progress", "everyone")
    (asked,) = rounds.notices("still_true")
    assert asked.notice.details["update"] == str(draft.id)


def test_a_stale_fact_is_never_stated(rounds: Rounds) -> None:
    rounds.fact("until", "2026-03-10T19:00:00Z", hours=0.1)
    rounds.schedule()
    rounds.pass_on(20)
    (draft,) = rounds.updates("draft")
    assert draft.document["content"]["en"]["duration"] == "", "the sentence that needs it is left out"
    rounds.fact("customers", 17, hours=0.1)
    rounds.pass_on(30)
    assert len(rounds.updates("draft")) == 1, "without an impact there is no update"
    assert rounds.plans()[-1].reason == "not_filled"
    assert {one.notice.details["reason"] for one in rounds.notices("schedule_silent")} == {"unanswered", "not filled"}


def test_confirmed_by_an_approver_it_goes_at_its_time(rounds: Rounds) -> None:
    rounds.schedule()
    rounds.pass_on(21)
    (plan,) = rounds.plans()
    confirm_plan(rounds.stage.db, APPROVER, plan.id, rounds.clock.now())
    rounds.pass_on(8)
    assert not rounds.updates("sending", "releasing")
    rounds.pass_on(2)
    (sent,) = rounds.updates("sending", "releasing")
    assert (sent.approved_by, sent.recipients) == ("ben", 3)
    assert rounds.plans()[0].state == "sent"
    assert not [one for one in rounds.notices("still_true") if one.cleared_at is None]


def test_nobody_is_the_second_person_for_their_own_schedule(rounds: Rounds) -> None:
    rounds.schedule()
    rounds.pass_on(21)
    (plan,) = rounds.plans()
    for actor in (AUTHOR, Actor("ada again", Role.ADMIN, AUTHOR.user_id, 9), Actor("robot", Role.APPROVER, None, 8)):
        with pytest.raises(Forbidden):
            confirm_plan(rounds.stage.db, actor, plan.id, rounds.clock.now())
        with pytest.raises(Forbidden):
            approve_schedule(rounds.stage.db, actor, "half-hourly", rounds.clock.now())
    with pytest.raises(Conflict):
        approve_schedule(rounds.stage.db, APPROVER, "half-hourly", rounds.clock.now())


def test_approved_in_advance_an_author_may_say_that_it_is_still_true(rounds: Rounds) -> None:
    rounds.schedule(policy="no_change", approve=True)
    rounds.pass_on(21)
    confirm_plan(rounds.stage.db, AUTHOR, rounds.plans()[0].id, rounds.clock.now())
    rounds.pass_on(10)
    (sent,) = rounds.updates("sending", "releasing")
    assert sent.approved_by == "ben"


def test_what_changed_since_the_answer_is_not_sent(rounds: Rounds) -> None:
    rounds.schedule()
    rounds.pass_on(21)
    confirm_plan(rounds.stage.db, APPROVER, rounds.plans()[0].id, rounds.clock.now())
    rounds.fact("customers", 90)
    rounds.pass_on(10)
    assert not rounds.updates("sending", "releasing")
    assert (rounds.plans()[0].state, rounds.plans()[0].reason) == ("escalated", "facts_changed")


def test_unanswered_it_says_that_nothing_changed_on_the_website_only(rounds: Rounds) -> None:
    rounds.schedule(policy="no_change", approve=True)
    rounds.pass_on(31)
    (sent,) = rounds.updates("sending", "releasing")
    assert sent.document["endpoints"] == ["site"]
    assert sent.document["content"]["en"]["impact"].startswith("[en: nothing new since ")
    assert sent.document["next_update_by"] == "2026-03-10T13:00:00Z"
    assert sent.approved_by == "ben (in advance)"
    assert rounds.plans()[0].reason == "no_change"


def test_unanswered_and_not_allowed_to_say_so_it_is_escalated(rounds: Rounds) -> None:
    rounds.schedule()
    rounds.pass_on(31)
    assert not rounds.updates("sending", "releasing")
    (told,) = rounds.notices("schedule_silent")
    assert told.notice.details["reason"] == "unanswered"


def test_without_its_approval_nothing_goes_by_itself(rounds: Rounds) -> None:
    rounds.schedule(policy="approved")
    rounds.pass_on(31)
    assert rounds.plans()[0].reason == "not_approved"
    approve_schedule(rounds.stage.db, APPROVER, "half-hourly", rounds.clock.now())
    rounds.pass_on(30)
    assert len(rounds.updates("sending", "releasing")) == 1
    changed = {**PLAYBOOK, "slug": "plan", "cadence": {"major": 30}}
    with rounds.stage.db.writing() as tx:
        documents.save(tx, Kind.PLAYBOOK, "plan", changed, None)
    rounds.fact("customers", 10)
    rounds.pass_on(30)
    assert len(rounds.updates("sending", "releasing")) == 2, "the sentences are the same"
    sentences = {"progress": {"en": {"headline": "All is fine in {place}", "impact": "No worry."}}}
    with rounds.stage.db.writing() as tx:
        documents.save(tx, Kind.PLAYBOOK, "plan", {**changed, "stages": sentences}, None)
    rounds.pass_on(30)
    assert rounds.plans()[-1].reason == "not_approved", "other sentences than those that were approved"


def test_approved_it_goes_by_itself_and_never_says_the_same_twice(rounds: Rounds) -> None:
    rounds.schedule(policy="approved", approve=True)
    rounds.pass_on(31)
    rounds.pass_on(30)
    first, second = rounds.updates("sending", "releasing")
    assert first.document["endpoints"] == ["site", "texts"]
    assert second.document["endpoints"] == ["site"]
    assert second.document["content"]["en"]["impact"].startswith("[en: nothing new")
    rounds.fact("customers", 300)
    rounds.pass_on(30)
    third = rounds.updates("sending", "releasing")[-1]
    assert third.document["endpoints"] == ["site", "texts"]
    assert third.document["content"]["en"]["impact"] == "300 homes have no electricity."
    with rounds.stage.db.writing() as tx:
        crises.change_severity(tx, "outage", Severity.EMERGENCY)
    rounds.pass_on(30)
    worse = rounds.updates("sending", "releasing")[-1]
    assert worse.document["endpoints"] == ["site", "texts"], "that it is worse is news"


def test_nobody_is_told_by_person_more_often_than_the_severity_allows(rounds: Rounds) -> None:
    rounds.schedule(policy="approved", approve=True)
    for number in range(8):
        rounds.fact("customers", 1000 - number)
        rounds.fact("place", "Vientiane")
        rounds.pass_on(31 if number == 0 else 30)
    sent = rounds.updates("sending", "releasing")
    assert [("texts" in one.document["endpoints"]) for one in sent] == [True] * 6 + [False] * 2


def test_what_staff_say_themselves_takes_the_place_of_the_draft(rounds: Rounds) -> None:
    rounds.schedule(policy="no_change", approve=True)
    rounds.pass_on(21)
    rounds.stage.broadcast(["texts"])
    rounds.pass_on(10)
    assert (rounds.plans()[0].state, rounds.plans()[0].reason) == ("skipped", "staff_spoke")


def test_an_edited_draft_belongs_to_who_edited_it(rounds: Rounds) -> None:
    rounds.schedule(policy="no_change", approve=True)
    rounds.pass_on(21)
    (draft,) = rounds.updates("draft")
    edit_draft(rounds.stage.db, AUTHOR, draft.id, {**draft.document, "need": None}, None, rounds.clock.now())
    with pytest.raises(Conflict):
        confirm_plan(rounds.stage.db, APPROVER, rounds.plans()[0].id, rounds.clock.now())
    rounds.pass_on(10)
    assert rounds.plans()[0].reason == "taken_over"
    assert rounds.updates("draft")[0].id == draft.id


def test_a_rejected_update_stays_rejected(rounds: Rounds) -> None:
    rounds.schedule(policy="approved", approve=True)
    rounds.clock.advance(1800)
    rounds.tick(check=lambda _: ())
    rounds.schedule("other", policy="ask")
    rounds.pass_on(21)
    plan = rounds.plans()[-1]
    row = next(one for one in rounds.updates() if one.id == plan.update_id)
    assert row.state == "draft"
    with pytest.raises(Conflict):
        reject_update(rounds.stage.db, APPROVER, row.id, "no", rounds.clock.now())


def test_snoozed_it_is_asked_again(rounds: Rounds) -> None:
    rounds.schedule()
    rounds.pass_on(21)
    snooze_plan(rounds.stage.db, AUTHOR, rounds.plans()[0].id, rounds.clock.now(), timedelta(minutes=20))
    rounds.pass_on(15)
    assert rounds.plans()[0].state == "snoozed"
    assert len(rounds.notices("still_true")) == 2
    confirm_plan(rounds.stage.db, APPROVER, rounds.plans()[0].id, rounds.clock.now())
    rounds.pass_on(1)
    assert len(rounds.updates("sending", "releasing")) == 1
    with pytest.raises(Invalid):
        snooze_plan(rounds.stage.db, AUTHOR, rounds.plans()[0].id, rounds.clock.now(), timedelta(days=2))


def test_it_ends_with_its_crisis(rounds: Rounds) -> None:
    rounds.schedule(policy="no_change", approve=True)
    rounds.pass_on(21)
    resolve_crisis(rounds.stage.db, AUTHOR, "outage", rounds.clock.now())
    rounds.pass_on(60)
    assert not rounds.updates("sending", "releasing")
    assert (rounds.row().state, rounds.row().reason) == ("ended", "crisis_resolved")
    assert rounds.plans()[0].reason == "crisis_resolved"


def test_a_playbooks_schedule_speaks_for_its_open_crises(rounds: Rounds) -> None:
    rounds.schedule(crisis=None, playbook="plan")
    rounds.schedule("standing", crisis=None)
    rounds.pass_on(21)
    assert [plan.crisis for plan in rounds.plans()] == ["outage", "outage"]


def test_count_and_pause(rounds: Rounds) -> None:
    rounds.schedule(count=2, policy="approved", approve=True)
    rounds.pass_on(31)
    pause_schedule(rounds.stage.db, AUTHOR, "half-hourly", rounds.clock.now())
    rounds.pass_on(60)
    assert len(rounds.occurrences()) == 1
    resume_schedule(rounds.stage.db, AUTHOR, "half-hourly", rounds.clock.now())
    rounds.pass_on(120)
    assert [one.state for one in rounds.occurrences()] == ["fired", "fired"]
    assert rounds.row().state == "ended"
    with pytest.raises(Conflict):
        resume_schedule(rounds.stage.db, AUTHOR, "half-hourly", rounds.clock.now())
    remove_schedule(rounds.stage.db, AUTHOR, "half-hourly", rounds.clock.now())
    assert len(rounds.updates("sending", "releasing")) == 2


def test_the_last_of_a_counted_schedule_promises_what_is_usual_and_no_further_one(rounds: Rounds) -> None:
    rounds.schedule(count=2, policy="approved", approve=True)
    rounds.pass_on(31)
    rounds.fact("customers", 17)
    rounds.pass_on(30)
    first, last = rounds.updates("sending", "releasing")
    assert first.document["next_update_by"] == "2026-03-10T13:00:00Z", "the schedule's next one"
    assert last.document["next_update_by"] == "2026-03-10T14:01:00Z", "none comes: an hour later, as the playbook says"


def test_a_question_is_over_for_its_own_schedule_only(rounds: Rounds) -> None:
    rounds.schedule()
    rounds.schedule("regulator")
    rounds.pass_on(21)
    first, second = rounds.plans()
    confirm_plan(rounds.stage.db, APPROVER, first.id, rounds.clock.now())
    standing = [one.notice.details["plan"] for one in rounds.notices("still_true") if one.cleared_at is None]
    assert standing == [str(second.id)]


def test_who_has_an_authenticator_shows_a_code_when_asked_and_not_when_it_leaves(rounds: Rounds) -> None:
    enrol(rounds.stage.db, rounds.stage.keyring, "ben", Role.APPROVER, rounds.clock.now())
    rounds.schedule(policy="approved")
    with pytest.raises(Forbidden) as refused:
        approve_schedule(rounds.stage.db, APPROVER, "half-hourly", rounds.clock.now())
    assert refused.value.problems[0].code == "code_wanted"
    with_code = replace(APPROVER, confirmed_at=rounds.clock.now())
    approve_schedule(rounds.stage.db, with_code, "half-hourly", rounds.clock.now())
    rounds.pass_on(31)
    assert len(rounds.updates("sending", "releasing")) == 1, "the code of half an hour ago was for exactly this"


def test_after_a_long_silence_it_asks_before_it_goes_on(rounds: Rounds) -> None:
    rounds.schedule(policy="approved", approve=True, late="1d")
    rounds.pass_on(2)
    rounds.clock.advance(3 * 3600)
    assert rounds.tick().paused
    assert rounds.pass_on(60, every=10).paused
    assert not rounds.updates()
    assert len(rounds.notices("scheduler_paused")) == 1
    assert resume_scheduler(rounds.stage.db, APPROVER, rounds.clock.now())
    assert not resume_scheduler(rounds.stage.db, APPROVER, rounds.clock.now())
    rounds.pass_on(1)
    assert len([one for one in rounds.occurrences() if one.state == "fired"]) == 1
    assert not [one for one in rounds.notices("scheduler_paused") if one.cleared_at is None]


def test_a_silence_in_which_nothing_was_due_is_none(rounds: Rounds) -> None:
    rounds.schedule(at="2026-03-10T20:00:00Z", policy="approved", approve=True)
    rounds.pass_on(1)
    rounds.clock.advance(3 * 3600)
    assert not rounds.tick().paused


def test_what_preflight_refuses_is_left_to_staff(rounds: Rounds) -> None:
    from app.errors import Problem

    rounds.schedule(policy="approved", approve=True)
    rounds.clock.advance(1800)
    rounds.tick(check=lambda _: [Problem("no_contact_route", "No route.", "need", "Add one.")])
    assert rounds.plans()[0].reason == "refused"
    assert rounds.updates()[0].state == "draft"
