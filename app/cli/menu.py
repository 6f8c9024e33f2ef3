"""What there is on the command line, known without loading any of it: a name, one line, and where it is written.

Loading every command takes more than a second, of which each needs a part only. A test compares this list with what
the commands say of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final

import typer


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    words: str
    """As the overview shows it; for a group, also its own help."""
    modules: tuple[str, ...]
    """In `app.cli`. A command and a group of one are in its `app`; a group of a menu is all of them together."""
    group: bool = False


MENU: Final = (
    Entry("serve", "Run the web process: website, API and callbacks; on SQLite the engine too.", ("processes",)),
    Entry("work", "Run a worker: any number, on any machine, on one server database.", ("processes",)),
    Entry(
        "demo",
        "Play a whole crisis against loopback providers; exit code 0 only if every figure adds up.",
        ("playing",),
    ),
    Entry(
        "demo-web",
        "The demo's web process: like `serve`, but webhooks may go to loopback, where the demo's providers are.",
        ("playing",),
    ),
    Entry(
        "migrate",
        "Bring the database to the schema of this version; makes an SQLite file that is not there.",
        ("trusted",),
    ),
    Entry("route", "Name the contact channels for a need, best first.", ("advice",)),
    Entry(
        "triage",
        "Ask a few questions and name the problem to solve first. At a terminal it asks for what is missing.",
        ("triage",),
    ),
    Entry("hurts", "What hurts customers most, by what finished rounds of triage and finder ended in.", ("triage",)),
    Entry(
        "tick",
        "Do what is due: old answers forgotten, staff told, the website published, and with --drain everything sent.",
        ("upkeep",),
    ),
    Entry(
        "forget",
        "Forget who got which message of older broadcasts; their totals stay. Runs beside everything else.",
        ("upkeep",),
    ),
    Entry("backup", "Copy the live SQLite database to one file, whole and checked.", ("upkeep",)),
    Entry(
        "publish",
        "Write the website to every target now, safe beside a running server, or only read it back from outside.",
        ("publishing",),
    ),
    Entry(
        "check",
        "Look for what would stop you in a crisis: settings, endpoints, people, ways to reach you.",
        ("proving",),
    ),
    Entry("doctor", "Say why something is not being sent, and compare what should be equal.", ("doctor",)),
    Entry("user", "People who work here.", ("trusted",)),
    Entry("token", "Keys to the API and the command line.", ("trusted",)),
    Entry("key", "The secret key.", ("upkeep",)),
    Entry("target", "Where the website is written besides this machine's own folder.", ("publishing",)),
    Entry("audit", "The audit trail.", ("proving",)),
    Entry("organisation", "Name, logo, colour and footer of the pages.", ("look",)),
    Entry("planned", "Work announced ahead of time.", ("look",)),
    Entry("import", "Take in lists.", ("people",), group=True),
    Entry("subscriber", "One person: their addresses, what they agreed to, what we hold.", ("subscriber",), group=True),
    Entry("audience", "Named selections of the people you write to.", ("audience",), group=True),
    Entry("export", "Take out lists.", ("taking_out",), group=True),
    Entry("registry", "All contact channels, needs and rules as one file.", ("registry",), group=True),
    Entry("routes", "Check the routing rules.", ("routes",), group=True),
    Entry("links", "The links readers are sent to.", ("links",), group=True),
    Entry("site", "The organisation's own pages: do they show the banner?", ("site",), group=True),
    Entry("channel", "Contact channels on duty: waits, status, other numbers for a while.", ("channel",), group=True),
    Entry("endpoint", "The ways out: how they are, halting one, a test to yourself.", ("endpoints",), group=True),
    Entry("staff", "What staff are told although nobody asked.", ("staff",), group=True),
    Entry("suppression", "Addresses never to write to.", ("suppression",), group=True),
    Entry("mail", "Bounces and complaints that come as mail.", ("mail",), group=True),
    Entry("replies", "What people wrote back.", ("replies",), group=True),
    Entry("schedule", "When updates are due by themselves.", ("schedule",), group=True),
    Entry("crisis", "Open, look at and resolve crises.", ("crisis", "declaring"), group=True),
    Entry(
        "update", "From the first draft to the last delivery.", ("update", "release", "pacing", "sharing"), group=True
    ),
)
"""In the order of the overview."""


def whole() -> typer.Typer:
    """Everything, loaded."""
    root = _root()
    for module in dict.fromkeys(name for entry in MENU if not entry.group for name in entry.modules):
        _add_commands(root, module)
    for entry in MENU:
        if entry.group:
            root.add_typer(_group(entry), name=entry.name, help=entry.words)
    return root


def only(name: str) -> typer.Typer:
    """With this command loaded and no other; of an unknown name, and of an option, the overview."""
    root = _root()
    entry = next((entry for entry in MENU if entry.name == name), None)
    if entry is None:
        for one in MENU:
            root.command(one.name, help=one.words)(_never_called)
    elif entry.group:
        root.add_typer(_group(entry), name=entry.name, help=entry.words)
    else:
        _add_commands(root, *entry.modules)
    return root


def _root() -> typer.Typer:
    root = typer.Typer(
        name="clarion",
        help="Crisis communication: one approved update reaches every place where customers look.",
        epilog="Acts run as the user of CLARION_TOKEN. Begin with: clarion migrate, or look at: clarion demo",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    root.callback()(_nothing)  # so that one command alone is still called by its name
    return root


def _add_commands(root: typer.Typer, module: str) -> None:
    part: typer.Typer = import_module(f"app.cli.{module}").app
    root.registered_commands.extend(part.registered_commands)
    root.registered_groups.extend(part.registered_groups)


@cache
def _group(entry: Entry) -> typer.Typer:
    """Its first module's, with the commands of the others after its own."""
    first, *more = (import_module(f"app.cli.{module}").app for module in entry.modules)
    group: typer.Typer = first
    for part in more:
        group.registered_commands.extend(part.registered_commands)
    return group


def _nothing() -> None:
    return


def _never_called() -> None:
    raise AssertionError("the overview runs nothing")
