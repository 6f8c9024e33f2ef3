"""The JSON interface by which a test or the demo steers a rig in another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, cast

import orjson

from tests.rig.behaviours import Rule
from tests.rig.callbacks import Plan
from tests.rig.wire import Connection, Reply, Request

if TYPE_CHECKING:
    from tests.rig.rig import Rig

Answer = object
_Route = Callable[["Control", str, Mapping[str, object]], Answer]
PAGE: Final = 10_000


class Control:
    """Routes `METHOD /word[/provider]`; bad input is 400 {"error": sentence}."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def __call__(self, request: Request, connection: Connection) -> None:
        _, word, name = (*request.path.split("/", 2), "", "")[:3]
        route = _ROUTES.get(f"{request.method} {word}")
        if route is None:
            connection.reply(Reply.of_json(404, {"error": f"no {request.method} {request.path}"}))
            return
        values: dict[str, object] = dict(request.parameters())
        document = request.document() if request.body else {}
        if isinstance(document, dict):
            values |= document
        try:
            answer = route(self, name, values)
        except (ValueError, TypeError, KeyError) as error:
            connection.reply(Reply.of_json(400, {"error": str(error)}))
            return
        if isinstance(answer, bytes):
            connection.reply(Reply(200, answer, "application/x-ndjson"))
        else:
            connection.reply(Reply.of_json(200, answer))

    def addresses(self, name: str, values: Mapping[str, object]) -> Answer:
        return self.rig.addresses()

    def counts(self, name: str, values: Mapping[str, object]) -> Answer:
        return self.rig.counts()

    def ledger(self, name: str, values: Mapping[str, object]) -> Answer:
        """NDJSON, one page; the next one starts `after` the last line's seq."""
        after, limit = int(str(values.get("after", 0))), int(str(values.get("limit", PAGE)))
        lines: list[bytes] = []
        for entry in self.rig.ledger.entries(name or None, after):
            if len(lines) >= limit:
                break
            lines.append(orjson.dumps(asdict(entry)))
        return b"\n".join([*lines, b""])

    def examples(self, name: str, values: Mapping[str, object]) -> Answer:
        return [asdict(entry) for entry in self.rig.ledger.examples(name or None)]

    def repeats(self, name: str, values: Mapping[str, object]) -> Answer:
        found = self.rig.ledger.repeats(str(values.get("by", "body")), name or None)
        return {"count": len(found), "first": [asdict(one) for one in found[:PAGE]]}

    def requests(self, name: str, values: Mapping[str, object]) -> Answer:
        found = self.rig.ledger.requests(name or None, float(str(values.get("since", 0))))
        return {"count": len(found), "last": [asdict(one) for one in found[-PAGE:]]}

    def add_rule(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.script.add(Rule.from_document(values))
        return {}

    def rules(self, name: str, values: Mapping[str, object]) -> Answer:
        return self.rig.script.documents()

    def clear_rules(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.script.clear(name or None)
        return {}

    def plan(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.plan(name, Plan.from_document(values))
        return {}

    def clear_plan(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.plan(name, None)
        return {}

    def events_url(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.sendgrid_reports.url = str(values["url"])
        return {}

    def aim(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.killer.aim(cast("int | None", values["pid"]))
        return {}

    def kills(self, name: str, values: Mapping[str, object]) -> Answer:
        return [asdict(kill) for kill in self.rig.killer.kills]

    def down(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.schedule_down(name)
        return {}

    def up(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.schedule_up(name)
        return {}

    def expire_sessions(self, name: str, values: Mapping[str, object]) -> Answer:
        self.rig.bluesky.expire_sessions()
        return {}


_ROUTES: Final[Mapping[str, _Route]] = {
    "GET addresses": Control.addresses,
    "GET counts": Control.counts,
    "GET examples": Control.examples,
    "GET ledger": Control.ledger,
    "GET repeats": Control.repeats,
    "GET requests": Control.requests,
    "GET rules": Control.rules,
    "POST rules": Control.add_rule,
    "DELETE rules": Control.clear_rules,
    "PUT plan": Control.plan,
    "DELETE plan": Control.clear_plan,
    "PUT sendgrid_event_url": Control.events_url,
    "PUT aim": Control.aim,
    "GET kills": Control.kills,
    "PUT down": Control.down,
    "PUT up": Control.up,
    "PUT expire_bluesky_sessions": Control.expire_sessions,
}
