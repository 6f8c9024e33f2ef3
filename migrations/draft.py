"""Draft the next migration: what an empty database, migrated as far as versions/ goes, lacks of app/store's tables.

    make migration NAME=0002_holidays

Read and tidy what it writes: a rename looks like a drop and an add. Until the first release the schema has one
migration only, so a change of tables means: delete versions/0001_first.py and draft it again.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.store.database import Database
from app.store.migrate import MIGRATIONS, SCHEMA, configuration, upgrade
from app.store.types import Instant, Key

HEADER = '''"""{title}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down!r}
branch_labels = None
depends_on = None

{key}
def upgrade() -> None:
'''
FROZEN_KEY = 'KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")\n\n'


def main(name: str) -> Path:
    """Write versions/NAME.py and return its path. A migration must not follow later changes, so types are spelt out."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/draft.db"
        upgrade(url)
        database = Database(url)
        with database.reading() as connection:
            head = ScriptDirectory.from_config(configuration(connection)).get_current_head()
            found = MigrationContext.configure(connection, opts={"compare_type": True})
            operations = produce_migrations(found, SCHEMA).upgrade_ops
        database.close()
    if operations is None or operations.is_empty():
        raise SystemExit("The tables and the migrations agree: there is nothing to draft.")
    body = render_python_code(operations, render_as_batch=head is not None, render_item=_plain_type)
    number, _, words = name.partition("_")
    code = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("#"))
    header = HEADER.format(
        title=words.replace("_", " ").capitalize(),
        revision=number,
        down=head,
        key=FROZEN_KEY if "KEY" in code else "",
    )
    path = MIGRATIONS / "versions" / f"{name}.py"
    path.write_text(header + "    " + code.strip() + "\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", path], check=True)  # noqa: S603 - our own tool
    return path


def _plain_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:  # noqa: ANN401 - alembic's own signature
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "sa.BigInteger()"
    return "KEY" if item is Key else False


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1][:4].isdigit():
        raise SystemExit("Name the migration like 0002_what_changes")
    sys.stdout.write(f"{main(sys.argv[1])}\n")
