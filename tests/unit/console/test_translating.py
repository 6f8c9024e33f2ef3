from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.clock import FrozenClock
from app.domain.principals import Role
from app.domain.vouching import How, Step, standings
from app.store import audit, updates, vouching
from tests.architecture.tree import ROOT
from tests.console import Page, Visitor
from tests.faces import WORDS, Api

GUJARATI = {**WORDS, "headline": "વીજળી નથી", "impact": "વીજળી નથી.", "duration": "18:00 સુધી.", "options": []}


@pytest.fixture
def author(api: Api) -> Visitor:
    api.prepare()
    opened = Visitor(api)
    opened.enter("author", Role.AUTHOR)
    return opened


def row(api: Api, update: int) -> updates.UpdateRow:
    with api.db.reading() as connection:
        return updates.get(connection, update)


def steps(api: Api, update: int) -> dict[str, tuple[Step, str]]:
    with api.db.reading() as connection:
        content = updates.get(connection, update).document["content"]
        found = standings(content, vouching.of_update(connection, update))
    return {one.language: (one.step, one.voucher.by if one.voucher else "") for one in found}


def asked(api: Api, author: Visitor, update: int, **typed: str) -> str:
    """The path of a link, below /console."""
    page = author.open(f"/updates/{update}/translations")
    page = author.send(page, "ask", **{"language": "lo", "note": "Ferry is a proper name.", **typed})
    assert page.said.startswith("Send the link")
    (link,) = page.tree.xpath("//code[@class='key']/text()")
    return str(link).removeprefix("https://status.example.org/console")


def typed(**words: str) -> dict[str, str]:
    return {f"content.lo.{name}": text for name, text in words.items()} | {"name": "Somchai"}


LAO = {"headline": "ໄຟດັບ", "impact": "ບໍ່ມີໄຟຟ້າ.", "duration": "ຮອດ 18:00.", "options[0].text": "ສາກທີ່ຫໍສະໝຸດ."}


def test_whoever_holds_a_link_translates_without_an_account(api: Api, author: Visitor) -> None:
    update = api.draft()
    path = asked(api, author, update)
    stranger = Visitor(api)
    page = stranger.open(path)
    assert page.heading == "Translate into Lao"
    assert "Power is out in the north" in page.words
    assert "Ferry is a proper name." in page.words
    assert page.tree.xpath("//textarea/@lang")[0] == "lo"
    lacking = stranger.send(page, "translate", **typed(headline="ໄຟດັບ"))
    assert lacking.status == 422
    assert lacking.wrong("translate-content.lo.impact") == "This is needed. Translate it."
    assert lacking.form("translate")["content.lo.headline"] == "ໄຟດັບ"
    done = stranger.send(lacking, "translate", **typed(**LAO))
    assert done.said.startswith("Thank you.")
    assert "ໄຟດັບ" in done.tree.xpath("string(//*[contains(@class, 'phone')])")
    after = row(api, update)
    assert after.document["content"]["lo"]["options"] == [{"text": LAO["options[0].text"], "need": None, "url": None}]
    assert steps(api, update)["lo"] == (Step.IN_STEP, "Somchai")
    assert "translated by Somchai" in author.open(f"/updates/{update}/translations").words
    with api.db.reading() as connection:
        last = audit.page(connection, limit=1).items[0]
    assert (last.actor, last.action) == ("translator Somchai", "save_translation")
    again = stranger.send(stranger.open(path), "translate")
    assert again.said.startswith("Thank you.")
    assert row(api, update).revision == after.revision


def test_a_link_opens_nothing_when_it_is_over_taken_back_or_not_ours(
    api: Api, author: Visitor, clock: FrozenClock
) -> None:
    update = api.draft()
    first, second = asked(api, author, update), ""
    stranger = Visitor(api)
    assert stranger.open(first[:-3] + "abc").status == 404
    page = author.open(f"/updates/{update}/translations")
    assert author.send(page, "revoke-1").said == "The link opens nothing any more."
    assert stranger.open(first).status == 404
    second = asked(api, author, update)
    opened = stranger.open(second)
    assert opened.status == 200
    clock.advance(timedelta(hours=4, seconds=1).total_seconds())
    assert stranger.open(second).status == 404
    assert stranger.send(opened, "translate", **typed(**LAO)).status == 404
    assert "lo" not in row(api, update).document["content"]


def test_a_link_is_for_one_text_and_words_that_come_late_are_kept_but_out_of_step(api: Api, author: Visitor) -> None:
    update = api.draft()
    path = asked(api, author, update)
    stranger = Visitor(api)
    begun = stranger.open(path)
    author.send(author.open(f"/updates/{update}/write"), "write", **{"content.en.impact": "No lifts either."})
    late = stranger.send(begun, "translate", **typed(**LAO))
    assert row(api, update).document["content"]["lo"]["headline"] == LAO["headline"]
    assert steps(api, update)["lo"] == (Step.STALE, "Somchai")
    assert late.status == 409
    assert "The text was changed since you were asked" in late.words
    assert stranger.open(path).status == 409


def test_a_change_of_the_source_stands_in_the_way_until_the_others_follow_or_somebody_says_why_not(
    api: Api, author: Visitor
) -> None:
    update = api.draft(content={"en": WORDS, "gu": GUJARATI})
    author.send(author.open(f"/updates/{update}/write"), "write", **{"content.en.duration": "Until 19:00."})
    page = author.open(f"/updates/{update}")
    assert "“gu” was not brought up to date with “en”." in page.words
    assert not [form for form in page.tree.forms if form.get("id") == "form-submit"]
    refused = api.post("author", f"/updates/{update}/submit")
    assert refused.json()["code"] == "translation_stale"
    page = author.open(f"/updates/{update}/translations")
    assert "out of step" in page.words
    empty = author.send(page, "waive-gu")
    assert empty.status == 422
    page = author.send(empty, "waive-gu", reason="Only a time, and it is a number.")
    assert "lets it stay: Only a time, and it is a number." in page.words
    assert "out of step" not in page.words
    api.submit(update)
    assert "lets it stay" in author.open(f"/updates/{update}").words


def test_who_writes_both_languages_keeps_them_in_step(api: Api, author: Visitor) -> None:
    update = api.draft(content={"en": WORDS, "gu": GUJARATI})
    fields = {"content.en.duration": "Until 19:00.", "content.gu.duration": "19:00 સુધી."}
    author.send(author.open(f"/updates/{update}/write"), "write", **fields)
    assert steps(api, update)["gu"] == (Step.IN_STEP, "author")


def test_whoever_is_signed_in_and_translates_by_a_link_is_one_of_the_authors(api: Api, author: Visitor) -> None:
    update = api.draft()
    path = asked(api, author, update)
    approver = Visitor(api)
    person = approver.enter("Cleo", Role.APPROVER)
    approver.send(approver.open(path), "translate", **typed(**LAO))
    assert person.id in row(api, update).authors


def test_sentences_of_a_playbook_fill_every_language_at_once(api: Api, author: Visitor) -> None:
    document = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
    api.done(api.put("approver", "/playbooks/service-outage", json=document))
    update = api.draft(content={"fr": WORDS})
    page: Page = author.open(f"/updates/{update}/sentences")
    assert f"/console/updates/{update}/sentences/service-outage/holding" in page.tree.xpath("//a/@href")
    page = author.open(f"/updates/{update}/sentences/service-outage/holding")
    refused = author.send(page, "fill", **{"var-place": "https://bad.example.org", "var-started": "2026-03-10T11:30"})
    assert refused.wrong("fill-var-place").startswith("“place” is not the name of a place")
    page = author.send(refused, "fill", **{"var-place": "Riverside"})
    assert page.said == "Every language is filled. Read it once more."
    content = row(api, update).document["content"]
    assert set(document["stages"]["holding"]) | {"fr"} == set(content)
    assert all("Riverside" in json.dumps(content[code], ensure_ascii=False) for code in ("en", "gu", "lo", "eo"))
    found = steps(api, update)
    assert found["gu"] == (Step.IN_STEP, "service-outage")
    assert found["fr"][0] is Step.STALE
    with api.db.reading() as connection:
        hows = {one.language: one.how for one in vouching.of_update(connection, update)}
    assert hows["lo"] is How.SENTENCES


def test_staff_see_how_many_wait_and_write_for_them_later(api: Api, author: Visitor) -> None:
    update = api.draft(content={"en": WORDS})
    page = author.open(f"/updates/{update}/write")
    assert author.send(page, "write", languages_to_come="gu").said == "Saved."
    assert row(api, update).document["languages_to_come"] == ["gu"]
    assert "1 would wait" in author.open(f"/updates/{update}/translations").words
    link = asked(api, author, update, language="gu")
    api.submit(update)
    assert row(api, update).recipients == 3
    page = author.open(f"/updates/{update}")
    assert "Waiting for their language: Gujarati 1" in page.words
    api.done(api.post("approver", f"/updates/{update}/approve", json={"count": 3}))
    api.done(api.post("author", f"/updates/{update}/send"))
    assert api.done(api.get("viewer", f"/updates/{update}"))["waiting"] == {"gu": 1}
    page = author.open(f"/updates/{update}/translations")
    page = author.send(page, "rest-gu")
    assert page.heading == "Write"
    assert f"/console/updates/{update}" in page.tree.xpath("//p[@class='said']//a/@href")
    rest = int(page.path.split("/")[3])
    stranger = Visitor(api)
    words = {name.replace(".lo.", ".gu."): text for name, text in typed(**LAO).items()}
    done = stranger.send(stranger.open(link), "translate", **words)
    assert done.said.startswith("Thank you.")
    assert row(api, rest).document["content"]["gu"]["headline"] == LAO["headline"]
    assert row(api, rest).document["endpoints"] == ["texts", "mail"]
    api.submit(rest)
    assert row(api, rest).recipients == 1
    assert api.done(api.get("viewer", f"/updates/{update}"))["waiting"] == {}
    assert "get it with an update of its own" in author.open(f"/updates/{update}/translations").words


def test_a_translation_that_comes_before_the_others_leave_makes_its_language_ready(api: Api, author: Visitor) -> None:
    update = api.draft(languages_to_come=["lo"])
    stranger = Visitor(api)
    stranger.send(stranger.open(asked(api, author, update)), "translate", **typed(**LAO))
    assert row(api, update).document["languages_to_come"] == []


def test_a_drill_brings_its_languages_as_a_drill(api: Api, author: Visitor) -> None:
    update = api.draft(drill=True, languages_to_come=["gu"])
    api.submit(update)
    api.done(api.post("approver", f"/updates/{update}/approve", json={"count": 3}))
    api.done(api.post("author", f"/updates/{update}/send"))
    page = author.send(author.open(f"/updates/{update}/translations"), "rest-gu")
    fields = {name: value for name, value in page.form("write").items() if name != "drill"}
    refused = author.post(page.action("write"), fields)
    assert refused.status == 422
    assert "this one must be the same" in refused.words
