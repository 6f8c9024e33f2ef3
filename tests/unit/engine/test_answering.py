"""Answers to keywords go out through the endpoint at which they came, each once or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from app.clock import FrozenClock
from app.domain.message import Accepted, Batch, Failure, FailureKind, Medium, Outcome, Reply
from app.domain.replying import Answer
from app.engine.answering import Answerer
from app.keyring import Keyring
from app.store import endpoints, hearing
from app.store.database import Database
from app.store.hearing import InboundRow
from app.templating.replies import load_replies
from app.usecases.take_reply import Listener, take_reply
from tests.conftest import NOON
from tests.rig.stage import Stage

pytestmark = pytest.mark.anyio

SOMEBODY = "+12025550001"


class People:
    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.clock = FrozenClock(NOON)
        self.stage = Stage(database, keyring, self.clock)
        self.stage.open(3, languages=("gu", "en"))
        self.channel = self.stage.add_endpoint("text", Medium.SMS)
        self.listener = Listener(database, keyring, load_replies())
        self.answerer = Answerer(database, lambda _one, _drill: self.channel, self.say, self.clock, 10.0, lambda: 0.5)
        self._wrote = 0

    @staticmethod
    def say(kind: Answer, language: str, update_id: int | None, _at: datetime) -> str:
        return f"{kind.value} in {language} after {update_id}"

    def write(self, text: str) -> None:
        self._wrote += 1
        with self.stage.db.reading() as connection:
            endpoint = endpoints.get(connection, "text")
        take_reply(self.listener, endpoint, Reply(SOMEBODY, f"m{self._wrote}", text), self.clock.now())

    def rows(self) -> list[InboundRow]:
        with self.stage.db.reading() as connection:
            return list(reversed(hearing.page(connection, keywords=True).items))


async def test_each_once_in_their_language(database: Database, keyring: Keyring) -> None:
    people = People(database, keyring)
    people.write("help")
    people.write("STOP")
    assert await people.answerer.deliver() == 2
    assert await people.answerer.deliver() == 0
    said = [(one.address, one.message.text) for one in people.channel.took]
    assert sorted(said) == [(SOMEBODY, "help in en after None"), (SOMEBODY, "stop in en after None")]
    assert [row.answer_state for row in people.rows()] == ["accepted", "accepted"]


async def test_refused_for_now_is_said_later_and_unconfirmed_is_not_said_twice(
    database: Database, keyring: Keyring
) -> None:
    people = People(database, keyring)
    people.write("help")
    outcomes = iter([FailureKind.NOT_ACCEPTED, FailureKind.AMBIGUOUS])

    async def answer(_batch: Batch) -> Sequence[Outcome]:
        return [Failure(next(outcomes), "said_the_test")]

    people.channel.answer = answer
    await people.answerer.deliver()
    assert people.rows()[0].answer_state == "queued"
    people.clock.advance(30)
    await people.answerer.deliver()
    people.clock.advance(3_600)
    assert await people.answerer.deliver() == 0
    assert (people.rows()[0].answer_state, len(people.channel.heard)) == ("unknown", 2)


async def test_whoever_dies_in_between_leaves_it_unknown(database: Database, keyring: Keyring) -> None:
    people = People(database, keyring)
    people.write("help")

    async def never(_batch: Batch) -> Sequence[Outcome]:
        await asyncio.sleep(3_600)
        return [Accepted()]

    people.channel.answer = never
    killed = asyncio.create_task(people.answerer.deliver())
    async with asyncio.timeout(60):
        while not people.channel.heard:
            await asyncio.sleep(0.01)
    killed.cancel()
    people.clock.advance(60)
    assert await people.answerer.deliver() == 1
    assert (people.rows()[0].answer_state, len(people.channel.heard)) == ("unknown", 1)


async def test_it_names_us_the_best_contact_and_how_to_stop(database: Database, keyring: Keyring) -> None:
    from app.templating import Templating
    from app.usecases.word_answer import AnswerWords
    from app.wiring import TEMPLATES

    people = People(database, keyring)
    organisation = {"names": {"en": "Metro Power"}, "default_language": "en", "timezone": "UTC"}
    say = AnswerWords(database, Templating(TEMPLATES), load_replies(), organisation)
    assert say(Answer.HELP, "en", None, NOON).startswith("Metro Power: official messages")
    assert "Metro Power" in say(Answer.LESS, "gu", people.stage.draft(["text"]).id, NOON)
