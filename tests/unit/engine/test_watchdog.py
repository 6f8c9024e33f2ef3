"""Every call comes to an end, and only the one that took too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from app.domain.message import Accepted, FailureKind, Outcome
from app.engine.watchdog import TIMED_OUT, Watchdog

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

GOOD: Sequence[Outcome] = [Accepted("id")]
LONG = 30.0


@pytest.fixture
async def watchdog() -> AsyncIterator[Watchdog]:
    dog = Watchdog(0.2)
    task = asyncio.create_task(dog.watch())
    yield dog
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def answer() -> Sequence[Outcome]:
    return GOOD


async def hang() -> Sequence[Outcome]:
    await asyncio.Event().wait()
    return GOOD


async def hold_on() -> Sequence[Outcome]:
    """A channel that answers in spite of being told to stop."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return GOOD
    return []


async def lose_it_and_hang() -> Sequence[Outcome]:
    """As a library does whose answer came in the very moment of the cancellation."""
    return [*await hold_on(), *await hang()]


async def slowly(seconds: float) -> Sequence[Outcome]:
    await asyncio.sleep(seconds)
    return GOOD


async def asked(dog: Watchdog, *calls: Awaitable[Sequence[Outcome]]) -> list[object]:
    """What one sender hears of these calls, one after the other."""
    watch = dog.sender()
    async with asyncio.timeout(LONG):
        return [await watch.guard(call) for call in calls]


async def test_a_call_that_never_ends_is_ambiguous_and_its_sender_goes_on(watchdog: Watchdog) -> None:
    assert await asked(watchdog, hang(), answer(), hang(), answer()) == [TIMED_OUT, GOOD, TIMED_OUT, GOOD]
    assert TIMED_OUT.kind is FailureKind.AMBIGUOUS


async def test_many_senders_calls_are_ended_each_by_its_own_time(watchdog: Watchdog) -> None:
    heard = await asyncio.gather(*(asked(watchdog, answer(), hang(), answer()) for _ in range(64)))
    assert heard == [[GOOD, TIMED_OUT, GOOD]] * 64


async def test_a_long_row_of_short_calls_is_left_alone() -> None:
    dog = Watchdog(0.2)
    watching = asyncio.create_task(dog.watch())
    try:
        assert await asked(dog, *(slowly(0.1) for _ in range(25))) == [GOOD] * 25
    finally:
        watching.cancel()


async def test_a_call_that_lost_the_first_word_hears_it_again(watchdog: Watchdog) -> None:
    assert await asked(watchdog, lose_it_and_hang(), answer()) == [TIMED_OUT, GOOD]


async def test_an_answer_in_spite_of_it_counts_and_does_no_harm_later(watchdog: Watchdog) -> None:
    assert await asked(watchdog, hold_on(), answer(), hang(), answer()) == [GOOD, GOOD, TIMED_OUT, GOOD]


async def test_who_is_told_to_stop_stops(watchdog: Watchdog) -> None:
    sender = asyncio.create_task(asked(watchdog, hang()))
    await asyncio.sleep(0)
    sender.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sender


async def test_a_channel_that_breaks_may_have_been_heard(watchdog: Watchdog) -> None:
    async def broken() -> Sequence[Outcome]:
        raise KeyError("sid")

    with capture_logs() as logs:
        (heard,) = await asked(watchdog, broken())
    assert getattr(heard, "kind", None) is FailureKind.AMBIGUOUS
    assert logs[0]["event"] == "channel_broke"
