"""What the forms of the registers ask for: contact channels, needs, routing rules, help, websites, templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.console.blanks import Blank, Part, Shape
from app.console.entries import special_days, special_days_line
from app.console.notes import mark
from app.store.documents import Kind

LINE, LIST, TEXTS, LONG, NUMBER, FLAG = (
    Shape.LINE, Shape.LIST, Shape.TEXTS, Shape.LONG_TEXTS, Shape.NUMBER, Shape.FLAG,
)  # fmt: skip
SEVERITIES: Final = (
    ("emergency", mark("Emergency")), ("major", mark("Major")), ("minor", mark("Minor")), ("info", mark("Information")),
)  # fmt: skip
MEDIA: Final = (
    ("site", mark("Website")), ("social", mark("Social network")), ("sms", mark("Text message")),
    ("email", mark("E-mail")), ("chat", mark("Chat")), ("push", mark("Push message")), ("voice", mark("Voice call")),
    ("webhook", mark("Webhook")),
)  # fmt: skip
STAGES: Final = (
    ("warning", mark("Warning")), ("holding", mark("First word")), ("details", mark("Details")),
    ("progress", mark("Progress")), ("correction", mark("Correction")), ("resolved", mark("All clear")),
    ("followup", mark("Follow-up")),
)  # fmt: skip
TEMPLATED: Final = tuple(one for one in MEDIA if one[0] not in {"site", "webhook"})
FORM_OF_A_TEXT: Final = """{{ headline_stop }} {{ impact }}
{% for route in routes %}{{ route.need }}: {{ route.address }}{% if route.note %} ({{ route.note }}){% endif %}
{% endfor %}{{ next_update }}
{{ link }}"""
"""Ours, to begin with."""
MESSAGE_PARTS: Final = (("text", mark("Text")), ("subject", mark("Subject")), ("html", mark("HTML")))
KINDS: Final = (
    ("chat", mark("Live chat")), ("phone", mark("Phone line")), ("text", mark("Text line")), ("portal", mark("Portal")),
    ("email", mark("E-mail")), ("in_person", mark("In person")), ("social", mark("Social network")),
    ("callback", mark("Callback")), ("custom", mark("Something else")),
)  # fmt: skip
HELP: Final = (
    ("article", mark("Article")), ("video", mark("Video")), ("public_aid", mark("Public aid")),
    ("community", mark("Community group")), ("self_care", mark("Self-care")), ("tool", mark("Tool")),
)  # fmt: skip
SLOTS: Final = (("banner", mark("Banner")), ("popup", mark("Pop-up")), ("landing", mark("Landing content")))

AREAS = Blank("areas", mark("Areas"), LIST, mark("One a line. Empty: everywhere."))
POSITION = Blank("position", mark("Position"), NUMBER, mark("Lower comes first."))
TOPICS = Blank("topics", mark("Topics"), LIST, mark("One a line: they tie it to playbooks and needs."))
ZONE_HINT: Final = mark("A name such as Asia/Kolkata.")
HOURS_HINT: Final = mark("Mo-Fr 08:00-18:00; Sa 09:00-12:00, or 24/7")
NAME = Blank(
    "slug",
    mark("Short name"),
    hint=mark("For links and commands: small letters a-z, digits and hyphens. It stays for ever."),
    required=True,
)


@dataclass(frozen=True, slots=True)
class Register:
    """A kind of document with its list, its form and its history."""

    kind: Kind
    path: str
    title: str
    about: str
    add: str
    """What the link says that begins a new one."""
    parts: Sequence[Part]
    named_by: str = ""
    """The texts that name a document on the list; "" = its slug alone."""
    says: Sequence[str] = ()
    """What else of it stands on the list: places in the document."""
    starts_as: Mapping[str, object] = field(default_factory=dict)
    """What the form of a new one holds already."""


CONTACT_CHANNELS: Final = Register(
    Kind.CONTACT_CHANNEL, "/contact-channels", mark("Contact channels"),
    mark("The ways customers reach you. Change a number once: every later message and the website show it."),
    mark("Add a contact channel"),
    (
        Part(mark("What it is"), (
            Blank("kind", mark("Kind"), Shape.CHOICE, options=KINDS),
            Blank("address", mark("Address"), LINE, mark("+442071838750, https://help.example.org or name@example.org"),
                  required=True),
            Blank("names", mark("Name"), TEXTS),
            Blank("instructions", mark("How to use it"), LONG),
            Blank("languages", mark("Languages spoken there"), LIST, mark("One code a line, the best first.")),
        )),
        Part(mark("When"), (
            Blank("hours", mark("Hours"), LINE, HOURS_HINT),
            Blank("timezone", mark("Time zone"), LINE, ZONE_HINT),
            Blank("holidays.country", mark("Public holidays of the country"), LINE, mark("Two letters: IN, LA, GB.")),
            Blank("holidays.region", mark("Region of the country"), LINE, mark("Such as GJ or ENG.")),
            Blank("holidays.hours", mark("Hours on public holidays"), LINE, mark("closed, open, or 10:00-14:00")),
            Blank("exceptions", mark("Special days"), LIST,
                  mark("2026-12-24..2026-12-26 closed | en: Christmas, one a line; add “every year” before the bar."),
                  as_line=special_days_line, from_line=special_days),
        )),
        Part(mark("For whom and how many"), (
            AREAS,
            Blank("wait_minutes", mark("Usual wait in minutes"), NUMBER),
            Blank("capacity.at_once", mark("People served at once"), NUMBER),
            Blank("capacity.per_hour", mark("People served in an hour"), NUMBER),
            Blank("first_response_minutes", mark("First answer within minutes"), NUMBER),
            Blank("accessibility.relay", mark("Calls through a relay service are taken"), FLAG),
            Blank("accessibility.sign_language", mark("Sign language is spoken"), FLAG),
            Blank("accessibility.notes", mark("What else people with a disability should know"), LONG),
        ), folded=True),
        Part(mark("Looking after it"), (
            Blank("live_max_age_minutes", mark("Reports of waits are believed for minutes"), NUMBER),
            Blank("upkeep.check_on", mark("Look through it by"), Shape.DAY),
            Blank("upkeep.test_call_every_days", mark("Test call every so many days"), NUMBER),
        ), folded=True),
    ),
    "names", ("kind", "address", "hours"),
)  # fmt: skip

NEEDS: Final = Register(
    Kind.NEED, "/needs", mark("Needs"), mark("What customers want: an emergency, a technical issue, another date."),
    mark("Add a need"), (Part("", (Blank("labels", mark("Name"), TEXTS),)),), "labels",
)  # fmt: skip

TOPIC: Final = Register(
    Kind.TOPIC, "/topics", mark("Topics"), mark("What people may choose to hear about: power, transport, water."),
    mark("Add a topic"), (Part("", (Blank("names", mark("Name"), TEXTS),)),), "names",
)  # fmt: skip

AREA: Final = Register(
    Kind.AREA, "/areas", mark("Areas"),
    mark("Named places. Whoever has a postcode but no area belongs to the one with the longest beginning of it."),
    mark("Add an area"),
    (Part("", (
        Blank("names", mark("Name"), TEXTS),
        Blank("postcodes", mark("Beginnings of postcodes"), LIST, mark("One a line: SW1, N1.")),
    )),),
    "names", ("postcodes",),
)  # fmt: skip

ROUTING_RULES: Final = Register(
    Kind.ROUTING_RULE, "/routing-rules", mark("Routing rules"),
    mark("Which contact channels serve which need, the best first. The first rule whose conditions hold decides."),
    mark("Add a rule"),
    (
        Part("", (
            Blank("need", mark("Need"), Shape.CHOICE, source="needs"),
            Blank("contact_channels", mark("Contact channels"), LIST, mark("One a line, the best first."),
                  required=True, source="contact_channels"),
            POSITION,
        )),
        Part(mark("Only when"), (
            Blank("when.severity", mark("Severity"), Shape.MANY, options=SEVERITIES),
            Blank("when.language", mark("Languages of the asker"), LIST, mark("One code a line. Empty: all.")),
            Blank("when.area", mark("Areas of the asker"), LIST, mark("One a line. Empty: everywhere.")),
            Blank("when.audience", mark("Audiences"), LIST, source="audiences"),
            Blank("when.hours", mark("At these hours"), LINE, HOURS_HINT),
            Blank("when.timezone", mark("Time zone of these hours"), LINE, ZONE_HINT),
        )),
    ),
    "", ("need", "contact_channels", "position"),
)  # fmt: skip

HELP_LINKS: Final = Register(
    Kind.HELP_LINK, "/help-links", mark("Help links"),
    mark("Other help that messages and pages lead to: public aid, community groups, self-care, knowledge opened up."),
    mark("Add a link"),
    (
        Part("", (
            Blank("kind", mark("Kind"), Shape.CHOICE, options=HELP),
            Blank("texts", mark("Text of the link"), TEXTS),
            Blank("url", mark("Web address"), hint=mark("{language} stands for the reader's language."), required=True),
            Blank("notes", mark("What readers find there"), TEXTS),
        )),
        Part(mark("Where it is offered"), (TOPICS, AREAS, POSITION), folded=True),
        Part(mark("Open without a login for a while"), (
            Blank("open_resources.url_pattern", mark("Pages"), LINE, mark("https://learn.example.org/courses/*")),
            Blank("open_resources.until", mark("Open until"), Shape.MOMENT),
        ), folded=True),
    ),
    "texts", ("kind", "url"),
)  # fmt: skip

FAQ: Final = Register(
    Kind.FAQ, "/faq", mark("Questions and answers"), mark("What customers usually ask, in every language."),
    mark("Add a question"),
    (Part("", (Blank("questions", mark("Question"), TEXTS), Blank("answers", mark("Answer"), LONG))),
     Part(mark("Where it is offered"), (TOPICS, AREAS, POSITION), folded=True)),
    "questions", ("topics",),
)  # fmt: skip

PLANNED_WORK: Final = Register(
    Kind.PLANNED_WORK, "/planned-work", mark("Planned work"),
    mark("Work announced ahead of time: on the status page, in the calendar and in the feeds."),
    mark("Announce work"),
    (
        Part("", (
            Blank("titles", mark("Title"), TEXTS),
            Blank("starts", mark("Begins"), Shape.MOMENT, required=True),
            Blank("ends", mark("Ends"), Shape.MOMENT, required=True),
            Blank("texts", mark("What customers will notice"), LONG),
            AREAS,
            Blank("state", mark("State"), Shape.CHOICE,
                  options=(("planned", mark("Planned")), ("cancelled", mark("Called off")))),
        )),
    ),
    "titles", ("state",),
)  # fmt: skip

SITES: Final = Register(
    Kind.SITE, "/sites", mark("Websites"), mark("The websites that show the banner, and the languages of the pages."),
    mark("Add a website"),
    (
        Part("", (
            Blank("origins", mark("Addresses"), LIST, mark("One a line, without a path: https://www.example.org")),
            Blank("languages", mark("Languages"), LIST, mark("One code a line. Readers of others get the first.")),
            Blank("slots", mark("Where updates may stand"), Shape.MANY, options=SLOTS),
            Blank("page_patterns", mark("Pages"), LIST),
            Blank("pages_to_check", mark("Pages that are looked at for the banner"), LIST),
        )),
    ),
    "", ("languages", "origins"),
)  # fmt: skip

TEMPLATES: Final = Register(
    Kind.TEMPLATE, "/templates", mark("Templates"),
    mark("The form of your messages, where it should be another than ours. An update handed in keeps the one of then."),
    mark("Add a template"),
    (
        Part("", (
            Blank("medium", mark("Medium"), Shape.CHOICE, options=TEMPLATED),
            Blank("part", mark("Part of it"), Shape.CHOICE, mark("Subject and HTML: of an e-mail."),
                  options=MESSAGE_PARTS),
            Blank("language", mark("Language of its readers"), LINE, mark("A code such as en. Empty: every language.")),
            Blank("stages", mark("Stages"), Shape.MANY, mark("None: all of them."), options=STAGES),
            Blank("source", mark("Text"), Shape.LINES,
                  mark("Gaps are written {{ headline }}. It has to say the headline and the contact lines."),
                  required=True),
            Blank("variables", mark("Gaps"), LIST, mark("The only ones it may use, one a line. Empty: all there are.")),
        )),
    ),
    "", ("medium", "part", "language"), {"medium": "sms", "source": FORM_OF_A_TEXT},
)  # fmt: skip

REGISTERS: Final = (
    CONTACT_CHANNELS,
    ROUTING_RULES,
    NEEDS,
    HELP_LINKS,
    FAQ,
    PLANNED_WORK,
    SITES,
    TEMPLATES,
    TOPIC,
    AREA,
)
