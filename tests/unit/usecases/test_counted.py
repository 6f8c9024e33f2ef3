"""What is counted over everybody is counted once, and anew as soon as anybody has changed."""

from __future__ import annotations

from io import BytesIO

from app.clock import FrozenClock
from app.domain.audience_rules import All
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store import addresses, counting
from app.store.database import Database
from app.usecases.counted import counted
from app.usecases.import_subscribers import import_subscribers
from tests.faces import SUBSCRIBERS


def test_a_count_is_kept_until_somebody_is_imported_changed_or_opts_out(
    database: Database, keyring: Keyring, clock: FrozenClock
) -> None:
    looked = []

    def count() -> int:
        def look(connection: object) -> int:
            looked.append(connection)
            return counting.count_people(connection, All())  # type: ignore[arg-type]  # a connection

        with database.reading() as connection:
            return counted(database, connection, "people", {"all": True}, look)

    assert [count(), count()] == [0, 0]
    assert len(looked) == 1
    import_subscribers(database, keyring, HOST, BytesIO(SUBSCRIBERS.encode()), clock.now())
    assert [count(), count()] == [3, 3]
    assert len(looked) == 2
    moved = SUBSCRIBERS.replace("south", "east")
    import_subscribers(database, keyring, HOST, BytesIO(moved.encode()), clock.now())
    assert count() == 3
    with database.writing() as tx:
        addresses.suppress(tx, 1, "opted_out", clock.now())
    assert count() == 3
    assert len(looked) == 4
