"""Show an update to somebody before it is released, on the real website."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

import typer
from rich.console import Console

from app.cli.desk import AsJson, at_desk
from app.cli.update import UpdateId
from app.errors import Invalid, Problem
from app.usecases.share_preview import revoke_preview, share_preview

app = typer.Typer()

_DURATION: Final = re.compile(r"(\d{1,5})(m|h|d)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


@app.command("preview-link")
def preview_link(
    update: UpdateId,
    site: Annotated[str, typer.Option(help="On which website.")] = "main",
    lasts: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 7d.")] = "2h",
    as_json: AsJson = False,
) -> None:
    """Make a link that shows this update on the real website to its holder only."""
    with at_desk() as desk:
        actor = desk.allowed("make_preview_link")
        shared = share_preview(desk.db, desk.keyring, actor, update, site, _duration(lasts), desk.now())
        base = f"{desk.settings.public_base}/site/{site}/preview/{shared.token}"
        value = {
            "id": shared.link.id,
            "until": shared.link.until,
            "token": shared.token,
            "urls": shared.urls,
            "banner_url": f"{base}.json",
            "page_url": f"{base}/{{language}}",
        }

        def show(out: Console) -> None:
            out.print(f"Link {shared.link.id}, until {shared.link.until:%Y-%m-%d %H:%M} UTC. Any page of the site with")
            for line in (f"#clarion-preview={shared.token}", *shared.urls, f"{base}/en"):
                out.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)
            out.print(f"Take it back: clarion update preview-revoke {shared.link.id}")

        desk.answer(value, show, as_json=as_json)


@app.command("preview-revoke")
def preview_revoke(
    link: Annotated[int, typer.Argument(min=1, help="Number of the link.")], as_json: AsJson = False
) -> None:
    """Take a preview link back."""
    with at_desk() as desk:
        row = revoke_preview(desk.db, desk.allowed("make_preview_link"), link, desk.now())
        value = {"id": row.link.id, "update": row.link.update, "revoked_at": row.revoked_at}
        desk.answer(value, lambda out: out.print(f"Link {link} shows nothing any more."), as_json=as_json)


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Invalid(Problem("bad_duration", f"“{text}” is no length of time.", "--for", "Write 30m, 2h or 7d."))
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
