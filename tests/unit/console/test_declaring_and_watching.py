from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from app.clock import FrozenClock, to_ms
from app.domain.crisis import UpdateState
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.principals import HOST, Role
from app.store import accounts, courtesies, crises, updates
from app.usecases.end_session import end_sessions
from app.usecases.stage_update import stage_update
from tests.architecture.tree import ROOT
from tests.console import Page, Visitor
from tests.faces import Api
from tests.patience import PATIENCE

ANSWERS = {
    "answer-affected": "1200",
    "answer-money": "nothing",
    "answer-hurts": "unreachable",
    "answer-dangerous": "b-broken",
    "answer-broken": "connection",
    "answer-first": "Bring the network back",
}


@pytest.fixture
def author(api: Api) -> Visitor:
    api.prepare()
    for need in ("technical-issue", "rescheduling"):
        api.done(api.post("approver", "/needs", json={"slug": need, "labels": {"en": need}}))
        rule = {"slug": need, "need": need, "contact_channels": ["phone"]}
        api.done(api.post("approver", "/routing-rules", json=rule))
    document = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
    api.done(api.put("approver", "/playbooks/service-outage", json=document))
    opened = Visitor(api)
    opened.enter("author", Role.AUTHOR)
    return opened


def newest(api: Api) -> updates.UpdateRow:
    with api.db.reading() as connection:
        return updates.page(connection).items[0]


def follow(visitor: Visitor, page: Page, words: str) -> Page:
    (href,) = {link.get("href") for link in page.tree.xpath("//a") if link.text_content().strip() == words}
    return visitor.open(str(href).removeprefix("/console"))


def test_three_clicks_lead_from_something_happened_to_waits_for_approval(api: Api, author: Visitor) -> None:
    page = follow(author, author.open("/"), "Something happened")
    page = follow(author, page, "Network or coverage outage")
    typed = {**ANSWERS, "var-place": "Riverside", "var-started": "2026-03-10T11:30", "then": "submit"}
    page = author.send(page, "declare", **typed)
    row = newest(api)
    assert page.said == "It waits for the second person.", page.words
    assert row.state is UpdateState.STAGING
    assert "Riverside" in json.dumps(row.document["content"]["en"])
    with api.db.reading() as connection:
        crisis = crises.get(connection, row.crisis)
    assert (crisis.playbook, crisis.severity.value) == ("service-outage", "major")


def test_what_is_missing_is_said_beside_its_field_and_nothing_is_lost(api: Api, author: Visitor) -> None:
    page = author.open("/declare/service-outage")
    answers = {name: value for name, value in ANSWERS.items() if name != "answer-hurts"}
    page = author.send(page, "declare", **answers, **{"var-place": "Riverside"})
    assert page.status == 422
    assert page.wrong("declare-var-started")
    fields = page.form("declare")
    assert (fields["answer-money"], fields["var-place"]) == ("nothing", "Riverside")
    links = set(page.tree.xpath("//div[@class='problems']//a/@href"))
    assert {"#declare-answer-hurts", "#declare-var-started"} <= links
    with api.db.reading() as connection:
        assert updates.page(connection).items == ()


def test_the_triage_finds_the_playbook_and_a_draft_can_be_all(api: Api, author: Visitor) -> None:
    page = author.open("/declare/default")
    assert "Go on" in page.words
    query = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in ANSWERS.items())
    page = author.open(f"/declare/default?{query}")
    assert "To solve first" in page.words
    typed = {"var-place": "Riverside", "var-started": "2026-03-10T11:30", "then": "draft", "drill": "yes"}
    page = author.send(page, "declare", **typed)
    assert newest(api).state is UpdateState.DRAFT
    assert "drafted" in page.said
    assert "EXERCISE" in page.tree.text_content()
    assert author.open("/declare/nowhere").status == 404


def test_an_update_is_watched_paused_resumed_and_cancelled(api: Api, author: Visitor, clock: FrozenClock) -> None:
    update = api.approved()
    api.done(api.post("author", f"/updates/{update}/send"))
    where = f"/updates/{update}"
    page = author.open(where)
    assert "0 out, 4 waiting" in page.words
    rates = [cell.text for cell in page.tree.xpath("//tbody//td[last() - 1]")]
    assert rates == ["10", "10"], "the pace of each endpoint"
    assert page.tree.xpath("//@sse-connect") == [f"/console/updates/{update}/events"]
    paused = author.send(page, "pause")
    assert "0 stopped" not in paused.said
    assert "Nothing leaves" in paused.said
    assert "It goes on" in author.send(paused, "resume").said
    unsure = author.send(author.open(where), "cancel")
    assert unsure.status == 409
    assert "Tick the box" in unsure.words
    done = author.send(unsure, "cancel", sure="yes", reason="wrong words")
    assert "4 stopped, 0 in flight, 0 already out" in done.words
    assert "Cancelled" in done.words
    told = author.client.get(f"/console{where}/events", headers=author.headers)
    assert told.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("event: ") for line in told.text.splitlines() if line.startswith("event: ")]
    assert events == ["progress", "end"]
    assert "Cancelled" in told.text
    assert Visitor(api).client.get(f"/console{where}/events", follow_redirects=False).status_code == 303


def test_whoever_is_signed_out_watches_no_longer(api: Api, author: Visitor) -> None:
    update = api.submitted()
    with api.db.reading() as connection:
        user = accounts.by_login(connection, "author")
    cookies = "; ".join(f"{name}={value}" for name, value in author.client.cookies.items())
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "https", "query_string": b"",
        "path": f"/console/updates/{update}/events", "raw_path": b"", "root_path": "", "client": ("192.0.2.1", 5),
        "server": ("status.example.org", 443), "headers": [(b"cookie", cookies.encode())],
    }  # fmt: skip
    told: list[bytes] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        told.append(message.get("body", b""))
        if told[-1].startswith(b"event: progress"):
            await asyncio.to_thread(end_sessions, api.db, HOST, user or 0, api.clock.now())

    async def watch() -> None:
        await asyncio.wait_for(api.client.app(scope, receive, send), PATIENCE)

    asyncio.run(watch())
    assert [each.partition(b"\n")[0] for each in told if each] == [b"event: progress", b"event: end"]


def test_a_draft_says_what_stands_against_it_and_is_sent_for_approval(api: Api, author: Visitor) -> None:
    update = api.draft()
    page = author.send(author.open(f"/updates/{update}"), "submit")
    assert "second person" in page.said
    stage_update(api.db, update, api.clock.now)
    empty = api.draft(content={})
    page = author.open(f"/updates/{empty}")
    assert "It has no words" in page.words
    assert not [form for form in page.tree.forms if form.get("id") == "form-submit"]
    viewer = Visitor(api)
    viewer.enter("viewer", Role.VIEWER)
    assert viewer.open(f"/updates/{update}").status == 200


def test_who_sleeps_is_shown_and_only_an_approver_may_wake_them(api: Api, author: Visitor, clock: FrozenClock) -> None:
    update = api.approved()
    api.done(api.post("author", f"/updates/{update}/send"))
    with api.db.writing() as tx:
        broadcast = updates.get(tx, update).broadcast_id
        assert broadcast is not None
        courtesies.note_waits(tx, {(broadcast, MEDIUM_CODES[Medium.SMS], to_ms(clock.now()) + 3_600_000): 2})
    page = author.open(f"/updates/{update}")
    assert "2 sleep and wait for their morning" in page.words
    assert "Wake them" not in page.words
    approver = Visitor(api)
    approver.enter("approver", Role.APPROVER)
    page = approver.open(f"/updates/{update}")
    assert "Wake them" in page.words
    refused = approver.send(page, "wake", reason="the water can be drunk again")
    assert "Nobody waits" in refused.words, "nobody had been put off: only the counter said so"
