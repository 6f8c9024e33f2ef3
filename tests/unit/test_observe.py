from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from app.observe import configure_logging, logger, masked
from app.store.database import Database
from app.store.ledger_tables import address

CANARIES = ["clk_7_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ana@example.org", "+442071838750", "swordfish-secret"]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    configure_logging("DEBUG")
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    handler.setStream(stream)
    yield stream
    root.handlers, root.level = before, level


def test_a_line_is_one_json_object_without_secrets_or_addresses(written: io.StringIO) -> None:
    log = logger("test")
    log.info("told ana@example.org", number="+442071838750", token="swordfish-secret", nested={"password": "swordfish"})
    log.info("asked", headers=["Authorization: Bearer clk_7_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"], count=3)
    logging.getLogger("some.library").warning("sent to %s", "ana@example.org")
    try:
        int("no such number: ana@example.org")
    except ValueError:
        log.exception("failed")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["info", "info", "warning", "error"]
    assert lines[1]["count"] == 3
    assert not any(canary in written.getvalue() for canary in [*CANARIES, "swordfish"])


def test_ordinary_words_stay_readable() -> None:
    sentence = "update 17 went to 12000 people at 14:30, 3 failed (30003), see /api/v1/updates/17"
    assert masked(sentence) == sentence


def test_a_statement_that_failed_hides_what_it_was_given(written: io.StringIO, database: Database) -> None:
    row = {"id": 1, "medium": 3, "value": "2071838750", "value_hash": b"1"}
    for _ in range(2):
        try:
            with database.writing() as tx:
                tx.execute(insert(address), [row])
        except DBAPIError as error:
            logger("engine").error("engine_pass_failed", exc_info=error)
    line = json.loads(written.getvalue())
    assert "hidden" in line["exception"]
    assert "2071838750" not in written.getvalue()
