"""The service behind a real socket, for browsers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from playwright.sync_api import BrowserContext

from app.clock import SystemClock
from app.domain.principals import Role
from app.store.database import Database
from app.usecases.sign_in import Browser, enter_as
from tests.faces import Api, open_api
from tests.live import until
from tests.staff_accounts import POLICY, Person, enrol


@dataclass
class Served:
    api: Api
    base: str

    def enter(self, window: BrowserContext, name: str, role: Role) -> Person:
        """A window in which somebody is signed in, without the half second a password costs."""
        now = self.api.clock.now()
        person = enrol(self.api.db, self.api.wiring.keyring, name, role, now)
        entered = enter_as(self.api.db, person.id, Browser("127.0.0.1", "a test"), POLICY, now)
        window.add_cookies([{"name": "clarion-session", "value": entered.secret, "url": self.base}])
        return person


@contextmanager
def serving(database: Database, url: str, folder: Path) -> Iterator[Served]:
    with open_api(database, url, SystemClock(), folder, public_url="http://127.0.0.1:8000") as api:
        config = uvicorn.Config(api.client.app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Served(api, f"http://127.0.0.1:{port}")
        finally:
            server.should_exit = True
            thread.join(20)
