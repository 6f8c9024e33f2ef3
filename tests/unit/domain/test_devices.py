"""A browser's subscription as an address: one form, nothing that only looks like one, and never shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audience import normalise
from app.domain.devices import endpoint_of, read_device
from app.domain.masking import mask
from app.domain.message import Medium
from app.errors import Invalid
from app.keyring import Keyring
from app.store import addresses
from tests.rig.push import Device, to_text

ANN = Device("ann")


def stringified(**changes: object) -> str:
    return json.dumps({**ANN.subscription, **changes})


@given(st.text(alphabet="abcXYZ019-_", min_size=1, max_size=40))
def test_what_a_browser_gives_and_the_line_itself_are_one_address(name: str) -> None:
    device = Device(name)
    assert read_device(json.dumps(device.subscription)) == read_device(device.address) == device.address
    assert normalise(Medium.PUSH, f"  {device.address} ", "") == device.address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "token-of-her-phone",
        "{",
        "{}",
        '{"a":' + "[" * 1_900,
        stringified(endpoint="http://fcm.googleapis.com/x"),
        stringified(endpoint="https://fcm.googleapis.com:8443/x"),
        stringified(endpoint="https://user@fcm.googleapis.com/x"),
        stringified(endpoint="https://fcm.googleapis.com/x#y"),
        stringified(endpoint="https://fcm.googleapis.com/"),
        stringified(endpoint="https://fcm.googleapis.com/" + "x" * 900),
        stringified(endpoint="https://fcm.googleapis.com/a b"),
        stringified(endpoint="https://[::1/x"),
        stringified(endpoint=7),
        stringified(keys=None),
        stringified(keys={"p256dh": to_text(b"\x04" + b"\x01" * 64), "auth": to_text(ANN.secret)}),
        stringified(keys={"p256dh": to_text(ANN.public[:-1]), "auth": to_text(ANN.secret)}),
        stringified(keys={"p256dh": to_text(ANN.public), "auth": to_text(ANN.secret[:-1])}),
        stringified(keys={"p256dh": to_text(ANN.public), "auth": "!"}),
    ],
)
def test_what_is_no_subscription_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_device(text)
    (problem,) = refused.value.problems
    assert problem.code == "bad_push"
    assert "fcm" not in problem.sentence


@given(st.text(max_size=300))
def test_nothing_a_stranger_types_breaks_it(text: str) -> None:
    try:
        found = read_device(text)
    except Invalid:
        return
    assert read_device(found) == found


def test_a_device_is_known_by_its_endpoint_and_shown_by_its_push_service_only() -> None:
    other_keys = f"{ANN.endpoint} {to_text(Device('bob').public)} {to_text(Device('bob').secret)}"
    places = [(Medium.PUSH, ANN.address), (Medium.PUSH, other_keys), (Medium.PUSH, Device("bob").address)]
    found = list(addresses.hashes(Keyring("a key that only tests know"), places).values())
    assert found[0] == found[1] != found[2]
    assert endpoint_of(ANN.address) == ANN.endpoint
    assert mask(Medium.PUSH, ANN.address) == "updates.push.services.mozilla.com •••ann"
