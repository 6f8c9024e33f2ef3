"""Column types that mean the same on both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from app.clock import from_ms, to_ms

Key = BigInteger().with_variant(Integer(), "sqlite")
"""An integer primary key: 64 bits on PostgreSQL, the rowid on SQLite."""

TakenApart = JSON().with_variant(JSONB(), "postgresql")
"""A JSON object that rules ask for its values (docs/adr/0012)."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as milliseconds since 1970 UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_ms(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401 - SQLAlchemy's own signature
        return None if value is None else from_ms(int(value))
