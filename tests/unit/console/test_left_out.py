"""Before anybody approves: who of the audience is not written to, by which medium, and why."""

from __future__ import annotations

import csv
import io

from app.domain.consent import How
from app.domain.message import Medium
from app.domain.principals import HOST, Role
from app.store import addresses, wishes
from app.usecases.save_subscriber import say_consent
from app.usecases.suppress_address import suppress_address
from tests.console import Page, Visitor
from tests.faces import Api

CALM = {"slug": "calm", "titles": {"en": "A small fault"}, "severity": "minor"}


def silent(page: Page) -> list[str]:
    return [" ".join(one.text_content().split()) for one in page.tree.xpath("//h2[@id='silent']/following::ul[1]/li")]


def wants_less(api: Api, medium: Medium, value: str) -> None:
    hashed = addresses.hashes(api.wiring.keyring, [(medium, value)])
    with api.db.writing() as tx:
        wishes.wish_for_less(tx, addresses.known(tx, hashed) or 0, api.clock.now())


def test_whoever_did_not_agree_is_listed_by_name_with_the_reason_and_as_a_file(api: Api) -> None:
    api.prepare()
    now = api.clock.now()
    no = {"medium": "sms", "topic": "", "granted": False, "text_version": "1"}
    say_consent(api.db, HOST, "1", no, now, how=How.STAFF)
    suppress_address(api.db, api.wiring.keyring, HOST, Medium.EMAIL, "bela@example.org", "asked", now, region="")
    wants_less(api, Medium.SMS, "+442071838751")
    api.done(api.post("author", "/crises", json=CALM))
    author = Visitor(api)
    author.enter("ada", Role.AUTHOR)
    first = api.draft(language_policy="skip")
    page = author.open(f"/updates/{first}/left-out")
    assert silent(page) == [
        "1 Text message +44•••••••750: wants nothing by this medium English · north",
        "2 E-mail b•••@example.org: is never to be written to there English · north",
    ], "the first word reaches whoever asked for less"
    assert "3 Gujarati · south" in page.words
    api.submit(first)
    count = api.done(api.get("viewer", f"/updates/{first}"))["recipients"]
    api.done(api.post("approver", f"/updates/{first}/approve", json={"count": count}))
    api.done(api.post("author", f"/updates/{first}/send"))
    minor = {"stage": "progress", "endpoints": ["texts"]}
    with api.db.writing() as tx:
        tx.exec_driver_sql("UPDATE crisis SET severity = 'minor'")
    second = api.draft(**minor)
    assert silent(author.open(f"/updates/{second}/left-out")) == [
        "1 Text message +44•••••••750: wants nothing by this medium English · north",
        "3 Text message +44•••••••751: asked for big news only, and this is none Gujarati · south",
    ]
    found = api.done(api.get("viewer", f"/updates/{second}/left-out?by=consent&limit=1"))
    assert [(one["external_id"], one["reason"]) for one in found["items"]] == [("1", "medium_withdrawn")]
    path = f"/updates/{second}/left-out?by=consent&cursor={found['next_cursor']}"
    assert [one["reason"] for one in api.done(api.get("viewer", path))["items"]] == ["wants_less"]
    file = author.open(f"/updates/{first}/left-out.csv").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(file)))
    assert [(one["external_id"], one["medium"], one["reason"]) for one in rows] == [
        ("3", "", "reads_none"), ("1", "sms", "medium_withdrawn"), ("2", "email", "suppressed"),
    ]  # fmt: skip
    assert "+442071838750" not in str(rows)
    viewer = Visitor(api)
    viewer.enter("vera", Role.VIEWER)
    page = viewer.open(f"/updates/{second}/left-out")
    assert len(silent(page)) == 2
    assert not page.tree.xpath("//main//a[contains(@href, 'csv') or contains(@href, 'subscribers')]")
    assert viewer.open(f"/updates/{second}/left-out.csv").status == 403
