"""One command instead of a request by hand: the provider brings here what people write."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.clock import SystemClock
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.save_endpoint import save_endpoint
from app.wiring import channel_facts
from tests.rig.accounts import TELEGRAM_SECRET, TELEGRAM_TOKEN
from tests.unit.cli.conftest import SECRET, Clarion


class Telegram(BaseHTTPRequestHandler):
    asked: list[tuple[str, dict[str, object]]]
    takes: list[bool]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        taken = self.takes.pop(0)
        answer = json.dumps({"ok": taken, "description": "Bad Request: bad webhook"}).encode()
        self.send_response(200 if taken else 400)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def telegram() -> Iterator[tuple[str, type[Telegram]]]:
    handler = type("Handler", (Telegram,), {"asked": [], "takes": [True, False]})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def test_telegram_is_told_where_to_bring_what_people_write(
    clarion: Clarion, telegram: tuple[str, type[Telegram]]
) -> None:
    url, heard = telegram
    settings = {
        "bot_name": "clarion_bot",
        "bot_token": TELEGRAM_TOKEN,
        "webhook_secret": TELEGRAM_SECRET,
        "base_url": url,
    }
    db, keyring = Database(f"sqlite:///{clarion.file}"), Keyring(SECRET)
    for slug, document in (
        ("bot", {"channel": "chat_telegram", "settings": settings}),
        ("texts", {"channel": "outbox.sms", "settings": {}}),
    ):
        save_endpoint(db, keyring, channel_facts, HOST, slug, document, 0, SystemClock().now())
    db.close()
    clarion.become("ada", "author")
    assert clarion("endpoint", "webhook", "bot").code == 6
    clarion.become("carlo", "admin")
    told = clarion.json("endpoint", "webhook", "bot")["url"]
    ((path, asked),) = heard.asked
    assert path == f"/bot{TELEGRAM_TOKEN}/setWebhook"
    assert told.endswith("/callbacks/bot")
    assert (asked["url"], asked["secret_token"]) == (told, TELEGRAM_SECRET)
    refused = clarion("endpoint", "webhook", "bot")
    assert (refused.code, "bad webhook" in refused.err) == (5, True)
    assert TELEGRAM_TOKEN not in refused.err + refused.out
    other = clarion("endpoint", "webhook", "texts")
    assert (other.code, "is set at its provider" in other.err) == (1, True)
    assert clarion("endpoint", "webhook", "none").code == 3
