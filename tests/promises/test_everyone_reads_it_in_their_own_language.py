"""One act, and each person reads it in the first of their languages there is a text in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.database import Database
from tests.faces import WORDS
from tests.live import Live, open_live, until, written

HEADLINES = {
    "en": "Power is out in the north",
    "gu": "ઉત્તરમાં વીજળી બંધ છે",
    "lo": "ໄຟຟ້າດັບຢູ່ທາງເໜືອ",
    "eo": "Mankas elektro en la nordo",
    "ar": "انقطعت الكهرباء في الشمال",
}
NEED = {"en": "Emergency", "gu": "કટોકટી", "lo": "ສຸກເສີນ", "eo": "Krizo", "ar": "طوارئ"}
PEOPLE = {
    # languages as imported: what they read
    "en": "en",
    "gu": "gu",
    "lo": "lo",
    "eo": "eo",
    "ar": "ar",
    "gu-IN": "gu",
    "fr;lo": "lo",
    "en-GB;gu": "en",
    "fr": "en",
}


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def live(database: Database, database_url: str, tmp_path: Path, outbox: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        need = {"slug": "emergency", "labels": NEED}
        live.api.done(live.api.put("approver", "/needs/emergency", json=need))
        live.api.done(live.api.post("approver", "/sites", json={"slug": "main", "languages": list(HEADLINES)}))
        for slug, channel in (("web", "outbox.site"), ("texts", "outbox.sms"), ("mail", "outbox.email")):
            live.endpoint(slug, channel, {"directory": str(outbox)})
        yield live


def import_people(live: Live, rows: list[str]) -> None:
    text = "\n".join(["external_id,name,email,phone,languages,timezone,area", *rows])
    headers = {"content-type": "text/csv"}
    report = live.api.done(live.api.post("author", "/subscribers/import", content=text.encode(), headers=headers))
    assert report["rejected"] == 0


def draft(live: Live, **fields: Any) -> int:
    content = {language: {**WORDS, "headline": headline} for language, headline in HEADLINES.items()}
    live.api.done(live.api.put("author", "/audiences/test", json={"slug": "test", "rule": {"areas": ["test"]}}))
    return live.draft(audience="test", content=content, **fields)


def test_each_text_and_mail_is_in_the_first_language_its_reader_and_we_share(live: Live, outbox: Path) -> None:
    rows = [
        f"l{number},Reader,reader{number}@example.org,+44207183880{number},{languages},UTC,test"
        for number, languages in enumerate(PEOPLE)
    ]
    import_people(live, rows)
    update = draft(live, endpoints=["web", "texts", "mail"])
    assert live.broadcast(update) == {"accepted": 2 * len(PEOPLE) + 1}
    to_people = [each for each in written(outbox) if each["to"] != "web"]
    got = {(each["to"].partition("@")[0][-1], "@" in each["to"]): each for each in to_people}
    assert len(got) == 2 * len(PEOPLE)
    for number, (languages, read) in enumerate(PEOPLE.items()):
        for by_mail in (False, True):
            message = got[str(number), by_mail]
            assert message["language"] == read, languages
            assert HEADLINES[read] in message["text"], languages
            assert NEED[read] in message["text"], "the contact block too"
            assert f"/{read}/crises/outage" in message["text"], "the link leads to the page in the same language"
            others = {headline for language, headline in HEADLINES.items() if language != read}
            assert not any(other in message["text"] for other in others)


def test_a_shared_phone_gets_one_text_in_a_language_all_its_people_read(live: Live, outbox: Path) -> None:
    rows = [
        "s1,Asha,,+442071838810,gu;en,UTC,test",
        "s2,Ben,,+442071838810,en,UTC,test",
        "s3,Chan,,+442071838811,lo,UTC,test",
        "s4,Dana,,+442071838811,eo,UTC,test",
    ]
    import_people(live, rows)
    assert live.broadcast(draft(live, endpoints=["texts"])) == {"accepted": 2}
    assert {each["to"]: each["language"] for each in written(outbox)} == {
        "+442071838810": "en",
        "+442071838811": "lo",  # none in common: the lowest subscriber's
    }


def test_every_language_has_its_page_with_its_words(live: Live) -> None:
    import_people(live, ["p1,Reader,reader@example.org,,en,UTC,test"])
    live.broadcast(draft(live))
    for language, headline in HEADLINES.items():
        until(lambda: headline in live.page(f"/{language}/crises/outage"))  # noqa: B023 - called at once
        assert headline in live.page(f"/{language}/feed.atom")


def test_staff_see_which_translation_is_missing_and_which_says_less(live: Live) -> None:
    full = {**WORDS, "explanation": "A mast fell.", "reassurance": "Forty people are at work."}
    update = live.draft(content={"en": full, "gu": {"headline": HEADLINES["gu"], "impact": "વીજળી નથી."}})
    preview = live.api.done(live.api.get("author", f"/updates/{update}/preview"))
    assert ("translation_thinner", "content.gu") in {(each["code"], each["field"]) for each in preview["warnings"]}
    only_gu = live.draft(content={"gu": {**WORDS, "headline": HEADLINES["gu"]}})
    preview = live.api.done(live.api.get("author", f"/updates/{only_gu}/preview"))
    assert ("missing_translation", "content.en") in {(each["code"], each["field"]) for each in preview["problems"]}
