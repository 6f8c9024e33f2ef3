"""A bot's messages, what Telegram says about them, and what people write to it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from app.domain.message import Accepted, Failure, FailureKind, Forged, Inbound, Medium, Message, Outcome, Secret, Wish
from channels import registry
from channels.chat_telegram import TelegramBot
from channels.http import Http
from tests.conftest import NOON
from tests.rig.accounts import TELEGRAM_SECRET, TELEGRAM_TOKEN
from tests.unit.channels.answers import Answers, Say, always
from tests.unit.channels.letters import batch, message

pytestmark = pytest.mark.anyio

CHAT = "987650001"
HEADER = "x-telegram-bot-api-secret-token"
NEWS = message(Medium.CHAT, text="Sturm 🌪 & <b>Flut</b>. Bleiben Sie.\nhttps://x.example/1", language="de",
               data={"headline": "Sturm 🌪 & <b>Flut</b>"})  # fmt: skip


def bot(http: Http, url: str = "https://api.telegram.org") -> TelegramBot:
    settings = TelegramBot.Settings("clarion_bot", Secret(TELEGRAM_TOKEN), Secret(TELEGRAM_SECRET), url)
    return TelegramBot(settings, http)


async def send(http: Http, say: Say, words: Message = NEWS, to: str = CHAT) -> tuple[Outcome, list[dict[str, object]]]:
    async with Answers(say) as server:
        (outcome,) = await bot(http, server.url).send(batch(words, to))
        return outcome, [orjson.loads(request.body) for request in server.requests]


TAKEN = always(200, {"ok": True, "result": {"message_id": 42}})


async def test_words_arrive_as_they_are_with_the_headline_set_off(http: Http) -> None:
    outcome, (asked,) = await send(http, TAKEN)
    assert outcome == Accepted("42")
    assert (asked["chat_id"], asked["text"]) == (int(CHAT), NEWS.text)
    assert "parse_mode" not in asked
    assert asked["entities"] == [{"type": "bold", "offset": 0, "length": 22}], "UTF-16 units: the storm counts two"
    arabic = replace(NEWS, language="ar", text="EXERCISE: انقطع\n\n02 555", data={"headline": "EXERCISE: انقطع"})
    _, (asked,) = await send(http, TAKEN, arabic)
    assert asked["text"] == "\u200fEXERCISE: انقطع\n\n\u200f02 555", "each line is read from the right"
    assert asked["entities"] == [{"type": "bold", "offset": 1, "length": 15}]


@pytest.mark.parametrize(
    ("status", "words", "kind", "code"),
    [
        (403, "Forbidden: bot was blocked by the user", FailureKind.OPTED_OUT, "blocked"),
        (403, "Forbidden: user is deactivated", FailureKind.RECIPIENT, "deactivated"),
        (403, "Forbidden: bot can't initiate conversation with a user", FailureKind.RECIPIENT, "not_begun"),
        (403, "Forbidden: something new", FailureKind.RECIPIENT, "http_403"),
        (400, "Bad Request: chat not found", FailureKind.RECIPIENT, "chat_not_found"),
        (400, "Bad Request: message is too long", FailureKind.CONTENT, "http_400"),
        (401, "Unauthorized", FailureKind.ACCOUNT, "http_401"),
        (404, "Not Found", FailureKind.ACCOUNT, "http_404"),
        (502, "chat not found", FailureKind.AMBIGUOUS, "http_502"),
    ],
)
async def test_what_telegram_answers_has_its_meaning(
    http: Http, status: int, words: str, kind: FailureKind, code: str
) -> None:
    outcome, _ = await send(http, always(status, {"ok": False, "error_code": status, "description": words}))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == (kind, code)
    lasts = kind is not FailureKind.RECIPIENT or code == "deactivated"
    assert outcome.spares_address is not lasts, "whoever begins the chat tomorrow is reached from then on"


async def test_it_is_told_where_to_bring_what_people_write(http: Http) -> None:
    async with Answers(always(200, {"ok": True, "result": True})) as server:
        assert await bot(http, server.url).call_back_at("https://x.example/callbacks/bot") == Accepted("")
        (asked,) = server.requests
    assert orjson.loads(asked.body) == {
        "url": "https://x.example/callbacks/bot",
        "secret_token": TELEGRAM_SECRET,
        "allowed_updates": ["message", "my_chat_member"],
    }
    words = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    async with Answers(always(400, {"ok": False, "description": words})) as server:
        refused = await bot(http, server.url).call_back_at("http://x.example/callbacks/bot")
    assert isinstance(refused, Failure)
    assert refused.detail == words


@pytest.mark.parametrize(("told", "wait"), [(7, 7.0), ("7", None), (-1, None), (True, None)])
async def test_too_fast_waits_as_long_as_telegram_says(http: Http, told: object, wait: float | None) -> None:
    outcome, _ = await send(http, always(429, {"ok": False, "parameters": {"retry_after": told}}))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.retry_after, outcome.throttled) == (FailureKind.NOT_ACCEPTED, wait, True)


async def test_a_handle_that_never_began_a_chat_is_not_asked_for(http: Http) -> None:
    outcome, asked = await send(http, TAKEN, to="@ann:example.org")
    assert isinstance(outcome, Failure)
    assert (outcome.code, asked) == ("no_chat", [])


def inbound(document: object, secret: str = TELEGRAM_SECRET) -> Inbound:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return Inbound("https://x.example/callbacks/bot", {HEADER: secret} if secret else {}, body)


def written(text: str, **more: object) -> dict[str, object]:
    return {"update_id": 9, "message": {"chat": {"id": 5, "type": "private"}, "text": text, **more}}


def test_only_telegram_knows_the_secret() -> None:
    one = bot(Http())
    one.verify(inbound({}), NOON)
    for secret in ("", "another", TELEGRAM_SECRET[:-1], f"{TELEGRAM_SECRET}x", "\ud800"):
        with pytest.raises(Forged):
            one.verify(inbound({}, secret), NOON)
    assert one.receipts(inbound({})) == ()


@pytest.mark.parametrize(
    ("text", "said", "wish", "token"),
    [
        ("/start AbC-_9", "", Wish.START, "AbC-_9"),
        ("/start", "START", Wish.START, ""),
        ("/Stop@clarion_bot", "STOP", Wish.STOP, ""),
        ("/help ", "HELP", Wish.HELP, ""),
        ("/less", "LESS", Wish.LESS, ""),
        ("/weather", "WEATHER", None, ""),
        ("stop", "stop", None, ""),
        ("/start no such: token", "/start no such: token", None, ""),
        ("Is the shelter open?", "Is the shelter open?", None, ""),
    ],
)
def test_commands_are_words_of_ours_and_everything_else_stays(
    text: str, said: str, wish: Wish | None, token: str
) -> None:
    (reply,) = bot(Http()).replies(inbound(written(text)))
    assert (reply.sender, reply.event_id, reply.text, reply.wish, reply.hands_in) == ("5", "9", said, wish, token)


def test_who_blocks_the_bot_has_said_stop_and_groups_are_left_alone() -> None:
    one, chat = bot(Http()), {"id": 5, "type": "private"}
    member = {"update_id": 3, "my_chat_member": {"chat": chat, "new_chat_member": {"status": "kicked"}}}
    (reply,) = one.replies(inbound(member))
    assert (reply.wish, reply.answered) == (Wish.STOP, True)
    member["my_chat_member"] = {"chat": chat, "new_chat_member": {"status": "member"}}
    others: tuple[object, ...] = (member, written("hi", chat={"id": -5, "type": "group"}), {}, [], b"{", {"message": 7},
                     {"message": {"chat": {"id": "5", "type": "private"}}})  # fmt: skip
    for document in others:
        assert one.replies(inbound(document)) == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bot_name": "@clarion_bot"}, "settings.bot_name"),
        ({"bot_token": "110201543/../x"}, "settings.bot_token"),
        ({"webhook_secret": "short"}, "settings.webhook_secret"),
    ],
)
def test_settings_that_cannot_work_are_told(changes: dict[str, str], field: str) -> None:
    given = {"bot_name": "clarion_bot", "bot_token": TELEGRAM_TOKEN, "webhook_secret": TELEGRAM_SECRET}
    assert registry.check_settings("chat_telegram", given) == ()
    assert [one.field for one in registry.check_settings("chat_telegram", {**given, **changes})] == [field]
