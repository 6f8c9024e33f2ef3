"""The organisation's own pages: do they still carry the banner?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.cli.desk import AsJson, Desk, at_desk
from app.cli.findings import Finding
from app.domain.page_checks import PageCheck, PageVerdict
from app.store import page_checks
from app.usecases.check_pages import pages_to_check

app = typer.Typer(no_args_is_help=True)


@app.callback()
def site() -> None:
    """The organisation's own pages."""


@app.command()
def check(
    slug: Annotated[str, typer.Argument(metavar="[SITE]", help="Only this site's.")] = "", as_json: AsJson = False
) -> None:
    """Open every page of `pages_to_check` and say whether it shows the banner; exit code 1 when one does not."""
    with at_desk() as desk:
        desk.allowed("check_site")
        found = asyncio.run(_check(desk, slug))

        def show(out: Console) -> None:
            for one in found:
                well = one.verdict is PageVerdict.SHOWS
                sign = ("✓ ", "good") if well else ("✗ ", "bad")
                out.print(Text.assemble(sign, f"{one.url} ({one.site}): {_said(one)}"), soft_wrap=True)
            if not found:
                out.print("No site names pages_to_check.")

        desk.answer({"pages": found}, show, as_json=as_json)
        if any(one.verdict is not PageVerdict.SHOWS for one in found):
            raise typer.Exit(1)


def pages(desk: Desk) -> Iterator[Finding]:
    """For the doctor: pages that do not show the banner, by their last look."""
    with desk.db.reading() as connection:
        known = page_checks.everything(connection)
        wanted = pages_to_check(connection)
    bare = [one for one in known.values() if one.verdict is not PageVerdict.SHOWS]
    for one in bare:
        remedy = "Put the script tag back, or mend the page's Content-Security-Policy; see docs/website.md."
        yield Finding("page", False, f"{one.url}: {_said(one)}", not one.lasts, one.verdict.value, remedy)
    unseen = [page for page in wanted if page not in known]
    if unseen:
        words = f"{len(unseen)} of {len(wanted)} were never looked at; run: clarion site check"
        yield Finding("pages", well=False, words=words, warning=True)
    elif wanted and not bare:
        yield Finding("pages", well=True, words=f"{len(wanted)} show the banner")


async def _check(desk: Desk, slug: str) -> Sequence[PageCheck]:
    try:
        # The snapshot in the folder says which scripts are published.
        return await desk.wiring.page_watch.check(slug)
    finally:
        await desk.wiring.channels.aclose()


def _said(check: PageCheck) -> str:
    words = check.verdict.value.replace("_", " ")
    return f"{words} ({check.detail})" if check.detail else words
