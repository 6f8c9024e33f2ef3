"""What the forms of a playbook ask for: how it is sent, and the sentences of one stage in one language."""

from __future__ import annotations

from typing import Final

from app.console.blanks import Blank, Part, Shape
from app.console.entries import choice, choice_line, link, link_line
from app.console.notes import mark
from app.console.register_forms import MEDIA, SEVERITIES

CLASSES: Final = (
    ("service", mark("Service message")), ("safety_of_life", mark("Safety of life, in an emergency")),
)  # fmt: skip

POLICIES: Final = (
    ("default", mark("gets the organisation's language")), ("bilingual", mark("gets two languages in one message")),
    ("skip", mark("gets nothing, and is listed")),
)  # fmt: skip

LINES, LIST, NUMBER = Shape.LINES, Shape.LIST, Shape.NUMBER

SETTINGS: Final = (
    Part("", (
        Blank("names", mark("Name"), Shape.TEXTS),
        Blank("severity", mark("Severity"), Shape.CHOICE, options=SEVERITIES),
        Blank("audience", mark("To whom"), Shape.CHOICE, source="audiences"),
        Blank("endpoints", mark("By which ways"), Shape.MANY, mark("None ticked: all."), source="endpoints"),
        Blank("topic", mark("Topic"), Shape.CHOICE, mark("Who chose topics hears only these."), source="topics"),
        Blank("language_policy", mark("Who reads none of its languages"), Shape.CHOICE, options=POLICIES),
        Blank("message_class", mark("Kind of message"), Shape.CHOICE, options=CLASSES,
              hint=mark("Safety of life reaches people whatever topics they chose.")),
        Blank("needs", mark("Needs it is about"), LIST, mark("One a line, the most urgent first."), source="needs"),
        Blank("variables", mark("What its sentences leave open"), Shape.PAIRS,
              mark("One a line with its type: place: place, until: time, duration: duration, customers: number")),
    )),
    Part(mark("How it is sent"), (
        Blank("undo_seconds", mark("Seconds to change one's mind"), NUMBER),
        Blank("canary", mark("First portion"), Shape.DECIMAL, mark("A count, or a share such as 0.01; 0 for all.")),
        Blank("canary_wait_seconds", mark("Seconds the first portion is watched"), NUMBER),
        *(Blank(f"wave_offsets_seconds.{value}", name, NUMBER, mark("Seconds after the first ones"))
          for value, name in MEDIA),
    ), folded=True),
    Part(mark("When good news lets people sleep"), (
        Blank("quiet_hours.from", mark("From"),
              hint=mark("By each reader's own clock: 22:00. Empty: as the organisation says.")),
        Blank("quiet_hours.until", mark("Until"), hint=mark("07:00")),
    ), folded=True),
    Part(mark("When the next update is promised"), tuple(
        Blank(f"cadence.{value}", name, NUMBER, mark("Minutes")) for value, name in SEVERITIES
    ), folded=True),
    Part(mark("Whoever answers customers hears it first"), (
        Blank("agents_first.endpoints", mark("Where they hear it"), Shape.MANY, source="endpoints"),
        Blank("agents_first.seconds", mark("Seconds before customers"), NUMBER,
              mark("At most 3600; emergencies and corrections wait for nobody.")),
    ), folded=True),
    Part(mark("When a broadcast stops by itself"), (
        Blank("halt.words", mark("Refused for their words"), Shape.DECIMAL, mark("A share: 0.01 is 1 %.")),
        Blank("halt.addresses", mark("Addresses that do not exist"), Shape.DECIMAL, mark("A share: 0.2 is 20 %.")),
        Blank("halt.undelivered", mark("Not delivered"), Shape.DECIMAL, mark("A share; without power phones are off.")),
        Blank("halt.first", mark("Looked at before the first verdict"), NUMBER, mark("Messages; 200 when empty.")),
        Blank("halt.window", mark("Looked at from then on"), NUMBER, mark("Messages; 2000 when empty.")),
    ), folded=True),
    Part(mark("Help that goes with it"), (Blank("topics", mark("Topics"), LIST, mark("One a line, the best first.")),),
         folded=True),
)  # fmt: skip

SENTENCES: Final = (
    Part("", (
        Blank("headline", mark("Headline"), hint=mark("What happened, in one line.")),
        Blank("acknowledgement", mark("What people feel"), LINES, mark("We know this comes at a bad moment.")),
        Blank("impact", mark("How they are affected"), LINES),
        Blank("duration", mark("How long"), LINES),
        Blank("explanation", mark("Why"), LINES),
        Blank("complications", mark("What may still go wrong"), LIST, mark("One a line; never without an option.")),
        Blank("options", mark("What they can do"), LIST, mark("Two at most, one a line: text | need | https://..."),
              as_line=choice_line, from_line=choice),
        Blank("perspective", mark("What is being done"), LINES),
        Blank("reassurance", mark("What gives hope"), LINES),
        Blank("links", mark("Links"), LIST, mark("One a line: text | https://..."), as_line=link_line, from_line=link),
    )),
)  # fmt: skip
