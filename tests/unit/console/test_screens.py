from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from lxml import html

from app.clock import FrozenClock
from app.domain.crisis import Severity
from app.domain.principals import HOST, Role
from app.domain.staff_notices import Notice, NoticeKind
from app.store.database import Database
from app.usecases.break_glass import break_glass
from app.usecases.invite_user import invite_user
from app.usecases.tell_staff import tell_staff
from tests.console import Page, Visitor
from tests.faces import Api
from tests.staff_accounts import PASSWORD, enrol


def key_of(page: Page) -> str:
    return str(page.tree.xpath("string(//code[@class='key'])")).replace(" ", "")


def test_whoever_sits_at_the_machine_makes_the_first_admin_and_nobody_else(api: Api, clock: FrozenClock) -> None:
    for headers in ({}, {"x-forwarded-for": "192.0.2.7"}):
        stranger = Visitor(api)
        stranger.headers |= headers
        page = stranger.open("/")
        assert page.heading == "The first admin"
        assert "clarion user invite" in page.words
        assert stranger.post("/console/set-up", {"name": "Eve", "_csrf": "x"}).status == 403
    host = Visitor(api, base="https://127.0.0.1")
    host.client = type(host.client)(api.client.app, base_url="https://127.0.0.1", client=("127.0.0.1", 5))
    page = host.send(host.open("/set-up"), "set-up", name="Mira", email="mira@example.org")
    assert page.heading == "Welcome, Mira"
    secret = key_of(page)
    assert page.tree.xpath("//*[@role='img']//*[local-name()='svg']")
    page = host.send(page, "join", password=PASSWORD, repeated="something else", code="000000")
    assert page.wrong("join-repeated")
    assert key_of(page) == secret  # what the phone has scanned stays good
    page = host.send(page, "join", password=PASSWORD, repeated=PASSWORD, code="000000")
    assert page.wrong("join-code")
    page = host.send(page, "join", password=PASSWORD, repeated=PASSWORD, code=pyotp.TOTP(secret).at(clock.now()))
    assert page.heading == "Your recovery codes"
    assert len(page.tree.xpath("//li/code")) == 10
    assert host.open("/").heading == "What is happening"
    assert host.open("/set-up").heading == "What is happening"
    assert Visitor(api).open("/set-up").heading == "Sign in"


def test_signing_in_with_a_code_with_a_recovery_code_and_after_too_many_guesses(
    api: Api, visitor: Visitor, clock: FrozenClock
) -> None:
    mira = enrol(api.db, api.wiring.keyring, "Mira", Role.VIEWER, clock.now())
    half = visitor.send(visitor.open("/sign-in"), "sign-in", login="mira", password=PASSWORD)
    assert visitor.open("/").heading == "Sign in"  # half a sign-in opens nothing
    page = visitor.send(half, "code", code="000000")
    assert page.wrong("code-code")
    assert visitor.send(page, "code", code=mira.code(clock.now())).heading == "What is happening"
    stranger = Visitor(api)
    page = stranger.open("/sign-in")
    for _ in range(6):
        page = stranger.send(page, "sign-in", login="mira", password="a wrong guess")
    assert page.status == 503
    assert "recovery code" in page.words
    page = stranger.send(page, "sign-in", login="mira", password=PASSWORD, recovery=mira.recovery[0])
    assert page.heading == "What is happening"


def test_broken_glass_lets_one_browser_in_and_offers_it_no_keys(api: Api, visitor: Visitor) -> None:
    link = break_glass(api.db, api.wiring.keyring, "nobody answers", api.clock.now()).code
    page = visitor.open(f"/join/{link}")
    assert page.heading == "Break the glass"
    assert visitor.send(page, "glass").heading == "What is happening"
    assert "for emergencies" in visitor.open("/account").words
    assert Visitor(api).open(f"/join/{link}").status == 404


def test_the_first_page_says_what_is_happening_and_who_may_do_what(
    api: Api, admin: Visitor, clock: FrozenClock
) -> None:
    assert "It is quiet" in admin.open("/").words
    api.prepare()
    assert "Nobody has been told anything yet." in admin.open("/").words
    promised = (clock.now() + timedelta(minutes=25)).isoformat()
    first = api.draft(next_update_by=promised)
    api.submit(first)
    api.done(api.post("approver", f"/updates/{first}/approve", json={"count": 4}))
    api.done(api.post("author", f"/updates/{first}/send"))
    api.submit(api.draft(drill=True))
    with api.db.writing() as tx:
        notice = Notice(NoticeKind.NEXT_UPDATE_DUE, "outage", "1", Severity.MAJOR, {"at": "14:30"})
        told = tell_staff(tx, notice, clock.now())
    page = admin.open("/")
    for words in ("in 25 minutes", "Power outage", "EXERCISE", "0 out, 4 waiting", "4 recipients"):
        assert words in page.words
    author = Visitor(api)
    author.enter("author", Role.AUTHOR)
    assert "Submitted by" not in author.open("/").words  # nothing waits for somebody who cannot approve
    done = admin.send(page, f"notice-{told}")
    assert "take care" in done.said
    assert "You are told" not in done.words
    crisis = admin.open("/crises/outage")
    for words in ("Power is out in the north", "approved by approver", "an update was sent"):
        assert words in crisis.words
    assert "Power outage" in admin.open("/crises?state=open").words


def test_an_admin_invites_changes_and_shuts_out_and_never_the_last_one(api: Api, admin: Visitor) -> None:
    page = admin.send(admin.open("/people"), "invite", name="Tove", role="approver")
    link = page.tree.xpath("string(//code[@class='key'])")
    assert re.fullmatch(r"https://status\.example\.org/console/join/[\w.-]+", link)
    assert "invited, until" in admin.open("/people").words
    tove = admin.open("/people").tree.xpath("//a[text()='Tove']/@href")[0].removeprefix("/console")
    assert "Saved" in admin.send(admin.open(tove), "person", role="viewer").said
    fields = admin.open(tove).form("person")
    assert fields["role"] == "viewer"
    admin.post(f"/console{tove}", {**fields, "disabled": "yes"})
    assert "shut out" in admin.open("/people").words
    admin.post(f"/console{tove}", admin.open(tove).form("person") | {"disabled": ""})
    assert Visitor(api).open(link.partition("/console")[2]).heading == "Welcome, Tove"
    assert admin.send(admin.open(tove), "link").heading == "A link for Tove"
    mine = admin.open("/people").tree.xpath("//tbody//a[text()='admin']/@href")[0].removeprefix("/console")
    refused = admin.send(admin.open(mine), "person", role="viewer")
    assert (refused.status, "last admin" in refused.words) == (409, True)


def test_my_own_keys(api: Api, visitor: Visitor, clock: FrozenClock) -> None:
    mira = visitor.enter("Mira", Role.AUTHOR)
    elsewhere = Visitor(api)
    page = visitor.send(visitor.open("/account"), "token", name="laptop", role="author")
    secret = key_of(page)
    assert api.client.get("/api/v1/crises", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    refused = visitor.send(visitor.open("/account"), "token", name="laptop", role="admin")
    assert refused.status == 422
    page = visitor.open("/account")
    (token,) = [form for form in page.tree.forms if form.get("id", "").startswith("form-token-")]
    assert "revoked" in visitor.send(page, str(token.get("id")).removeprefix("form-")).said
    assert api.client.get("/api/v1/crises", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    page = visitor.send(visitor.open("/account"), "codes", code=mira.code(clock.now()))
    assert page.heading == "Your recovery codes"
    page = visitor.open("/account/authenticator")
    other = key_of(page)
    typed = {"old": "000000", "code": pyotp.TOTP(other).at(clock.now())}
    page = visitor.send(page, "authenticator", **typed)
    assert page.wrong("authenticator-old")
    clock.advance(60)
    typed = {"old": mira.code(clock.now()), "code": pyotp.TOTP(other).at(clock.now())}
    assert "new app" in visitor.send(page, "authenticator", **typed).said
    wrong = visitor.send(visitor.open("/account"), "password", old="x", password="short", repeated="short")
    assert wrong.wrong("password-password")
    assert elsewhere.open("/account").heading == "Sign in"
    assert "signed out" in visitor.send_footer().said


def test_the_audit_trail_is_paged_and_checked(api: Api, admin: Visitor, database: Database) -> None:
    for number in range(60):
        invite_user(api.db, api.wiring.keyring, HOST, f"person {number}", Role.VIEWER, api.clock.now())
    page = admin.open("/audit")
    assert len(page.tree.xpath("//tbody/tr")) == 50
    older = page.tree.xpath("//p[@class='more']/a/@href")[0]
    assert admin.open(f"/audit{older}").tree.xpath("//tbody/tr")
    assert "whole" in admin.send(page, "verify").said
    with database.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'nobody' WHERE seq = 5")
        connection.commit()
    broken = admin.send(admin.open("/audit"), "verify")
    assert (broken.status, "Entry 5" in broken.words) == (409, True)


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '" onfocus="alert(1)', "{{ 7 * 7 }}"])
def test_words_of_people_are_never_markup(api: Api, admin: Visitor, hostile: str) -> None:
    invite_user(api.db, api.wiring.keyring, HOST, hostile, Role.VIEWER, api.clock.now())
    page = admin.open("/people")
    assert hostile in html.tostring(page.tree, method="text", encoding="unicode")
    assert not page.tree.xpath("//script[not(@src)] | //*[@onfocus]")
