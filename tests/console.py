"""The console as a browser without scripts uses it: pages are opened, forms are filled in and sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import html
from starlette.testclient import TestClient

from app.domain.principals import Role
from app.usecases.sign_in import Browser, enter_as
from tests.faces import Api
from tests.staff_accounts import POLICY, Person, enrol


class Page:
    """An answer, read."""

    def __init__(self, answer: Any) -> None:
        self.status: int = answer.status_code
        self.path = str(answer.url.path)
        self.text: str = answer.text
        self.headers: Mapping[str, str] = answer.headers
        self.tree = html.fromstring(answer.text) if answer.text.strip() else html.fromstring("<p></p>")

    def form(self, name: str) -> dict[str, Any]:
        """What a browser would send if nothing was changed; a list where several boxes of one name are ticked."""
        (found,) = [form for form in self.tree.forms if form.get("id") == f"form-{name}"]
        values: dict[str, list[str]] = {}
        for field, value in found.form_values():
            values.setdefault(field, []).append(value)
        return {field: told[0] if len(told) == 1 else told for field, told in values.items()}

    def action(self, name: str) -> str:
        (found,) = [form for form in self.tree.forms if form.get("id") == f"form-{name}"]
        return str(found.action)

    @property
    def heading(self) -> str:
        return " ".join(self.tree.xpath("string(//h1)").split())

    @property
    def said(self) -> str:
        return " ".join(self.tree.xpath("string(//*[@class='said'])").split())

    def wrong(self, field: str) -> str:
        """The sentence beside a field."""
        return " ".join(self.tree.xpath(f"string(//*[@id='{field}-wrong'])").split())

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.tree.xpath("string(//main)"))


class Visitor:
    """One browser. Follows redirects as browsers do."""

    def __init__(self, api: Api, *, base: str = "https://status.example.org") -> None:
        self.api = api
        self.client = TestClient(api.client.app, base_url=base, raise_server_exceptions=False)
        self.headers = {"sec-fetch-site": "same-origin"}

    def open(self, path: str, **headers: str) -> Page:
        return Page(self.client.get(f"/console{path}", headers={**self.headers, **headers}))

    def send(self, page: Page, form: str, /, **typed: str) -> Page:
        """Fill in a form of this page and press its button."""
        return self.post(page.action(form), {**page.form(form), **typed})

    def send_footer(self) -> Page:
        """Sign out, by the button at the end of every page."""
        (form,) = [form for form in self.open("/account").tree.forms if form.action == "/console/sign-out"]
        return self.post("/console/sign-out", dict(form.form_values()))

    def post(self, path: str, fields: Mapping[str, object], **headers: str) -> Page:
        return Page(self.client.post(path, data=dict(fields), headers={**self.headers, **headers}))

    def enter(self, name: str, role: Role) -> Person:
        """Signed in as somebody with all they need, without the half second a password costs."""
        person = enrol(self.api.db, self.api.wiring.keyring, name, role, self.api.clock.now())
        browser = Browser("192.0.2.1", "a test")
        entered = enter_as(self.api.db, person.id, browser, POLICY, self.api.clock.now())
        https = self.client.base_url.scheme == "https"
        self.client.cookies.set("__Host-clarion-session" if https else "clarion-session", entered.secret)
        return person
