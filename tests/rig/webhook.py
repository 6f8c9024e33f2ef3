"""A receiver of Standard Webhooks: https://www.standardwebhooks.com."""

from __future__ import annotations

from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from tests.rig.accounts import WEBHOOK_SECRET
from tests.rig.behaviours import Rule
from tests.rig.exchange import Ask
from tests.rig.ledger import Ledger
from tests.rig.wire import Reply, Request


class Webhook:
    """Takes signed posts on any path, which is also the ledger's `to`. A repeated webhook-id is `replayed`."""

    name = "webhook"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._verifier = Verifier(WEBHOOK_SECRET)
        self._seen: set[tuple[str, str]] = set()

    def read(self, request: Request, number: int) -> Ask | Reply:
        if request.method != "POST":
            return self._refuse(405, "method")
        try:
            self._verifier.verify(request.body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            return self._refuse(401, "signature")
        if not isinstance(request.document(), dict):
            return self._refuse(400, "json")
        return Ask(lambda: self._take(request, number), (request.path,), sends=True)

    def _take(self, request: Request, number: int) -> Reply:
        event = (request.path, request.headers["webhook-id"])
        if event in self._seen:
            self._ledger.note(self.name, "replayed")
        else:
            self._seen.add(event)
            self._ledger.accept(self.name, *event, request.body.decode("utf-8", "replace"), number)
        return Reply.of_json(200, {})

    def _refuse(self, status: int, why: str) -> Reply:
        self._ledger.refuse(self.name, why)
        return Reply.of_json(status, {"error": why})

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        headers = (("Retry-After", f"{rule.wait:g}"),) if status in (429, 503) else ()
        return Reply.of_json(rule.code or status, {"error": "refused by the rig's script"}, headers)
