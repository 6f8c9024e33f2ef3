"""What the contact page says about a channel while an override is in force."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.contacts import ContactChannel
from app.domain.reading import iso
from app.domain.routing import Registry
from app.publishing.contact_views import channels, finder
from app.publishing.tongue import Organisation, Tongue
from tests.unit.site.world import NOON, PHONE

WORDS = {
    "kind_phone": "phone", "comma": ", ", "speaks_in": "{languages}", "zone": "{zone}", "open_now": "open",
    "open_until": "until {time}", "opens_at": "opens {time}", "closed": "closed", "always": "always", "busy": "busy",
    "wait": "{duration}",
}  # fmt: skip
FLOODED = {"en": "The exchange is flooded"}


def views(*overrides: dict[str, Any], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    document = {**PHONE, "hours": "24/7", "overrides": list(overrides), **more}
    registry = Registry.from_documents([document], [{"slug": "emergency", "labels": {"en": "Emergency"}}], [])
    tongue = Tongue("en", WORDS, "en", Organisation({"en": "Us"}), NOON)
    (channel,), (need,) = channels(registry, tongue), finder(registry, tongue)
    options: Any = need["options"]
    return dict(channel), dict(options[0])


def test_another_number_is_shown_with_its_reason_and_its_end() -> None:
    until = iso(NOON + timedelta(hours=3))
    channel, option = views({"until": until, "address": "+912619999999", "reasons": FLOODED})
    assert channel["address"] == option["address"] == "+91 2619 999 999"
    assert str(channel["status"]).startswith("until ")
    assert channel["reason"]["text"] == option["reason"]["text"] == "The exchange is flooded"


def test_busy_until_a_moment_says_both() -> None:
    channel, _ = views({"until": iso(NOON + timedelta(hours=3)), "status": "busy"})
    assert str(channel["status"]).startswith("busy, until ")


@pytest.mark.parametrize("until", [NOON, NOON - timedelta(hours=3)])
def test_what_is_over_leaves_no_trace(until: Any) -> None:
    channel, option = views({"until": iso(until), "address": "+912619999999", "reasons": FLOODED, "status": "busy"})
    assert (channel["address"], channel["status"], channel["reason"]) == ("+91 261 234 5678", "", None)
    assert option["reason"] is None
    assert ContactChannel.from_document({**PHONE}).address == option["address"].replace(" ", "")


def test_a_channel_somebody_shut_is_closed_on_every_day_until_its_end() -> None:
    channel, option = views(status="closed", status_until=iso(NOON + timedelta(days=1)), status_reasons=FLOODED)
    assert (channel["status"], channel["reason"]["text"]) == ("closed", "The exchange is flooded")
    assert channel["days"][0]["times"] == []
    assert channel["days"][3]["times"] != []
    assert str(option["state"]).startswith("closed, opens ")
