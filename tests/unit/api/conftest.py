"""The API over a real database, without a socket and without an engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.clock import FrozenClock
from app.domain.principals import HOST, Role
from app.main import create_app
from app.settings import Settings
from app.store.database import Database
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.wiring import build


@dataclass
class Api:
    """Asks as somebody: `api.post("ada", "/crises", json=...)`. Each role has a user of its own name."""

    client: TestClient
    db: Database
    tokens: dict[str, str]
    clock: FrozenClock

    def ask(self, who: str, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **more.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    def get(self, who: str, path: str, **more: Any) -> Any:
        return self.ask(who, "GET", path, **more)

    def post(self, who: str, path: str, **more: Any) -> Any:
        return self.ask(who, "POST", path, **more)

    def put(self, who: str, path: str, **more: Any) -> Any:
        return self.ask(who, "PUT", path, **more)

    def delete(self, who: str, path: str, **more: Any) -> Any:
        return self.ask(who, "DELETE", path, **more)


@pytest.fixture
def api(database: Database, database_url: str, clock: FrozenClock, tmp_path: Path) -> Iterator[Api]:
    settings = Settings(
        database_url=database_url,
        secret_key="a key that only tests know, long enough",
        public_url="https://status.example.org",
        publish_dir=tmp_path / "site",
    )
    tokens = {}
    for role in Role:
        user = create_user(database, HOST, role.value, role, clock.now())
        tokens[role.value] = create_token(database, HOST, role.value, role, clock.now(), user_id=user.id).secret
    other = create_user(database, HOST, "second author", Role.AUTHOR, clock.now())
    tokens["other"] = create_token(database, HOST, "other", Role.AUTHOR, clock.now(), user_id=other.id).secret
    tokens["machine"] = create_token(database, HOST, "machine", Role.APPROVER, clock.now()).secret
    app = create_app(run_engine=False, wiring=build(settings, clock=clock))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(client, database, tokens, clock)
