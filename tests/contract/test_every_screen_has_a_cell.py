"""Roles x routes of the whole service, generated from it: every route is declared, every cell is tried."""

from __future__ import annotations

import re
from typing import Final

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from app.console.application import SCREENS
from app.console.forgery import form_token
from app.console.screens import Door, Screen
from app.domain.principals import Role
from app.main import framework
from tests.console import Visitor
from tests.faces import Api

NOBODY: Final = None
UNDECLARED: Final = {"/console"}
"""Leads to /console/ and tells nothing."""


def filled(path: str) -> str:
    return "/console" + re.sub(r"\{\w+(:int)?\}", lambda gap: "999999" if gap[1] else "nothing", path)


def expected(screen: Screen, role: Role | None) -> str:
    """`in`, `sign in first` or `refused`."""
    if screen.needs is Door.ANYONE:
        return "in"
    if role is NOBODY or screen.needs is Door.HALF:
        return "sign in first"
    return "in" if screen.least is None or role.allows(screen.least) else "refused"


def found(api: Api, screen: Screen, role: Role | None) -> str:
    visitor = Visitor(api)
    if role is not NOBODY:
        visitor.enter(role.value, role)
    bound = visitor.client.cookies.get("__Host-clarion-session") or "a visit"
    visitor.client.cookies.set("__Host-clarion-visit", "a visit")
    fields = {"_csrf": form_token(api.wiring.keyring, bound), "_once": "once"}
    answer = visitor.client.request(
        screen.method, filled(screen.path), headers=visitor.headers, follow_redirects=False,
        data=fields if screen.method == "POST" else None,
    )  # fmt: skip
    assert answer.status_code < 500, (screen.path, role, answer.text[:500])
    led = answer.status_code == 303 and answer.headers["location"].startswith("/console/sign-in")
    if screen.path == "/set-up" or (screen.path == "/sign-out" and role is not NOBODY):
        return "in"  # these two end at the sign-in, for whoever may come
    if led or (answer.status_code == 401 and 'action="/console/sign-in"' in answer.text and screen.path != "/sign-in"):
        return "sign in first"
    return "refused" if answer.status_code == 403 and "This needs the role" in answer.text else "in"


def test_every_route_of_the_service_is_declared_somewhere(api: Api) -> None:
    """The API by its security requirement (test_http_contract.py), screens in SCREENS; nothing else answers."""
    routes = framework(api.wiring, run_engine=False).routes
    other = {route.path for route in routes if not isinstance(route, APIRoute | Mount) and hasattr(route, "path")}
    assert other - {"/api/v1/openapi.json"} <= UNDECLARED
    (mount,) = [route for route in routes if isinstance(route, Mount)]
    screens = {(method, route.path) for route in mount.routes for method in route.methods - {"HEAD"}}  # type: ignore[attr-defined]  # plain routes
    assert screens == {(each.method, each.path) for each in SCREENS} | {("GET", "/assets/{digest}/{name}")}


@pytest.mark.parametrize("role", [NOBODY, *Role], ids=lambda role: role or "nobody")
def test_every_screen_lets_in_whom_it_should(api: Api, role: Role | None) -> None:
    Visitor(api).enter("somebody", Role.VIEWER)  # or the sign-in would lead to the set-up
    cells = {f"{screen.method} {screen.path}": expected(screen, role) for screen in SCREENS}
    assert {f"{screen.method} {screen.path}": found(api, screen, role) for screen in SCREENS} == cells
