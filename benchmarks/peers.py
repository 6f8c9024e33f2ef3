"""The usual way, for comparison in the same run: the official SDKs in a plain loop, one call a recipient, no ledger.

Run as a process of its own; prints a JSON line like benchmarks.one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--medium", choices=("sms", "email"), required=True)
    parser.add_argument("--ports", type=Path, required=True)
    given = parser.parse_args()
    ports = json.loads(given.ports.read_text(encoding="utf-8"))
    send = _twilio(ports) if given.medium == "sms" else _sendgrid(ports)
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(given.people):
        send(number)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    line = {
        "people": given.people,
        "medium": given.medium,
        "sending_seconds": round(seconds, 2),
        "recipients_a_second": round(given.people / seconds),
        "recipients_a_cpu_second": round(given.people / cpu),
    }
    print(json.dumps(line))


def _twilio(ports: dict[str, Any]) -> Callable[[int], object]:
    from twilio.rest import Client  # type: ignore[import-untyped]  # imported here: it is large and only one of two

    credentials = ports["credentials"]["twilio"]
    client = Client(credentials["account_sid"], credentials["auth_token"])
    client.api.base_url = ports["twilio"]
    text = "Power is out in the north. The portal and the shop are closed."
    return lambda number: client.messages.create(
        to=f"+1{2_000_000_000 + number}", from_=credentials["sender"], body=text
    )


def _sendgrid(ports: dict[str, Any]) -> Callable[[int], object]:
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers.mail import Mail

    credentials = ports["credentials"]["sendgrid"]
    client = SendGridAPIClient(credentials["api_key"], host=ports["sendgrid"])

    def send(number: int) -> object:
        words = {"subject": "Power is out", "plain_text_content": "The portal and the shop are closed."}
        return client.send(Mail(from_email=credentials["sender"], to_emails=f"p{number}@example.org", **words))

    return send


if __name__ == "__main__":
    main()
