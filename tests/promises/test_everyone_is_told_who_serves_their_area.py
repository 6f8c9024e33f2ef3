"""A text or e-mail names the contact channel that serves its reader's own area, as it is at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.message import Limits, Medium
from app.domain.reading import iso
from app.store.database import Database
from app.usecases.compose_message import compose
from app.usecases.load_source import load_source
from tests.live import Live, open_live, until, written

NORTH, SOUTH, ALL, NEW = "+442071838701", "+442071838702", "+442071838703", "+442071838704"
READERS = {"north": NORTH, "south": SOUTH, "hills": ALL, "": ALL}
"""Where somebody lives, and the number they are told. Nobody serves the hills in particular."""

RULE = {"attribute": {"name": "is", "value": "r"}}


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def live(database: Database, database_url: str, tmp_path: Path, outbox: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        live.api.done(live.api.post("approver", "/sites", json={"slug": "main", "languages": ["en"]}))
        for slug, number, areas in (("north", NORTH, ["north"]), ("south", SOUTH, ["south"]), ("all", ALL, [])):
            change(live, slug, kind="phone", address=number, names={"en": slug.title()}, areas=areas)
        rule = {"slug": "any", "need": "emergency", "contact_channels": ["north", "south", "all"]}
        live.api.done(live.api.put("approver", "/routing-rules/any", json=rule))
        live.api.done(live.api.put("approver", "/audiences/readers", json={"slug": "readers", "rule": RULE}))
        rows = ["external_id,name,email,phone,languages,timezone,area,is"]
        rows += [f"r{n},R,r{n}@example.org,+44207183881{n},en,UTC,{area},r" for n, area in enumerate(READERS)]
        headers = {"content-type": "text/csv"}
        live.api.done(live.api.post("author", "/subscribers/import", content="\n".join(rows).encode(), headers=headers))
        for slug, channel in (("texts", "outbox.sms"), ("mail", "outbox.email"), ("posts", "outbox.social")):
            live.endpoint(slug, channel, {"directory": str(outbox)})
        yield live


def change(live: Live, slug: str, **fields: Any) -> None:
    before = live.api.get("approver", f"/contact-channels/{slug}")
    document = {**(before.json() if before.is_success else {"slug": slug}), **fields}
    live.api.done(live.api.put("approver", f"/contact-channels/{slug}", json=document))


def told(live: Live, outbox: Path) -> dict[str, set[str]]:
    """The emergency numbers in the next text and the next e-mail of whoever lives there; "public" for the post."""
    for file in outbox.glob("*.ndjson"):
        file.unlink()
    live.broadcast(live.draft(audience="readers", endpoints=["texts", "mail", "posts"]))
    said: dict[str, set[str]] = {}
    for each in written(outbox):
        place = list(READERS)[int(each["to"].partition("@")[0][-1])] if each["to"] != "posts" else "public"
        found = {number for number in (NORTH, SOUTH, ALL, NEW) if number in each["text"]}
        assert len(found) == 1, each["text"]
        said.setdefault(place, set()).update(found)
    return said


def test_everyone_is_told_who_serves_their_area(live: Live, outbox: Path) -> None:
    expected = {**{place: {number} for place, number in READERS.items()}, "public": {ALL}}
    assert told(live, outbox) == expected

    change(live, "north", address=NEW)
    assert told(live, outbox) == {**expected, "north": {NEW}}
    until(lambda: NEW in live.page("/site/main/banner.json") and NORTH not in live.page("/site/main/banner.json"))

    # An area that is named from now on counts for people who were imported long before.
    change(live, "north", areas=["north", "hills"])
    assert told(live, outbox) == {**expected, "north": {NEW}, "hills": {NEW}}


def test_an_override_of_a_channel_for_an_area_holds_there_and_ends_by_itself(live: Live, outbox: Path) -> None:
    expected = {**{place: {number} for place, number in READERS.items()}, "public": {ALL}}
    update = live.draft(audience="readers", endpoints=["texts"])
    until_then = live.api.clock.now() + timedelta(hours=1)
    override = {"until": iso(until_then), "address": NEW}
    live.api.done(live.api.post("approver", "/contact-channels/south/overrides", json=override))
    assert told(live, outbox) == {**expected, "south": {NEW}}

    def said(area: str, seconds: float) -> str:
        return composed_at(live, update, area, seconds)

    assert NEW in said("south", 3_590)
    assert SOUTH in said("south", 3_610)
    assert NORTH in said("north", 3_590)


def composed_at(live: Live, update: int, area: str, seconds: float) -> str:
    """The text message that somebody in this area would get so many seconds from now."""
    wiring = live.api.wiring
    return compose(
        wiring.templating,
        load_source(wiring.db, {"default_language": "en"}, update),
        medium=Medium.SMS,
        limits=Limits(),
        language="en",
        at=live.api.clock.now() + timedelta(seconds=seconds),
        page_link="",
        area=area,
    ).message.text
