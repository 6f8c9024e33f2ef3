"""One request at one provider: read it, see whether a rule applies, accept it, answer - or misbehave."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.rig.behaviours import REFUSALS, Effect, Killer, Rule, Script
from tests.rig.ledger import Ledger
from tests.rig.wire import Connection, Reply, Request


@dataclass(slots=True)
class Ask:
    """A request the provider understood."""

    accept: Callable[[], Reply]
    """Does what was asked and says the ordinary answer."""
    addresses: Sequence[str] = ()
    sends: bool = False
    """Whether it asks for messages to be sent; rules without a path apply to these only."""


class Provider(Protocol):
    name: str

    def read(self, request: Request, number: int) -> Ask | Reply:
        """Understand a request, the provider's `number`-th. A Reply is a refusal (already counted)."""
        ...

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        """The provider's own words for 400, 401, 429, 500 and 503."""
        ...


class Exchange:
    """The handler of one provider's server."""

    def __init__(self, provider: Provider, ledger: Ledger, script: Script, killer: Killer) -> None:
        self._provider = provider
        self._ledger = ledger
        self._script = script
        self._killer = killer

    def __call__(self, request: Request, connection: Connection) -> None:
        name = self._provider.name
        path = sys.intern(f"{request.method} {request.path}")
        number = self._ledger.start(name, path)
        ask = self._provider.read(request, number)
        if isinstance(ask, Reply):
            connection.reply(ask)
            return
        rule = self._script.match(name, path, ask.addresses, sends=ask.sends)
        if rule is None or rule.effect is Effect.OK:
            connection.reply(ask.accept())
        elif rule.effect in REFUSALS:
            self._ledger.refuse(name, rule.effect.value)
            connection.reply(self._provider.refusal(REFUSALS[rule.effect], rule, ask))
        else:
            self._misbehave(rule, ask, connection, number)

    def _misbehave(self, rule: Rule, ask: Ask, connection: Connection, number: int) -> None:
        match rule.effect:
            case Effect.BLACK_HOLE:
                pass
            case Effect.RESET_BEFORE:
                connection.reset()
            case Effect.KILL_BEFORE_READ:
                self._kill(rule, number)
                connection.reset()
            case Effect.LATE:
                connection.reply_later(rule.wait, ask.accept)
            case _:
                self._misbehave_after(rule, ask.accept(), ask, connection, number)

    def _misbehave_after(self, rule: Rule, reply: Reply, ask: Ask, connection: Connection, number: int) -> None:
        match rule.effect:
            case Effect.ERROR_AFTER_ACCEPT:
                connection.reply(self._provider.refusal(500, rule, ask))
            case Effect.RESET_AFTER_ACCEPT:
                connection.reset()
            case Effect.RESET_MID_REPLY:
                connection.reply_partly(reply)
            case Effect.SLOW:
                connection.reply_later(rule.wait, lambda: reply)
            case Effect.KILL_AFTER_ACCEPT:
                self._kill(rule, number)
                connection.reset()
            case Effect.KILL_AFTER_REPLY:
                connection.reply(reply)
                asyncio.get_running_loop().call_later(rule.wait, self._kill, rule, number)
            case _:
                pass  # HANG_AFTER_ACCEPT: the client waits until it gives up, or the sweep cuts the line

    def _kill(self, rule: Rule, number: int) -> None:
        self._killer.kill(self._provider.name, number, rule.effect)
