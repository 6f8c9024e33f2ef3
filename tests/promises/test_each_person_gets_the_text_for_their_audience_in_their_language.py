"""One update with other words for parts of its audience: everybody gets exactly theirs, in their language, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.database import Database
from tests.faces import WORDS
from tests.live import Live, open_live, written

MAIN = {"en": "Power is out", "gu": "વીજળી બંધ છે"}
NEW = {"en": "Welcome, and sorry", "gu": "સ્વાગત છે અને માફ કરશો"}
BUSINESS = {"en": "Your tariff is covered"}
PEOPLE = """external_id,phone,languages,tariff,since,area
old-en,+442071838800,en,private,2020-01-01,here
old-gu,+442071838801,gu,private,2020-01-01,here
new-en,+442071838802,en,private,2026-03-01,here
new-gu,+442071838803,gu,private,2026-03-02,here
new-business,+442071838804,en,business,2026-03-02,here
business-en,+442071838805,en,business,2020-01-01,here
business-gu,+442071838806,gu,business,2020-01-01,here
shared-a,+442071838807,en,business,2020-01-01,here
shared-b,+442071838807,en,business,2020-01-01,here
mixed-a,+442071838808,en,business,2020-01-01,here
mixed-b,+442071838808,en,private,2020-01-01,here
elsewhere,+442071838809,en,business,2020-01-01,there
"""
THEIRS = {
    # the first variant whose audience somebody is in; the main words where a variant has not their language
    "0": MAIN["en"], "1": MAIN["gu"], "2": NEW["en"], "3": NEW["gu"], "4": NEW["en"],
    "5": BUSINESS["en"], "6": MAIN["gu"], "7": BUSINESS["en"], "8": MAIN["en"],
}  # fmt: skip


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def live(database: Database, database_url: str, tmp_path: Path, outbox: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        live.endpoint("texts", "outbox.sms", {"directory": str(outbox)})
        headers = {"content-type": "text/csv"}
        live.api.done(live.api.post("author", "/subscribers/import", content=PEOPLE.encode(), headers=headers))
        for slug, text in (("here", "area = here"), ("new", "since >= 2026-01-01"), ("business", "tariff = business")):
            live.api.done(live.api.post("author", "/audiences", json={"slug": slug, "text": text}))
        yield live


def words(headlines: dict[str, str]) -> dict[str, Any]:
    return {language: {**WORDS, "headline": headline} for language, headline in headlines.items()}


def test_each_person_gets_the_text_for_their_audience_in_their_language(live: Live, outbox: Path) -> None:
    variants = [{"audience": "new", "content": words(NEW)}, {"audience": "business", "content": words(BUSINESS)}]
    update = live.draft(audience="here", endpoints=["texts"], content=words(MAIN), variants=variants)
    preview = live.api.done(live.api.get("author", f"/updates/{update}/preview"))
    assert {(each["language"], each["variant"]) for each in preview["renderings"]} >= {("en", 2), ("gu", 1), ("gu", 2)}
    assert ("variant_in_main_words", "variants[1].content.gu") in {
        (each["code"], each["field"]) for each in preview["warnings"]
    }
    live.approve(update)
    live.api.done(live.api.put("author", "/audiences/new", json={"slug": "new", "text": "everyone"}))
    live.api.done(live.api.post("author", f"/updates/{update}/send"))
    assert live.outcome(update) == {"accepted": len(THEIRS)}
    heard(outbox, THEIRS)
    listed = [(each["audience"], each["language"], each["recipients"]) for each in live.read(update)["listed"]]
    assert sorted(listed) == [
        ("business", "en", 2), ("business", "gu", 1), ("here", "en", 2), ("here", "gu", 1), ("new", "en", 2),
        ("new", "gu", 1),
    ]  # fmt: skip

    written_before = len(written(outbox))
    right = {"en": "It was the other line", "gu": "તે બીજી લાઇન હતી"}
    paid = {"en": "You are still covered"}
    correction = live.api.done(
        live.api.post(
            "author",
            f"/updates/{update}/correct",
            json={"content": words(right), "variants": [{"audience": "business", "content": words(paid)}]},
        )
    )["id"]
    live.broadcast(correction)
    assert len(written(outbox)) == written_before + len(THEIRS)
    corrected = {n: right["gu"] if said in (MAIN["gu"], NEW["gu"]) else right["en"] for n, said in THEIRS.items()}
    heard(outbox, corrected | {"5": paid["en"], "7": paid["en"]}, after=written_before)


def heard(outbox: Path, wanted: dict[str, str], after: int = 0) -> None:
    messages = written(outbox)[after:]
    assert len(messages) == len(wanted)
    got = {each["to"][-1]: each["text"] for each in messages}
    every = {*MAIN.values(), *NEW.values(), *BUSINESS.values(), *wanted.values()}
    for number, headline in wanted.items():
        assert headline in got[number], number
        assert not any(other in got[number] for other in every - {headline}), number


def test_a_text_for_an_audience_without_words_or_twice_is_refused(live: Live) -> None:
    for variants, code in (
        ([{"audience": "new", "content": {}}], "variant_empty"),
        ([{"audience": "new", "content": words(NEW)}] * 2, "variant_twice"),
        ([{"audience": "nobody", "content": words(NEW)}], "unknown_audience"),
    ):
        body = {"audience": "here", "endpoints": ["texts"], "content": words(MAIN), "variants": variants}
        answer = live.api.post("author", "/crises/outage/updates", json={"stage": "holding", **body})
        if answer.is_success:
            answer = live.api.post("author", f"/updates/{answer.json()['id']}/submit")
        assert code in {each["code"] for each in answer.json()["errors"]}
