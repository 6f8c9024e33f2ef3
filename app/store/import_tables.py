"""Lists being taken in; migrations/ must produce exactly this."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from app.store.tables import metadata
from app.store.types import Instant, Key

subscriber_import = Table(
    "subscriber_import",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", String(200), nullable=False),  # the file's name, without its folder
    Column("actor", String(200), nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False, index=True),  # of the file and of how it is read
    Column("digest", LargeBinary(32), nullable=False),
    Column("plan", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("parts", Integer, nullable=False),  # of the file kept in import_part; 0 = it has to be given again
    Column("chunks", Integer, nullable=False),  # how far it is: everything before is committed
    Column("read", BigInteger, nullable=False),  # bytes, for the progress bar
    Column("tally", Text, nullable=False),
    Column("problem", Text, nullable=False),  # why it failed
    Column("fence", Integer, nullable=False),  # rises whenever somebody takes it on
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_subscriber_import_state", "state", "id"),
)

import_part = Table(
    "import_part",
    metadata,
    Column("import_id", BigInteger, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
"""A file that came by the console, compressed, so that whichever process is there can take it in. Gone when it is."""

import_error = Table(
    "import_error",
    metadata,
    Column("import_id", BigInteger, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("line", BigInteger, nullable=False),
    Column("named", String(64), nullable=False),  # the column of the file
    Column("code", String(32), nullable=False),
    Column("sentence", String(300), nullable=False),
)

import_mapping = Table(
    "import_mapping",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("mapping", Text, nullable=False),
)
"""Which column of whose file is which, as somebody saved it."""

own_choice = Table(
    "own_choice",
    metadata,
    Column("subscriber_id", BigInteger, primary_key=True, autoincrement=False),
    Column("field", String(16), primary_key=True),
    Column("at", Instant, nullable=False),
)
"""What people have set themselves: lists of others, older than that, leave it alone."""
