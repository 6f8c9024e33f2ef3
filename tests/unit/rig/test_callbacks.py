from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.rig import Plan
from tests.unit.rig.conftest import TOKEN, Caller, Inbox

pytestmark = pytest.mark.anyio


def genuine_twilio(inbox: Inbox) -> list[tuple[dict[str, str], bool]]:
    """(form, whether Twilio's own validator takes it) of every call."""
    validator = RequestValidator(TOKEN)
    found = []
    for url, headers, body in inbox.calls:
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        found.append((form, validator.validate(url, form, headers["x-twilio-signature"])))
    return found


async def test_twilio_reports_in_order_and_its_own_validator_takes_the_signature(caller: Caller, inbox: Inbox) -> None:
    caller.rig.plan("twilio", Plan(statuses=("sending", "sent", "delivered"), delay_seconds=0.0))

    sid = (await caller.text("+15005551001", StatusCallback=f"{inbox.url}/callbacks/sms/ref?x=%c4%9d%2fa+b")).json()[
        "sid"
    ]
    await caller.rig.until(lambda: len(inbox.calls) == 3)

    calls = genuine_twilio(inbox)
    assert all(right for _, right in calls)
    assert [form["MessageStatus"] for form, _ in calls] == ["sending", "sent", "delivered"]
    assert {form["MessageSid"] for form, _ in calls} == {sid}


async def test_duplicates_drops_and_undelivered_follow_the_plan(caller: Caller, inbox: Inbox) -> None:
    plan = Plan(statuses=("sent", "delivered"), delay_seconds=0.0, duplicates=2, undelivered_share=1.0)
    caller.rig.plan("twilio", plan)
    await caller.text("+15005551001", StatusCallback=f"{inbox.url}/a")
    await caller.rig.until(lambda: len(inbox.calls) == 6)
    caller.rig.plan("twilio", Plan(delay_seconds=0.0, drop_share=1.0))
    await caller.text("+15005551002", StatusCallback=f"{inbox.url}/b")
    await caller.rig.until(lambda: caller.rig.reported)

    forms = [form for form, _ in genuine_twilio(inbox)]
    assert Counter(form["MessageStatus"] for form in forms) == {"sent": 3, "undelivered": 3}
    assert {form.get("ErrorCode") for form in forms if form["MessageStatus"] == "undelivered"} == {"30005"}


async def test_a_forged_report_lies_and_does_not_pass_the_validator(caller: Caller, inbox: Inbox) -> None:
    caller.rig.plan("twilio", Plan(statuses=("delivered",), delay_seconds=0.0, forge_share=1.0))
    inbox.statuses = [401]

    await caller.text("+15005551001", StatusCallback=f"{inbox.url}/a")
    await caller.rig.until(lambda: len(inbox.calls) == 2 and caller.rig.reported)

    (lie, lie_right), (truth, truth_right) = genuine_twilio(inbox)
    assert (lie["MessageStatus"], lie_right) == ("failed", False)
    assert (truth["MessageStatus"], truth_right) == ("delivered", True)
    assert caller.rig.pump.counts["forged_4xx"] == 1
    assert caller.rig.pump.counts["genuine_2xx"] == 1


async def test_a_shuffled_plan_changes_the_order(caller: Caller, inbox: Inbox) -> None:
    caller.rig.plan("twilio", Plan(statuses=("sending", "sent", "delivered"), delay_seconds=0.02, shuffle=True, seed=1))

    for number in range(8):
        await caller.text(f"+1500555100{number}", StatusCallback=f"{inbox.url}/{number}")
    await caller.rig.until(lambda: len(inbox.calls) == 24)

    orders = {
        tuple(form["MessageStatus"] for form, _ in genuine_twilio(inbox) if form["To"].endswith(f"100{number}"))
        for number in range(8)
    }
    assert len(orders) > 1


async def test_a_report_the_application_could_not_take_comes_again(caller: Caller, inbox: Inbox) -> None:
    caller.rig.plan("twilio", Plan(statuses=("delivered",), delay_seconds=0.0))
    inbox.statuses = [503, 200]

    await caller.text("+15005551001", StatusCallback=f"{inbox.url}/a")
    await caller.rig.until(lambda: len(inbox.calls) == 2)

    assert inbox.calls[0][1]["i-twilio-idempotency-token"].endswith("-delivered")
    assert inbox.calls[0][2] == inbox.calls[1][2]


def events(caller: Caller, inbox: Inbox) -> list[tuple[list[dict[str, Any]], bool, int]]:
    """(events, whether SendGrid's own verifier takes them, signed timestamp) of every call."""
    verifier = EventWebhook(caller.rig.sendgrid_reports.key.public)
    found = []
    for _, headers, body in inbox.calls:
        assert body.endswith(b"\r\n")
        timestamp = headers["x-twilio-email-event-webhook-timestamp"]
        signature = headers["x-twilio-email-event-webhook-signature"]
        right = verifier.verify_signature(body.decode(), signature, timestamp)
        found.append((orjson.loads(body), right, int(timestamp)))
    return found


async def test_sendgrid_events_come_in_batches_its_own_verifier_takes(caller: Caller, inbox: Inbox) -> None:
    caller.rig.sendgrid_reports.url = f"{inbox.url}/callbacks/mail"
    caller.rig.plan("sendgrid", Plan(delay_seconds=0.0))

    answer = await caller.mail(*(f"a{number}@example.org" for number in range(120)))
    await caller.rig.until(lambda: len(inbox.calls) == 3)

    calls = events(caller, inbox)
    assert all(right for _, right, _ in calls)
    assert sorted(len(batch) for batch, _, _ in calls) == [40, 100, 100]
    every = [event for batch, _, _ in calls for event in batch]
    assert Counter(event["event"] for event in every) == {"processed": 120, "delivered": 120}
    assert {event["reference"] for event in every} == {f"ref-a{number}@example.org" for number in range(120)}
    assert len({event["sg_event_id"] for event in every}) == 240
    assert all(event["sg_message_id"].startswith(answer.headers["X-Message-Id"] + ".") for event in every)


async def test_forged_and_old_events_are_extra_and_recognisable(caller: Caller, inbox: Inbox) -> None:
    caller.rig.sendgrid_reports.url = inbox.url
    plan = Plan(statuses=("delivered",), delay_seconds=0.0, forge_share=1.0, old_timestamp_share=1.0, duplicates=1)
    caller.rig.plan("sendgrid", plan)

    await caller.mail("a@example.org")
    await caller.rig.until(lambda: len(inbox.calls) == 4)

    calls = events(caller, inbox)
    assert [right for _, right, _ in calls] == [False, True, True, True]
    assert [batch[0]["event"] for batch, _, _ in calls] == ["bounce", "delivered", "delivered", "delivered"]
    assert calls[3][2] < 1_100_000_000 < calls[1][2]


async def test_bounces_follow_the_plan_and_without_a_plan_nothing_is_reported(caller: Caller, inbox: Inbox) -> None:
    caller.rig.sendgrid_reports.url = inbox.url
    await caller.mail("silent@example.org")
    caller.rig.plan("sendgrid", Plan(delay_seconds=0.0, undelivered_share=1.0))
    await caller.mail("a@example.org")
    await caller.rig.until(lambda: len(inbox.calls) == 1 and caller.rig.reported)

    [(batch, _, _)] = events(caller, inbox)
    assert [(event["event"], event["email"]) for event in batch] == [
        ("processed", "a@example.org"),
        ("bounce", "a@example.org"),
    ]
