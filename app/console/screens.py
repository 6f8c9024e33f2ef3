"""Every screen says here who may see it; the gate enforces it and the tests' matrix of roles and routes reads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from starlette.responses import Response

from app.console.visit import Visit
from app.domain.principals import ROLE_FOR, Role

Shows = Callable[[Visit], Response]
Streams = Callable[[Visit], Awaitable[Response]]
Handler = TypeVar("Handler", Shows, Streams)


class Door(StrEnum):
    """Of what is not an act of ROLE_FOR."""

    ANYONE = "anyone"
    HALF = "half"
    """Whoever has typed the right password and still owes the code."""
    SIGNED_IN = "signed in"
    """Any role."""


@dataclass(frozen=True, slots=True)
class Screen:
    method: str
    path: str
    """Below /console."""
    needs: Door | str
    """A door, or the act whose role it takes."""
    handler: Shows | Streams
    again: Shows | None = None
    """A POST that is refused shows this instead, with what was typed and the refusals."""
    streams: bool = False
    uploads: bool = False
    """A POST that brings a file."""

    @property
    def least(self) -> Role | None:
        """The lowest role that gets in; None = by a door."""
        return None if isinstance(self.needs, Door) else ROLE_FOR[self.needs]


class Screens:
    """Those of one module: `screens = Screens()`, then `@screens.get("/crises", needs="read")`."""

    def __init__(self) -> None:
        self.all: list[Screen] = []

    def get(self, path: str, *, needs: Door | str) -> Callable[[Shows], Shows]:
        return self._note("GET", path, needs, None)

    def post(self, path: str, *, needs: Door | str, again: Shows | None = None) -> Callable[[Shows], Shows]:
        """Done once for each form shown, however often it is sent; checked against forgery before it is called."""
        return self._note("POST", path, needs, again)

    def upload(self, path: str, *, needs: str, again: Shows | None = None) -> Callable[[Shows], Shows]:
        """As `post`, for a form with a file: `visit.entered.file`. Nothing is read from whoever may not."""

        def note(handler: Shows) -> Shows:
            self.all.append(Screen("POST", path, _known(needs), handler, again, uploads=True))
            return handler

        return note

    def live(self, path: str, *, needs: Door | str) -> Callable[[Streams], Streams]:
        """A stream of events: the handler is a coroutine function."""

        def note(handler: Streams) -> Streams:
            self.all.append(Screen("GET", path, _known(needs), handler, streams=True))
            return handler

        return note

    def _note(self, method: str, path: str, needs: Door | str, again: Shows | None) -> Callable[[Shows], Shows]:
        def note(handler: Shows) -> Shows:
            self.all.append(Screen(method, path, _known(needs), handler, again))
            return handler

        return note


def _known(needs: Door | str) -> Door | str:
    if not isinstance(needs, Door) and needs not in ROLE_FOR:
        raise ValueError(f"{needs!r} is no act: see ROLE_FOR")
    return needs
