"""Rows that are handed over in one statement come out as they went in, whatever stands in them."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.database import Database
from app.store.import_tables import import_error, import_part
from app.store.upsert import insert_tuples

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
_TRICKY = st.sampled_from(
    ["", "null", "NULL", '"', "\\", '\\"', "{}", "{,}", "a\nb", "\t", "\\n", "é", "\x7f", "'", "%s"]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(_TEXT, _TRICKY), min_size=1, max_size=12))
def test_texts_stay_what_they_are(database: Database, texts: list[str]) -> None:
    names = ("import_id", "no", "line", "named", "code", "sentence")
    rows = [(7, at, at, "", "", text) for at, text in enumerate(texts)]
    with database.writing() as tx:
        tx.execute(import_error.delete())
        assert insert_tuples(tx, import_error, names, rows, ("import_id", "no")) == len(rows)
        found = tx.execute(import_error.select().order_by(import_error.c.no)).all()
        assert [row.sentence for row in found] == texts


def test_bytes_stay_what_they_are(database: Database) -> None:
    bodies = [bytes(range(256)), b"", b'"\\,{}']
    rows = [(7, at, body) for at, body in enumerate(bodies)]
    with database.writing() as tx:
        insert_tuples(tx, import_part, ("import_id", "no", "body"), rows, ("import_id", "no"))
        assert [bytes(row.body) for row in tx.execute(import_part.select().order_by(import_part.c.no))] == bodies
