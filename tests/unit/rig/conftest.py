"""A rig, and a bare HTTP client to speak to it as a channel would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.patience import PATIENCE
from tests.rig import Rig
from tests.rig.accounts import SENDGRID_KEY, SENDGRID_SENDER, TWILIO_ACCOUNTS, TWILIO_SENDER

ACCOUNT, TOKEN = next(iter(TWILIO_ACCOUNTS.items()))


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class Caller:
    """Asks the rig's providers; every request is timed out."""

    def __init__(self, rig: Rig, session: aiohttp.ClientSession) -> None:
        self.rig = rig
        self._session = session

    async def ask(self, method: str, provider: str, path: str, *, seconds: float = PATIENCE, **how: Any) -> Answer:
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._session.request(method, self.rig.url(provider) + path, timeout=timeout, **how) as answer:
            return Answer(answer.status, answer.headers.copy(), await answer.read())

    async def text(self, to: str, body: str = "Hello", *, seconds: float = PATIENCE, **form: str) -> Answer:
        """Ask Twilio for one message."""
        data = {"To": to, "From": TWILIO_SENDER, "Body": body, **form}
        return await self.ask("POST", "twilio", messages(), data=data, headers=login(), seconds=seconds)

    async def mail(self, *to: str, **more: object) -> Answer:
        """Ask SendGrid for one mail each."""
        persons = [{"to": [{"email": one}], "custom_args": {"reference": f"ref-{one}"}} for one in to]
        content = [{"type": "text/plain", "value": "Hello -name-"}]
        document = {
            "personalizations": persons,
            "from": {"email": SENDGRID_SENDER},
            "subject": "News",
            "content": content,
            **more,
        }
        headers = {"Authorization": f"Bearer {SENDGRID_KEY}"}
        return await self.ask("POST", "sendgrid", "/v3/mail/send", json=document, headers=headers)


def messages(suffix: str = ".json") -> str:
    return f"/2010-04-01/Accounts/{ACCOUNT}/Messages{suffix}"


def login() -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with Rig() as opened:
        yield opened


@pytest.fixture
async def caller(rig: Rig) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(rig, session)


@dataclass
class Inbox:
    """An application that notes every callback it gets."""

    url: str = ""
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """(URL as called, headers in lower case, body)."""
    statuses: list[int] = field(default_factory=list)
    """What to answer next; 200 when empty."""


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    found = Inbox()

    async def take(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        found.calls.append((f"{found.url}{request.raw_path}", headers, await request.read()))
        return web.Response(status=found.statuses.pop(0) if found.statuses else 200)

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()
