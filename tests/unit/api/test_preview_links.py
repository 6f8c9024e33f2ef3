"""A signed link shows words nobody has released yet to its holder only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.clock import FrozenClock
from tests.faces import Api

ORIGIN = "https://www.example.org"


@pytest.fixture
def update(api: Api) -> int:
    api.prepare()
    site = {"slug": "main", "origins": [ORIGIN], "languages": ["en", "gu"]}
    api.done(api.post("approver", "/sites", json=site))
    return api.draft()


def made(api: Api, update: int, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.done(
        api.post("author", f"/updates/{update}/preview-links", json={"site": "main", **body})
    )
    return found


def path(link: dict[str, Any]) -> str:
    return f"/site/main/preview/{link['token']}.json"


def test_the_holder_sees_the_draft_and_the_public_does_not(api: Api, update: int) -> None:
    link = made(api, update)
    assert link["urls"] == [f"{ORIGIN}/#clarion-preview={link['token']}"]
    answer = api.client.get(path(link), headers={"origin": ORIGIN})
    shown = answer.json()
    assert shown["preview"] is True
    assert shown["placements"]["banner"]["update"] == update
    assert shown["placements"]["banner"]["texts"]["en"]["headline"] == "Power is out in the north"
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    page = api.client.get(f"/site/main/preview/{link['token']}/en")
    assert "Power is out in the north" in page.text
    assert page.headers["cache-control"] == "no-store"
    api.wiring.publisher.publish(api.clock.now())
    public = api.client.get("/site/main/banner.json").json()
    assert public["placements"]["banner"] is None
    assert "preview" not in public


def test_only_pages_of_the_site_may_read_it(api: Api, update: int) -> None:
    link = made(api, update)
    answer = api.client.get(path(link), headers={"origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_later_edit_changes_nothing_about_what_it_shows(api: Api, update: int) -> None:
    link = made(api, update)
    shown = api.done(api.get("author", f"/updates/{update}"))
    document = {**shown["document"], "content": {"en": {"headline": "Other words", "impact": "None."}}}
    api.done(api.put("author", f"/updates/{update}", json={k: v for k, v in document.items() if k != "crisis"}))
    assert "Power is out" in api.client.get(path(link)).text
    assert "Other words" in api.client.get(path(made(api, update))).text


def test_a_drill_says_that_it_is_one(api: Api, update: int) -> None:
    drill = api.draft(drill=True)
    shown = api.client.get(path(made(api, drill))).json()
    assert shown["drill"] is True
    assert shown["placements"]["banner"]["texts"]["en"]["headline"].startswith("EXERCISE")


def test_forged_expired_revoked_and_foreign_links_look_like_nothing(api: Api, update: int, clock: FrozenClock) -> None:
    link, revoked = made(api, update, minutes=5), made(api, update)
    api.done(api.post("author", f"/preview-links/{revoked['id']}/revoke"))
    token = link["token"]
    forged = [
        path(revoked),
        f"/site/main/preview/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}.json",
        f"/site/main/preview/{'A' + token[1:]}.json",
        f"/site/other/preview/{token}.json",
        "/site/main/preview/x.json",
        "/site/main/preview/.json",
        f"/site/main/preview/{token}x.json",
        f"/site/main/preview/{'A' * 5000}.json",
    ]
    assert api.client.get(path(link)).status_code == 200
    clock.advance(timedelta(minutes=5).total_seconds())
    answers = [api.client.get(one) for one in (path(link), *forged)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers if "preview/.json" not in str(answer.url)}) == 1
    listed = api.done(api.get("viewer", f"/updates/{update}/preview-links"))
    assert [bool(one["revoked_at"]) for one in listed] == [True, False]
    assert "token" not in listed[0]


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        ("viewer", {"site": "main"}, 403),
        ("author", {"site": "nowhere"}, 404),
        ("author", {"site": "main", "minutes": 0}, 422),
        ("author", {"site": "main", "minutes": 100_000}, 422),
    ],
)
def test_who_may_not_and_what_cannot_be(api: Api, update: int, who: str, body: dict[str, Any], status: int) -> None:
    assert api.post(who, f"/updates/{update}/preview-links", json=body).status_code == status
