"""Every page of the console with something on it, found by following links: for the browser and the benchmark."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Final

from starlette.routing import compile_path

from app.console.application import SCREENS
from app.console.screens import Door, Screen
from app.domain.imports import Plan
from app.domain.principals import HOST
from app.domain.reading import iso
from app.store.documents import Kind
from app.usecases import manage_imports
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_schedule import save_schedule
from tests.architecture.tree import ROOT
from tests.console import Visitor
from tests.faces import Api

ELSEWHERE: Final = {
    "/sign-in",
    "/sign-in/code",
    "/set-up",
    "/join/{code}",
    "/translate/{token}",
    "/shown/preview/{name}",
    "/updates/{update_id:int}/shop/{language}",
    "/updates/{update_id:int}/deliveries.csv",
    "/updates/{update_id:int}/left-out.csv",
    "/imports/{number:int}/errors.csv",
    "/subscribers.csv",
}
"""What somebody sees who is not in, what frames and scripts read, and a file of everybody: looked at elsewhere."""
EXAMPLES: Final = {"/updates/{update_id:int}": 4, "/updates/{update_id:int}/approve": 2}
"""How many examples of a page are looked at; one of the others."""
MOST_PAGES: Final = 600
EVERY_KIND: Final = """area = north and not language in (en, gu) and (tariff = business or balance > 50 or
since < 2026-01-31 or has tariff or postcode = N1) and not (customer = 1 and (topic = power or
consent(sms, power) or reachable(sms))) and (got(update 1, sms) or delivery(update 1, failed) or audience = everyone)"""
OWN_FORM: Final = "{{ headline }}{% for one in routes %} {{ one.address }}{% endfor %}"
"""The least that a template has to say."""


def furnish(api: Api) -> None:
    """One document of every register, a playbook, a schedule, a list that was tried."""
    db, now = api.db, api.clock.now()
    playbook = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
    hours = {"starts": iso(now + timedelta(days=1)), "ends": iso(now + timedelta(days=1, hours=2))}
    documents = {
        Kind.PLAYBOOK: playbook,
        Kind.SITE: {"slug": "main", "origins": ["https://www.example.org"], "languages": ["en", "lo", "ar"]},
        Kind.TOPIC: {"slug": "power", "names": {"en": "Power"}},
        Kind.AREA: {"slug": "north", "names": {"en": "North"}},
        Kind.FAQ: {"slug": "why", "questions": {"en": "Why?"}, "answers": {"en": "A tree."}},
        Kind.HELP_LINK: {"slug": "library", "kind": "tool", "texts": {"en": "Sockets"}, "url": "https://example.org/"},
        Kind.PLANNED_WORK: {"slug": "pipes", "titles": {"en": "New pipes"}, **hours},
        Kind.TEMPLATE: {
            "slug": "short",
            "medium": "sms",
            "source": OWN_FORM,
        },
    }
    for kind, document in documents.items():
        save_document(db, HOST, kind, document["slug"], document, 0, now, templating=api.wiring.templating)
    often = {"playbook": playbook["slug"], "every": "1h", "policy": "ask"}
    save_schedule(db, HOST, "hourly", often, 0, now)
    file, keyring = BytesIO(b"Customer No,Mobile,Notes\n1,+447911123456,x\n2,12,y\n"), api.wiring.keyring
    number = manage_imports.hand_in(db, keyring, HOST, file, "people.csv", Plan(), now)
    columns = {"Customer No": "external_id", "Mobile": "phone"}
    manage_imports.save_mapping(db, HOST, "crm", columns)
    manage_imports.begin(db, HOST, number, Plan(columns, dry=True), now)
    manage_imports.carry_on(db, keyring, now, lambda: None)


def furnish_rule(api: Api) -> None:
    """An audience by every kind of condition; update 1 has gone out."""
    save_audience(api.db, HOST, "all-kinds", {"text": EVERY_KIND}, 0, api.clock.now())


@dataclass
class Found:
    """Screen -> addresses below /console."""

    pages: dict[str, list[str]] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)
    """What other pages load: fragments, frames, files."""

    @property
    def missing(self) -> list[str]:
        return [screen.path for screen in _pages() if screen.path not in self.pages and screen.path not in self.parts]


def every_page(visitor: Visitor) -> Found:
    """What they come to by links and what its pages load; with no link, by the first number that is."""
    found = Found()
    patterns = [(compile_path(screen.path)[0], screen.path) for screen in _pages()]
    seen, waiting = {"/"}, deque(["/"])
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.popleft()
        pattern = next((name for regex, name in patterns if regex.match(path.partition("?")[0])), "")
        if pattern and len(found.pages.get(pattern, [])) < EXAMPLES.get(pattern, 1) and pattern not in found.parts:
            for link in sorted(_look(visitor, path, pattern, found) - seen):
                seen.add(link)
                waiting.append(link)
    for pattern in found.missing:
        guesses = [re.sub(r"\{\w+:int\}", str(number), pattern) for number in range(1, 7)]
        for path in guesses:
            if "{" not in path and pattern in found.missing:
                _look(visitor, path, pattern, found)
    return found


def _look(visitor: Visitor, path: str, pattern: str, found: Found) -> set[str]:
    """Note it, and say where it leads."""
    page = visitor.open(path)
    if page.status != 200:
        return set()
    kind = found.pages if 'id="main"' in page.text else found.parts
    kind.setdefault(pattern, []).append(path)
    links = page.tree.xpath("//main//a/@href | //nav//a/@href | //iframe/@src | //@hx-get")
    return {inside[1] for link in links if (inside := re.match(r"/console(/[^#]*)", link))}


def _pages() -> list[Screen]:
    return [
        screen
        for screen in SCREENS
        if screen.method == "GET" and not screen.streams and screen.needs is not Door.HALF
        and screen.path not in ELSEWHERE
    ]  # fmt: skip
