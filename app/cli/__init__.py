"""The command line, `clarion`. Its exit codes are those of docs/operations.md.

Nothing is loaded before it is known which command is asked for: see `app.cli.menu`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    app: typer.Typer
    """Everything, loaded."""


def __getattr__(name: str) -> object:
    if name != "app":
        raise AttributeError(name)
    from app.cli.menu import whole

    return whole()


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Nothing a person or a database does shows a traceback."""
    from app.cli.menu import only

    given = list(sys.argv[1:] if args is None else args)
    try:
        only(given[0] if given else "")(args=given, prog_name="clarion")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return 130
    except _expected() as fault:
        return _refused(fault, as_json="--json" in given)
    return 0


def _expected() -> tuple[type[Exception], ...]:
    """Asked for only when something was raised: by then whatever raised it is loaded."""
    from app.cli.refusals import EXPECTED

    return EXPECTED


def _refused(fault: Exception, *, as_json: bool) -> int:
    from app.cli.refusals import read, tell
    from app.terminal import console

    code, problems = read(fault)
    tell(console(error=True), problems, as_json=as_json)
    return code
