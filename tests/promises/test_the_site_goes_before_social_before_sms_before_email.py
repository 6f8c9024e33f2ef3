"""First the place everybody can check, then the ones that spread, then the ones that knock."""

from __future__ import annotations

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from tests.conftest import NOON
from tests.rig.stage import Stage, black_hole
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


async def test_each_wave_starts_after_the_one_before_and_short_messages_carry_the_link(
    database: Database, keyring: Keyring
) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(50)
    for slug, medium in (("mail", Medium.EMAIL), ("text", Medium.SMS), ("toot", Medium.SOCIAL), ("web", Medium.SITE)):
        stage.add_endpoint(slug, medium)
    async with stage.running():
        sent = stage.broadcast(["mail", "text", "toot", "web"])
        await stage.until(sent.id, "done")
    first = {slug: min(one.at for one in stage.heard if one.endpoint == slug) for slug in stage.channels}
    assert sorted(first, key=first.__getitem__) == ["web", "toot", "text", "mail"]
    assert all(one.message.link for one in stage.heard if one.endpoint in ("toot", "text", "mail"))


async def test_a_silent_social_network_does_not_hold_the_texts(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(20)
    stage.add_endpoint("web", Medium.SITE)
    stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("toot", Medium.SOCIAL).answer = black_hole
    async with stage.running():
        sent = stage.broadcast(["toot", "text", "web"])
        await stage.until_counted(sent.id, State.ACCEPTED, 21)
        assert stage.counts(sent.id)[State.ACCEPTED] == 21
