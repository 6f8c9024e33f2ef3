"""The site goes first, but only as long as it is there."""

from __future__ import annotations

import pytest

from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from tests.conftest import NOON
from tests.rig.stage import Answer, Stage, black_hole, refused
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


@pytest.mark.parametrize("site", [refused, black_hole], ids=["refuses", "never answers"])
async def test_texts_leave_within_the_bound_and_without_the_link(
    database: Database, keyring: Keyring, site: Answer
) -> None:
    timings = Timings()
    stage = Stage(database, keyring, VirtualClock(NOON), timings, severity="emergency")
    stage.open(100)
    stage.add_endpoint("web", Medium.SITE).answer = site
    stage.add_endpoint("text", Medium.SMS)
    async with stage.running():
        row = stage.approve(stage.draft(["web", "text"]))
        started = stage.now()
        stage.send(row)
        await stage.until_asked("text", 100)
    first = min(one.at for one in stage.heard if one.endpoint == "text")
    wave = 0.3
    assert first - started < timings.site_bound + wave + 1.0
    assert not any(one.message.link for one in stage.heard if one.endpoint == "text")
