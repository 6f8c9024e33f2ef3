"""The command line, `clarion`. Its exit codes are those of docs/operations.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import typer

from app.cli import (
    advice,
    channel,
    crisis,
    declaring,
    doctor,
    endpoints,
    links,
    look,
    pacing,
    people,
    playing,
    processes,
    proving,
    publishing,
    registry,
    release,
    routes,
    schedule,
    sharing,
    site,
    staff,
    triage,
    trusted,
    update,
    upkeep,
)
from app.cli.refusals import EXPECTED, Code, read, tell
from app.terminal import console

HELP: Final = "Crisis communication: one approved update reaches every place where customers look."
EPILOG: Final = "Acts run as the user of CLARION_TOKEN. Begin with: clarion migrate, or look at: clarion demo"

app = typer.Typer(
    name="clarion",
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
crisis.app.registered_commands.extend(declaring.app.registered_commands)
for half in (release.app, pacing.app, sharing.app):
    update.app.registered_commands.extend(half.registered_commands)
ROOTS: Final = (processes, playing, trusted, advice, triage, upkeep, publishing, proving, doctor, look)
for part in (one.app for one in ROOTS):
    app.registered_commands.extend(part.registered_commands)
    app.registered_groups.extend(part.registered_groups)
app.add_typer(people.app, name="import", help="Take in lists.")
app.add_typer(registry.app, name="registry", help="All contact channels, needs and rules as one file.")
app.add_typer(routes.app, name="routes", help="Check the routing rules.")
app.add_typer(links.app, name="links", help="The links readers are sent to.")
app.add_typer(site.app, name="site", help="The organisation's own pages: do they show the banner?")
app.add_typer(channel.app, name="channel", help="Contact channels on duty: waits, status, other numbers for a while.")
app.add_typer(endpoints.app, name="endpoint", help="The ways out: how they are, and lifting a halt.")
app.add_typer(staff.app, name="staff", help="What staff are told although nobody asked.")
app.add_typer(schedule.app, name="schedule", help="When updates are due by themselves.")
app.add_typer(crisis.app, name="crisis", help="Open, look at and resolve crises.")
app.add_typer(update.app, name="update", help="From the first draft to the last delivery.")


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Nothing a person or a database does shows a traceback."""
    given = list(sys.argv[1:] if args is None else args)
    try:
        app(args=given, prog_name="clarion")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return Code.INTERRUPTED
    except EXPECTED as fault:
        code, problems = read(fault)
        tell(console(error=True), problems, as_json="--json" in given)
        return code
    return Code.DONE
