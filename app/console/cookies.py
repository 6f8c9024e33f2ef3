"""The console's cookies. With https they are bound to exactly this host (`__Host-`); plain http is for loopback."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

YEAR: Final = 365 * 86_400


@dataclass(slots=True)
class Jar:
    """Those that came, and those that go with the answer."""

    https: bool
    came: dict[str, str]
    _go: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    @property
    def session(self) -> str:
        return self._came("session")

    @property
    def device(self) -> str:
        """By which a browser is known that somebody has signed in with."""
        return self._came("device")

    @property
    def visit(self) -> str:
        """What forms are bound to before anybody is signed in."""
        return self._came("visit")

    @property
    def language(self) -> str:
        return self._came("language")

    def keep(self, name: str, value: str, seconds: int | None = None) -> None:
        """Until the browser is closed, or for so many seconds; 0 forgets it."""
        self._go[name] = (value, seconds)

    def write(self, response: Response) -> None:
        for name, (value, seconds) in self._go.items():
            response.set_cookie(
                self._name(name), value, max_age=seconds, path="/", secure=self.https, httponly=True, samesite="lax"
            )

    def _came(self, name: str) -> str:
        if name in self._go:
            return self._go[name][0]
        return self.came.get(self._name(name), "")[:200]

    def _name(self, name: str) -> str:
        return f"__Host-clarion-{name}" if self.https else f"clarion-{name}"


def jar_of(request: Request, *, https: bool) -> Jar:
    return Jar(https, dict(request.cookies))
