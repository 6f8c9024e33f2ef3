"""Words are made for a language and an area that matters, never for a recipient."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.delivery import State
from app.domain.endpoints import Endpoint
from app.domain.message import Accepted, Batch, Info, Medium, Message, Outcome
from app.engine.composing import FRESH_SECONDS
from app.engine.loop import Engine
from app.keyring import Keyring
from app.store.database import Database
from app.store.ledger import BroadcastRow
from app.store.posts import first_post
from tests.patience import PATIENCE
from tests.rig.stage import Stage

pytestmark = pytest.mark.anyio

AREAS = ("north", "south", "hills", "coast", "")
NUMBERS = {"north": "+1", "south": "+2"}


async def play(stage: Stage, engine: Engine, endpoint: str) -> int:
    """One broadcast from the draft to the end; its update."""
    words = stage.draft([]).document["content"]["en"]
    sent = stage.broadcast([endpoint], content={"en": words, "gu": words})
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    await stage.until(sent.id, "done")
    stop.set()
    async with asyncio.timeout(PATIENCE):
        await running
    return sent.id


def counted(engine: Engine, numbers: dict[str, str]) -> Counter[tuple[str, str]]:
    """Give the engine words that name the area's number; how often each (language, area) was composed."""
    made: Counter[tuple[str, str]] = Counter()

    def compose(
        row: BroadcastRow, medium: Medium, _info: Info, language: str, _variant: int, _linked: bool, area: str
    ) -> Message:
        made[language, area] += 1
        return Message(medium, language, f"update {row.update_id}: {numbers.get(area, '+9')}")

    engine.composer.compose = compose
    engine.composer.areas = lambda: frozenset(numbers)
    return made


async def test_later_posts_about_a_crisis_stand_in_the_thread_of_the_first(
    database: Database, keyring: Keyring
) -> None:
    stage = Stage(database, keyring)
    stage.open(1)
    threads = stage.add_endpoint("toots", Medium.SOCIAL)
    type(threads).info = replace(threads.info, can_thread=True)
    stage.add_endpoint("notes", Medium.SOCIAL)

    def thread(row: BroadcastRow, endpoint: Endpoint) -> str:
        with database.reading() as connection:
            return first_post(connection, row, endpoint)

    sent = []
    for endpoint in ("toots", "notes", "toots", "notes"):
        engine = stage.engine()
        engine.composer.thread = thread
        sent.append(await play(stage, engine, endpoint))
    above = {one.message.data["update"]: one.message.reply_to for one in stage.heard}
    assert [above[update] for update in sent] == ["", "", "toots-1", ""]


async def test_the_contact_block_is_made_for_a_language_and_area_and_never_for_a_recipient(
    database: Database, keyring: Keyring
) -> None:
    stage = Stage(database, keyring)
    stage.open(600, languages=("en", "gu"), areas=AREAS)
    stage.add_endpoint("text", Medium.SMS)
    engine = stage.engine()
    made = counted(engine, NUMBERS)
    started = stage.now()
    update = await play(stage, engine, "text")
    periods = 2 + int((stage.now() - started) / FRESH_SECONDS)
    assert stage.counts(update) == {State.ACCEPTED: 600}
    assert set(made) == {(language, area) for language in ("en", "gu") for area in ("north", "south", "*", "")}
    assert max(made.values()) <= periods
    told = {one.address: one.message.text.rsplit(" ", 1)[1] for one in stage.said(update)}
    expected = {f"+1202555{n:04d}": NUMBERS.get(AREAS[n // 2 % 5], "+9") for n in range(600)}
    assert told == expected


@pytest.mark.parametrize(("numbers", "most"), [({}, 4), ({"north": "+9", "south": "+9"}, 4), (NUMBERS, 12)])
async def test_a_call_is_split_only_between_areas_that_are_told_something_else(
    database: Database, keyring: Keyring, numbers: dict[str, str], most: int
) -> None:
    """600 people in 5 areas and 2 languages, in two shards: two calls of each shard, or six."""
    stage = Stage(database, keyring)
    stage.open(600, languages=("en", "gu"), areas=AREAS)
    mail = stage.add_endpoint("mail", Medium.EMAIL, batch=1_000)
    calls: list[int] = []

    async def count(batch: Batch) -> Sequence[Outcome]:
        calls.append(len(batch.recipients))
        return [Accepted("1")] * len(batch.recipients)

    mail.answer = count
    engine = stage.engine()
    counted(engine, numbers)
    await play(stage, engine, "mail")
    assert sum(calls) == 600
    assert len(calls) <= most
