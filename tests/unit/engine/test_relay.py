"""One call straight after the other; whatever is not simply taken by the provider comes to the task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from app.domain.message import Accepted, Failure, FailureKind, Medium, Message, Outcome, People
from app.engine.calls import Load
from app.engine.relay import Relay
from app.engine.watchdog import IDLE, TIMED_OUT, Watch, Watchdog
from app.store.windows import Origin

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

REFUSED = Failure(FailureKind.NOT_ACCEPTED, "refused")


@dataclass
class Provider:
    """Answers what it is told to, a moment later; None = never."""

    say: Callable[[bytes], Outcome | None]
    began: list[bytes] = field(default_factory=list)
    given_up: list[bytes] = field(default_factory=list)

    def prepare(self, _message: Message, people: People) -> Sequence[bytes]:
        return [address.encode() for address in people.addresses]

    def poster(self) -> Callable[[bytes, Callable[[object], object]], Callable[[], None]]:
        return self.post

    def post(self, form: bytes, heard: Callable[[object], object]) -> Callable[[], None]:
        self.began.append(form)
        outcome = self.say(form)
        if outcome is not None:
            asyncio.get_running_loop().call_soon(heard, outcome)
        return lambda: self.given_up.append(form)

    def read(self, answer: Outcome) -> Outcome:
        if isinstance(answer, Accepted) and not answer.provider_id:
            raise KeyError("sid")
        return answer


@dataclass
class Pile:
    """So many recipients of one window; `most` of them may be called without asking."""

    number: int
    most: int = 1_000
    accepted: list[tuple[int, str]] = field(default_factory=list)
    begun: int = 0

    def __post_init__(self) -> None:
        people = People([f"+1{n}" for n in range(self.number)], [f"r{n}" for n in range(self.number)])
        message = Message(Medium.SMS, "en", "Power is out.")
        self.load = Load(Origin(1, 3, 0, 1, 2, 1, 1), message, drill=False, ids=range(self.number), people=people)

    def take(self, _now: float) -> tuple[Load, int, bytes] | None:
        if self.begun >= min(self.number, self.most):
            return None
        self.begun += 1
        return self.load, self.begun - 1, self.load.people.addresses[self.begun - 1].encode()

    def taken(self, _load: Load, at: int, provider_id: str, _now: float) -> None:
        self.accepted.append((at, provider_id))


@pytest.fixture
async def watch(anyio_backend: str) -> AsyncIterator[Watch]:
    dog = Watchdog(0.2)
    task = asyncio.create_task(dog.watch())
    yield dog.sender()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def relay(provider: Provider, pile: Pile, watch: Watch) -> Relay:
    return Relay(provider, pile, watch, asyncio.get_running_loop().time)


def accept(form: bytes) -> Outcome:
    return Accepted(f"sid of {form.decode()}")


async def test_all_are_called_one_after_the_other_and_the_task_is_woken_once(watch: Watch) -> None:
    provider, pile = Provider(accept), Pile(50)
    running = relay(provider, pile, watch)
    assert (await watch.guard(running.run()), running.unit) == ((), None)
    assert pile.accepted == [(n, f"sid of +1{n}") for n in range(50)]
    assert watch.began == IDLE


async def test_whom_somebody_has_to_be_asked_about_is_left_to_the_task(watch: Watch) -> None:
    provider, pile = Provider(accept), Pile(50, most=7)
    running = relay(provider, pile, watch)
    assert (await watch.guard(running.run()), running.unit) == ((), None)
    assert (len(provider.began), len(pile.accepted)) == (7, 7)


async def test_a_refusal_comes_to_the_task_with_whom_it_is_about_and_nothing_begins_after_it(watch: Watch) -> None:
    provider, pile = Provider(lambda form: REFUSED if form == b"+13" else accept(form)), Pile(50)
    running = relay(provider, pile, watch)
    assert await watch.guard(running.run()) == (REFUSED,)
    assert running.unit is not None
    assert (running.unit.load, list(running.unit.ids)) == (pile.load, [3])
    assert (len(provider.began), [at for at, _ in pile.accepted]) == (4, [0, 1, 2])
    assert await watch.guard(running.run()) == ()
    assert [at for at, _ in pile.accepted] == [at for at in range(50) if at != 3]


async def test_one_that_is_never_answered_is_given_up_and_the_rest_goes_on(watch: Watch) -> None:
    provider, pile = Provider(lambda form: None if form == b"+12" else accept(form)), Pile(5)
    running = relay(provider, pile, watch)
    assert await watch.guard(running.run()) == TIMED_OUT
    assert running.unit is not None
    assert (list(running.unit.ids), provider.given_up) == ([2], [b"+12"])
    assert await watch.guard(running.run()) == ()
    assert [at for at, _ in pile.accepted] == [0, 1, 3, 4]


async def test_an_answer_after_it_was_given_up_counts_no_more_and_begins_nothing(watch: Watch) -> None:
    heard: list[Callable[[object], object]] = []

    class Late(Provider):
        def post(self, form: bytes, heard_by: Callable[[object], object]) -> Callable[[], None]:
            heard.append(heard_by)
            return super().post(form, heard_by)

    provider, pile = Late(lambda _: None), Pile(5)
    running = relay(provider, pile, watch)
    task = asyncio.create_task(running.run())
    await asyncio.sleep(0)
    task.cancel()
    heard[0](Accepted("late"))
    with pytest.raises(asyncio.CancelledError):
        await task
    heard[0](Accepted("later"))
    assert (pile.accepted, provider.began, provider.given_up) == ([], [b"+10"], [b"+10"])


async def test_a_channel_that_breaks_may_have_been_heard(watch: Watch) -> None:
    provider, pile = Provider(lambda form: Accepted("" if form == b"+11" else "sid")), Pile(5)
    running = relay(provider, pile, watch)
    with capture_logs() as logs:
        outcome = await watch.guard(running.run())
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (FailureKind.AMBIGUOUS, "channel_broke")
    assert running.unit is not None
    assert (list(running.unit.ids), logs[0]["event"]) == ([1], "channel_broke")
    assert watch.began == IDLE


async def test_what_breaks_between_two_calls_is_nobodys_failure(watch: Watch) -> None:
    """Who was taken stays taken, once; who comes next has not been called."""

    class Torn(Pile):
        def take(self, now: float) -> tuple[Load, int, bytes] | None:
            if self.begun == 3:
                raise ValueError("cannot be prepared")
            return super().take(now)

    provider, pile = Provider(accept), Torn(5)
    running = relay(provider, pile, watch)
    with capture_logs():
        assert isinstance(await watch.guard(running.run()), Failure)
    assert (running.unit, [at for at, _ in pile.accepted]) == (None, [0, 1, 2])
