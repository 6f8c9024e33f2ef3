"""The whole registry as one file, for other programs, other installations and version control."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.desk import AsJson, at_desk, document_from, write_json
from app.usecases.replace_registry import Change, export_registry, import_registry

app = typer.Typer(no_args_is_help=True)


@app.command("export")
def take_out(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output.")] = "-",
) -> None:
    """Write contact channels, needs, routing rules, questions, help links, topics and areas as one JSON document."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            document, _ = export_registry(connection)
        if file == "-":
            write_json(desk.out, document)
        else:
            Path(file).write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            desk.out.print(f"Written: {_sizes({name: list(items) for name, items in document.items()})}.")


@app.command("import")
def put_in(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An export; - is standard input.")],
    as_json: AsJson = False,
) -> None:
    """Put a whole registry in the place of the one that is there, or nothing of it."""
    with at_desk() as desk:
        actor = desk.allowed("save_document")
        change = import_registry(desk.db, actor, document_from(file), desk.now())
        desk.answer(
            {"added": change.added, "changed": change.changed, "removed": change.removed},
            lambda out: _show(out, change),
            as_json=as_json,
        )


def _show(out: Console, change: Change) -> None:
    for word, slugs in (("added", change.added), ("changed", change.changed), ("removed", change.removed)):
        if any(slugs.values()):
            out.print(f"{word:>8}: {_sizes(slugs)}")
    if change.empty:
        out.print("Nothing differs: the registry is as it was.")


def _sizes(found: Mapping[str, Sequence[object]]) -> str:
    return ", ".join(f"{len(items)} {name.replace('_', ' ')}" for name, items in found.items() if items)
