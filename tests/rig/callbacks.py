"""What the providers report later: signed callbacks, on time, late, twice, shuffled, lost or forged."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Protocol
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from tests.rig.accounts import TWILIO_ACCOUNTS
from tests.rig.sendgrid import Mail
from tests.rig.signing import EventKey, sign_twilio
from tests.rig.twilio import Sms

ATTEMPT_SECONDS: Final = 5.0
LONG_AGO: Final = 1_000_000_000
"""September 2001, for old timestamps."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one provider reports about what it accepted from now on."""

    statuses: tuple[str, ...] = ()
    """In order; () = Twilio: sent, delivered; SendGrid: processed, delivered."""
    delay_seconds: float = 0.05
    duplicates: int = 0
    """So many extra copies of each report."""
    shuffle: bool = False
    """Reports of one message arrive in any order, spread over three times the delay."""
    drop_share: float = 0.0
    forge_share: float = 0.0
    """For this part of the reports, an extra lying one with a wrong signature is sent as well."""
    old_timestamp_share: float = 0.0
    """SendGrid: an extra copy, rightly signed under a timestamp of 2001. Twilio: RawDlrDoneDate of 2001."""
    undelivered_share: float = 0.0
    """This part of the messages ends as undelivered (Twilio) or bounce (SendGrid) instead of delivered."""
    undelivered_code: int = 30005
    retries: int = 2
    """After a 5xx answer, a refused connection or a time-out."""
    batch: int = 100
    """SendGrid: events in one request at most."""
    seed: int = 0

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Plan:
        """Raises ValueError on an unknown field."""
        unknown = set(document) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown in a plan: {sorted(unknown)}")
        values = dict(document)
        if isinstance(values.get("statuses"), list):
            values["statuses"] = tuple(values["statuses"])  # type: ignore[arg-type]  # a list was just seen
        return cls(**values)  # type: ignore[arg-type]  # the names are checked, the rig is a test tool


@dataclass(frozen=True, slots=True)
class Letter:
    """One HTTP request of a callback; `kind`: genuine, duplicate, forged or old."""

    kind: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Post(Protocol):
    """Letters that must be sent one after the other, made only when their turn comes."""

    @property
    def retries(self) -> int: ...

    @property
    def weight(self) -> int:
        """How many reports it holds."""
        ...

    def letters(self) -> Iterator[Letter]: ...


class Pump:
    """Sends posts when they are due: bounded waiting, bounded concurrency, every attempt timed out."""

    def __init__(self, limit: int = 200_000, concurrency: int = 16) -> None:
        self.counts: Counter[str] = Counter()
        """By kind: sent, and per kind and result, e.g. `genuine`, `genuine_2xx`, `forged_4xx`, `overflowed`."""
        self._limit = limit
        self._load = 0
        self._concurrency = concurrency
        self._due: list[tuple[float, int, Post]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._ready: asyncio.Queue[Post] = asyncio.Queue(concurrency * 4)
        self._tasks: list[asyncio.Task[None]] = []
        self._busy = 0

    @property
    def idle(self) -> bool:
        return not self._due and self._ready.empty() and self._busy == 0

    def add(self, seconds: float, post: Post) -> None:
        """Send it so many seconds from now; past the limit of waiting reports it is dropped and counted."""
        if self._load + post.weight > self._limit:
            self.counts["overflowed"] += post.weight
            return
        self._load += post.weight
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), post))
        self._wake.set()

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_SECONDS)
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=self._concurrency), auto_decompress=False
        )
        self._tasks = [asyncio.create_task(self._schedule())]
        self._tasks += [asyncio.create_task(self._work()) for _ in range(self._concurrency)]

    async def close(self) -> None:
        """Drop whatever is still waiting."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    async def _schedule(self) -> None:
        while True:
            if not self._due:
                self._wake.clear()
                await self._wake.wait()
            seconds = self._due[0][0] - time.monotonic()
            if seconds > 0:
                self._wake.clear()
                try:
                    async with asyncio.timeout(seconds):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            self._busy += 1
            await self._ready.put(heapq.heappop(self._due)[2])
            self._busy -= 1

    async def _work(self) -> None:
        while True:
            post = await self._ready.get()
            self._busy += 1
            for letter in post.letters():
                await self._deliver(letter, post.retries)
            self._load -= post.weight
            self._busy -= 1

    async def _deliver(self, letter: Letter, retries: int) -> None:
        self.counts[letter.kind] += 1
        address = URL(letter.url, encoded=True)  # sent exactly as signed
        for attempt in range(retries + 1):
            if attempt:
                await asyncio.sleep(0.1 * 2**attempt)
            try:
                async with self._session.post(address, data=letter.body, headers=letter.headers) as answer:
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError, OSError):
                status = 0
            self.counts[f"{letter.kind}_{f'{status // 100}xx' if status else 'failed'}"] += 1
            if status and status < 500:
                return


class TwilioReports:
    """Status callbacks: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._plan: Plan | None = None
        self._dice = random.Random(0)

    def follow(self, plan: Plan | None) -> None:
        self._plan = plan
        self._dice = random.Random(plan.seed if plan else 0)

    def __call__(self, sms: Sms) -> None:
        plan, dice = self._plan, self._dice
        if plan is None or not sms.callback:
            return
        statuses = list(plan.statuses or ("sent", "delivered"))
        if statuses[-1] == "delivered" and dice.random() < plan.undelivered_share:
            statuses[-1] = "undelivered"
        kept = [status for status in statuses if dice.random() >= plan.drop_share]
        forged = frozenset(status for status in kept if dice.random() < plan.forge_share)
        old = frozenset(status for status in kept if dice.random() < plan.old_timestamp_share)
        if statuses[-1] not in kept:  # nobody is told, but whoever asks learns it
            asyncio.get_running_loop().call_later(plan.delay_seconds, _advance, sms, statuses[-1], plan)
        groups = [[status] for status in kept] if plan.shuffle else [kept]
        for group in groups:
            seconds = plan.delay_seconds * (1 + 2 * dice.random() if plan.shuffle else 1)
            self._pump.add(seconds, _TwilioPost(sms, plan, tuple(group), forged, old))


def _advance(sms: Sms, status: str, plan: Plan) -> None:
    sms.status = status
    sms.error = plan.undelivered_code if status in ("failed", "undelivered") else None


@dataclass(frozen=True, slots=True)
class _TwilioPost:
    sms: Sms
    plan: Plan
    statuses: tuple[str, ...]
    forged: frozenset[str]
    old: frozenset[str]

    @property
    def weight(self) -> int:
        return len(self.statuses)

    @property
    def retries(self) -> int:
        return self.plan.retries

    def letters(self) -> Iterator[Letter]:
        token = TWILIO_ACCOUNTS[self.sms.account]
        for status in self.statuses:
            _advance(self.sms, status, self.plan)
            form = self._form(status)
            letter = self._letter("genuine", form, token)
            if status in self.forged:
                lie = "delivered" if status in ("failed", "undelivered") else "failed"
                yield self._letter("forged", self._form(lie), "a token nobody has")
            yield letter
            for _ in range(self.plan.duplicates):
                yield Letter("duplicate", letter.url, letter.headers, letter.body)

    def _form(self, status: str) -> dict[str, str]:
        sms = self.sms
        form = {
            "AccountSid": sms.account,
            "ApiVersion": "2010-04-01",
            "MessageSid": sms.sid,
            "SmsSid": sms.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": sms.to,
            "From": sms.sender,
        }
        if status in ("failed", "undelivered"):
            form["ErrorCode"] = str(self.plan.undelivered_code)
        if status in self.old:
            form["RawDlrDoneDate"] = "0109090146"
        return form

    def _letter(self, kind: str, form: dict[str, str], token: str) -> Letter:
        body = urlencode(form).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign_twilio(token, self.sms.callback, form),
            "I-Twilio-Idempotency-Token": f"{self.sms.sid}-{form['MessageStatus']}",
        }
        return Letter(kind, self.sms.callback, headers, body)


class SendGridReports:
    """The signed event webhook: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event."""

    def __init__(self, pump: Pump, key: EventKey) -> None:
        self.url = ""
        """Where the account's events go; "" = nowhere. One for all, as at SendGrid."""
        self.key = key
        self._pump = pump
        self._plan: Plan | None = None
        self._dice = random.Random(0)
        self._waiting: list[dict[str, object]] = []

    @property
    def idle(self) -> bool:
        return not self._waiting

    def follow(self, plan: Plan | None) -> None:
        self._plan = plan
        self._dice = random.Random(plan.seed if plan else 0)

    def __call__(self, mails: Sequence[Mail]) -> None:
        plan = self._plan
        if plan is None or not self.url:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_later(plan.delay_seconds, self._flush, plan)
        for mail in mails:
            statuses = list(plan.statuses or ("processed", "delivered"))
            if statuses[-1] == "delivered" and self._dice.random() < plan.undelivered_share:
                statuses[-1] = "bounce"
            self._waiting += [_event(mail, one) for one in statuses if self._dice.random() >= plan.drop_share]

    def _flush(self, plan: Plan) -> None:
        events, self._waiting = self._waiting, []
        if plan.shuffle:
            self._dice.shuffle(events)
        for chunk in (events[start : start + plan.batch] for start in range(0, len(events), plan.batch)):
            seconds = 2 * plan.delay_seconds * self._dice.random() if plan.shuffle else 0.0
            forged = tuple(event for event in chunk if self._dice.random() < plan.forge_share)
            old = tuple(event for event in chunk if self._dice.random() < plan.old_timestamp_share)
            self._pump.add(seconds, _SendGridPost(self.url, self.key, plan, chunk, forged, old))


@dataclass(frozen=True, slots=True)
class _SendGridPost:
    url: str
    key: EventKey
    plan: Plan
    events: Sequence[Mapping[str, object]]
    forged: Sequence[Mapping[str, object]]
    old: Sequence[Mapping[str, object]]

    @property
    def weight(self) -> int:
        return len(self.events)

    @property
    def retries(self) -> int:
        return self.plan.retries

    def letters(self) -> Iterator[Letter]:
        if self.forged:
            lies = [{**event, "event": "bounce", "type": "bounce", "sg_event_id": _id()} for event in self.forged]
            yield self._letter("forged", lies, EventKey(), int(time.time()))
        genuine = self._letter("genuine", self.events, self.key, int(time.time()))
        yield genuine
        for _ in range(self.plan.duplicates):
            yield Letter("duplicate", genuine.url, genuine.headers, genuine.body)
        if self.old:
            yield self._letter("old", self.old, self.key, LONG_AGO)

    def _letter(self, kind: str, events: Sequence[Mapping[str, object]], key: EventKey, at: int) -> Letter:
        body = orjson.dumps(events) + b"\r\n"
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Timestamp": str(at),
            "X-Twilio-Email-Event-Webhook-Signature": key.sign(str(at), body),
        }
        return Letter(kind, self.url, headers, body)


def _id() -> str:
    return secrets.token_urlsafe(16)


def _event(mail: Mail, status: str) -> dict[str, object]:
    event: dict[str, object] = {
        **mail.arguments,
        "email": mail.to,
        "timestamp": int(time.time()),
        "event": status,
        "sg_event_id": _id(),
        "sg_message_id": mail.message_id,
        "smtp-id": f"<{mail.message_id}@rig>",
    }
    if status in ("delivered", "deferred"):
        event["response"] = "250 OK" if status == "delivered" else "451 try again"
    if status == "bounce":
        event |= {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such mailbox"}
    return event
