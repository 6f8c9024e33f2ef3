"""Named selections of the people we write to."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from app.cli.desk import AsJson, Desk, at_desk, document_from
from app.errors import Invalid, Problem
from app.store import audiences
from app.store.audiences import AudienceRow
from app.terminal import table
from app.usecases.save_audience import AudienceSize, measure_audience, read_rule, remove_audience, save_audience

app = typer.Typer(no_args_is_help=True)

RuleText = Annotated[
    str, typer.Argument(metavar="[RULE]", help="For example: language = gu and area in (north, south)")
]
RuleFile = Annotated[str, typer.Option("--rule", metavar="FILE", help="The rule as a JSON document; - reads it.")]


@app.callback()
def selections() -> None:
    """Named selections of the people you write to."""


@app.command("add")
def add(slug: str, text: RuleText = "", rule: RuleFile = "", as_json: AsJson = False) -> None:
    """Save an audience, or put another rule in its place; says how many it means."""
    with at_desk() as desk:
        saved = save_audience(desk.db, desk.allowed("save_audience"), slug, _given(text, rule), None, desk.now())
        _answer(desk, saved, as_json=as_json)


@app.command("show")
def show(slug: str, as_json: AsJson = False) -> None:
    """One audience: its rule, and how many it means right now."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            row = audiences.get(connection, slug)
        _answer(desk, row, as_json=as_json)


@app.command("list")
def everything(as_json: AsJson = False) -> None:
    """Every audience with its rule."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            rows = audiences.everything(connection)
        lines = table("audience", "rule")
        for row in rows:
            lines.add_row(row.slug, row.text)
        desk.answer([_document(row) for row in rows], lambda out: out.print(lines), as_json=as_json)


@app.command("count")
def count(
    text: RuleText = "",
    rule: RuleFile = "",
    of: Annotated[str, typer.Option("--of", metavar="SLUG", help="Of a saved audience.")] = "",
    as_json: AsJson = False,
) -> None:
    """How many a rule would mean, without saving it."""
    with at_desk() as desk:
        desk.allowed("read")
        given = {"rule": {"audience": of}} if of else _given(text, rule)
        size = measure_audience(desk.db, read_rule(given))
        desk.answer(_size(size), lambda out: _say(out, size), as_json=as_json)


@app.command("remove")
def remove(slug: str, as_json: AsJson = False) -> None:
    """Take an audience away; updates that were submitted keep their people."""
    with at_desk() as desk:
        row = remove_audience(desk.db, desk.allowed("save_audience"), slug, None, desk.now())
        desk.answer(_document(row), lambda out: out.print(f"{slug} is gone."), as_json=as_json)


def _given(text: str, rule: str) -> dict[str, Any]:
    if bool(text) == bool(rule):
        remedy = 'Write it like: clarion audience count "language = gu and area = north"'
        raise Invalid(Problem("rule_missing", "Say who is meant, as text or as a document.", "RULE", remedy))
    return {"text": text} if text else {"rule": document_from(rule)}


def _answer(desk: Desk, row: AudienceRow, *, as_json: bool) -> None:
    size = measure_audience(desk.db, row.typed(), row.slug)

    def shown(out: Console) -> None:
        out.print(f"{row.slug}: {row.text}", markup=False)
        _say(out, size)

    desk.answer({**_document(row), **_size(size)}, shown, as_json=as_json)


def _say(out: Console, size: AudienceSize) -> None:
    by = ", ".join(f"{number:,} by {medium.value}" for medium, number in sorted(size.addresses.items()))
    out.print(f"{size.people:,} people; {by or 'nobody can be reached'}.")
    without = [f"{number:,} by {medium.value} ({why.value})" for (medium, why), number in sorted(size.left_out.items())]
    without += [f"{number:,} by {medium.value} (suppressed)" for medium, number in sorted(size.stopped.items())]
    if without:
        out.print(f"Left out: {', '.join(without)}.")
    if size.unreachable:
        out.print(f"{size.unreachable:,} of them have no address that may be written to.")


def _document(row: AudienceRow) -> dict[str, Any]:
    return {"slug": row.slug, "rule": row.rule, "text": row.text, "revision": row.revision}


def _size(size: AudienceSize) -> dict[str, Any]:
    return {
        "people": size.people,
        "addresses": {medium.value: number for medium, number in size.addresses.items()},
        "left_out": [
            *({"medium": medium, "reason": why, "people": n} for (medium, why), n in sorted(size.left_out.items())),
            *({"medium": medium, "reason": "suppressed", "people": n} for medium, n in sorted(size.stopped.items())),
        ],
        "unreachable": size.unreachable,
    }
