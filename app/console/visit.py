"""One request to the console: who asks, in which language, what they typed, and the ways to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.context import Context
from app.console.cookies import Jar
from app.console.entered import Entered
from app.console.words import Words
from app.domain.principals import ROLE_FOR, Actor
from app.errors import Problem, Unauthenticated
from app.usecases.resume_session import Resumed
from app.usecases.sign_in import Browser

if TYPE_CHECKING:
    from app.console.pages import Pages

ROOT = "/console"


@dataclass(slots=True)
class Visit:
    context: Context
    pages: Pages
    request: Request
    words: Words
    now: datetime
    jar: Jar
    resumed: Resumed | None
    entered: Entered = field(default_factory=Entered)
    """What was typed into the form that was sent; empty for a page that was merely opened."""
    problems: tuple[Problem, ...] = ()
    status: int = 200

    @property
    def actor(self) -> Actor:
        """Who is signed in. Raise Unauthenticated: declare the screen with a door or act that needs somebody."""
        if self.resumed is None or self.resumed.actor is None:
            raise Unauthenticated(Problem("signed_out", "Nobody is signed in.", "", "Sign in."))
        return self.resumed.actor

    def may(self, act: str) -> bool:
        """Whether to offer it at all; the use case decides."""
        actor = self.resumed.actor if self.resumed else None
        return actor is not None and actor.role.allows(ROLE_FOR[act])

    @property
    def path(self) -> Mapping[str, Any]:
        """What stands in the gaps of the address."""
        return self.request.path_params

    def query(self, name: str) -> str | None:
        """A parameter of the address, None when it is empty or not there."""
        return self.request.query_params.get(name) or None

    @property
    def browser(self) -> Browser:
        client = self.request.client
        agent = self.request.headers.get("user-agent", "")
        return Browser(client.host if client else "", agent[:200], self.jar.device)

    def show(self, template: str, /, *, status: int = 200, private: bool = False, **data: Any) -> Response:  # noqa: ANN401 - what the template reads
        """A page. After a refusal it has the refusal's status. `private`: holds a secret, so it is shown only once."""
        shown = self.pages.show(self, template, data)
        headers = {"x-shown-once": "1"} if private else None
        return Response(shown, self.status if self.problems else status, headers, "text/html; charset=utf-8")

    def go(self, path: str, *, said: str = "", **query: str) -> Response:
        """On to another screen (`path` below /console), which begins with the note `said` of notes.py."""
        wanted = {**query, "said": said} if said else query
        where = f"{ROOT}{path}" + (f"?{urlencode(wanted)}" if wanted else "")
        return RedirectResponse(where, 303)

    def say(self, message: str) -> str:
        return self.words.say(message)
