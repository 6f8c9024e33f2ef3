"""What the service stores as a word of its own, such as a reason, said in the reader's language.

Every closed set has its table here or in spoken_acts.py; a test holds each against the enum it comes from. In a
template: `{{ value | said("media") }}`, `{{ reason | why("delivery") }}`, `{{ name | who }}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from app.console.notes import mark
from app.console.register_forms import HELP, KINDS, MEDIA
from app.console.spoken_acts import ACTS, EVENTS
from app.console.words import Words

SUPPRESSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "opted_out": mark("said STOP"),
        "unsubscribed": mark("unsubscribed by their personal link"),
        "bounced": mark("bounced for good"),
        "complained": mark("reported it as spam"),
        "invalid": mark("no usable address"),
        "listed": mark("on the list of those never written to"),
        "wants_less": mark("wants big news only"),
        "enough_for_today": mark("had enough messages today"),
        "told_by_another_medium": mark("has it by another medium"),
        "first_message_never_left": mark("never got the first message of this"),
        "address_erased": mark("the address was erased"),
        "not_known": mark("why is not known any more"),
    }
)
"""Why a delivery is `suppressed`."""

DELIVERY: Final[Mapping[str, str]] = MappingProxyType(
    {
        **SUPPRESSED,
        "on_suppression_list": mark("on the list of those never written to"),
        "accepted": mark("taken by the provider"),
        "not_accepted": mark("the provider did not take it"),
        "ambiguous": mark("nobody knows whether the provider took it"),
        "recipient": mark("this address does not work"),
        "account": mark("the provider refuses our account or settings"),
        "content": mark("these words are refused"),
        "ours": mark("a fault of our own"),
        "no_answer": mark("the provider never answered"),
        "lease_lost": mark("the process that sent it died in the middle"),
        "found_at_provider": mark("the provider has it"),
        "not_found_at_provider": mark("the provider does not have it: sent again"),
        "repeated_under_key": mark("asked again in a way the provider knows as the same"),
        "asked_provider": mark("the provider is being asked"),
        "resent_once": mark("sent once more, because it is an emergency"),
        "waits_for_decision": mark("waits for somebody's decision"),
        "decided_sent": mark("somebody decided that it counts as sent"),
        "decided_resend": mark("somebody decided to send it again"),
        "newer_update": mark("a newer update is out"),
        "past_expiry": mark("it had expired"),
        "rest_superseded": mark("a newer update came before it left"),
        "rest_expired": mark("it expired before it left"),
        "rest_cancelled": mark("it was cancelled before it left"),
        "worker_began_anew": mark("the process that sent it began anew"),
        "endpoint_waits": mark("its endpoint waits"),
        "broadcast_holds": mark("the update is held"),
        "first_message_in_flight": mark("its first message is still on its way"),
        "words_wait": mark("its words are being prepared"),
        "quiet_hours": mark("they sleep: it waits for their morning"),
        "quiet_hours_past_expiry": mark("they sleep until after it expires"),
        "another_medium_first": mark("another medium is tried first"),
    }
)

UPDATE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "words_refused": mark("Providers or carriers refuse these words."),
        "addresses_refused": mark("Far more addresses fail than in a list that is kept: perhaps it is the wrong list."),
        "undelivered": mark("Providers take it, and far too many never arrive."),
        "canary_refused": mark("Nobody of the first portion was accepted."),
        "canary_silent": mark("Of the first portion nobody knows what became of it."),
        "facts_changed": mark("What it says is not true any more: a fact has changed."),
        "correction_submitted": mark("A correction of it was handed in."),
        "empty_audience": mark("Its audience is empty: nobody would get it."),
    }
)
"""Why an update is where it is, unless a person wrote why."""

PLAN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "late": mark("it would have come too late"),
        "overtaken": mark("a later one was due too"),
        "crisis_resolved": mark("its crisis is closed"),
        "staff_spoke": mark("somebody said something since"),
        "no_playbook": mark("there is no playbook"),
        "not_filled": mark("a fact is missing or too old"),
        "not_well_formed": mark("it cannot be read any more: save it anew"),
        "unanswered": mark("nobody answered"),
        "not_approved": mark("no second person has approved it, or it was changed since"),
        "facts_changed": mark("the facts have changed since the answer"),
        "nowhere": mark("there is no website to say so on"),
        "no_endpoint": mark("nothing says by which ways it goes"),
        "refused": mark("something stands against sending it"),
        "taken_over": mark("somebody took it into their own hands"),
        "confirmed": mark("somebody said that it may go"),
        "in_advance": mark("approved in advance"),
        "no_change": mark("it was said that nothing has changed"),
    }
)
"""Why a schedule fired or did not."""

BREAKER: Final[Mapping[str, str]] = MappingProxyType(
    {**DELIVERY, "breaker_open": mark("it failed and rests"), "breaker_half_open": mark("it is being tried again")}
)

SAID: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "media": dict(MEDIA),
        "kind": dict(KINDS),
        "help": dict(HELP),
        "suppressed": SUPPRESSED,
        "delivery": DELIVERY,
        "update": UPDATE,
        "plan": PLAN,
        "breaker": BREAKER,
        "act": ACTS,
        "event": EVENTS,
        "slot": {
            "time": mark("a time"), "duration": mark("a duration"), "place": mark("a place"),
            "number": mark("a number"),
        },
        "consent": {
            "import": mark("by a list"), "form": mark("by the form"), "sms": mark("by text message"),
            "one_click": mark("by one click"), "device": mark("on their device"), "chat": mark("by a chat"),
            "email": mark("by e-mail"), "staff": mark("told to staff"),
            "api": mark("by a program"),
        },
        "column": {
            "external_id": mark("their number with you"), "name": mark("name"), "email": mark("e-mail address"),
            "phone": mark("telephone number"), "languages": mark("languages, the best first"),
            "timezone": mark("time zone"), "area": mark("area or postcode"),
            "preferred_medium": mark("how they are best reached"), "consent_sms": mark("agreed to text messages"),
            "consent_email": mark("agreed to e-mail"), "consent_at": mark("when they agreed"),
            "consent_text": mark("words they agreed to"),
        },
        "class": {"service": mark("service message"), "safety_of_life": mark("safety of life")},
        "scope": {
            "read": mark("read"), "tick": mark("let due work begin"), "facts:write": mark("write down facts"),
            "readings:write": mark("report waits and presence"), "updates:write": mark("open crises and write updates"),
            "updates:release": mark("approve, send and stop updates"),
            "people:write": mark("change people and audiences"), "registry:write": mark("change the registry"),
        },
        "who": {
            "host": mark("somebody on the host"), "engine": mark("the service"), "scheduler": mark("the schedule"),
            "watchdog": mark("the service"), "reader": mark("a reader"), "attend": mark("the service"),
        },
    }
)  # fmt: skip
"""Name of the table -> value -> message."""

PROGRAMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "schedule ": mark("the schedule %(name)s"),
        "fact source ": mark("the source of facts %(name)s"),
        "contact channel ": mark("the contact channel %(name)s"),
    }
)
HOW: Final[Mapping[str, str]] = MappingProxyType(
    {" (alone)": mark("alone"), " (in advance)": mark("in advance"), " (by link)": mark("by link")}
)
GAPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customers": mark("Customers"), "duration": mark("Duration"), "place": mark("Place"),
        "product": mark("Product"), "shelter": mark("Shelter"), "started": mark("Started"), "until": mark("Until"),
    }
)  # fmt: skip
"""Of the playbooks that are shipped."""
PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "headline": mark("Headline"), "acknowledgement": mark("Acknowledgement"), "impact": mark("Impact"),
        "duration": mark("Duration"), "explanation": mark("Explanation"), "complications": mark("Complications"),
        "options": mark("Options"), "perspective": mark("Perspective"), "reassurance": mark("Reassurance"),
        "links": mark("Links"), "audience": mark("Audience"), "endpoints": mark("Endpoints"), "stage": mark("Stage"),
        "need": mark("Need"), "topic": mark("Topic"), "message_class": mark("Kind of message"),
        "next_update_by": mark("Next update promised by"), "expires_at": mark("Not after"),
        "recipients_per_hour": mark("No faster than so many an hour"), "news": mark("At night"),
        "drill": mark("Exercise"), "languages_to_come": mark("Languages that come later"),
    }
)  # fmt: skip
"""Of an update: its words and what it is sent by."""

_OURS: Final = re.compile(r"[a-z][a-z0-9_]*(:.*)?", re.DOTALL)
"""How reasons of our own are written; what people write has a capital, a space or more than one word."""


def say_value(words: Words, value: object, table: str) -> str:
    """A value no table knows stays as it is."""
    text = str(value)
    return words.say(SAID[table].get(text, "")) or text


def say_reason(words: Words, value: object, table: str) -> str:
    """With the provider's own code behind it; what a person wrote as they wrote it."""
    text = str(value or "")
    known, (head, _, code) = SAID[table], text.partition(":")
    if text in known or not _OURS.fullmatch(text):
        return words.say(known[text]) if text in known else text
    if head not in known:
        return Markup("<code>{}</code>").format(text)
    why = SUPPRESSED.get(code, "") if head == "on_suppression_list" else ""
    said = Markup("{}").format(words.say(why or known[head]))
    return said if why or not code else said + Markup(" <code>{}</code>").format(code.strip())


def say_actor(words: Words, name: str | None) -> str:
    """The service's own hands by what they are; everybody else by their name."""
    text = name or ""
    if text in SAID["who"]:
        return words.say(SAID["who"][text])
    for prefix, message in PROGRAMS.items():
        if text.startswith(prefix):
            return escape(words.say(message)) % {"name": _as_is(text.removeprefix(prefix))}
    for suffix, message in HOW.items():
        if text.endswith(suffix):
            return _as_is(text.removesuffix(suffix)) + Markup(" ({})").format(words.say(message))
    return _as_is(text)


def say_gap(words: Words, name: str) -> str:
    """The name of a gap in approved sentences: usual ones in words, others as the playbook has them."""
    return words.say(GAPS[name]) if name in GAPS else _as_is(name.replace("_", " ").capitalize())


def say_place(words: Words, field: str) -> str:
    """A field of an update: `content.gu.options[0].text` is “Gujarati: Options 1”."""
    language, _, rest = (
        field.removeprefix("content.").partition(".") if field.startswith("content.") else ("", "", field)
    )
    name, _, number = rest.partition(".")[0].rstrip("]").partition("[")
    said = words.say(PARTS[name]) if name in PARTS else name
    said += f" {words.number(int(number) + 1)}" if number.isdigit() else ""
    return f"{words.named(language)}: {said}" if language else said


def _as_is(text: str) -> Markup:
    return Markup('<bdi translate="no">{}</bdi>').format(text)
