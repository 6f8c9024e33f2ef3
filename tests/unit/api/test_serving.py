"""The real server on a loopback port, with its engine and publisher: what only a running process can show."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from app.clock import SystemClock
from app.domain.principals import HOST, Role
from app.main import create_app
from app.settings import Settings, Timings
from app.store.database import Database
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.wiring import build
from tests.faces import SUBSCRIBERS, WORDS
from tests.patience import PATIENCE


@dataclass
class Running:
    base: str
    tokens: dict[str, str]

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **more.pop("headers", {})}
        answer = httpx2.request(method, f"{self.base}/api/v1{path}", headers=headers, timeout=PATIENCE, **more)
        assert answer.is_success, answer.text
        return answer

    def until(self, path: str, state: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            shown = self.ask("viewer", "GET", path).json()
            if shown["state"] == state:
                return shown
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)


@pytest.fixture
def running(database: Database, database_url: str, tmp_path: Path) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
        settings = Settings(
            database_url=database_url,
            secret_key="a key that only tests know, long enough",
            public_url=base,
            publish_dir=tmp_path / "site",
            timings=Timings(settle=0.5, call_timeout=20.0, control_stale=5.0),
        )
        now = SystemClock().now()
        tokens = {}
        for role in Role:
            user = create_user(database, HOST, role.value, role, now)
            tokens[role.value] = create_token(database, HOST, role.value, role, now, user_id=user.id).secret
        app = create_app(wiring=build(settings))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=10))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
        thread.start()
        try:
            yield Running(base, tokens)
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_an_approved_update_leaves_and_its_progress_streams_to_the_end(running: Running) -> None:
    ask = running.ask
    phone = {"slug": "phone", "kind": "phone", "address": "+442071838750", "names": {"en": "Phone"}}
    ask("approver", "POST", "/contact-channels", json=phone)
    ask("approver", "POST", "/needs", json={"slug": "emergency", "labels": {"en": "Emergency"}})
    rule = {"slug": "any", "need": "emergency", "contact_channels": ["phone"]}
    ask("approver", "POST", "/routing-rules", json=rule)
    ask("approver", "POST", "/sites", json={"slug": "main", "languages": ["en"]})
    for slug, channel in (("texts", "outbox.sms"), ("mail", "outbox.email")):
        ask("admin", "POST", "/endpoints", json={"slug": slug, "channel": channel})
    read_back = {"site": "main", "read_back_url": f"{running.base}/site/main/banner.json"}
    ask("admin", "POST", "/endpoints", json={"slug": "web", "channel": "site", "settings": read_back})
    ask("author", "POST", "/subscribers/import", content=SUBSCRIBERS, headers={"content-type": "text/csv"})
    ask("author", "POST", "/audiences", json={"slug": "everyone", "rule": {"all": True}})
    crisis = {"slug": "outage", "titles": {"en": "Power outage"}, "severity": "emergency"}
    ask("author", "POST", "/crises", json=crisis)
    document = {
        "stage": "details",
        "audience": "everyone",
        "endpoints": ["web", "texts", "mail"],
        "content": {"en": WORDS},
        "need": "emergency",
    }
    update = f"/updates/{ask('author', 'POST', '/crises/outage/updates', json=document).json()['id']}"
    ask("author", "POST", f"{update}/submit")
    shown = running.until(update, "submitted")
    ask("approver", "POST", f"{update}/approve", json={"count": shown["recipients"]})
    told = watch(running, update, lambda: ask("author", "POST", f"{update}/send"))
    assert told[-1][0] == "end"
    assert told[-1][1]["state"] == "done"
    assert told[-1][1]["counts"]["accepted"] == told[-1][1]["recipients"] == 5
    for _, each in told:
        assert sum(each["counts"].values()) == 5
    banner = httpx2.get(f"{running.base}/site/main/banner.json", timeout=PATIENCE)
    assert "Power is out" in banner.text
    held = httpx2.get(
        f"{running.base}/site/main/banner.json", headers={"If-None-Match": banner.headers["etag"]}, timeout=PATIENCE
    )
    assert held.status_code == 304


def watch(running: Running, update: str, act: Any) -> list[tuple[str, Any]]:
    """Every event from before `act` to the end of the stream."""
    told: list[tuple[str, Any]] = []
    headers = {"Authorization": f"Bearer {running.tokens['viewer']}"}
    url = f"{running.base}/api/v1{update}/events"
    with httpx2.stream("GET", url, headers=headers, timeout=PATIENCE) as answer:
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                told.append((name, json.loads(line.removeprefix("data: "))))
                if len(told) == 1:
                    act()
    return told
