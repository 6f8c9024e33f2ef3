"""The links readers are sent to, as staff see them."""

from __future__ import annotations

from typing import Any

from app.domain.link_checks import LinkReason, Seen
from app.store import documents
from app.store.documents import Kind
from app.usecases.check_links import record_links
from tests.faces import WORDS, Api

DEAD = "https://www.example.org/dead"
ALIVE = "https://www.example.org/alive"


def fill(api: Api) -> None:
    api.prepare()
    for name in ("dead", "alive"):
        link = {"slug": name, "texts": {"en": name}, "url": f"https://www.example.org/{name}", "topics": ["power"]}
        api.done(api.post("approver", "/help-links", json=link))
    record_links(api.db, {DEAD: Seen(404), ALIVE: Seen(200)}, api.clock.now())


def test_dead_links_are_listed_with_their_places_and_reason(api: Api) -> None:
    fill(api)
    found = api.done(api.get("viewer", "/links"))
    assert found["dead"] == 1
    (dead,) = api.done(api.get("viewer", "/links?state=dead"))["items"]
    assert (dead["url"], dead["places"], dead["reason"], dead["status"]) == (
        DEAD,
        ["help_link/dead"],
        LinkReason.NOT_FOUND.value,
        404,
    )
    assert [one["kind"] for one in _notices(api)] == ["link_dead"]


def test_a_look_is_asked_for_by_an_author(api: Api) -> None:
    fill(api)
    assert api.post("viewer", "/links/check").status_code == 403

    async def gone(_url: str) -> Any:
        raise AssertionError("nothing is opened in this test")

    with api.db.writing() as tx:
        for name in ("dead", "alive"):
            documents.remove(tx, Kind.HELP_LINK, name, None)
    api.wiring.link_keeper.visit = gone
    assert api.done(api.post("author", "/links/check")) == {"items": [], "dead": 0, "last_run": None}


def test_preflight_warns_of_a_dead_link_and_says_which_help_goes_along(api: Api) -> None:
    fill(api)
    words = {**WORDS, "links": [{"text": "Gone", "url": DEAD + "#part"}, {"text": "There", "url": ALIVE}]}
    update = api.draft(content={"en": words}, help={"topics": ["power"]})
    preview = api.done(api.get("author", f"/updates/{update}/preview"))
    (warning,) = [one for one in preview["warnings"] if one["code"] == "dead_link"]
    assert warning["field"] == "content.en.links[0].url"
    assert {(one["slug"], one["why"]) for one in preview["help"]} == {("alive", "chosen"), ("dead", "dead")}
    mail = next(one for one in preview["renderings"] if one["medium"] == "email")
    assert mail["text"].count(DEAD) == 1, "only where the author wrote it"


def test_an_e_mail_carries_the_help_its_update_asks_for_and_none_when_switched_off(api: Api) -> None:
    fill(api)
    entry = {
        "slug": "pay",
        "questions": {"en": "Do I have to pay?"},
        "answers": {"en": "No & never."},
        "topics": ["power"],
    }
    api.done(api.post("approver", "/faq", json=entry))

    def mail(**fields: Any) -> tuple[str, str]:
        update = api.draft(**fields)
        preview = api.done(api.get("author", f"/updates/{update}/preview"))
        found = next(one for one in preview["renderings"] if one["medium"] == "email")
        return found["text"], found["html"]

    text, html = mail(help={"topics": ["power"]})
    assert ALIVE in text
    assert f'href="{ALIVE}"' in html
    assert "Do I have to pay?\n  No & never." in text
    assert "No &amp; never." in html
    for fields in ({"help": {"topics": ["power"], "show": False}}, {"help": {"topics": ["health"]}}, {}):
        text, html = mail(**fields)
        assert ALIVE not in text + html
        assert "Do I have to pay?" not in text + html


def _notices(api: Api) -> list[dict[str, Any]]:
    answer = api.done(api.get("viewer", "/staff/notices"))
    found: list[dict[str, Any]] = answer["items"]
    return found
