"""Providers report; whatever is not proven to come from them changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.callers import BASE, Callers, connect
from tests.faces import Api


@pytest.fixture
def provider(api: Api) -> Callers:
    api.prepare()
    return connect(api)


def test_a_signed_status_is_kept(provider: Callers) -> None:
    assert provider.twilio("delivered").status_code == 204
    assert provider.kept() == [("delivered", "delivered")]


@pytest.mark.parametrize(
    "forged",
    [
        {"sign": False},
        {"token": "somebody else's token"},
        {"url": "http://status.example.org/callbacks/real-texts/x"},
        {"url": f"{BASE}/callbacks/real-texts/another-delivery"},
    ],
)
def test_an_unsigned_or_wrongly_signed_status_changes_nothing(provider: Callers, forged: dict[str, Any]) -> None:
    answer = provider.twilio("undelivered", ErrorCode="30003", **forged)
    assert (answer.status_code, answer.json()["code"]) == (401, "callback_not_proven")
    assert answer.json()["remedy"]
    assert provider.kept() == []


def test_a_status_said_again_is_kept_once(provider: Callers) -> None:
    for _ in range(5):
        assert provider.twilio("delivered").status_code == 204
    assert len(provider.kept()) == 1


def test_a_word_we_do_not_know_is_kept_and_means_nothing(provider: Callers) -> None:
    assert provider.twilio("levitating").status_code == 204
    assert provider.kept() == [("unknown", "levitating")]


def test_a_reference_that_is_not_ours_changes_nothing(provider: Callers) -> None:
    provider.reference = "a" * 48
    assert provider.twilio("delivered").status_code == 204
    assert provider.kept() == []


def test_signed_events_are_kept_each_once_and_a_replay_or_a_changed_body_is_refused(provider: Callers) -> None:
    event = provider.event("bounce")
    assert provider.sendgrid([event, event]).status_code == 204
    kept = provider.kept()
    assert [kind for kind, _ in kept] == ["bounced"]
    for answer in (provider.sendgrid([event], ago=timedelta(hours=1)), provider.sendgrid([event], tamper=b" ")):
        assert (answer.status_code, answer.json()["code"]) == (401, "callback_not_proven")
    assert provider.kept() == kept


def test_an_endpoint_that_expects_no_callback_has_no_address_for_it(provider: Callers) -> None:
    for slug in ("texts", "nothing"):
        answer = provider.api.client.post(f"/callbacks/{slug}/{provider.reference}", content=b"x")
        assert answer.status_code == 404
        assert answer.json()["code"] in {"callback_not_found", "endpoint_not_found"}


def test_a_callback_larger_than_any_provider_sends_is_refused(provider: Callers) -> None:
    answer = provider.api.client.post("/callbacks/real-mail", content=b" " * (5 << 20))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_secret_that_was_just_changed_counts_at_once(provider: Callers) -> None:
    assert provider.twilio("sent").status_code == 204
    provider.change_secret("another secret of the same account")
    assert provider.twilio("delivered", token="another secret of the same account").status_code == 204
    assert [kind for kind, _ in provider.kept()] == ["sent", "delivered"]
