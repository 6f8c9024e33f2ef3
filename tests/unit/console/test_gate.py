"""The door of the console: forms are our own, sent once, and nothing that was written is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import FrozenClock
from app.console.signing_in import safe
from app.domain.principals import HOST, Role
from app.store import users
from app.usecases.change_user import change_user
from app.usecases.end_session import end_sessions
from tests.console import Page, Visitor
from tests.faces import Api
from tests.staff_accounts import PASSWORD, enrol

NEWCOMER = {"name": "Tove", "email": "tove@example.org", "role": "approver"}


def names(api: Api) -> list[str]:
    with api.db.reading() as connection:
        return [row.name for row in users.page(connection).items]


def test_answers_are_nobodys_to_keep_frame_or_script(admin: Visitor) -> None:
    page = admin.open("/people")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not page.tree.xpath("//script[not(@src)] | //style | //*[@style] | //@*[starts-with(name(), 'on')]")


def test_cookies_are_bound_to_the_host_and_out_of_reach_of_scripts(api: Api, visitor: Visitor) -> None:
    (cookie,) = visitor.client.get("/console/sign-in").headers.get_list("set-cookie") or [""]
    assert cookie == "" or cookie.startswith("__Host-clarion-visit=")
    enrol(api.db, api.wiring.keyring, "admin", Role.ADMIN, api.clock.now())
    fresh = Visitor(api)
    (cookie,) = fresh.client.get("/console/sign-in").headers.get_list("set-cookie")
    for part in ("__Host-clarion-visit=", "HttpOnly", "Path=/", "SameSite=lax", "Secure"):
        assert part in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
    ],
)
def test_another_site_cannot_send_our_forms(api: Api, admin: Visitor, headers: dict[str, str]) -> None:
    page = admin.open("/people")
    fields = {**page.form("invite"), **NEWCOMER}
    if not headers["sec-fetch-site"]:
        admin.headers = {}
        headers = {"origin": headers["origin"]}
    answer = admin.post("/console/people", fields, **headers)
    assert answer.status == 403
    assert "Tove" not in answer.text
    assert "Tove" not in names(api)


def test_a_browser_that_says_nothing_of_where_it_comes_from_needs_the_token(api: Api, admin: Visitor) -> None:
    fields = {**admin.open("/people").form("invite"), **NEWCOMER}
    admin.headers = {}
    assert admin.post("/console/people", {**fields, "_csrf": "guessed"}).status == 403
    assert names(api).count("Tove") == 0
    assert admin.post("/console/people", fields).status == 200
    assert names(api).count("Tove") == 1


def test_a_form_sent_twice_is_done_once_and_its_secret_is_shown_once(api: Api, admin: Visitor) -> None:
    page = admin.open("/people")
    fields = {**page.form("invite"), **NEWCOMER}
    first, second = (admin.post("/console/people", fields) for _ in range(2))
    assert "/console/join/" in first.text
    assert "/console/join/" not in second.text
    assert second.status == 200
    assert names(api).count("Tove") == 1


def test_a_refused_form_comes_back_with_what_was_typed_and_the_sentence_beside_the_field(admin: Visitor) -> None:
    page = admin.send(admin.open("/people"), "invite", name="", email="not an address", role="author")
    assert page.status == 422
    assert page.form("invite")["email"] == "not an address"
    assert "needed" in page.wrong("invite-name")
    (field,) = page.tree.xpath("//*[@autofocus]")
    assert field.get("id") == "invite-name"
    assert field.get("aria-describedby", "").split()[-1] == "invite-name-wrong"
    again = admin.send(page, "invite", name="Tove")
    assert again.wrong("invite-email")
    assert admin.send(again, "invite", email="tove@example.org").heading == "A link for Tove"


def test_what_somebody_wrote_while_their_session_ended_is_there_when_they_are_back(
    api: Api, admin: Visitor, clock: FrozenClock
) -> None:
    with api.db.reading() as connection:
        user = next(row for row in users.page(connection).items if row.name == "admin")
    page = admin.open("/people")
    clock.advance(timedelta(hours=5).total_seconds())
    person = enrol(api.db, api.wiring.keyring, "admin", Role.ADMIN, clock.now())
    asked = admin.send(page, "invite", **NEWCOMER)
    assert (asked.status, asked.heading) == (401, "Sign in")
    assert "Tove" not in asked.text  # sealed: whoever finds the browser does not read it
    half = admin.send(asked, "sign-in", login="admin", password="a wrong one")
    assert half.status == 401
    half = admin.send(half, "sign-in", login="admin", password=PASSWORD)
    back = admin.send(half, "code", code=person.code(clock.now()))
    assert back.heading == "What you wrote is here"
    assert "Tove" in back.words
    (form,) = back.tree.xpath("//main//form")
    fields = {one.get("name"): one.get("value", one.text) for one in form.xpath(".//input | .//textarea")}
    done = admin.post(form.get("action"), {name: (value or "").lstrip("\n") for name, value in fields.items()})
    assert done.heading == "A link for Tove"
    assert user.role is Role.ADMIN


def test_a_form_from_before_a_sign_in_is_one_click_away_and_not_done_by_itself(api: Api, admin: Visitor) -> None:
    fields = {**admin.open("/people").form("invite"), **NEWCOMER, "_csrf": "of another session"}
    page = admin.post("/console/people", fields)
    assert (page.status, page.heading) == (403, "What you wrote is here")
    assert "Tove" not in names(api)


def test_somebody_signed_out_is_led_to_the_sign_in_and_back(api: Api, visitor: Visitor) -> None:
    enrol(api.db, api.wiring.keyring, "admin", Role.ADMIN, api.clock.now())
    page = visitor.open("/audit?subject=user/1")
    assert page.form("sign-in")["to"] == "/audit?subject=user/1"
    page = visitor.send(page, "sign-in", login="admin", password="")
    assert page.form("sign-in")["to"] == "/audit?subject=user/1"
    assert page.wrong("sign-in-password")


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb", "x"])
def test_nobody_is_led_to_another_site(path: str) -> None:
    assert safe(path) == "/"


def test_ending_a_session_and_changing_a_role_take_effect_with_the_next_click(api: Api, admin: Visitor) -> None:
    other = Visitor(api)
    person = other.enter("approver", Role.APPROVER)
    assert other.open("/audit").status == 200
    end_sessions(api.db, HOST, person.id, api.clock.now())
    assert other.open("/audit").heading == "Sign in"
    other.enter("approver", Role.APPROVER)
    change_user(api.db, HOST, person.id, role=Role.VIEWER, disabled=False, now=api.clock.now())
    assert other.open("/").heading == "Sign in"
    assert admin.open("/").heading == "What is happening"


def test_a_body_that_is_no_form_and_one_too_large_are_refused(admin: Visitor) -> None:
    for body, status in ((b"\xff=%ff", 422), (b"a=" + b"x" * 2_100_000, 413)):
        answer = Page(admin.client.post("/console/people", content=body, headers=admin.headers))
        assert answer.status == status
        assert answer.heading == "This was not done"


def test_an_address_that_is_not_there_is_a_page_of_the_console(admin: Visitor) -> None:
    assert (admin.open("/nowhere").status, admin.open("/crises/nowhere").status) == (404, 404)
    assert admin.client.get("/console", follow_redirects=False).headers["location"] == "/console/"
