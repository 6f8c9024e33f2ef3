"""Steering a rig in another process."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlencode

from tests.patience import PATIENCE
from tests.rig.ledger import Accepted


class ControlClient:
    """Blocking, every call timed out; in async code `await asyncio.to_thread(control.counts)`."""

    def __init__(self, base_url: str, timeout: float = PATIENCE) -> None:
        self._base_url = base_url
        self._timeout = timeout
        # Loopback must never go through a proxy of the environment.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def counts(self) -> dict[str, Any]:
        """{provider: {requests, accepted, refused{}, first_request_at, ...}, callbacks{}, now}"""
        return cast("dict[str, Any]", self._call("GET", "/counts"))

    def addresses(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self._call("GET", "/addresses"))

    def entries(self, provider: str = "", after: int = 0) -> Iterator[Accepted]:
        """The ledger page by page; nothing in a rig that keeps counts only."""
        while True:
            page = self._text("GET", f"/ledger/{provider}?after={after}").splitlines()
            for line in page:
                entry = Accepted(**json.loads(line))
                after = entry.seq
                yield entry
            if not page:
                return

    def examples(self, provider: str = "") -> list[Accepted]:
        """The first message of each text, with its words."""
        found = cast("list[dict[str, Any]]", self._call("GET", f"/examples/{provider}"))
        return [Accepted(**one) for one in found]

    def repeats(self, provider: str = "", by: str = "body") -> dict[str, Any]:
        """{count, first[{to, what, times, seqs}]}; `by` is body, reference or address."""
        return cast("dict[str, Any]", self._call("GET", f"/repeats/{provider}?{urlencode({'by': by})}"))

    def requests(self, provider: str = "", since: float = 0.0) -> dict[str, Any]:
        """{count, last[{provider, number, at, path}]} of requests started at or after a monotonic time."""
        return cast("dict[str, Any]", self._call("GET", f"/requests/{provider}?{urlencode({'since': since})}"))

    def behave(self, provider: str, effect: str, **matching: object) -> None:
        self._call("POST", "/rules", {"provider": provider, "effect": effect, **matching})

    def rules(self) -> list[dict[str, Any]]:
        """The rules in force with how often each was `seen` and `fired`."""
        return cast("list[dict[str, Any]]", self._call("GET", "/rules"))

    def clear_rules(self, provider: str = "") -> None:
        self._call("DELETE", f"/rules/{provider}")

    def plan(self, provider: str, **plan: object) -> None:
        """`plan` are fields of callbacks.Plan."""
        self._call("PUT", f"/plan/{provider}", plan)

    def clear_plan(self, provider: str) -> None:
        self._call("DELETE", f"/plan/{provider}")

    def set_sendgrid_event_url(self, url: str) -> None:
        self._call("PUT", "/sendgrid_event_url", {"url": url})

    def aim(self, pid: int | None) -> None:
        """The process the next kill ends."""
        self._call("PUT", "/aim", {"pid": pid})

    def kills(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self._call("GET", "/kills"))

    def down(self, provider: str) -> None:
        """Refuse connections to it, shortly after this returned."""
        self._call("PUT", f"/down/{provider}")

    def up(self, provider: str) -> None:
        self._call("PUT", f"/up/{provider}")

    def expire_bluesky_sessions(self) -> None:
        self._call("PUT", "/expire_bluesky_sessions")

    def until(self, condition: Callable[[dict[str, Any]], bool], timeout: float = PATIENCE) -> dict[str, Any]:
        """Wait until the counts are so, and return them; raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while True:
            counts = self.counts()
            if condition(counts):
                return counts
            if time.monotonic() > deadline:
                raise TimeoutError(f"still {counts}")
            time.sleep(0.02)

    def _call(self, method: str, path: str, document: Mapping[str, object] | None = None) -> object:
        return json.loads(self._text(method, path, document))

    def _text(self, method: str, path: str, document: Mapping[str, object] | None = None) -> str:
        """Raises ValueError with the rig's own sentence when it refuses."""
        data = json.dumps(document).encode() if document is not None else None
        request = urllib.request.Request(self._base_url + path, data=data, method=method)
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return cast("bytes", answer.read()).decode()
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from None
