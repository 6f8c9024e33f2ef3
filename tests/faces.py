"""The whole HTTP surface over a real database, without a socket and without an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from app.clock import Clock
from app.domain.principals import HOST, Role
from app.main import create_app
from app.settings import Settings, Timings
from app.store.database import Database
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.usecases.stage_update import stage_update
from app.wiring import Wiring, build

SUBSCRIBERS = """external_id,name,email,phone,languages,timezone,area
1,Ana,ana@example.org,+442071838750,en,Europe/London,north
2,Bela,bela@example.org,,en,Europe/London,north
3,Chandra,,+442071838751,gu,Asia/Kolkata,south
"""
WORDS = {
    "headline": "Power is out in the north",
    "impact": "You have no electricity.",
    "duration": "Until 18:00.",
    "options": [{"text": "Charge at the library."}],
}


@dataclass
class Api:
    """Asks as somebody: `api.post("author", "/crises", json=...)`.

    Every role has a user of its own name; `other` is a second author, `machine` an approver's token without a user.
    """

    client: TestClient
    wiring: Wiring
    tokens: dict[str, str]
    clock: Clock

    @property
    def db(self) -> Database:
        return self.wiring.db

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

    def done(self, answer: Any) -> Any:
        """The body of an answer that must be a success."""
        assert answer.is_success, answer.text
        return answer.json()

    def prepare(self) -> None:
        """A way to reach us, two ways out, three subscribers, an audience and an open crisis."""
        channel = {"slug": "phone", "kind": "phone", "address": "+442071838750", "names": {"en": "Phone"}}
        self.done(self.post("approver", "/contact-channels", json=channel))
        self.done(self.post("approver", "/needs", json={"slug": "emergency", "labels": {"en": "Emergency"}}))
        rule = {"slug": "any", "need": "emergency", "contact_channels": ["phone"]}
        self.done(self.post("approver", "/routing-rules", json=rule))
        for slug, channel_name in (("texts", "outbox.sms"), ("mail", "outbox.email")):
            endpoint = {"slug": slug, "channel": channel_name, "rate_per_second": 10}
            self.done(self.post("admin", "/endpoints", json=endpoint))
        self.done(self.post("author", "/subscribers/import", content=SUBSCRIBERS, headers={"content-type": "text/csv"}))
        self.done(self.post("author", "/audiences", json={"slug": "everyone", "rule": {"all": True}}))
        crisis = {"slug": "outage", "titles": {"en": "Power outage"}, "severity": "emergency"}
        self.done(self.post("author", "/crises", json=crisis))

    def draft(self, **changes: Any) -> int:
        """A complete update by `author`."""
        document = {
            "stage": "details",
            "audience": "everyone",
            "endpoints": ["texts", "mail"],
            "content": {"en": WORDS},
            "need": "emergency",
            **changes,
        }
        return int(self.done(self.post("author", "/crises/outage/updates", json=document))["id"])

    def submitted(self) -> int:
        """An update with its audience listed, waiting for the second person."""
        update = self.draft()
        self.submit(update)
        return update

    def submit(self, update: int) -> None:
        """By the author, with its audience listed as the engine would."""
        self.done(self.post("author", f"/updates/{update}/submit"))
        stage_update(self.db, update, self.clock.now)

    def approved(self) -> int:
        update = self.submitted()
        count = self.done(self.get("viewer", f"/updates/{update}"))["recipients"]
        self.done(self.post("approver", f"/updates/{update}/approve", json={"count": count}))
        return update


@contextmanager
def open_api(
    database: Database,
    url: str,
    clock: Clock,
    publish_dir: Path,
    *,
    timings: Timings | None = None,
    public_url: str = "https://status.example.org",
) -> Iterator[Api]:
    """With `timings` the engine and the publisher run too, and webhooks may point to loopback."""
    settings = Settings(
        database_url=url,
        secret_key="a key that only tests know, long enough",
        public_url=public_url,
        publish_dir=publish_dir,
        timings=timings or Timings(),
    )
    tokens = {}
    for role in Role:
        user = create_user(database, HOST, role.value, role, clock.now())
        tokens[role.value] = create_token(database, HOST, role.value, role, clock.now(), user_id=user.id).secret
    other = create_user(database, HOST, "second author", Role.AUTHOR, clock.now())
    tokens["other"] = create_token(database, HOST, "other", Role.AUTHOR, clock.now(), user_id=other.id).secret
    tokens["machine"] = create_token(database, HOST, "machine", Role.APPROVER, clock.now()).secret
    works = timings is not None
    wiring = build(settings, clock=clock, allow_private=works)
    app = create_app(run_engine=works, wiring=wiring)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(client, wiring, tokens, clock)
    wiring.db.close()
