"""Are the routing rules what they should be?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.cli.desk import AsJson, at_desk
from app.domain.route_expectations import Verdict, judge, read_expectations
from app.domain.routing_lint import lint
from app.errors import Invalid, Problem
from app.store import documents

app = typer.Typer(no_args_is_help=True)


@app.command("lint")
def lint_rules(as_json: AsJson = False) -> None:
    """Name what is doubtful about the rules. Exit code 1 when anything is."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            registry = documents.registry(connection)
        problems = lint(registry, desk.now())
        desk.answer({"problems": problems}, lambda out: _show_problems(out, problems), as_json=as_json)
    raise typer.Exit(1 if problems else 0)


@app.command("test")
def check_table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: need,language,area,severity,at,expected[,reason]")],
    as_json: AsJson = False,
) -> None:
    """Hold a table of expectations against the rules. Exit code 1 when any differs."""
    with at_desk() as desk:
        desk.allowed("read")
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            remedy = "Save the table as CSV in UTF-8."
            raise Invalid(Problem("csv_encoding", "The file is not UTF-8.", str(file), remedy)) from None
        wanted = read_expectations(lines)
        with desk.db.reading() as connection:
            registry = documents.registry(connection)
        verdicts = judge(registry, wanted)
        desk.answer(
            {"rows": [_document(one) for one in verdicts]}, lambda out: _show_verdicts(out, verdicts), as_json=as_json
        )
    raise typer.Exit(0 if all(one.ok for one in verdicts) else 1)


def _show_problems(out: Console, problems: tuple[Problem, ...]) -> None:
    for one in problems:
        out.print(Text.assemble(("✗ ", "bad"), one.sentence, (f"  [{one.field}]", "quiet")), soft_wrap=True)
        out.print(Text(f"  {one.remedy}"), soft_wrap=True)
    if not problems:
        out.print(Text.assemble(("✓ ", "good"), "The rules lead everybody somewhere."))


def _show_verdicts(out: Console, verdicts: tuple[Verdict, ...]) -> None:
    for one in verdicts:
        mark = ("✓ ok      ", "good") if one.ok else ("✗ differs ", "bad")
        out.print(Text.assemble(mark, (f"line {one.expectation.line}: ", "quiet"), one.sentence), soft_wrap=True)
    differ = sum(not one.ok for one in verdicts)
    out.print(f"{len(verdicts)} checked, {differ} differ{'s' if differ == 1 else ''}.")


def _document(one: Verdict) -> dict[str, object]:
    return {
        "line": one.expectation.line,
        "ok": one.ok,
        "expected": one.expectation.expected,
        "found": one.found,
        "reason": one.reason,
        "sentence": one.sentence,
    }
