"""An organisation's own form of a message: what was approved leaves, and nothing that readers need is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app.store.database import Database
from tests.faces import WORDS
from tests.live import Live, open_live, written

HERS = """Metro Power: {{ headline }}
{% for route in routes %}
-> {{ route.need }} {{ route.address }}
{% endfor %}
{{ link }}"""
OTHERS = HERS.replace("Metro Power", "Somebody else")
PEOPLE = "external_id,phone,languages\nann,+442071838800,en\nila,+442071838801,gu\n"


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
        yield live


def template(live: Live, source: str, **more: object) -> None:
    body = {"slug": "house", "medium": "sms", "source": source, "language": "en", **more}
    live.api.done(live.api.put("approver", f"/templates/{body['slug']}", json=body))


def draft(live: Live, **more: object) -> int:
    content = {"en": {**WORDS, "headline": "Power is out"}, "gu": {**WORDS, "headline": "વીજળી બંધ છે"}}
    return live.draft(audience="everyone", endpoints=["texts"], content=content, **more)


def texts(outbox: Path) -> Mapping[str, str]:
    return {each["to"]: each["text"] for each in written(outbox)}


def test_a_message_leaves_in_the_form_in_which_it_was_approved(live: Live, outbox: Path) -> None:
    template(live, HERS)
    update = draft(live)
    preview = live.api.done(live.api.get("author", f"/updates/{update}/preview"))
    shown = {each["language"]: each["text"] for each in preview["renderings"]}
    assert shown["en"].startswith("Metro Power: Power is out\n-> ")
    assert not shown["gu"].startswith("Metro Power")
    live.approve(update)
    template(live, OTHERS)
    live.api.done(live.api.post("author", f"/updates/{update}/send"))
    assert set(live.outcome(update)) == {"accepted"}
    assert texts(outbox)["+442071838800"] == shown["en"]
    assert "વીજળી બંધ છે" in texts(outbox)["+442071838801"]
    assert live.api.done(live.api.get("author", f"/updates/{draft(live)}/preview"))["renderings"][0]["text"].startswith(
        "Somebody else"
    )


def test_another_form_is_another_thing_to_approve(live: Live) -> None:
    hashes = []
    for source in (HERS, OTHERS, OTHERS):
        template(live, source)
        update = draft(live)
        live.approve(update)
        hashes.append(live.read(update)["content_hash"])
    assert len(set(hashes[:2])) == 2


def test_an_exercise_says_so_first_whatever_the_form(live: Live) -> None:
    template(live, HERS, language="")
    update = draft(live, drill=True)
    preview = live.api.done(live.api.get("author", f"/updates/{update}/preview"))
    shown = {each["language"]: each["text"] for each in preview["renderings"]}
    assert shown["en"].startswith("EXERCISE: Metro Power: Power is out")
    assert shown["gu"].startswith("EXERCISE (")


@pytest.mark.parametrize(
    ("source", "lacks"),
    [
        ("{{ impact }} {% for route in routes %}{{ route.address }}{% endfor %}", "headline"),
        ("{{ headline }} {{ link }}", "routes"),
        ("{% if next_update %}{{ headline }}{% endif %}", "routes"),
    ],
)
def test_a_form_that_leaves_out_what_readers_need_is_refused(live: Live, source: str, lacks: str) -> None:
    body = {"slug": "house", "medium": "sms", "source": source}
    answer = live.api.put("approver", "/templates/house", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "template_unusable"
    assert lacks in answer.json()["detail"]


def test_a_form_that_fails_only_for_these_words_is_said_before_they_are_handed_in(live: Live) -> None:
    template(live, "{% if impact %}{{ headline }}{% endif %}{% for route in routes %}{{ route.address }}{% endfor %}")
    content = {"en": {**WORDS, "headline": "Power is out", "impact": ""}}
    update = live.draft(audience="everyone", endpoints=["texts"], content=content)
    preview = live.api.done(live.api.get("author", f"/updates/{update}/preview"))
    assert "template_unusable" in {each["code"] for each in preview["problems"]}
    assert "Power is out" in preview["renderings"][0]["text"]


def test_two_forms_of_one_message_are_refused(live: Live) -> None:
    template(live, HERS)
    body = {"slug": "other", "medium": "sms", "source": OTHERS, "language": "en"}
    assert live.api.post("approver", "/templates", json=body).json()["code"] == "template_taken"
    template(live, OTHERS, slug="other", stages=["resolved"])
