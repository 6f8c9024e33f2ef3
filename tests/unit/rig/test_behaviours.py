from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import aiohttp
import pytest

from tests.patience import PATIENCE
from tests.rig import Rig
from tests.unit.rig.conftest import Caller, login, messages

pytestmark = pytest.mark.anyio
TO = "+15005551001"


@pytest.mark.parametrize(
    ("effect", "status", "code"),
    [
        ("throttle", 429, 20429),
        ("unavailable", 503, 20503),
        ("error_before", 500, 20500),
        ("unauthorized", 401, 20003),
        ("invalid_recipient", 400, 21211),
    ],
)
async def test_a_refusal_is_an_answer_without_acceptance(caller: Caller, effect: str, status: int, code: int) -> None:
    caller.rig.behave("twilio", effect, seconds=7)

    answer = await caller.text(TO)

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers.get("Retry-After") == ("7" if status in (429, 503) else None)
    assert caller.rig.ledger.accepted() == 0
    assert caller.rig.ledger.tally("twilio").refused == {effect: 1}


async def test_a_refused_recipient_may_have_any_code(caller: Caller) -> None:
    caller.rig.behave("twilio", "invalid_recipient", code=21610)

    assert (await caller.text(TO)).json()["code"] == 21610


async def test_an_error_after_acceptance_hides_an_accepted_message(caller: Caller) -> None:
    caller.rig.behave("twilio", "error_after_accept")

    assert (await caller.text(TO)).status == 500
    assert caller.rig.ledger.accepted() == 1


@pytest.mark.parametrize(
    ("effect", "accepted"),
    [("reset_before", 0), ("reset_after_accept", 1), ("reset_mid_reply", 1)],
)
async def test_a_reset_breaks_the_call_before_or_after_acceptance(caller: Caller, effect: str, accepted: int) -> None:
    caller.rig.behave("twilio", effect)

    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await caller.text(TO)

    assert caller.rig.ledger.accepted() == accepted


@pytest.mark.parametrize(("effect", "accepted"), [("hang_after_accept", 1), ("black_hole", 0)])
async def test_a_hang_lasts_until_the_caller_gives_up(caller: Caller, effect: str, accepted: int) -> None:
    caller.rig.behave("twilio", effect)

    call = asyncio.create_task(caller.text(TO))
    await caller.rig.until(lambda: caller.rig.ledger.tally("twilio").requests == 1)
    await caller.rig.until(lambda: caller.rig.ledger.accepted() == accepted)
    assert not call.done()
    call.cancel()
    await asyncio.wait([call])


@pytest.mark.parametrize("effect", ["slow", "late"])
async def test_slow_accepts_first_and_late_waits_first(caller: Caller, effect: str) -> None:
    caller.rig.behave("twilio", effect, seconds=0.2)

    assert (await caller.text(TO)).status == 201

    answered = time.monotonic()
    [request] = caller.rig.ledger.requests("twilio")
    [entry] = caller.rig.ledger.entries("twilio")
    waited = answered - entry.at if effect == "slow" else entry.at - request.at
    assert waited > 0.19


async def test_a_late_message_is_accepted_even_when_the_caller_has_gone(caller: Caller) -> None:
    caller.rig.behave("twilio", "late", seconds=0.5)

    call = asyncio.create_task(caller.text(TO))
    await caller.rig.until(lambda: caller.rig.ledger.tally("twilio").requests == 1)
    call.cancel()
    await asyncio.wait([call])

    await caller.rig.until_accepted("twilio", 1)


async def test_a_rule_may_want_the_nth_request_only(caller: Caller) -> None:
    caller.rig.behave("twilio", "throttle", nth=2)

    assert [(await caller.text(TO)).status for _ in range(3)] == [201, 429, 201]


async def test_a_rule_may_want_an_address_a_path_and_a_number_of_times(caller: Caller) -> None:
    caller.rig.behave("twilio", "unavailable", address_suffix="77", times=1)
    caller.rig.behave("twilio", "throttle", path="GET /2010-04-01")

    assert (await caller.text("+15005551001")).status == 201
    assert (await caller.text("+15005551077")).status == 503
    assert (await caller.text("+15005551077")).status == 201
    assert (await caller.ask("GET", "twilio", messages(), headers=login())).status == 429


async def test_a_rule_may_want_a_share_and_picks_the_same_one_again(caller: Caller) -> None:
    picked = []
    for _ in range(2):
        caller.rig.script.clear()
        caller.rig.behave("twilio", "throttle", share=0.3, seed=5)
        picked.append([(await caller.text(TO)).status == 429 for _ in range(60)])

    assert picked[0] == picked[1]
    assert 8 <= sum(picked[0]) <= 28


async def test_the_first_matching_rule_wins_and_ok_is_an_exception_to_a_later_one(caller: Caller) -> None:
    caller.rig.behave("twilio", "ok", address_suffix="01")
    caller.rig.behave("twilio", "throttle")

    assert (await caller.text("+15005551001")).status == 201
    assert (await caller.text("+15005551002")).status == 429


def test_a_rule_with_a_misspelt_field_is_refused() -> None:
    from tests.rig import Rule

    with pytest.raises(ValueError, match="sufix"):
        Rule.from_document({"provider": "twilio", "effect": "ok", "sufix": "1"})


async def test_a_provider_that_is_down_refuses_connections_and_comes_back_on_its_port(caller: Caller) -> None:
    await caller.rig.down("twilio")
    with pytest.raises(aiohttp.ClientConnectorError):
        await caller.text(TO)

    await caller.rig.up("twilio")

    assert (await caller.text(TO)).status == 201


CALLER = """
import sys, time, urllib.request
request = urllib.request.Request(sys.argv[1], sys.argv[3].encode(), {"Authorization": sys.argv[2]})
urllib.request.urlopen(request, timeout=90).read()
time.sleep(300)
"""


@pytest.mark.parametrize(
    ("effect", "accepted"),
    [("kill_before_read", 0), ("kill_after_accept", 1), ("kill_after_reply", 1)],
)
async def test_a_kill_ends_the_process_it_was_aimed_at(rig: Rig, effect: str, accepted: int) -> None:
    rig.behave("twilio", effect, times=1)
    form = "To=%2B15005551001&From=%2B15005550006&Body=Hello"
    arguments = [sys.executable, "-c", CALLER, rig.url("twilio") + messages(), login()["Authorization"], form]
    process = await asyncio.to_thread(subprocess.Popen, arguments, stderr=subprocess.DEVNULL)
    try:
        rig.killer.aim(process.pid)
        assert await asyncio.to_thread(process.wait, PATIENCE) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait(PATIENCE)

    assert rig.ledger.accepted() == accepted
    [kill] = rig.killer.kills
    assert (kill.pid, kill.provider, kill.request) == (process.pid, "twilio", 1)


async def test_a_kill_without_an_aim_hurts_nobody(caller: Caller) -> None:
    caller.rig.behave("twilio", "kill_after_reply")

    assert (await caller.text(TO)).status == 201
    assert caller.rig.killer.kills == []


def test_the_killer_refuses_to_aim_at_its_own_process() -> None:
    from tests.rig.behaviours import Killer

    for pid in (0, 1, -1, os.getpid(), os.getppid()):
        with pytest.raises(ValueError, match="refusing"):
            Killer().aim(pid)


async def test_the_start_of_every_request_is_known(caller: Caller) -> None:
    await caller.text(TO)
    between = time.monotonic()
    await caller.text(TO)

    assert [one.number for one in caller.rig.ledger.requests("twilio")] == [1, 2]
    assert [one.number for one in caller.rig.ledger.requests("twilio", since=between)] == [2]
    first = caller.rig.ledger.tally("twilio").first_request_at
    assert first is not None
    assert first < between
