"""The door of webhooks that others sign with a secret of ours, as Standard Webhooks say.

Not proven, or signed more than five minutes ago: 401, and nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.clock import Clock
from app.domain.webhook_signature import Doubt, sent_at
from app.errors import Problem, TooLarge, Unauthenticated
from app.keyring import Keyring
from app.observe import CALLBACKS, logger
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Context:
    db: Database
    clock: Clock
    keyring: Keyring
    wake: Callable[[], None] = lambda: None


def _context(request: Request) -> Context:
    context: Context = request.app.state.signed_webhooks
    return context


Ctx = Annotated[Context, Depends(_context)]
Sealed = Callable[[], bytes | None]
"""Looks up the sealed secret of who claims to send, None for nobody we know."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A webhook whose signature holds."""

    body: bytes
    message: str
    """Its `webhook-id`: the same one again is the same webhook."""
    signed_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Door:
    """Where one kind of sender comes in."""

    label: str
    """In the metrics."""
    sender: str
    """In refusals: this contact channel."""
    secret_at: str
    """Where its secret is set."""
    most_bytes: int
    too_large: Problem

    async def open(self, request: Request, context: Context, sealed: Sealed, take: Callable[[Proven], str]) -> None:
        """Prove it and let `take` have it, in a thread; what it returns is counted. Raise TooLarge, Unauthenticated."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.most_bytes:
                raise TooLarge(self.too_large)
        headers = {name.lower(): value for name, value in request.headers.items()}
        await run_in_threadpool(self._let_in, context, sealed, headers, bytes(body), take)

    def _let_in(
        self, context: Context, sealed: Sealed, headers: dict[str, str], body: bytes, take: Callable[[Proven], str]
    ) -> None:
        now, secret = context.clock.now(), sealed()
        # Without a secret the signature is held against nothing, so that nobody learns which senders there are.
        proof = sent_at(context.keyring.unseal(secret), headers, body, now) if secret else Doubt.UNSIGNED
        if isinstance(proof, Doubt):
            CALLBACKS.labels(self.label, proof.value).inc()
            logger("clarion.callbacks").warning("webhook_refused", door=self.label, why=proof.value)
            raise self._refusal(proof)
        CALLBACKS.labels(self.label, take(Proven(body, headers["webhook-id"], proof, now))).inc()
        context.wake()

    def _refusal(self, doubt: Doubt) -> Unauthenticated:
        if doubt is Doubt.STALE:
            sentence = "This webhook was signed more than five minutes ago or ahead; nothing was changed."
            remedy = "Set the sender's clock, and sign again when sending again."
            return Unauthenticated(Problem("webhook_stale", sentence, "webhook-timestamp", remedy))
        sentence = f"This webhook does not carry a valid signature of {self.sender}; nothing was changed."
        remedy = f"Sign as Standard Webhooks say, with the secret set under {self.secret_at}."
        return Unauthenticated(Problem("callback_not_proven", sentence, "webhook-signature", remedy))
