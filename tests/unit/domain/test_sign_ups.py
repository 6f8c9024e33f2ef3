from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import Medium
from app.domain.sign_ups import (
    PER_ADDRESS,
    PER_NEIGHBOURS,
    TOO_OLD,
    Asking,
    Facts,
    Fault,
    Policy,
    Ruling,
    network_of,
    read_asking,
    read_sign_up_token,
    rule,
    sign_up_token,
)

BRITAIN = Policy(media=frozenset({Medium.SMS, Medium.EMAIL}), countries=frozenset({"GB"}))
FINE = Facts(timedelta(), False, 0, Decimal(0), Decimal("0.1"), "texts")
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("07400 123456", "+447400123456"),
        ("+44 7400 123456", "+447400123456"),
        ("Ann@Example.org", "ann@example.org"),
        ("+49 151 23456789", Fault.COUNTRY),
        ("+1 202 555 0123", Fault.COUNTRY),
        ("+44 909 879 0000", Fault.COUNTRY),  # premium rate
        ("+44 843 123 4567", Fault.COUNTRY),  # shared cost
        ("+44 800 123 4567", Fault.COUNTRY),
        ("+979 123 456 789", Fault.COUNTRY),  # the world's premium rate
        ("+881 6 1234 5678", Fault.COUNTRY),  # a satellite
        ("12", Fault.ADDRESS),
        ("@", Fault.ADDRESS),
        ("a@b", Fault.ADDRESS),
        ("", Fault.ADDRESS),
    ],
)
def test_texts_go_to_the_countries_that_are_allowed_and_to_no_number_somebody_earns_by(
    address: str, found: str | Fault
) -> None:
    asking = read_asking(BRITAIN, address, "en", "", [], [])
    assert (asking.value if isinstance(asking, Asking) else asking) == found


def test_nothing_but_mail_is_let_in_by_default() -> None:
    assert Policy().offered == (Medium.EMAIL,)
    assert read_asking(Policy(), "+447400123456", "en", "", [], []) is Fault.COUNTRY
    assert Policy(media=frozenset(), countries=frozenset({"GB"})).offered == ()
    assert Policy(media=frozenset({Medium.SMS})).offered == (), "no text without a country"


def test_a_topic_that_is_gone_and_an_area_with_a_trick_change_nothing() -> None:
    assert read_asking(BRITAIN, "a@example.org", "en", "", ["gas"], ["power"]) is Fault.TOPIC
    asking = read_asking(BRITAIN, "a@example.org", "en", "north\x00", ["power", "power"], ["power"])
    assert isinstance(asking, Asking)
    assert (asking.area, asking.topics) == ("", ("power",))


@pytest.mark.parametrize(
    ("change", "ruling"),
    [
        ({}, Ruling.SEND),
        ({"suppressed": True}, Ruling.SUPPRESSED),
        ({"sent_to_it": PER_ADDRESS}, Ruling.TOO_OFTEN),
        ({"spent": Decimal("4.9")}, Ruling.SEND),
        ({"spent": Decimal("4.91")}, Ruling.BUDGET_SPENT),
        ({"age": TOO_OLD + timedelta(seconds=1)}, Ruling.TOO_LATE),
        ({"endpoint": ""}, Ruling.NO_ENDPOINT),
        ({"sent_to_neighbours": PER_NEIGHBOURS}, Ruling.TOO_MANY_ALIKE),
    ],
)
def test_each_reason_not_to_send_has_a_name(change: dict[str, object], ruling: Ruling) -> None:
    facts = Facts(**{**{name: getattr(FINE, name) for name in Facts.__slots__}, **change})
    assert rule(BRITAIN, Medium.SMS, facts) is ruling
    if ruling in {Ruling.BUDGET_SPENT, Ruling.TOO_MANY_ALIKE}:
        assert rule(BRITAIN, Medium.EMAIL, facts) is Ruling.SEND


@given(st.integers(0, 2**63), st.integers(0, 2**32 - 1))
def test_a_link_names_one_form_and_no_letter_of_it_can_be_changed(number: int, seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    token = sign_up_token(KEY, number, at)
    assert len(token) == 28
    assert read_sign_up_token(KEY, token) == (number, at)
    assert read_sign_up_token(b"o" * 32, token) is None
    for place in (0, 9, 27):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert read_sign_up_token(KEY, other) is None


def test_a_house_is_one_network_however_many_addresses_it_has() -> None:
    assert network_of("203.0.113.9") == "203.0.113.9" == network_of("::ffff:203.0.113.9")
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") != network_of("2001:db8:0:1::1")
    assert network_of("a proxy gone mad" * 9) == ("a proxy gone mad" * 9)[:64]
