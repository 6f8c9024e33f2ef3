"""Channels that send nothing: for development and for drills, where every endpoint is replaced by one of these."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final

import orjson

from channels.base import Accepted, Batch, Failure, FailureKind, Info, Label, Limits, Medium, Outcome
from channels.http import Http

_DOCS: Final = "https://www.rfc-editor.org/rfc/rfc8259"


def _info(medium: Medium, limits: Limits, *, batch_size: int = 1, html: bool = False) -> Info:
    """The shape of the real thing, so that what fits here fits there."""
    return Info(
        name=f"outbox.{medium}",
        title=f"Outbox ({medium})",
        medium=medium,
        limits=limits,
        batch_size=batch_size,
        rate_per_second=10_000.0,
        renders_html=html,
        docs_url=_DOCS,
    )


class _Outbox:
    info: ClassVar[Info]

    @dataclass(frozen=True, slots=True)
    class Settings:
        directory: Annotated[
            str, Label("Folder", "Where messages are written, one JSON line each. Blank: nowhere.")
        ] = ""

    def __init__(self, settings: Settings, http: Http) -> None:
        self._directory = settings.directory

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        """Accepts everyone, with the reference as provider id; OURS when the folder cannot be written."""
        if self._directory:
            try:
                await asyncio.to_thread(self._write, batch)
            except OSError:
                return [Failure(FailureKind.OURS, "unwritable", "The folder cannot be written.")] * len(
                    batch.recipients
                )
        return [Accepted(recipient.reference) for recipient in batch.recipients]

    def _write(self, batch: Batch) -> None:
        message = batch.message
        shared = {
            "language": message.language,
            "subject": message.subject,
            "text": message.text,
            "link": message.link,
            "key": message.key,
            "drill": message.drill,
        }
        lines = [
            orjson.dumps({"to": one.address, "reference": one.reference, "fields": dict(one.fields), **shared})
            for one in batch.recipients
        ]
        folder = Path(self._directory)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{self.info.name}.ndjson").open("ab") as file:
            file.write(b"\n".join(lines) + b"\n")


class OutboxSite(_Outbox):
    info = _info(Medium.SITE, Limits())


class OutboxSocial(_Outbox):
    info = _info(Medium.SOCIAL, Limits(characters=300, unit="graphemes", utf8_bytes=3000))


class OutboxSms(_Outbox):
    info = _info(Medium.SMS, Limits(characters=1600, segments=6))


class OutboxEmail(_Outbox):
    info = _info(Medium.EMAIL, Limits(utf8_bytes=1_000_000), batch_size=250, html=True)


class OutboxChat(_Outbox):
    info = _info(Medium.CHAT, Limits(characters=2000))


class OutboxPush(_Outbox):
    info = _info(Medium.PUSH, Limits(utf8_bytes=3000))


class OutboxVoice(_Outbox):
    info = _info(Medium.VOICE, Limits(characters=4000))


class OutboxWebhook(_Outbox):
    info = _info(Medium.WEBHOOK, Limits())
