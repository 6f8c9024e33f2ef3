from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.consent import (
    HEARS,
    Asked,
    Hearing,
    How,
    MessageClass,
    Said,
    Standing,
    Wishes,
    after,
    asked_of,
    decide,
    read_said,
)
from app.domain.crisis import Severity
from app.domain.message import Medium
from app.errors import Problem

MEDIA = st.sampled_from([Medium.SMS, Medium.EMAIL])
TOPICS = st.sampled_from(["", "power", "water"])
CHOICES = st.dictionaries(st.tuples(MEDIA, TOPICS), st.booleans())
ASKED = st.builds(Asked, TOPICS, st.sampled_from(MessageClass))
SAID = st.lists(st.builds(Said, MEDIA, TOPICS, st.booleans(), st.just(How.FORM)), max_size=6)


def slowly(standing: Standing, choices: Mapping[tuple[Medium, str], bool], medium: Medium, asked: Asked) -> bool:
    """The rule as the manual says it, sentence by sentence."""
    of_medium = {topic: granted for (by, topic), granted in choices.items() if by is medium}
    if asked.message_class is MessageClass.SAFETY_OF_LIFE:
        left = of_medium.get("") is False and not any(of_medium.values())
        agreed_to_something = any(of_medium.values())
        return not left and (standing is Standing.CUSTOMER or agreed_to_something)
    for topic in (asked.topic, ""):
        if topic in of_medium:
            return of_medium[topic]
    return standing is Standing.CUSTOMER


@given(st.sampled_from(Standing), CHOICES, MEDIA, ASKED)
def test_it_decides_as_the_manual_says(
    standing: Standing, choices: Mapping[tuple[Medium, str], bool], medium: Medium, asked: Asked
) -> None:
    found = decide(Wishes(standing, choices), medium, asked)
    assert found.hears is slowly(standing, choices, medium, asked)
    assert (found in HEARS) is found.hears


@given(CHOICES, SAID)
def test_speaking_of_the_whole_medium_takes_the_place_of_its_topics(
    choices: Mapping[tuple[Medium, str], bool], said: Sequence[Said]
) -> None:
    last = after(choices, said)
    for one in said:
        later = said[said.index(one) + 1 :]
        spoken_of = [other for other in later if other.medium is one.medium and other.topic in ("", one.topic)]
        if not spoken_of:
            assert last[one.medium, one.topic] is one.granted
    for medium in (Medium.SMS, Medium.EMAIL):
        whole = after(choices, [*said, Said(medium, "", granted=False, how=How.SMS)])
        assert {key for key in whole if key[0] is medium} == {(medium, "")}


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("own", [None, *MessageClass])
@pytest.mark.parametrize("prepared", [{}, {"message_class": "safety_of_life", "topic": "power"}])
def test_safety_of_life_is_never_an_accident(
    severity: Severity, own: MessageClass | None, prepared: dict[str, object]
) -> None:
    asked = asked_of("", own, prepared, severity)
    said_so = own is MessageClass.SAFETY_OF_LIFE or (own is None and bool(prepared))
    safety = said_so and severity is Severity.EMERGENCY
    assert asked.message_class is (MessageClass.SAFETY_OF_LIFE if safety else MessageClass.SERVICE)
    assert asked.topic == prepared.get("topic", "")
    assert asked_of("water", own, prepared, severity).topic == "water"


def test_every_reason_can_be_given() -> None:
    no, yes = {(Medium.SMS, "power"): False}, {(Medium.SMS, "power"): True}
    left = {(Medium.SMS, ""): False}
    power = Asked("power")
    safety = Asked("power", MessageClass.SAFETY_OF_LIFE)
    given = [
        decide(Wishes(), Medium.SMS, power),
        decide(Wishes(choices=yes), Medium.SMS, power),
        decide(Wishes(choices=no), Medium.SMS, power),
        decide(Wishes(choices=left), Medium.SMS, power),
        decide(Wishes(Standing.SELF), Medium.SMS, power),
        decide(Wishes(choices=no), Medium.SMS, safety),
    ]
    assert [one.value for one in given] == [
        "customer", "chosen", "topic_withdrawn", "medium_withdrawn", "not_chosen", "safety_of_life",
    ]  # fmt: skip
    assert set(given) == set(Hearing)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"medium": "site", "granted": True}, "not_personal"),
        ({"medium": "sms"}, "missing"),
        ({"medium": "sms", "granted": True, "topic": "No slug"}, "bad_slug"),
        ({"medium": "pigeon", "granted": True}, "unknown_word"),
        ({"medium": "sms", "granted": True, "marketing": True}, "unknown_field"),
    ],
)
def test_a_statement_that_says_nothing_clear_is_refused(document: dict[str, object], code: str) -> None:
    problems: list[Problem] = []
    read_said(document, "consents[0]", problems, How.API)
    assert code in [problem.code for problem in problems]
