from __future__ import annotations

from sqlalchemy import event, insert, text

from app.clock import to_ms
from app.store import failures, partitions
from app.store.database import Database
from app.store.ledger_tables import outcome
from tests.conftest import NOON


def test_why_people_are_spared_is_counted_without_looking_at_anybody_else(database: Database) -> None:
    row = {"medium": 3, "attempt": 1, "endpoint": 1, "provider_id": "", "at_ms": 0}
    asked: list[str] = []
    mine = to_ms(NOON) << 10
    with database.writing() as tx:
        partitions.ensure(tx, mine)
        for number in range(60):
            end = ("suppressed", "wants_less" if number % 3 else "address_erased") if number < 9 else ("accepted", "")
            tx.execute(
                insert(outcome).values(**row, broadcast=mine, address_id=number, result=end[0], reason=end[1])
            )  # fmt: skip
        tx.execute(
            insert(outcome).values(**row, broadcast=mine + 1, address_id=1, result="suppressed", reason="wants_less")
        )
        event.listen(tx, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert failures.suppressed_reasons(tx, mine) == {"wants_less": 6, "address_erased": 3}
        assert failures.suppressed_reasons(tx, mine + 2) == {}
        if database.is_sqlite:
            plan = tx.execute(text("EXPLAIN QUERY PLAN " + asked[0].replace("?", str(mine)))).all()
            assert any("ix_outcome_suppressed" in str(step) for step in plan)
