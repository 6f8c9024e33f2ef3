"""The organisation's own columns of people are kept taken apart (`jsonb`) on PostgreSQL (docs/adr/0012).

The table is written anew, which keeps everybody out of it for some seconds a million people. Programs of the last
version that still run would fail to list the names of all columns, hence the phase.
"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None
phase = "contract"


_APART = r"""
    CREATE FUNCTION pg_temp.taken_apart(own text) RETURNS jsonb LANGUAGE plpgsql AS $$
    BEGIN
        RETURN own::jsonb;
    EXCEPTION WHEN data_exception THEN
        RETURN regexp_replace(own, '\\u(0000|d[89a-f][0-9a-f]{2})', '\\ufffd', 'gi')::jsonb;
    END $$
"""
"""`jsonb` refuses NUL and halves of surrogates: once the API let them into names. Replaced."""
_ODD = r"strpos(attributes::text, '\u0000') > 0 OR strpos(lower(attributes::text), '\ud') > 0"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_APART)
        op.execute("SET LOCAL maintenance_work_mem = '256MB'")  # for the indexes, which are made anew
        apart = f"CASE WHEN {_ODD} THEN pg_temp.taken_apart(attributes::text) ELSE attributes::jsonb END"
        op.execute(f"ALTER TABLE subscriber ALTER COLUMN attributes TYPE jsonb USING {apart}")
        op.execute("DROP FUNCTION pg_temp.taken_apart(text)")
        op.execute("ANALYZE subscriber")
