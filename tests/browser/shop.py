"""A customer's website with Clarion's widget on it, and Clarion's origins, all played by the test: no server, no wait.

The words are those of a shipped playbook, the contact channels those of the sample registry; the time is NOON unless
a test moves it, for the browser and for the origin apart.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from playwright.sync_api import Locator, Page, Route

from app.domain.banner import LiveUpdate, banner_document
from app.domain.crisis import Severity
from app.domain.playbooks import Playbook, fill_playbook
from app.domain.reading import iso
from app.domain.routing import Registry
from app.domain.sites import Site
from app.domain.slots import Reading
from app.domain.updates import UpdateDocument
from app.publishing.building import Press
from app.publishing.embedding import small_words, spoken
from tests.patience import PATIENCE
from tests.unit.site.world import LANGUAGES, NOON, TEMPLATES, press

CLARION: Final = "https://status.example.org"
OTHER: Final = "https://status.example.net"
SHOP: Final = "https://shop.example.com"
BANNER: Final = f"{CLARION}/site/main/banner.json"
KEPT: Final = f"clarion {BANNER}"
"""Where the widget keeps its last good copy."""
STRICT: Final = (
    f"default-src 'none'; script-src {CLARION}; connect-src {CLARION} {OTHER}; require-trusted-types-for 'script'; "
    "trusted-types 'none'; base-uri 'none'; form-action 'none'"
)
TAG: Final = f'<script async src="{CLARION}/site/widget.js" data-site="main"></script>'
ARABIC: Final = {
    "headline": "انقطاع الخدمة في المنطقة الشمالية",
    "acknowledgement": "نعلم كم يزعجكم هذا، ونعتذر عنه.",
    "impact": "لا يوجد إنترنت ولا هاتف في نحو 11,400 منزل.",
    "duration": "نتوقع عودة الخدمة نحو الساعة 18:00.",
    "explanation": "قُطع كابل رئيسي أثناء أعمال بناء.",
    "complications": ["قد يستغرق الإصلاح وقتًا أطول إذا هطل المطر."],
    "options": [
        {"text": "استخدموا شبكة الواي فاي المجانية في المكتبة.", "need": None, "url": "https://library.example.org/"}
    ],
    "perspective": "يعمل فريقان على الإصلاح منذ الصباح.",
    "reassurance": "لن تدفعوا مقابل هذا اليوم.",
    "links": [{"text": "خريطة المناطق المتأثرة", "url": "https://status.example.org/map"}],
}


@cache
def house() -> tuple[Press, Registry, UpdateDocument]:
    sample = json.loads((TEMPLATES / "registry" / "sample.json").read_text(encoding="utf-8"))
    registry = Registry.from_documents(sample["contact_channels"], sample["needs"], sample["routing_rules"])
    playbook = Playbook.from_document(json.loads((TEMPLATES / "playbooks" / "service-outage.json").read_text("utf-8")))
    values = {"place": "Northgate", "customers": 11_400, "until": iso(NOON + timedelta(hours=5)), "duration": "PT3H"}
    values = {name: values[name] for name in playbook.wanted("details")}
    content = fill_playbook(playbook, "details", values, playbook.languages("details"), Reading("Europe/London", NOON))
    document = {
        "crisis": "line-cut",
        "stage": "details",
        "content": {**content, "ar": ARABIC},
        "need": "technical-issue",
        "placements": {"banner": {}, "popup": {}, "landing": {}},
        "expires_at": iso(NOON + timedelta(hours=2)),
        "next_update_by": iso(NOON + timedelta(minutes=25)),
    }
    return press(CLARION), registry, UpdateDocument.from_document(document)


@cache
def _document(severity: Severity) -> dict[str, Any]:
    made, registry, update = house()
    shown = LiveUpdate(41, 1, update, {"en": "Line cut in Northgate"}, severity, NOON)
    site = Site("main", languages=LANGUAGES)
    found = banner_document(site=site, updates=[shown], registry=registry, seq=7, at=NOON, public_base=CLARION)
    words = {code: small_words(made.tongues.of(code, NOON)) for code in spoken(site, [shown])}
    return json.loads(json.dumps({**found, "drill": False, "words": words}))  # type: ignore[no-any-return]


def banner(severity: str = "major", *, only: str = "", **changes: Any) -> dict[str, Any]:
    """banner.json as published; `only`: the one placement it has; `changes`: fields put in its place."""
    document = copy.deepcopy(_document(Severity(severity)))
    document.update(changes)
    for name in document["placements"]:
        if only and name != only:
            document["placements"][name] = None
    return document


def nothing(seq: int) -> dict[str, Any]:
    """banner.json when all is well."""
    return banner("info", only="none", seq=seq) | {"severity": None}


class Shop:
    """Opens pages of the customer's website in `page`; `clarion` says what the origin answers from now on."""

    def __init__(self, page: Page, now: datetime = NOON) -> None:
        self.page = page
        self.now = now
        """By the origin's clock."""
        self.says: dict[str, Any] | str = banner()
        self.fault: Callable[[Route], None] | None = None
        self.other: dict[str, Any] | str | None = None
        self.asked = 0
        self.thrown: list[str] = []
        self.cached = 0
        """Seconds since a cache took what it answers with."""
        self.html: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self._hanging: list[Route] = []
        page.route("**/*", self._answer)

    def open(self, path: str = "/", *, head: str = TAG, body: str = "", skew: float = 0, lang: str = "en") -> None:
        """`skew`: seconds by which the visitor's clock is fast."""
        self.html[path] = (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Shop</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>'
            f"<body>{body or MAIN}</body></html>"
        )
        self.page.clock.install(time=self.now.astimezone(UTC) + timedelta(seconds=skew))
        self.page.goto(SHOP + path)

    def look(self) -> None:
        """The visitor comes back to the tab: the widget asks at once. Returns when it has taken the answer."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        if isinstance(self.says, dict) and self.fault is None:
            self.taken(self.says["seq"])

    def taken(self, seq: int) -> None:
        """Wait until the widget keeps the words with this number. Asked from here: a strict page lets nothing poll."""
        deadline = time.monotonic() + PATIENCE
        while f'"seq": {seq},' not in (self.page.evaluate(f"localStorage.getItem('{KEPT}')") or ""):
            if time.monotonic() > deadline:
                raise TimeoutError(f"number {seq} was not taken")
            self.page.wait_for_timeout(20)

    def asks(self, count: int) -> None:
        """Wait until the origin was asked so often."""
        deadline = time.monotonic() + PATIENCE
        while self.asked < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"asked {self.asked} times")
            self.page.wait_for_timeout(20)

    def jump(self, seconds: float) -> None:
        """Both clocks go on at once; what is due in between happens once."""
        self.now += timedelta(seconds=seconds)
        self.page.clock.fast_forward(int(seconds * 1000))

    def part(self, name: str) -> Locator:
        """The placement as it stands on the page: banner, popup or landing."""
        return self.page.locator(f".card.{name}")

    def unplug(self) -> None:
        self.fault = lambda route: route.abort("internetdisconnected")

    def hang(self) -> None:
        self.fault = self._hanging.append

    def plug_in(self) -> None:
        self.fault = None

    def _answer(self, route: Route) -> None:
        address = route.request.url.split("#")[0].split("?")[0]
        if address.startswith(SHOP):
            path = unquote(address.removeprefix(SHOP))
            html = self.html.get(path) or self.html.get("/") or ""
            route.fulfill(body=html, headers={"content-type": "text/html; charset=utf-8", **self.headers})
        elif address.endswith("/widget.js"):
            self._send(route, house()[0].widget.body.decode(), {"content-type": "text/javascript; charset=utf-8"})
        elif address.startswith(OTHER) and self.other is not None:
            self._send(route, self.other)
        elif address.endswith("/live"):
            self._send(route, "retry: 600000\n\n", {"content-type": "text/event-stream"})
        else:
            self.asked += 1
            if self.fault is not None:
                self.fault(route)
            else:
                self._send(route, self.says)

    def _send(self, route: Route, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None = None) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        shared = {
            "access-control-allow-origin": "*",
            "access-control-expose-headers": "etag, last-modified, date, age",
            "content-type": "application/json",
            "date": format_datetime(self.now.astimezone(UTC) - timedelta(seconds=self.cached), usegmt=True),
            **({"age": str(self.cached)} if self.cached else {}),
        }
        route.fulfill(body=text, headers={**shared, **(headers or {})})


MAIN: Final = """
<header><p>Northwind</p></header>
<main><h1>Internet and phone</h1>
<div data-clarion-slot id="home"><h2>Spring offer</h2><p>Twelve months for the price of ten.</p>
<form><label>Postcode <input id="postcode"></label></form></div>
<p><a href="/about" id="about">About us</a></p></main>
"""
