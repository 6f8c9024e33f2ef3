"""The organisation's own website: publishing writes the banner, this channel waits until readers can see it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from channels.base import Accepted, Batch, Failure, FailureKind, Info, Label, Limits, Medium, Message, Outcome
from channels.http import Http, Reply

POLL_SECONDS: Final = 0.1


class Website:
    info: ClassVar[Info] = Info(
        name="site",
        title="Website",
        medium=Medium.SITE,
        limits=Limits(),
        rate_per_second=10.0,
        concurrency=4,
        # Reading again is harmless for ever.
        key_lifetime_seconds=10 * 365 * 86_400,
        can_edit=False,
        docs_url="https://www.rfc-editor.org/rfc/rfc9111",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        site: Annotated[str, Label("Site")]
        read_back_url: Annotated[str, Label("Banner address", "Where readers fetch this site's banner.json.")]

    def __init__(self, settings: Settings, http: Http) -> None:
        self._http = http
        self._url = settings.read_back_url

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        """Accepted with provider id `seq-<n>` once the banner shows this revision; else NOT_ACCEPTED, `not_published`.

        Takes up to the HTTP client's total time-out.
        """
        last: Outcome = Failure(FailureKind.NOT_ACCEPTED, "not_published", "The website does not show the update yet.")
        try:
            async with asyncio.timeout(self._http.timeouts.total):
                while True:
                    outcome = await self._read(batch.message)
                    if isinstance(outcome, Accepted):
                        return [outcome] * len(batch.recipients)
                    last = outcome
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return [last] * len(batch.recipients)

    async def _read(self, message: Message) -> Outcome:
        reply = await self._http.call("GET", self._url, {"cache-control": "no-cache"})
        if isinstance(reply, Failure):
            # Asking changes nothing, so nothing is ambiguous about not knowing.
            return Failure(FailureKind.NOT_ACCEPTED, reply.code, reply.detail)
        if reply.status == 200 and shows(reply.document(), message.data):
            return Accepted(_sequence(reply))
        if reply.status == 200:
            return Failure(FailureKind.NOT_ACCEPTED, "not_published", "The website does not show the update yet.")
        return Failure(
            FailureKind.NOT_ACCEPTED, f"http_{reply.status}", f"The website answers {reply.status} for its banner."
        )


def shows(banner: Mapping[str, Any], data: Mapping[str, object]) -> bool:
    """Whether a banner document shows the update `data` names, in this revision or a later one."""
    shown = banner.get("updates")
    entries = [banner, *(shown if isinstance(shown, list) else [])]
    return any(_is(entry, data) for entry in entries if isinstance(entry, Mapping))


def _is(entry: Mapping[str, Any], data: Mapping[str, object]) -> bool:
    revision, wanted = entry.get("revision"), data.get("revision")
    if entry.get("update") != data.get("update") or data.get("update") is None:
        return False
    if isinstance(revision, int) and isinstance(wanted, int):
        return revision >= wanted
    return revision == wanted


def _sequence(reply: Reply) -> str:
    return f"seq-{reply.document().get('seq', 0)}"
