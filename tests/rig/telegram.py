"""Telegram's Bot API: https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

from typing import Final

from tests.rig.accounts import TELEGRAM_TOKEN
from tests.rig.behaviours import Rule
from tests.rig.exchange import Ask
from tests.rig.ledger import Ledger
from tests.rig.wire import Reply, Request

MOST_UNITS: Final = 4096
_WORDS: Final = {
    400: "Bad Request: chat not found",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    429: "Too Many Requests: retry later",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Telegram:
    """Every chat exists. The ledger's `to` is the chat, the body its text."""

    name = "telegram"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def read(self, request: Request, number: int) -> Ask | Reply:
        if request.path != f"/bot{TELEGRAM_TOKEN}/sendMessage" or request.method != "POST":
            return self._refuse(401 if request.path.endswith("/sendMessage") else 404)
        document = request.document()
        asked = document if isinstance(document, dict) else {}
        text, chat = asked.get("text"), asked.get("chat_id")
        if not isinstance(text, str) or not text.strip() or not isinstance(chat, int):
            return self._refuse(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > MOST_UNITS:
            return self._refuse(400, "Bad Request: message is too long")
        return Ask(lambda: self._take(str(chat), text, number), (str(chat),), sends=True)

    def _take(self, chat: str, text: str, number: int) -> Reply:
        self._ledger.accept(self.name, chat, "", text, number)
        return Reply.of_json(200, {"ok": True, "result": {"message_id": number, "chat": {"id": int(chat)}}})

    def _refuse(self, status: int, words: str = "") -> Reply:
        self._ledger.refuse(self.name, str(status))
        return _said(status, words)

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        return _said(rule.code or status, wait=rule.wait)


def _said(status: int, words: str = "", *, wait: float = 0.0) -> Reply:
    document: dict[str, object] = {"ok": False, "error_code": status, "description": words or _WORDS[status]}
    if status == 429:
        document["parameters"] = {"retry_after": wait}
    return Reply.of_json(status, document)
