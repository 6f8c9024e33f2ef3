"""The values in refusals that are words of ours, so said in the reader's language; everything else stays as it came.

Which gap holds what is written down here for each, never guessed from the value: a contact channel that somebody named
“draft” keeps its name, since it stands in a gap of people's own. A test holds every gap of every refusal against these
tables, and the tables against the enums they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.domain.contact_kinds import ContactKind
from app.domain.crisis import Action, Severity, Stage, UpdateState
from app.domain.holding import Readiness
from app.domain.message import Medium
from app.domain.principals import Role
from app.domain.scopes import Scope
from app.domain.slots import SlotType

WORD: Final = "refusal word"
"""The msgctxt of these words."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.strip().splitlines())


THINGS: Final = _lines("""
    address
    area
    audience
    callback
    contact channel
    crisis
    endpoint
    fact source
    faq
    help link
    import
    language
    need
    notice
    organisation
    planned update
    planned work
    playbook
    preview link
    problem
    question
    register
    reply
    revision
    routing rule
    schedule
    session
    sign-up
    site
    stage
    subscriber
    target
    template
    token
    topic
    translation
    triage tree
    update
    user
    version
""")
"""What is not there."""
ACTS: Final = frozenset(one.value for one in Action)
STATES: Final = frozenset(one.value for one in UpdateState)
STAGES: Final = frozenset(one.value for one in Stage)
SCOPES: Final = frozenset(one.value for one in Scope) | {"nothing"}
MONTHS: Final = _words("""
    January February March April May June July August September October November December
""")
PARTS: Final = _words("""
    headline acknowledgement impact duration explanation complications options perspective reassurance links
""")
FIELDS: Final = _words("""
    accent accent_dark accessibility acknowledgement address address_id addresses again_of allow_few answers
    area areas at at_once attributes audience audiences base_url branches by called capacity changed_at
    channel check_on choices closed code complications consents contact_channels contains content count
    country crisis data day decision disabled drill duration email encoding end endpoint endpoints ends
    every_year exceptions expires_at explanation external_id fallback_for first_response_minutes footer from
    granted headline help hints holidays hours how html impact instructions is kind known labels language
    language_policy languages languages_to_come last_test_call links live_max_age_minutes logo media medium
    message_class minutes minutes_each name names need news next_update_by note notes number often
    open_resources options origins other otherwise overrides page_patterns pages pages_to_check part password
    path path_style per_hour person perspective phone placements playbook policy position postcodes preferred
    preferred_medium prefix private problems public_url questions quiet_hours rate_per_second reason reasons
    reassurance recipients recipients_per_hour region relay relieves review revision role rule save_as scopes
    secret_access_key seen settings severity show sign_language signals slots slug source staffed stage stages
    stale_at standing start starts state states status status_reasons status_until step subject suppressed
    test_call_every_days text text_version texts then timezone title titles to topic topics type until update
    upkeep url url_pattern value values variables variants wait_minutes website weight when within_hours
""") | {"The document"}
"""What documents and forms call what is filled in."""
OURS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "what": THINGS | {"stands still", "is gone"},
        "role": frozenset(one.value for one in Role),
        "state": STATES,
        "actual": STATES,
        "expected": STATES,
        "action": ACTS,
        "possible": ACTS,
        "stage": STAGES,
        "medium": frozenset(one.value for one in Medium),
        "kind": frozenset(one.value for one in ContactKind),
        "severity": frozenset(one.value for one in Severity),
        "has": SCOPES,
        "wanted": SCOPES
        | _lines("""
            a number
            a time with its zone
            a duration
            the name of a place
            a whole number
            true or false
            one line of text
        """),
        "variables": frozenset(one.value for one in SlotType),
        "readiness_now": frozenset(one.value.replace("_", " ") for one in Readiness),
        "span": _lines("""
            minute
            hour
            day of month
            month
            day of week
        """),
        "unit": frozenset({"characters", "graphemes", "utf16", "mastodon"}),
        "months": MONTHS,
        "lacking": PARTS,
        "after": frozenset({"what is in parentheses"}),
        "column": FIELDS,
        "fault": _lines("""
            a star has no end
            out of range
            the range runs backwards
            a step is at least 1
        """),
        "sentence": _lines("""
            is neither image/svg+xml nor image/png
            is not base64
        """),
    }
)
"""Gap -> the words it may hold, one or several (“a, b and c”); a value that is none of them is somebody's own."""
PLACES: Final = frozenset({"field", "path"})
"""Gaps with the place in a document: `content.gu.options[0].text`. Between quotation marks as it is written there."""
SENTENCES: Final = frozenset({"why", "fault", "faults", "sentence", "error", "message"})
"""Gaps with a refusal of its own, or part of one."""
LABELS: Final = frozenset({"label"})
"""Gaps with what a channel calls its setting: in the catalogue like all else on a page."""
NAMED_BY_PEOPLE: Final = frozenset({"variables", "facts", "attributes", "settings", "open_resources", "slots"})
"""In a place, what follows these is a name somebody gave."""
AS_THEY_ARE: Final = _words("""
    allowed at audience bad before broken_at by cap cells channels checked circle code colno colour
    contact_channel contacts count country crisis crisis_slug days default_language earlier every_text
    expected_revision fallback_for fields gap given ground header highest host hours item items key keys known
    language last least limit line line_num lineno listed longest lost lowest method minutes missing most name
    names near need number odd options origin own page parent parts per_hour person piece playbook
    playbook_slug port question ratio reason reasons recipients region rule same seconds secret_at sender
    severities sign size slug source stages start strange strerror taken takes_per_hour target text told topic url
    used users value wait_minutes way word wrong
""")
"""Gaps with numbers, names, addresses and what is to be typed exactly so."""

NAMES: Final = frozenset({"name", "by"})
WAYS: Final = frozenset({"alone", "in advance", "by link"})
"""In parentheses behind somebody's name: how they did it (spoken.HOW)."""
WORDS: Final = frozenset().union(*OURS.values(), FIELDS, WAYS)
"""All there are to translate."""
