"""What may be sent, field by field. An unknown field is refused, so nobody can set what only the service sets.

These models check the shape; the meaning (hours, links, languages, states) is checked by the domain, which also
words those problems.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.languages import LanguagePolicy

Slug = Annotated[str, Field(max_length=64, description="1-64 of a-z, 0-9 and inner hyphens")]
Texts = Annotated[dict[str, str], Field(description="`{language: text}`, languages as short BCP 47 codes")]
Note = Annotated[str, Field(max_length=2_000)]


DEEPEST: Final = 32
"""Levels of lists and objects inside each other; the deepest document we know has 8."""
Night = dict[str, Any] | Literal[False] | None
"""Quiet hours; false = nobody waits."""


class Sent(BaseModel):
    """Base of everything that is sent to us."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, sent: Any) -> Any:  # noqa: ANN401 - whatever JSON was sent
        # Python reads more than JSON allows (NaN, lone surrogates); no database and no other client does.
        if not isinstance(sent, dict):
            return sent  # refused by the model itself
        _check_depth(sent, DEEPEST)
        try:
            json.dumps(sent, ensure_ascii=False, allow_nan=False).encode()
        except ValueError as error:
            raise ValueError("it holds NaN, an infinite number or half a character") from error
        return sent

    def document(self) -> dict[str, Any]:
        """The JSON document as it was sent, without fields that were not."""
        return self.model_dump(mode="json", exclude_unset=True)


class Scope(Sent):
    pages: list[str] = Field([], description="Paths, * stands for anything: /help/*; none = the site's page_patterns")
    languages: list[str] = Field([], description="Only readers of these; none = everybody")


class Site(Sent):
    slug: Slug
    origins: list[str] = Field([], description="Where the widget is embedded: https://www.example.org")
    languages: list[str] = Field([], description="The first is for readers of other languages")
    slots: list[Literal["banner", "popup", "landing"]] = []
    page_patterns: list[str] = []
    pages_to_check: list[str] = []


class ContactChannel(Sent):
    slug: Slug
    kind: Literal["chat", "phone", "text", "portal", "email", "in_person", "social", "callback", "custom"]
    address: str = Field(description="E.164 or short code, https address, e-mail or street address, by kind")
    names: Texts
    instructions: Texts = {}
    languages: list[str] = []
    hours: str | dict[str, list[str]] = Field(
        "24/7",
        description='OpenStreetMap opening_hours, wall time of `timezone`; or {"mon": ["09:00-12:30", "13:30-18:00"]}',
    )
    timezone: str = "UTC"
    holidays: dict[str, Any] = Field({}, description="country, region; hours: closed (the default), open or times")
    exceptions: list[dict[str, Any]] = Field(
        [], description="from, to, every_year, closed or hours, labels; wins over holidays and the week"
    )
    areas: list[str] = []
    status: Literal["open", "busy", "down", "closed"] = "open"
    status_reasons: Texts = {}
    status_until: datetime | None = Field(None, description="when the status is open again by itself")
    wait_minutes: int | None = None
    capacity: dict[str, int | None] = Field({}, description="at_once, per_hour")
    accessibility: dict[str, Any] = Field({}, description="notes {language: text}, relay, sign_language")
    live_max_age_minutes: int = Field(15, description="reported waits and presence are believed for so long")
    first_response_minutes: int | None = None
    upkeep: dict[str, Any] = Field({}, description="check_on, test_call_every_days, last_test_call")
    overrides: list[dict[str, Any]] = Field(
        [], description="until, from, reasons, and what is other until then: address, hours, status"
    )


class Need(Sent):
    slug: Slug
    labels: Texts


class Topic(Sent):
    """What people may choose to hear about."""

    slug: Slug
    names: Texts


class RoutingRule(Sent):
    slug: Slug
    need: Slug
    when: dict[str, Any] = Field({}, description="language, area, severity, audience, hours; empty = always")
    contact_channels: list[Slug]
    position: int = 0


class Playbook(Sent):
    """A prepared crisis; see templates/playbooks/ for complete ones."""

    slug: Slug
    names: Texts = {}
    severity: Literal["emergency", "major", "minor", "info"] = "major"
    needs: list[Slug] = []
    audience: Slug = ""
    endpoints: list[Slug] = []
    wave_offsets_seconds: dict[str, float] = {}
    undo_seconds: int = 0
    canary: int | float = Field(0, description="How many go first alone: a count from 1 up, or a share below 1")
    agents_first: dict[str, Any] = Field({}, description="endpoints of staff; seconds they hear it before customers")
    quiet_hours: Night = Field(None, description="from, until, media, severities, timezone; null: the organisation's")
    second_medium: Literal["when_first_fails", "always"] = Field("when_first_fails", description="For progress")
    canary_wait_seconds: int = Field(15, description="How long they are watched before the rest follows")
    halt: dict[str, float] = Field({}, description="Limits of the automatic halt: first, window, words, ...")
    cadence: dict[str, int] = {}
    variables: dict[str, str] = {}
    triage: dict[str, list[str]] = {}
    tree: str | dict[str, Any] = Field("", description="Slug of a triage tree, or a tree of its own")
    faq: list[dict[str, Any]] = []
    topics: list[Slug] = Field([], description="Of the help that goes with its updates, best first")
    contact_shares: dict[str, Any] = Field({}, description="How many of a hundred get in touch, see the manual")
    placements: dict[Literal["banner", "popup", "landing"], Scope] | None = Field(
        None, description="Where on websites its updates stand, unless they say it; null = as their severity says"
    )
    topic: Slug = Field("", description="Of its updates, for people who chose topics; empty = none in particular")
    language_policy: LanguagePolicy = Field(LanguagePolicy.DEFAULT, description="For readers of none of its languages")
    message_class: Literal["service", "safety_of_life"] = Field(
        "service", description="safety_of_life holds in an emergency; in anything less its updates are service messages"
    )
    stages: dict[str, dict[str, dict[str, Any]]] = {}
    review: str | dict[str, str] = ""


class FaqEntry(Sent):
    """A question people ask often; the same languages in both texts."""

    slug: Slug
    questions: Texts
    answers: Texts
    topics: list[Slug] = []
    areas: list[str] = Field([], description="Where it holds; empty = everywhere")
    position: int = 0


class HelpLink(Sent):
    """Help elsewhere: an article, a video, public aid, a community group, self-care or a tool."""

    slug: Slug
    kind: Literal["article", "video", "public_aid", "community", "self_care", "tool"] = "article"
    texts: Texts
    url: str = Field(max_length=2_000, description="https; `{language}` stands for the reader's language")
    notes: Texts = {}
    topics: list[Slug] = []
    areas: list[str] = Field([], description="Where it holds; empty = everywhere")
    open_resources: dict[str, Any] | None = Field(
        None, description="url_pattern (https, `*` for anything) and until: no login is needed there until then"
    )
    position: int = 0


class PlannedWork(Sent):
    """Work announced ahead of time; `changed_at` is ours, whatever is sent."""

    slug: Slug
    titles: Texts
    texts: Texts = {}
    starts: datetime
    ends: datetime
    areas: list[str] = Field([], description="Empty = everywhere")
    state: Literal["planned", "cancelled"] = "planned"
    changed_at: datetime | None = None


class Organisation(Sent):
    """How the organisation looks on its pages."""

    slug: Slug = "organisation"
    names: Texts = Field({}, description="Empty = the name of CLARION_ORGANISATION")
    website: str | None = Field(None, description="Its own home page, https; the logo leads there")
    accent: str | None = Field(None, description="`#rrggbb`, at least 4.5:1 on white; refused otherwise")
    accent_dark: str | None = Field(None, description="The same by night; found from `accent` when left out")
    logo: dict[str, str] | None = Field(None, description="type: image/svg+xml or image/png; data: base64, to 200 kB")
    footer: Texts = {}
    links: list[dict[str, Any]] = Field([], description="texts {language: text} and url (https, may hold {language})")
    quiet_hours: Night = Field(None, description="When good news lets people sleep, unless the playbook says it")


class Endpoint(Sent):
    slug: Slug
    channel: str = Field(max_length=64, description="A name from GET /channels")
    settings: dict[str, Any] = Field({}, description="As the channel declares; a secret sent as `***` keeps its value")
    rate_per_second: float | None = Field(None, gt=0, le=100_000, allow_inf_nan=False)
    weight: int = Field(1, ge=1, le=1_000)
    fallback_for: Slug | None = None


class AudienceRule(Sent):
    rule: dict[str, Any] | None = Field(None, description='{"and": [{"languages": ["gu"]}, {"areas": ["north"]}]}')
    text: str | None = Field(None, description="In place of a rule: language = gu and area in (north, south)")


class Audience(AudienceRule):
    slug: Slug


class Area(Sent):
    slug: Slug
    names: Texts = {}
    postcodes: list[str] = Field([], description="Beginnings of postcodes; the longest that fits wins")


class Crisis(Sent):
    slug: Slug
    titles: Texts
    severity: Literal["emergency", "major", "minor", "info"]
    playbook: Slug | None = None


class SeverityChange(Sent):
    severity: Literal["emergency", "major", "minor", "info"]
    reason: str = Field("", max_length=500, description="What changed, for those who read the timeline")


class Fact(Sent):
    name: Slug
    value: str | int | float | bool
    source: str = Field(max_length=200)
    at: datetime | None = Field(None, description="When it was true; now when left out")
    stale_at: datetime | None = None
    max_age: int | None = Field(None, description="Seconds from `at`, instead of `stale_at`")


class Facts(Sent):
    facts: list[Fact] = Field(min_length=1, max_length=100)


class Schedule(Sent):
    slug: Slug
    crisis: Slug | None = Field(None, description="Only this crisis; without crisis and playbook every open one")
    playbook: Slug | None = Field(None, description="Every open crisis of this playbook")
    cron: str | None = Field(None, max_length=200, description="Five fields with names, or @hourly and its kin")
    every: str | None = Field(None, max_length=200, description="30m, or in steps: “6h for 24h, then 24h”")
    at: str | None = Field(None, max_length=40, description="Once: ISO 8601, without an offset as `timezone` shows it")
    preset: str | None = Field(None, max_length=64, description="regulator-6h-then-daily or first-hour")
    timezone: str = Field("UTC", max_length=64, description="IANA zone whose clocks count")
    start: datetime | None = Field(None, description="Nothing fires before; intervals count from here")
    end: datetime | None = None
    count: int | None = Field(None, description="It fires so many times at most")
    late: str = Field("15m", max_length=20, description="Sent if less late than this, else missed and staff told")
    often: bool = Field(default=False, description="It really is to fire more often than every minute")
    policy: Literal["ask", "no_change", "approved"] = Field(
        "ask", description="Ask staff; ask, and without an answer say that nothing changed; or go by itself"
    )
    ask_before: str = Field("10m", max_length=20, description="How long before its time staff are asked")
    stage: str = Field("progress", max_length=16)
    audience: Slug | None = None
    endpoints: list[Slug] = Field([], description="Without any those of the crisis's last update")
    languages: list[str] = []
    variables: dict[str, Any] = Field({}, description="Values for what no fact fills")


class _Announcement(Sent):
    crisis: Slug | None = Field(None, description="Fixed by the address; may be left out")
    audience: Slug | None = None
    endpoints: list[Slug] = []
    content: dict[str, dict[str, Any]] = {}
    variants: list[dict[str, Any]] = []
    need: Slug | None = None
    next_update_by: datetime | None = None
    expires_at: datetime | None = None
    drill: bool = False
    help: dict[str, Any] = Field(
        {}, description="topics (the playbook's when left out), areas, show: which help of the library goes with it"
    )
    recipients_per_hour: int | None = Field(
        None, ge=1, le=100_000_000, description="No faster than this, over all media; never for emergencies"
    )
    placements: dict[Literal["banner", "popup", "landing"], Scope] | None = Field(
        None, description="Where on websites it stands; left out: as the playbook says, else as its severity says"
    )
    news: Literal["good", "bad"] | None = Field(None, description="Good news may wait for the reader's morning")
    languages_to_come: list[str] = Field(
        [], description="Their readers wait for their own language; what `content` has in one is a first word for now"
    )
    topic: Slug | None = Field(None, description="Who chose topics hears only these; left out: as the playbook says")
    language_policy: LanguagePolicy | None = Field(None, description="Left out: as the playbook says")
    message_class: Literal["service", "safety_of_life"] | None = Field(
        None, description="Left out: as the playbook says. safety_of_life holds in an emergency only"
    )


class Update(_Announcement):
    """One announcement. `content` is `{language: {headline, impact, ...}}`."""

    stage: Literal["warning", "holding", "details", "progress", "correction", "resolved", "followup"]


class Correction(_Announcement):
    """What differs from the update it corrects; endpoints, audience, need and drill are taken over."""

    stage: Literal["correction"] = "correction"


class Pace(Sent):
    recipients_per_hour: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        description="Left out: what preflight offers; null: as fast as possible",
    )


class Stop(Sent):
    reason: Note = ""


class Approval(Sent):
    count: int = Field(ge=0, description="The number of recipients, as the submitted update states it")
    content_hash: str | None = Field(None, description="Of the words you read; refused when they are others by now")
    code: str = Field("", max_length=40, description="Of the approver's authenticator, or one of their recovery codes")


class Reason(Sent):
    reason: Note = Field(min_length=1)


class Decision(Sent):
    decision: Literal["resend", "accept_as_sent"]


class SubscriberAddress(Sent):
    """By its value, or by the id of one they have already."""

    medium: Literal["sms", "email", "push", "chat", "voice"]
    address: str | None = Field(None, max_length=2_000)
    address_id: int | None = None
    preferred: bool = Field(False, description="The one of its medium that is written to; else the first")


class ConsentSaid(Sent):
    medium: Literal["sms", "email", "push", "chat", "voice"]
    topic: str = Field("", max_length=64, description="Empty: whatever comes by this medium")
    granted: bool
    how: Literal["import", "form", "sms", "email", "one_click", "device", "chat", "staff", "api"] = "api"
    text_version: str = Field("", max_length=64, description="Of the words they agreed to")


class Subscriber(Sent):
    """One person. `external_id` is fixed by the address and may be left out."""

    external_id: str | None = Field(None, max_length=200)
    name: str = Field("", max_length=200)
    languages: list[str] = Field(["en"], description="Best first")
    timezone: str = "UTC"
    area: str = Field("", max_length=64)
    attributes: dict[str, str] = {}
    standing: Literal["customer", "self"] = Field("customer", description="self: hears only what they chose")
    preferred_medium: Literal["sms", "email", "push", "chat", "voice"] | None = None
    addresses: list[SubscriberAddress] | None = Field(None, description="Left out: those they have stay")
    consents: list[ConsentSaid] = Field([], description="What they say now; each statement is kept with its proof")


class Erasure(Sent):
    confirm: str = Field(max_length=200, description="The external id once more")


class Suppression(Sent):
    medium: Literal["sms", "email", "push", "chat", "voice"]
    address: str = Field(max_length=1024)
    reason: str = Field("asked", max_length=32)


def _check_depth(value: object, left: int) -> None:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if inner and not left:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    for each in inner:
        _check_depth(each, left - 1)
