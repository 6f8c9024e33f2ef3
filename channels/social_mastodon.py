"""Posts on a Mastodon account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

import orjson

from channels.base import (
    Accepted,
    Batch,
    Failure,
    FailureKind,
    Info,
    Label,
    Limits,
    Medium,
    Message,
    Outcome,
    Problem,
    Secret,
)
from channels.http import Http, by_status, standing_headers

RATE_LIMIT_RESET: Final = "x-ratelimit-reset"
VISIBILITIES: Final = ("public", "unlisted", "private")

# https://docs.joinmastodon.org/methods/statuses/
STATUSES: Final[Mapping[int, tuple[FailureKind, str]]] = {
    404: (FailureKind.CONTENT, "There is no such post or no such instance."),
    410: (FailureKind.ACCOUNT, "The account is gone."),
    422: (FailureKind.CONTENT, "The instance refuses these words."),
}


PARENT_GONE: Final = ("http_404", "http_422")
"""What it answers, posting nothing, when the post above is not there any more: then the words stand alone."""


class MastodonPosts:
    info: ClassVar[Info] = Info(
        name="social_mastodon",
        title="Mastodon",
        medium=Medium.SOCIAL,
        limits=Limits(characters=500, unit="mastodon"),
        rate_per_second=1.0,
        concurrency=1,
        # Kept for an hour (methods/statuses#form-data-parameters); ten minutes are left for clocks and luck.
        key_lifetime_seconds=3000,
        can_edit=True,
        can_retract=True,
        can_thread=True,
        docs_url="https://docs.joinmastodon.org/methods/statuses/",
    )

    @dataclass(frozen=True, slots=True)
    class Settings:
        base_url: Annotated[str, Label("Instance", "https://mastodon.example")]
        access_token: Annotated[Secret, Label("Access token", "With the scope write:statuses.")]
        visibility: Annotated[str, Label("Visibility", "public, unlisted or private.")] = "public"

        def problems(self) -> Iterable[Problem]:
            if self.visibility not in VISIBILITIES:
                sentence = "There is no such visibility."
                yield Problem("visibility_unknown", sentence, "visibility", "public, unlisted or private.")

    def __init__(self, settings: Settings, http: Http) -> None:
        self._http = http
        self._visibility = settings.visibility
        self._url = f"{settings.base_url.rstrip('/')}/api/v1/statuses"
        self._headers = standing_headers(f"Bearer {settings.access_token.reveal()}", "application/json")

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        """The same key within its lifetime is the same post, whatever became of the first call."""
        message = batch.message
        document: dict[str, Any] = {**_words(message), "visibility": self._visibility}
        if message.reply_to:
            document["in_reply_to_id"] = message.reply_to
        key = {"idempotency-key": message.key} if message.key else None
        outcome = await self._ask("POST", self._url, document, key)
        if message.reply_to and isinstance(outcome, Failure) and outcome.code in PARENT_GONE:
            del document["in_reply_to_id"]
            outcome = await self._ask("POST", self._url, document, key)
        return [outcome] * len(batch.recipients)

    async def edit(self, provider_id: str, message: Message) -> Outcome:
        return await self._ask("PUT", f"{self._url}/{_path(provider_id)}", _words(message))

    async def retract(self, provider_id: str) -> Outcome:
        """A post that is gone already counts as retracted."""
        outcome = await self._ask("DELETE", f"{self._url}/{_path(provider_id)}", None)
        gone = isinstance(outcome, Failure) and outcome.code == "http_404"
        return Accepted(provider_id) if gone else outcome

    async def _ask(self, method: str, url: str, document: object, more: Mapping[str, str] | None = None) -> Outcome:
        body = None if document is None else orjson.dumps(document)
        reply = await self._http.call(method, url, self._headers, body, more)
        if isinstance(reply, Failure):
            return reply
        if reply.status == 200:
            return Accepted(str(reply.document().get("id", "")))
        if reply.status in STATUSES:
            kind, detail = STATUSES[reply.status]
            return Failure(kind, f"http_{reply.status}", detail)
        return by_status(reply, reset_header=RATE_LIMIT_RESET)


def _words(message: Message) -> dict[str, Any]:
    """`language` is ISO 639-1 there: the first part of ours."""
    return {"status": message.text, "language": message.language.partition("-")[0]}


def _path(provider_id: str) -> str:
    """An id as a path segment; ids are digits, so anything else is not one of theirs."""
    return "".join(sign for sign in provider_id if sign.isalnum())
