"""Messages of a bot to people who linked their Telegram to themselves, and what they write back to it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import orjson

from channels.base import (
    EMPTY,
    Accepted,
    Batch,
    Failure,
    FailureKind,
    Forged,
    Inbound,
    Info,
    Label,
    Limits,
    Medium,
    Message,
    Outcome,
    PerMessage,
    Problem,
    Receipt,
    Reply,
    Secret,
    Wish,
)
from channels.http import Http, by_status, standing_headers
from channels.http import Reply as Answer

# https://core.telegram.org/bots/api#making-requests: the words are not documented, but have not changed in years.
REFUSALS: Final[Mapping[str, tuple[FailureKind, str, str]]] = {
    "bot was blocked by the user": (FailureKind.OPTED_OUT, "blocked", "They have blocked the bot."),
    "bot was kicked": (FailureKind.OPTED_OUT, "kicked", "They have removed the bot."),
    "user is deactivated": (FailureKind.RECIPIENT, "deactivated", "This account is gone."),
    "can't initiate conversation": (FailureKind.RECIPIENT, "not_begun", "They have not begun a chat with the bot."),
    "chat not found": (FailureKind.RECIPIENT, "chat_not_found", "There is no such chat."),
}
LASTING: Final = frozenset({"deactivated"})
"""Whoever has not begun a chat may begin it tomorrow, also with a new bot of ours: such an address stays in use."""
COMMANDS: Final[Mapping[str, Wish]] = {
    "start": Wish.START,
    "stop": Wish.STOP,
    "help": Wish.HELP,
    "less": Wish.LESS,
    "more": Wish.MORE,
}
ROOM: Final = 3900
"""UTF-16 units of the 4,096 a message may have (sendMessage); the rest is for marks of direction."""
RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"})
_MARK: Final = "\u200f"
_COMMAND: Final = re.compile(r"/([a-z]{1,32})(?:@\w{1,64})?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*", re.ASCII | re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{8,100}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,256}")


class TelegramBot:
    info: ClassVar[Info] = Info(
        name="chat_telegram",
        title="Telegram",
        medium=Medium.CHAT,
        limits=Limits(characters=ROOM, unit="utf16"),
        rate_per_second=25.0,
        docs_url="https://core.telegram.org/bots/api#sendmessage",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        bot_name: Annotated[str, Label("Name of the bot", "As it ends the bot's link: t.me/name.")]
        bot_token: Annotated[Secret, Label("Bot token", "From @BotFather.")]
        webhook_secret: Annotated[
            Secret, Label("Webhook secret", "What you gave setWebhook as secret_token: 16 or more of A-Z a-z 0-9 _ -.")
        ]
        base_url: Annotated[str, Label("API address")] = "https://api.telegram.org"

        def problems(self) -> Iterable[Problem]:
            if not _NAME.fullmatch(self.bot_name):
                yield Problem("name_malformed", "This is no name of a bot.", "bot_name", "Leave out the @.")
            if not _TOKEN.fullmatch(self.bot_token.reveal()):
                yield Problem("token_malformed", "This is no token of a bot.", "bot_token", "Copy it from @BotFather.")
            if not _SECRET.fullmatch(self.webhook_secret.reveal()):
                remedy = "Use 16 to 256 of A-Z a-z 0-9 _ -."
                yield Problem("secret_malformed", "Telegram takes no such secret.", "webhook_secret", remedy)

    def __init__(self, settings: Settings, http: Http) -> None:
        self._http = http
        self._token = settings.bot_token
        self._base = settings.base_url.rstrip("/")
        self._secret = settings.webhook_secret
        self._headers = standing_headers("", "application/json")
        self._bodies = PerMessage(_body)

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        return [await self._send(batch.message, one.address) for one in batch.recipients]

    async def _send(self, message: Message, chat: str) -> Outcome:
        if not chat.lstrip("-").isdigit():
            return Failure(FailureKind.RECIPIENT, "no_chat", "This is no chat that began with the bot's link.")
        url = f"{self._base}/bot{self._token.reveal()}/sendMessage"
        body = orjson.dumps({"chat_id": int(chat), **self._bodies.get(message, EMPTY)})
        reply = await self._http.call("POST", url, self._headers, body)
        return reply if isinstance(reply, Failure) else _outcome(reply)

    async def call_back_at(self, url: str) -> Outcome:
        """https://core.telegram.org/bots/api#setwebhook"""
        asked = {"url": url, "secret_token": self._secret.reveal(), "allowed_updates": ["message", "my_chat_member"]}
        where = f"{self._base}/bot{self._token.reveal()}/setWebhook"
        reply = await self._http.call("POST", where, self._headers, orjson.dumps(asked))
        if isinstance(reply, Failure) or (reply.status == 200 and reply.document().get("ok") is True):
            return reply if isinstance(reply, Failure) else Accepted("")
        return replace(by_status(reply), detail=str(reply.document().get("description", ""))[:200])

    def verify(self, inbound: Inbound, now: datetime) -> None:
        """Raise Forged without the secret token (https://core.telegram.org/bots/api#setwebhook)."""
        given = inbound.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._secret.reveal().encode()):
            raise Forged("The callback does not carry the secret token.")

    def receipts(self, inbound: Inbound) -> Sequence[Receipt]:
        """None: Telegram does not tell what became of a message."""
        return ()

    thanks: Final = ("application/json", b"{}")

    def replies(self, inbound: Inbound) -> Sequence[Reply]:
        """What somebody wrote to the bot, or that they blocked it (https://core.telegram.org/bots/api#update)."""
        update = _document(inbound.body)
        event = str(update.get("update_id") or hashlib.sha256(inbound.body).hexdigest())
        message, member = update.get("message"), update.get("my_chat_member")
        if isinstance(message, dict) and _private(message):
            return _written(message, event)
        if isinstance(member, dict) and _private(member):
            status = member.get("new_chat_member")
            if isinstance(status, dict) and status.get("status") == "kicked":
                return (Reply(_chat(member), event, "", Wish.STOP, answered=True),)
        return ()


def _body(message: Message, _names: tuple[str, ...]) -> dict[str, Any]:
    """Plain text with the headline set off by an entity: nothing in it is ever taken for a mark of formatting."""
    text, headline = message.text, str(message.data.get("headline") or "")
    if message.language.partition("-")[0] in RIGHT_TO_LEFT:
        text = "\n".join(f"{_MARK}{line}" if line else line for line in text.split("\n"))
    body: dict[str, Any] = {"text": text, "link_preview_options": {"is_disabled": True}}
    start = text.find(headline) if headline else -1
    if 0 <= start <= 1:
        length = len(headline.encode("utf-16-le")) // 2
        body["entities"] = [{"type": "bold", "offset": start, "length": length}]
    return body


def _outcome(reply: Answer) -> Outcome:
    told = reply.document()
    if reply.status == 200 and told.get("ok") is True:
        result = told.get("result")
        return Accepted(str(result.get("message_id", "")) if isinstance(result, dict) else "")
    usual = by_status(reply)
    if usual.kind is FailureKind.NOT_ACCEPTED:
        return _later(usual, told.get("parameters"))
    if reply.status in (400, 403):
        words = str(told.get("description", "")).lower()
        for part, (kind, code, detail) in REFUSALS.items():
            if part in words:
                spared = kind is FailureKind.RECIPIENT and code not in LASTING
                return Failure(kind, code, detail, spares_address=spared)
    if reply.status == 403:  # a wrong token is 401 or 404: this is about one chat, and must not stop all others
        detail = "Telegram lets the bot not write to this chat."
        return Failure(FailureKind.RECIPIENT, usual.code, detail, spares_address=True)
    return usual


def _later(usual: Failure, parameters: object) -> Failure:
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(wait, bool) or not isinstance(wait, int | float) or wait < 0:
        return usual
    return Failure(usual.kind, usual.code, usual.detail, float(wait), throttled=usual.throttled)


def _written(message: Mapping[str, Any], event: str) -> Sequence[Reply]:
    """A command is its word; the link of a personal page comes as `/start TOKEN`."""
    text = str(message.get("text") or message.get("caption") or "")
    found = _COMMAND.fullmatch(text)
    if found is None:
        return (Reply(_chat(message), event, text),)
    command, rest = found[1].lower(), found[2] or ""
    if command == "start" and rest:
        return (Reply(_chat(message), event, "", Wish.START, hands_in=rest),)
    return (Reply(_chat(message), event, command.upper(), COMMANDS.get(command)),)


def _private(event: Mapping[str, Any]) -> bool:
    """Whether it comes from one person; what is said in groups is not meant for us."""
    chat = event.get("chat")
    return isinstance(chat, dict) and chat.get("type") == "private" and isinstance(chat.get("id"), int)


def _chat(event: Mapping[str, Any]) -> str:
    return str(event["chat"]["id"])


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
