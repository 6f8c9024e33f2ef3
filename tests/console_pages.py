"""Every page of the console with something on it, found by following links: for the browser and the benchmark."""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import timedelta
from typing import Final

from starlette.routing import compile_path

from app.console.application import SCREENS
from app.console.screens import Door, Screen
from app.domain.principals import HOST
from app.domain.reading import iso
from app.store.documents import Kind
from app.usecases.save_document import save_document
from app.usecases.save_schedule import save_schedule
from tests.architecture.tree import ROOT
from tests.console import Visitor
from tests.faces import Api

ELSEWHERE: Final = {"/sign-in", "/sign-in/code", "/set-up", "/join/{code}", "/updates/{update_id:int}/deliveries.csv"}
"""What somebody sees who is not in yet: looked at where they come in; and what is a file."""
EXAMPLES: Final = {"/updates/{update_id:int}": 4, "/updates/{update_id:int}/approve": 2}
"""How many examples of a page are looked at; one of the others."""
MOST_PAGES: Final = 600


def furnish(api: Api) -> None:
    """One document of every register, a playbook, a schedule."""
    db, now = api.db, api.clock.now()
    playbook = json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8"))
    hours = {"starts": iso(now + timedelta(days=1)), "ends": iso(now + timedelta(days=1, hours=2))}
    documents = {
        Kind.PLAYBOOK: playbook,
        Kind.SITE: {"slug": "main", "origins": ["https://www.example.org"], "languages": ["en", "lo", "ar"]},
        Kind.FAQ: {"slug": "why", "questions": {"en": "Why?"}, "answers": {"en": "A tree."}},
        Kind.HELP_LINK: {"slug": "library", "kind": "tool", "texts": {"en": "Sockets"}, "url": "https://example.org/"},
        Kind.PLANNED_WORK: {"slug": "pipes", "titles": {"en": "New pipes"}, **hours},
        Kind.TEMPLATE: {"slug": "short", "medium": "sms", "source": "{{ headline }}", "variables": ["headline"]},
    }
    for kind, document in documents.items():
        save_document(db, HOST, kind, document["slug"], document, 0, now, templating=api.wiring.templating)
    often = {"playbook": playbook["slug"], "every": "1h", "policy": "ask"}
    save_schedule(db, HOST, "hourly", often, 0, now)


def every_page(visitor: Visitor) -> dict[str, list[str]]:
    """Screen -> addresses below /console that they come to by links; with no link, by the first number that is."""
    found: dict[str, list[str]] = {screen.path: [] for screen in _pages()}
    patterns = [(compile_path(screen.path)[0], screen.path) for screen in _pages()]
    seen, waiting = {"/"}, deque(["/"])
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.popleft()
        pattern = next((name for regex, name in patterns if regex.match(path.partition("?")[0])), None)
        if pattern is None or len(found[pattern]) >= EXAMPLES.get(pattern, 1):
            continue
        page = visitor.open(path)
        if page.status != 200:
            continue
        found[pattern].append(path)
        for link in page.tree.xpath("//main//a/@href | //nav//a/@href"):
            inside = re.match(r"/console(/[^#]*)", link)
            if inside and inside[1] not in seen:
                seen.add(inside[1])
                waiting.append(inside[1])
    for pattern in [one for one, paths in found.items() if not paths]:
        guesses = [re.sub(r"\{\w+:int\}", str(number), pattern) for number in range(1, 7)]
        found[pattern] = [path for path in guesses if "{" not in path and visitor.open(path).status == 200][:1]
    return found


def _pages() -> list[Screen]:
    return [
        screen
        for screen in SCREENS
        if screen.method == "GET" and not screen.streams and screen.needs is not Door.HALF
        and screen.path not in ELSEWHERE
    ]  # fmt: skip
