"""Who hears what: what people agreed to, how that is known, and what it means for one update.

`store.consents` says the same in SQL; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.crisis import Severity
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.reading import Reader, is_slug, iso
from app.domain.topics import EVERYTHING
from app.errors import Problem


class MessageClass(StrEnum):
    """There is no class for marketing: nothing of that kind can be sent."""

    SERVICE = "service"
    SAFETY_OF_LIFE = "safety_of_life"
    """Topics do not hold it back. The suppression list does, and so does a medium somebody left."""


class Standing(StrEnum):
    CUSTOMER = "customer"
    """Imported or entered by the organisation: hears service messages until they leave."""
    SELF = "self"
    """Subscribed themselves: hears only what they chose."""


class How(StrEnum):
    """How somebody said so."""

    IMPORT = "import"
    FORM = "form"
    SMS = "sms"
    CHAT = "chat"
    EMAIL = "email"
    """A reply to a mail of ours."""
    ONE_CLICK = "one_click"
    DEVICE = "device"
    """The button of a page, their browser's own question, and the answer of the device itself."""
    STAFF = "staff"
    API = "api"


class Hearing(StrEnum):
    """Whether one person hears of one update by one medium, and why."""

    CUSTOMER = "customer"
    CHOSEN = "chosen"
    SAFETY_OF_LIFE = "safety_of_life"
    LEFT_TOPIC = "topic_withdrawn"
    LEFT_MEDIUM = "medium_withdrawn"
    NOT_CHOSEN = "not_chosen"
    """Subscribed themselves, to something else."""

    @property
    def hears(self) -> bool:
        return self in HEARS


REACH_A_PERSON: Final = PERSONAL_MEDIA
"""Media by which a person has an address of their own."""
HEARS: Final = frozenset({Hearing.CUSTOMER, Hearing.CHOSEN, Hearing.SAFETY_OF_LIFE})


@dataclass(frozen=True, slots=True)
class Asked:
    """What of an update decides who hears it."""

    topic: str = EVERYTHING
    message_class: MessageClass = MessageClass.SERVICE


ORDINARY: Final = Asked()

Choices = Mapping[tuple[Medium, str], bool]
"""(medium, topic) -> granted; what somebody last said. What they never spoke of is not there."""


@dataclass(frozen=True, slots=True)
class Wishes:
    standing: Standing = Standing.CUSTOMER
    choices: Choices = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Said:
    """One statement of one person: yes or no to a topic by a medium, with its proof."""

    medium: Medium
    topic: str
    """Slug; EVERYTHING speaks of the whole medium and takes the place of what was said of its topics before."""
    granted: bool
    how: How
    text_version: str = ""
    """Of the words they agreed to; "" = none were shown."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What holds now, or what was said then."""

    said: Said
    at: datetime
    by: str
    """Who noted it: a user's name, or `reader` for the person themselves."""

    def to_document(self) -> dict[str, object]:
        said = self.said
        return {
            "medium": said.medium.value,
            "topic": said.topic,
            "granted": said.granted,
            "how": said.how.value,
            "text_version": said.text_version,
            "at": iso(self.at),
            "by": self.by,
        }


def decide(wishes: Wishes, medium: Medium, asked: Asked) -> Hearing:
    """The suppression list stands above this and is no matter of it.

    Safety of life reaches everybody who has not left the medium: whoever keeps one topic of it has not.
    """
    customer = wishes.standing is Standing.CUSTOMER
    whole = wishes.choices.get((medium, EVERYTHING))
    if asked.message_class is MessageClass.SAFETY_OF_LIFE:
        if any(granted for (by, _), granted in wishes.choices.items() if by is medium):
            return Hearing.SAFETY_OF_LIFE
        if whole is False:
            return Hearing.LEFT_MEDIUM
        return Hearing.SAFETY_OF_LIFE if customer else Hearing.NOT_CHOSEN
    topic = wishes.choices.get((medium, asked.topic)) if asked.topic != EVERYTHING else None
    if topic is not None:
        return Hearing.CHOSEN if topic else Hearing.LEFT_TOPIC
    if whole is not None:
        return Hearing.CHOSEN if whole else Hearing.LEFT_MEDIUM
    return Hearing.CUSTOMER if customer else Hearing.NOT_CHOSEN


def after(choices: Choices, said: Iterable[Said]) -> Choices:
    """What holds when these statements follow each other."""
    held = dict(choices)
    for one in said:
        if one.topic == EVERYTHING:
            held = {key: granted for key, granted in held.items() if key[0] is not one.medium}
        held[one.medium, one.topic] = one.granted
    return MappingProxyType(held)


def asked_of(
    topic: str, message_class: MessageClass | None, playbook: Mapping[str, object], severity: Severity
) -> Asked:
    """The update's own topic and class, else its playbook's. Safety of life is said of an emergency or not at all."""
    wanted = message_class or playbook_class(playbook)
    safety = wanted is MessageClass.SAFETY_OF_LIFE and severity is Severity.EMERGENCY
    return Asked(
        topic or str(playbook.get("topic") or EVERYTHING),
        MessageClass.SAFETY_OF_LIFE if safety else MessageClass.SERVICE,
    )


def playbook_class(playbook: Mapping[str, object]) -> MessageClass:
    safety = playbook.get("message_class") == MessageClass.SAFETY_OF_LIFE.value
    return MessageClass.SAFETY_OF_LIFE if safety else MessageClass.SERVICE


def check_asked(document: Mapping[str, object], problems: list[Problem]) -> None:
    """Note what is wrong with `topic` and `message_class` of a playbook; both may be missing."""
    read = Reader(document, "", problems)
    read.slug("topic", required=False)
    read.choice("message_class", MessageClass, MessageClass.SERVICE)


def read_said(document: object, at: str, problems: list[Problem], how: How) -> Said:
    """`{medium, topic, granted, how, text_version}`; notes a problem for each fault."""
    read = Reader(document, at, problems)
    read.only("medium", "topic", "granted", "how", "text_version", "at", "by")
    medium = read.choice("medium", Medium)
    if medium not in REACH_A_PERSON:
        read.problem("not_personal", read.path("medium"), "reaches no person", "Use sms, email, push, chat or voice.")
    topic = read.text("topic", longest=64, lines=False)
    if topic and not is_slug(topic):
        read.problem("bad_slug", read.path("topic"), "is not the name of a topic", "List the topics.")
    if not read.has("granted"):
        read.problem("missing", read.path("granted"), "is missing", "Send true or false.")
    return Said(
        medium,
        topic,
        read.flag("granted"),
        read.choice("how", How, how),
        read.text("text_version", longest=64, lines=False),
    )
