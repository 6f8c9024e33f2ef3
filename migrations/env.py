"""Alembic's entry; called through app/store/migrate.py, which opens the transaction and hands over its connection."""

from __future__ import annotations

from alembic import context

from app.store.migrate import SCHEMA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SCHEMA,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite's DDL is transactional once BEGIN is sent by us and not by sqlite3
)
with context.begin_transaction():
    context.run_migrations()
