"""Who may know whom. The contracts stand in pyproject.toml; here are those that import-linter cannot say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from channels.registry import CHANNELS
from tests.architecture.tree import ROOT, imports, modules, name, parse

SQL_OUTSIDE_THE_STORE = {
    "app/settings.py": {"make_url"},  # reads the database's address, opens nothing
    "app/visitors/forms.py": {"SQLAlchemyError"},  # a database that is down or full is answered with 503
    "app/visitors/finder.py": {"SQLAlchemyError"},
    "app/cli/refusals.py": {"ArgumentError", "DBAPIError", "TimeoutError"},  # and with an exit code
    "app/engine/link_keeping.py": {"SQLAlchemyError"},  # the next look is soon enough
}
FACES = ("app/api", "app/console", "app/site", "app/visitors", "app/callbacks")


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_provider_never_imports_another_provider() -> None:
    providers = {target.partition(":")[0] for target in CHANNELS.values()}
    found = [
        f"{name(path)} imports {module}"
        for path in modules("channels")
        if f"channels.{path.stem}" in providers
        for module, _ in imports(path)
        if module in providers and module != f"channels.{path.stem}"
    ]
    assert found == []


def test_all_sql_is_in_the_store() -> None:
    # `Connection` is a name for "the transaction you were given": it may be passed on, not spoken to.
    found = [
        f"{name(path)} imports {imported or module} of {module}"
        for path in modules("app", "channels")
        if not name(path).startswith("app/store/")
        for module, imported in imports(path)
        if module.partition(".")[0] in {"sqlalchemy", "sqlite3", "psycopg", "alembic"}
        if imported not in {"Connection"} | SQL_OUTSIDE_THE_STORE.get(name(path), set())
    ]
    assert found == []


def test_only_main_cli_and_wiring_read_the_configuration() -> None:
    # `Timings` is a bundle of numbers that the engine is handed; signing_up.py is a part of the wiring.
    found = [
        f"{name(path)} imports {imported or module}"
        for path in modules("app", "channels")
        if name(path) not in {"app/main.py", "app/wiring.py", "app/signing_up.py"}
        and not name(path).startswith("app/cli/")
        for module, imported in imports(path)
        if module == "app.settings" and imported != "Timings"
    ]
    assert found == []


def test_faces_never_write() -> None:
    found = [
        f"{name(path)}:{node.lineno}"
        for path in modules(*FACES)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute) and node.attr == "writing"
    ]
    assert found == [], "a face reads the store and calls use cases; only those write"
