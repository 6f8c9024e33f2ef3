"""What we answer, as the OpenAPI document describes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from app.domain.help_choice import Why
from app.store import paging

Item = TypeVar("Item")
Row = TypeVar("Row")


class Given(BaseModel):
    """Base of everything we send; built from dataclasses of the store by their attributes."""

    model_config = ConfigDict(from_attributes=True)


class Paged(Given, Generic[Item]):
    items: list[Item]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one")


def paged(page: paging.Page[Row], make: Callable[[Row], Item]) -> Paged[Item]:
    return Paged(items=[make(row) for row in page.items], next_cursor=page.next_cursor)


class Route(Given):
    contact_channel: dict[str, Any]
    open: bool
    opens_at: datetime | None
    closes_at: datetime | None = Field(description="null when closed, and for a channel that never closes")
    wait_minutes: int | None
    language_match: bool
    reason: str


class Routes(Given):
    options: list[Route]


class BreakerView(Given):
    state: str = Field(description="closed = all goes, open = nothing is tried, half_open = one delivery at a time")
    reason: str = Field(description="What opened it, by the provider's code or ours")
    since: datetime | None = Field(description="null when it never opened")
    until: datetime | None = Field(description="Nothing is tried before; null unless open")


class EndpointView(Given):
    id: int
    slug: str
    channel: str
    medium: str
    settings: dict[str, Any] = Field(description="Secrets read `***`")
    rate_per_second: float
    weight: int
    fallback_for: str | None
    revision: int
    halted_reason: str | None
    breaker: BreakerView = Field(description="As all workers share it")


class ChannelField(Given):
    name: str
    label: str
    type: str
    required: bool
    secret: bool


class ChannelView(Given):
    name: str
    title: str
    medium: str
    batch_size: int
    rate_per_second: float
    docs_url: str
    settings: list[ChannelField]


class CrisisView(Given):
    slug: str
    titles: dict[str, str]
    severity: str
    state: str
    playbook: str | None
    opened_at: datetime
    resolved_at: datetime | None
    revision: int


class FactView(Given):
    id: int
    crisis: str
    name: str
    value: Any
    source: str
    at: datetime
    stale_at: datetime | None


class FactsView(Given):
    facts: list[FactView]


class PromisesView(Given):
    kept: int
    broken: int
    next_update_by: datetime | None = Field(description="The promise that holds; null without one, or when it is over")
    overdue: bool


class TimelineView(Given):
    id: int
    at: datetime
    actor: str
    kind: str
    body: dict[str, Any]


class UpdateHead(Given):
    """One line of a list."""

    id: int
    crisis: str
    stage: str
    state: str
    revision: int
    audience: str | None
    recipients: int | None = Field(description="The exact size of the frozen audience, once staged")
    drill: bool
    created_at: datetime
    submitted_at: datetime | None
    sent_at: datetime | None


class EndpointProgress(Given):
    endpoint: str
    medium: str
    size: int
    counts: dict[str, int]
    eta: datetime | None = Field(
        None, description="When the last one leaves here, at the pace seen; null when nothing waits or it stands still"
    )


class Sleepers(Given):
    """Whom good news lets sleep."""

    people: int = Field(description="Deliveries")
    zones: int | None = Field(None, description="In how many time zones; of a preview")
    first: datetime = Field(description="When the first of them may be told")
    last: datetime
    lost: int = Field(description="Of `people`, those for whom it expires before; they end as expired")
    ends: str | None = Field(None, description="What their clocks show then; of a preview")


class ListedView(Given):
    medium: str
    variant: int = Field(description="0 = the main text, n = the nth of `variants`")
    audience: str
    language: str = Field(description="Two joined by + are two texts in one message")
    recipients: int


class UpdateView(UpdateHead):
    """One update with everything that happened to it. The counts always sum to `recipients`."""

    content_hash: str | None
    document: dict[str, Any]
    corrects: int | None
    completes: int | None = Field(description="The update whose words these are in a language that came later")
    waiting: dict[str, int] = Field(
        description="Deliveries that wait for their language, by language; no longer those that another update brings"
    )
    submitted_by: str | None
    approved_at: datetime | None
    approved_by: str | None
    ended_at: datetime | None
    reason: str | None
    listed: list[ListedView] = Field(description="The frozen audience by medium, text and language, once staged")
    counts: dict[str, int] = Field(description="Deliveries per state, zeroes included; empty before submit")
    spared: dict[str, int] = Field(description="Of the suppressed, how many by reason: bounced, wants_less, ...")
    per_endpoint: list[EndpointProgress]
    undo_until: datetime | None = Field(
        description="While releasing: until then nothing has left, and pausing or cancelling takes it all back"
    )
    eta: datetime | None = Field(description="When the last waiting delivery leaves: the latest of the endpoints")
    asleep: Sleepers | None = Field(None, description="Of those who wait, whom quiet hours hold back; null = nobody")


class StoppedView(UpdateView):
    """What a stop meant at the moment it was answered."""

    stopped: int = Field(description="Deliveries that will never leave")
    in_flight: int = Field(description="Being handed over at that moment; nothing new starts")
    already_out: int


class DeliveryView(Given):
    medium: str
    endpoint: str
    address: str = Field(description="Masked")
    language: str
    state: str
    reason: str
    provider_id: str
    attempts: int
    at: datetime | None


class Rendering(Given):
    endpoint: str
    medium: str
    language: str
    variant: int
    subject: str
    text: str
    html: str
    size: int = Field(description="Counted in `unit`, against `limit`")
    limit: int | None
    unit: str
    encoding: str = Field(description="GSM-7 or UCS-2 for SMS")
    parts: int = Field(description="SMS parts now; 0 for other media")
    reserved_parts: int = Field(description="SMS parts at most, whatever the hour")
    routes: int = Field(description="Contact lines in the text")


class Finding(Given):
    code: str
    sentence: str
    field: str
    remedy: str


class HelpOffer(Given):
    kind: str = Field(description="help_link or faq")
    slug: str
    why: Why = Field(description="chosen: readers are shown it; else why not")


class PaceOffer(Given):
    recipients_per_hour: int
    ends_at: datetime


class DiversionOffer(Given):
    contact_channel: str
    instead: str = Field(description="Where customers would be led first")
    until: datetime
    capacity_known: bool = Field(description="False: `instead` does not state what it can take")


class ExpectedContacts(Given):
    """An estimate from assumed shares, see the manual."""

    finding: str = Field(
        description="fits | contacts_over_capacity | contacts_while_closed | capacity_unknown | no_channel"
    )
    contacts: int = Field(description="Expected in all")
    per_hour: int = Field(description="At the peak")
    contact_channel: str = Field(description="The first one for the update's need")
    takes_per_hour: int | None
    wait_minutes: int
    pace: PaceOffer | None = Field(description="POST /updates/{id}/pace accepts it")
    no_pace: str | None = Field(description="Why none is offered: urgent | expires_first | closes_first")
    diversion: DiversionOffer | None = Field(description="POST /updates/{id}/divert accepts it")


class LeftOut(Given):
    medium: str
    reason: str = Field(
        description="topic_withdrawn, medium_withdrawn, not_chosen by people who subscribed themselves, or reads_none "
        "of its languages, where the policy is to skip such people; suppressed where an audience is counted"
    )
    people: int


class LeftOutPerson(Given):
    external_id: str
    languages: list[str] = Field(description="Best first")
    area: str
    medium: str = Field("", description="By which they are not written to; empty = by none")
    address: str = Field("", description="Masked")
    reason: str = Field("reads_none", description="As in counts; also suppressed and wants_less")


class Preview(Given):
    recipients: dict[str, int] | None = Field(
        description="Per medium, as of now; null without an audience, and for a correction"
    )
    eta_seconds: float | None = Field(
        description="Until the last one is handed over, at the endpoints' rates or the update's own"
    )
    asleep: Sleepers | None = Field(None, description="Who would wait if it left now; null = nobody")
    one_medium: bool = Field(False, description="Whoever has several media gets it by the first that works")
    expected_contacts: ExpectedContacts | None = Field(description="null when it reaches nobody by person")
    renderings: list[Rendering]
    problems: list[Finding] = Field(description="Each of these stops the submit")
    warnings: list[Finding]
    help: list[HelpOffer] = Field([], description="Every entry of the help library, those that go with it first")
    left_out: list[LeftOut] = Field([], description="Who of the audience did not agree to hear it, per medium and why")
    topic: str | None = Field(None, description="What it is about: its own topic, else its playbook's")
    message_class: str | None = Field(None, description="service, or safety_of_life in an emergency that says so")


class RowFault(Given):
    line: int
    column: str
    code: str
    sentence: str
    remedy: str


class Imported(Given):
    rows: int = Field(description="created + updated + unchanged + rejected")
    created: int
    updated: int = Field(description="People who were there and differ now")
    unchanged: int
    rejected: int
    kept: int = Field(description="People who have set something themselves, which stays")
    import_id: int
    state: str = Field(description="done, tried (a dry run) or stopped")
    resumed: int = Field(description="Rows an interrupted import of the same file had dealt with before")
    suppressed: int = Field(description="Addresses of this file that stay on the suppression list")
    errors: list[RowFault] = Field(description="The first of them; `rejected` counts all")


class Reachable(Given):
    address_id: int
    medium: str
    address: str = Field(description="Masked, unless it was asked for in the clear")
    suppressed: bool
    preferred: bool = Field(True, description="The one of its medium that is written to")


class ConsentView(Given):
    medium: str
    topic: str = Field(description="Empty: whatever comes by this medium")
    granted: bool
    how: str = Field(description="import, form, sms, email, one_click, device, chat, staff or api")
    text_version: str
    at: datetime
    by: str = Field(description="Who noted it; `reader` for the person themselves")


class Erased(Given):
    addresses: int = Field(description="Blanked")
    shared: int = Field(description="Not blanked, because somebody else has them too")


class SubscriberView(Given):
    external_id: str
    name: str
    languages: list[str] = Field(description="Best first")
    timezone: str
    area: str
    attributes: dict[str, str]
    updated_at: datetime
    addresses: list[Reachable]
    standing: str = Field("customer", description="customer, or self: whoever subscribed themselves")
    preferred_medium: str | None = None
    consents: list[ConsentView] = Field([], description="What holds now; empty in lists")


class AudienceView(Given):
    slug: str
    rule: dict[str, Any]
    text: str = Field(description="The same rule as text")
    revision: int


class AudienceSize(Given):
    people: int
    addresses: dict[str, int] = Field(description="Per medium: different addresses that would be written to now")
    left_out: list[LeftOut] = Field([], description="People who would not be written to by a medium, and why")
    unreachable: int = Field(0, description="People without any address that may be written to")


class Suppressed(Given):
    address: str = Field(description="Masked")
    medium: str


class Ticked(Given):
    at: datetime
    schedules_fired: int = Field(description="Slots that drafted an update now")
    schedules_missed: int = Field(description="Slots passed over, because they were too late or a later one was due")
    schedules_paused: bool = Field(description="The scheduler was silent for long and asks: POST /schedules/resume")


class AuditView(Given):
    whole: bool
    broken_at: int | None = Field(description="The first entry that is missing, changed, moved or smuggled in")
    head: str = Field(description="`number:hash` of the newest entry; keep it elsewhere")
