"""The whole service at work: HTTP in front, the engine and the publisher running, providers on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from app.clock import SystemClock
from app.domain.delivery import State
from app.store.database import Database
from tests.faces import Api, open_api
from tests.patience import PATIENCE
from tests.rig.stage import FAST

CALM: Final = FAST.model_copy(update={"lease": 6.0, "renew": 2.0, "control_stale": 5.0})
"""Nobody is killed here, and real seconds pass: a busy machine must not take a lease or a reading for too old."""
OVER: Final = frozenset({"done", "expired", "cancelled", "superseded"})


@contextmanager
def open_live(database: Database, url: str, publish_dir: Path) -> Iterator[Live]:
    with open_api(database, url, SystemClock(), publish_dir, timings=CALM) as api:
        yield Live(api)


class Live:
    """What people do, over HTTP; every wait ends after PATIENCE."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def endpoint(self, slug: str, channel: str, settings: Mapping[str, object], rate: float = 10_000) -> None:
        document = {"slug": slug, "channel": channel, "settings": dict(settings), "rate_per_second": rate}
        self.api.done(self.api.put("admin", f"/endpoints/{slug}", json=document))

    def approve(self, update: int) -> None:
        """Submit as the author, wait for the list, approve as the approver."""
        self.api.done(self.api.post("author", f"/updates/{update}/submit"))
        until(lambda: self.read(update)["state"] == "submitted")
        approval = {"count": self.read(update)["recipients"]}
        self.api.done(self.api.post("approver", f"/updates/{update}/approve", json=approval))

    def broadcast(self, update: int) -> Mapping[str, int]:
        """From the draft until nothing moves any more: the counts that are not zero."""
        self.approve(update)
        self.api.done(self.api.post("author", f"/updates/{update}/send"))
        return self.outcome(update)

    def outcome(self, update: int) -> Mapping[str, int]:
        moving = {State.QUEUED, State.SENDING, State.RETRY_WAIT}
        until(lambda: self.read(update)["state"] in OVER)
        until(lambda: not any(self.read(update)["counts"][state] for state in moving))
        shown = self.read(update)
        assert sum(shown["counts"].values()) == shown["recipients"]
        return {state: number for state, number in shown["counts"].items() if number}

    def draft(self, **fields: Any) -> int:
        expires = (self.api.clock.now() + timedelta(hours=1)).isoformat()
        return self.api.draft(**{"expires_at": expires, **fields})

    def read(self, update: int) -> dict[str, Any]:
        found: dict[str, Any] = self.api.done(self.api.get("viewer", f"/updates/{update}"))
        return found

    def page(self, path: str) -> str:
        """A public address as a visitor gets it, "" while there is nothing."""
        answer = self.api.client.get(path)
        return str(answer.text) if answer.status_code == 200 else ""


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # the condition may be about anything, so nothing can announce it
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.02)


def written(folder: Path) -> list[dict[str, Any]]:
    """What the outbox channels wrote into this folder."""
    return [orjson.loads(line) for file in sorted(folder.glob("*.ndjson")) for line in file.read_bytes().splitlines()]
