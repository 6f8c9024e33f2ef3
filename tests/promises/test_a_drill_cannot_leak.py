"""A drill goes the whole way with the real endpoints in place, and not one provider hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.database import Database
from tests.contract.ways import HTTP_WAYS, SMTP_WAY
from tests.faces import WORDS
from tests.live import Live, open_live, until
from tests.rig.process import RigProcess

LANGUAGES = {"en": "EXERCISE", "gu": "કવાયત", "lo": "ຝຶກຊ້ອມ", "eo": "EKZERCO", "ar": "تمرين"}
CONTENT = {language: {**WORDS, "headline": f"Flood {language}"} for language in LANGUAGES}
WAYS = {**HTTP_WAYS, "email_smtp": SMTP_WAY}
PLACES = {"push": "push_web", "chat": "chat_telegram"}


@pytest.fixture
def rig() -> Iterator[RigProcess]:
    with RigProcess() as started:
        yield started


@pytest.fixture
def live(rig: RigProcess, database: Database, database_url: str, tmp_path: Path) -> Iterator[Live]:
    """Every channel we have, with credentials its provider takes."""
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        languages = {"slug": "main", "languages": list(LANGUAGES)}
        live.api.done(live.api.post("approver", "/sites", json=languages))
        places = [{"medium": medium, "address": WAYS[name].address} for medium, name in PLACES.items()]
        live.api.done(live.api.put("author", "/subscribers/elsewhere", json={"addresses": places}))
        for channel, way in WAYS.items():
            live.endpoint(f"live-{channel.replace('_', '-')}", channel, way.settings(rig.addresses[way.provider]))
        read_back = {"site": "main", "read_back_url": f"{rig.addresses['webhook']}/site/main/banner.json"}
        live.endpoint("live-site", "site", read_back)
        yield live


def endpoints() -> list[str]:
    return ["live-site", *(f"live-{channel.replace('_', '-')}" for channel in WAYS)]


def drill(live: Live, **fields: Any) -> int:
    return live.draft(endpoints=endpoints(), content=CONTENT, drill=True, **fields)


def requests(rig: RigProcess) -> dict[str, int]:
    counts = rig.control.counts()
    return {way.provider: counts[way.provider]["requests"] for way in WAYS.values()}


def test_a_drill_over_every_channel_makes_no_request_and_adds_up(live: Live, rig: RigProcess) -> None:
    update = drill(live)
    counts = live.broadcast(update)
    assert set(counts) == {"accepted"}
    assert counts["accepted"] >= len(endpoints())
    assert set(requests(rig).values()) == {0}
    deliveries = live.api.done(live.api.get("viewer", f"/updates/{update}/deliveries"))["items"]
    assert {each["endpoint"] for each in deliveries} >= set(endpoints()) - {"live-email-smtp", "live-email-sendgrid"}


def test_every_rendering_of_a_drill_begins_with_the_word_exercise_in_its_language(live: Live) -> None:
    preview = live.api.done(live.api.get("author", f"/updates/{drill(live)}/preview"))
    renderings = preview["renderings"]
    assert {(each["endpoint"], each["language"]) for each in renderings} == {
        (slug, language) for slug in endpoints() for language in LANGUAGES
    }
    for each in renderings:
        for text in filter(None, (each["text"], each["subject"])):
            first = text.splitlines()[0].lstrip("* ").partition(":")[0]
            assert first.startswith("EXERCISE"), each
            assert LANGUAGES[each["language"]] in first, each
        assert not each["html"] or "EXERCISE" in each["html"], each


def test_a_drill_is_shown_apart_from_the_real_website(live: Live) -> None:
    until(lambda: live.page("/site/main/banner.json") != "")
    real = {path: live.page(path) for path in ("/en/", "/feed.atom")}
    live.broadcast(drill(live))
    until(lambda: "Flood en" in live.page("/drill/en/"))
    assert json.loads(live.page("/site/main/banner.json"))["placements"]["banner"] is None
    for path in real:
        assert "Flood" not in live.page(path)
    for language, word in LANGUAGES.items():
        shown = live.page(f"/drill/{language}/")
        assert word in shown
        assert 'name="robots" content="noindex"' in shown


def test_the_approver_of_a_drill_types_its_exact_number_too(live: Live) -> None:
    update = drill(live)
    live.api.done(live.api.post("author", f"/updates/{update}/submit"))
    until(lambda: live.read(update)["state"] == "submitted")
    for count in (0, live.read(update)["recipients"] + 1):
        answer = live.api.post("approver", f"/updates/{update}/approve", json={"count": count})
        assert (answer.status_code, answer.json()["code"]) == (409, "count_differs")
    assert live.api.post("approver", f"/updates/{update}/approve").status_code == 422


def test_a_correction_stays_in_the_world_of_what_it_corrects(live: Live, rig: RigProcess) -> None:
    update = drill(live)
    live.broadcast(update)
    correction = {"content": CONTENT, "drill": False}
    refused = live.api.post("author", f"/updates/{update}/correct", json=correction)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "drill_differs", "drill")
    draft = live.api.done(live.api.post("author", f"/updates/{update}/correct", json={"content": CONTENT}))
    assert draft["drill"] is True
    for document in ({**draft["document"], "drill": False}, without_drill(draft["document"])):
        answer = live.api.put("author", f"/updates/{draft['id']}", json=document)
        assert (answer.status_code, answer.json()["code"]) == (422, "drill_differs")
    live.broadcast(draft["id"])
    assert set(requests(rig).values()) == {0}


def without_drill(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "drill"}
