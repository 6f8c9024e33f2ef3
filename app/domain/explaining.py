"""Why something is not being sent: every delivery that has not left yet belongs to exactly one named reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.crisis import UpdateState
from app.domain.message import Medium
from app.domain.pacing import seconds_left


class Reason(StrEnum):
    NOT_SUBMITTED = "not_submitted"
    STAGING = "staging_in_progress"
    NOT_APPROVED = "not_approved"
    NOT_SENT = "not_sent"
    UNDO_WINDOW = "undo_window"
    CANARY = "canary"
    PAUSED = "paused"
    HALTED = "halted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    NOBODY = "nobody_left"
    ENDPOINT_HALTED = "endpoint_halted"
    BREAKER_OPEN = "breaker_open"
    NO_WORKER = "no_worker"
    WAVE = "wave_waits"
    QUIET_HOURS = "quiet_hours"
    ONE_MEDIUM = "another_medium_first"
    PACED = "paced"
    RETRY_LATER = "retry_later"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown_asked"
    UNKNOWN_PARKED = "unknown_waits_for_a_person"


NEEDS_SOMEBODY: Final = frozenset(
    {Reason.HALTED, Reason.ENDPOINT_HALTED, Reason.NO_WORKER, Reason.UNKNOWN_PARKED, Reason.NOBODY}
)
"""Nothing moves again until a person has looked; the others end by themselves, or stand because somebody wants it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """`held` deliveries do not leave for this reason; 0 when the number is not known yet."""

    reason: Reason
    held: int
    words: str
    remedy: str = ""
    endpoint: str = ""

    @property
    def needs_somebody(self) -> bool:
        return self.reason in NEEDS_SOMEBODY


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    slug: str
    rate_per_second: float
    halted_reason: str = ""
    open_since: datetime | None = None
    """Its breaker is open."""
    open_reason: str = ""
    next_probe: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The deliveries of one update at one endpoint."""

    endpoint: EndpointFacts
    medium: Medium
    size: int
    queued: int
    """Never admitted, and admitted but put back."""
    retrying: int = 0
    sending: int = 0
    unsure: int = 0
    parked: int = 0
    """Of `unsure`, those only a receipt or a person can settle."""
    suppressed: int = 0
    not_before: datetime | None = None
    next_try: datetime | None = None
    asleep: int = 0
    """Of `queued` and `retrying`, those who wait for the end of their quiet hours."""
    lost: int = 0
    """Of `asleep`, those for whom it expires before."""
    wakes: datetime | None = None
    """When the first of them may be told."""
    last_wakes: datetime | None = None
    elsewhere: int = 0
    """Of `queued`, those who get it by another medium, unless that fails."""


@dataclass(frozen=True, slots=True)
class UpdateFacts:
    id: int
    state: UpdateState
    recipients: int | None
    groups: Sequence[Group] = ()
    reason: str = ""
    """As it stands with the update: why it was halted, returned or cancelled."""
    by: str = ""
    """Who paused or cancelled it."""
    submitted_by: str = ""
    sent_at: datetime | None = None
    """While it is releasing, when the undo window ends."""
    expires_at: datetime | None = None
    canary_until: datetime | None = None
    site_waits_until: datetime | None = None
    """The website is not read back yet; others wait for it until then."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """`alive`: some process can send. `holder` has the engine lock of an SQLite database."""

    alive: bool
    last_seen: datetime | None = None
    holder: str = ""


def explain(update: UpdateFacts, engine: EngineFacts, now: datetime) -> list[Hold]:
    """Every reason that holds deliveries of this update back, the whole update's first; [] = all have left."""
    whole = _of_state(update, now)
    open_now = sum(group.queued + group.retrying for group in update.groups)
    if whole is not None:
        return [replace(whole, held=open_now or whole.held), *_unknown(update.groups), *_in_flight(update.groups)]
    if update.recipients == 0 or (update.groups and all(one.suppressed == one.size for one in update.groups)):
        words = "everybody it would reach is on the suppression list, or the audience is empty"
        return [Hold(Reason.NOBODY, 0, words, "Look at the audience and at the suppressions.")]
    held: list[Hold] = []
    if open_now and not engine.alive:
        held.append(_no_worker(engine, open_now))
    else:
        held += [hold for group in update.groups for hold in _of_group(group, update, now)]
    return [*held, *_unknown(update.groups), *_in_flight(update.groups)]


def _of_state(update: UpdateFacts, now: datetime) -> Hold | None:
    """What holds the whole update, whatever its endpoints do."""
    number, state = update.recipients or 0, update.state
    because = f": {update.reason}" if update.reason else ""
    by = f" by {update.by}" if update.by else ""
    if state in (UpdateState.DRAFT, UpdateState.RETURNED):
        words = "it is a draft" if state is UpdateState.DRAFT else f"it was returned{because}"
        return Hold(Reason.NOT_SUBMITTED, number, words, f"Submit it: clarion update submit {update.id}")
    if state is UpdateState.STAGING:
        return Hold(Reason.STAGING, number, "its audience is being listed", "Wait; a running engine goes on by itself.")
    if state is UpdateState.SUBMITTED:
        words = f"nobody but its author {update.submitted_by} has approved it".replace("  ", " ")
        remedy = f"Another person: clarion update approve {update.id} --count {number}"
        return Hold(Reason.NOT_APPROVED, number, words, remedy)
    if state is UpdateState.APPROVED:
        return Hold(Reason.NOT_SENT, number, "it is approved and not sent", f"Send it: clarion update send {update.id}")
    ended = {
        UpdateState.REJECTED: Reason.REJECTED,
        UpdateState.CANCELLED: Reason.CANCELLED,
        UpdateState.SUPERSEDED: Reason.SUPERSEDED,
        UpdateState.EXPIRED: Reason.EXPIRED,
    }
    if state in ended:
        return Hold(ended[state], 0, f"it is {state.value}{by}{because}; nothing more leaves", "Draft another update.")
    if update.expires_at is not None and update.expires_at <= now and state is not UpdateState.DONE:
        words = f"its time is over since {_clock(update.expires_at)}"
        return Hold(Reason.EXPIRED, number, words, "Draft another update.")
    if state is UpdateState.PAUSED:
        return Hold(Reason.PAUSED, number, f"paused{by}{because}", f"Go on: clarion update resume {update.id}")
    if state is UpdateState.HALTED:
        remedy = f"Look at the deliveries; then: clarion update resume {update.id} --reason WHY"
        return Hold(Reason.HALTED, number, f"the service halted it{because}", remedy)
    if state is UpdateState.RELEASING and update.sent_at is not None and update.sent_at > now:
        words = f"the undo window is open until {_clock(update.sent_at)}"
        return Hold(Reason.UNDO_WINDOW, number, words, f"Wait, or stop it: clarion update cancel {update.id}")
    return None


def _of_group(group: Group, update: UpdateFacts, now: datetime) -> Iterator[Hold]:
    """What holds this endpoint's deliveries: the first that applies, for all of them."""
    endpoint, slug = group.endpoint, group.endpoint.slug
    waiting = group.queued + group.retrying
    if group.elsewhere:
        words = "they get it by another medium, and by this one only if that fails"
        yield Hold(Reason.ONE_MEDIUM, group.elsewhere, words, "Wait.", slug)
    if group.asleep:
        yield _asleep(group, update)
    waiting -= group.asleep + group.elsewhere
    if waiting <= 0:
        return
    if endpoint.halted_reason:
        words = f"the provider refuses our account or settings ({endpoint.halted_reason})"
        yield Hold(Reason.ENDPOINT_HALTED, waiting, words, f"Mend them and save endpoint {slug} again.", slug)
    elif endpoint.open_since is not None:
        probe = f"; tried again at {_clock(endpoint.next_probe)}" if endpoint.next_probe else ""
        words = f"it failed ({endpoint.open_reason}) and rests since {_clock(endpoint.open_since)}{probe}"
        yield Hold(Reason.BREAKER_OPEN, waiting, words, "Wait, or look at the provider's own status page.", slug)
    elif group.not_before is not None and group.not_before > now:
        why = "for the website to be read back" if update.site_waits_until else "for its turn after quicker media"
        yield Hold(Reason.WAVE, waiting, f"it waits {why}, until {_clock(group.not_before)}", "Wait.", slug)
    elif update.canary_until is not None and update.canary_until > now:
        words = f"a first portion is being watched until {_clock(update.canary_until)}"
        yield Hold(Reason.CANARY, waiting, words, f"Wait, or: clarion update resume {update.id}", slug)
    else:
        yield from _moving(replace(group, queued=max(0, waiting - group.retrying)), now)


def _asleep(group: Group, update: UpdateFacts) -> Hold:
    """Its people sleep: good news waits for their morning."""
    until = f"from {_clock(group.wakes)} to {_clock(group.last_wakes)}"
    lost = f"; it expires before for {group.lost:,} of them" if group.lost else ""
    remedy = f"Wait, or wake them: clarion update wake {update.id} --reason WHY"
    return Hold(Reason.QUIET_HOURS, group.asleep, f"it is night there; told {until}{lost}", remedy, group.endpoint.slug)


def _moving(group: Group, now: datetime) -> Iterator[Hold]:
    endpoint = group.endpoint
    if group.queued:
        done = now + timedelta(seconds=seconds_left(group.queued, endpoint.rate_per_second))
        words = f"{endpoint.rate_per_second:g} a second, done at {_clock(done)}"
        yield Hold(Reason.PACED, group.queued, words, "Wait, or raise the endpoint's rate.", endpoint.slug)
    if group.retrying:
        at = f", the next at {_clock(group.next_try)}" if group.next_try else ""
        words = f"refused for now and tried again{at}"
        yield Hold(Reason.RETRY_LATER, group.retrying, words, "Wait.", endpoint.slug)


def _unknown(groups: Iterable[Group]) -> Iterator[Hold]:
    for group in groups:
        asked, slug = group.unsure - group.parked, group.endpoint.slug
        if asked > 0:
            words = "nobody knows whether the provider has them; it is being asked"
            yield Hold(Reason.UNKNOWN, asked, words, "Wait.", slug)
        if group.parked:
            words = "nobody knows whether the provider has them, and it cannot be asked"
            yield Hold(Reason.UNKNOWN_PARKED, group.parked, words, "Decide: clarion update unknown", slug)


def _in_flight(groups: Iterable[Group]) -> Iterator[Hold]:
    for group in groups:
        if group.sending:
            yield Hold(Reason.IN_FLIGHT, group.sending, "handed over right now", "", group.endpoint.slug)


def _no_worker(engine: EngineFacts, held: int) -> Hold:
    seen = f"; the last one was seen at {_clock(engine.last_seen)}" if engine.last_seen else ""
    if engine.holder:
        words = f"the engine lock is held by {engine.holder}, which does not report{seen}"
        return Hold(Reason.NO_WORKER, held, words, "See whether that process hangs; end it and start it again.")
    return Hold(Reason.NO_WORKER, held, f"no process sends{seen}", "Start one: clarion serve, or clarion work")


def _clock(at: datetime | None) -> str:
    return at.strftime("%H:%M:%S UTC") if at else "?"
