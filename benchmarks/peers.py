"""The usual ways, for comparison in the same run: no ledger, no crash safety, only calls.

`sdk`: the official SDK in a plain loop, one call a recipient. `bare`: what the provider's door allows, a loop over the
same HTTP client (or the same kept SMTP connections) with as many calls in flight as Clarion has, and ready-made bodies.
A process of its own; prints a JSON line like benchmarks.one.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

from channels.base import Failure
from channels.http import Http, standing_headers

TEXT: Final = "Power is out in the north. The portal and the shop are closed."
SIDE_BY_SIDE: Final = {"sms": 64, "email": 8, "smtp": 8}
BATCH: Final = 250


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=("sdk", "bare"), required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--medium", choices=("sms", "email", "smtp"), required=True)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--ports", type=Path, required=True)
    given = parser.parse_args()
    ports = json.loads(given.ports.read_text(encoding="utf-8"))
    cpu = time.process_time()
    seconds = _loop(given, ports) if given.way == "sdk" else uvloop.run(_bare(given, ports))
    cpu = time.process_time() - cpu
    line = {
        "people": given.people,
        "medium": given.medium,
        "sending_seconds": round(seconds, 2),
        "recipients_a_second": round(given.people / seconds),
        "recipients_a_cpu_second": round(given.people / cpu),
    }
    print(json.dumps(line))


def _loop(given: argparse.Namespace, ports: dict[str, Any]) -> float:
    send = (_twilio if given.medium == "sms" else _sendgrid)(ports, "_tls" if given.tls else "")
    started = time.perf_counter()
    for number in range(given.people):
        send(number)
    return time.perf_counter() - started


def _twilio(ports: dict[str, Any], tls: str) -> Callable[[int], object]:
    from twilio.rest import Client  # type: ignore[import-untyped]  # imported here: it is large and only one of two

    credentials = ports["credentials"]["twilio"]
    client = Client(credentials["account_sid"], credentials["auth_token"])
    client.api.base_url = ports[f"twilio{tls}"]
    return lambda number: client.messages.create(
        to=f"+1{2_000_000_000 + number}", from_=credentials["sender"], body=TEXT
    )


def _sendgrid(ports: dict[str, Any], tls: str) -> Callable[[int], object]:
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers.mail import Mail

    credentials = ports["credentials"]["sendgrid"]
    client = SendGridAPIClient(credentials["api_key"], host=ports[f"sendgrid{tls}"])

    def send(number: int) -> object:
        words = {"subject": "Power is out", "plain_text_content": TEXT}
        return client.send(Mail(from_email=credentials["sender"], to_emails=f"p{number}@example.org", **words))

    return send


async def _bare(given: argparse.Namespace, ports: dict[str, Any]) -> float:
    tls = "_tls" if given.tls else ""
    if given.medium == "smtp":
        return await _mail(given.people, ports["smtp"])
    size = BATCH if given.medium == "email" else 1
    send = (_forms if given.medium == "sms" else _documents)(ports, tls)
    starts = iter(range(0, given.people, size))

    async def sender() -> None:
        for start in starts:
            await send(range(start, min(start + size, given.people)))

    started = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(SIDE_BY_SIDE[given.medium])))
    return time.perf_counter() - started


def _forms(ports: dict[str, Any], tls: str) -> Callable[[range], Awaitable[None]]:
    credentials = ports["credentials"]["twilio"]
    login = base64.b64encode(f"{credentials['account_sid']}:{credentials['auth_token']}".encode()).decode()
    headers = standing_headers(f"Basic {login}", "application/x-www-form-urlencoded")
    url = f"{ports[f'twilio{tls}']}/2010-04-01/Accounts/{credentials['account_sid']}/Messages.json"
    http = Http()
    rest = f"&From=%2B15551234567&Body={TEXT.replace(' ', '+')}".encode()

    async def send(numbers: range) -> None:
        body = b"To=%%2B1%d%b" % (2_000_000_000 + numbers[0], rest)
        reply = await http.call("POST", url, headers, body)
        if isinstance(reply, Failure) or reply.status != 201:
            raise SystemExit(f"the provider answered {reply}")
        orjson.loads(reply.body)

    return send


def _documents(ports: dict[str, Any], tls: str) -> Callable[[range], Awaitable[None]]:
    credentials = ports["credentials"]["sendgrid"]
    headers = standing_headers(f"Bearer {credentials['api_key']}", "application/json")
    url = f"{ports[f'sendgrid{tls}']}/v3/mail/send"
    http = Http()
    rest = {
        "from": {"email": credentials["sender"]},
        "subject": "Power is out",
        "content": [{"type": "text/plain", "value": TEXT}],
    }

    async def send(numbers: range) -> None:
        people = [{"to": [{"email": f"p{number}@example.org"}]} for number in numbers]
        reply = await http.call("POST", url, headers, orjson.dumps({"personalizations": people, **rest}))
        if isinstance(reply, Failure) or reply.status != 202:
            raise SystemExit(f"the provider answered {reply}")

    return send


async def _mail(people: int, address: str) -> float:
    """Ready-made letters over as many kept connections as Clarion keeps."""
    import aiosmtplib

    host, _, port = address.partition(":")
    letter = (
        "From: help@clarion.example\r\nSubject: Power is out\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n"
    )
    numbers = iter(range(people))

    async def sender() -> None:
        connection = aiosmtplib.SMTP(hostname=host, port=int(port), use_tls=False, start_tls=False)
        await connection.connect()
        for number in numbers:
            await connection.mail("help@clarion.example")
            await connection.rcpt(f"p{number}@example.org")
            await connection.data(f"To: p{number}@example.org\r\n{letter}")
        await connection.quit()

    started = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(SIDE_BY_SIDE["smtp"])))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
