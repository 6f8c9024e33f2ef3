from __future__ import annotations

from app.clock import FrozenClock
from app.domain.message import Medium
from app.keyring import Keyring
from app.store import endpoints, samples
from app.store.database import Database
from tests.rig.stage import Stage


def test_each_recipient_of_an_endpoint_can_be_picked_and_nobody_else(
    database: Database, keyring: Keyring, clock: FrozenClock
) -> None:
    stage = Stage(database, keyring, clock)
    stage.add_endpoint("texts", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL)
    stage.open(5, languages=("en", "gu"))
    row = stage.approve(stage.draft(["texts", "mail"]))
    with database.reading() as connection:
        texts = endpoints.get(connection, "texts").id
        rolls = iter([3, 3, 0, 4])
        picked = samples.pick(connection, row.broadcast_id or 0, texts, 3, lambda most: next(rolls) % most)
        everybody = samples.pick(connection, row.broadcast_id or 0, texts, 9, lambda _: 0)
        nobody = samples.pick(connection, 1, texts, 3, lambda _: 0)
    assert len({one.address for one in picked}) == 3, "the same one is not shown twice"
    assert len(everybody) == 5
    assert {one.address for one in picked} < {one.address for one in everybody}
    assert all((one.address or "").startswith("+1") and one.area == "north" for one in everybody)
    assert nobody == []
