from __future__ import annotations

import pytest

from app.domain.consent import How, Said, Standing, Wishes
from app.domain.message import Medium
from app.domain.own_wishes import Choice, area_together, chosen, languages_together, statements, together

NOTHING, ALL = Choice(on=False), Choice(on=True)
POWER, WATER = Choice(on=True, topics=("power",)), Choice(on=True, topics=("water",))


@pytest.mark.parametrize(
    ("several", "shown"),
    [
        ([POWER], POWER),
        ([NOTHING, NOTHING], NOTHING),
        ([NOTHING, WATER], WATER),
        ([POWER, WATER], Choice(on=True, topics=("power", "water"))),
        ([POWER, ALL], ALL),
    ],
)
def test_an_address_gets_what_any_of_its_people_hears(several: list[Choice], shown: Choice) -> None:
    assert together(several) == shown
    assert together(several[::-1]) == shown


def test_what_one_person_wants_is_what_they_said_else_their_standing() -> None:
    sms = Medium.SMS
    assert chosen(Wishes(Standing.CUSTOMER), sms) == ALL
    assert chosen(Wishes(Standing.SELF), sms) == NOTHING
    held = {(sms, ""): False, (sms, "power"): True, (sms, "water"): False, (Medium.EMAIL, ""): True}
    assert chosen(Wishes(Standing.SELF, held), sms) == POWER


def test_a_choice_is_said_for_the_whole_medium_and_then_for_its_topics() -> None:
    def said(topic: str, *, granted: bool) -> Said:
        return Said(Medium.SMS, topic, granted, How.FORM, "v1")

    both = Choice(on=True, topics=("gone", "power"))
    assert statements(Medium.SMS, both, {"power"}, "v1") == [said("", granted=False), said("power", granted=True)]
    assert statements(Medium.SMS, ALL, {"power"}, "v1") == [said("", granted=True)]
    assert statements(Medium.SMS, NOTHING, {"power"}, "v1") == [said("", granted=False)]


def test_language_and_area_are_those_that_fit_all_of_them() -> None:
    assert languages_together([("gu", "en", "lo"), ("en", "gu")]) == ("gu", "en")
    assert languages_together([("gu",), ("lo",)]) == ("gu",)
    assert (area_together(["north", "north"]), area_together(["north", "south"])) == ("north", "")
