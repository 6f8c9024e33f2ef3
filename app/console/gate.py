"""The one door to the console: who asks, may they, is the form our own, was it sent before; then the screen answers."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.context import Context
from app.console.cookies import jar_of
from app.console.entered import CSRF, ONCE, Entered, read_body
from app.console.forgery import from_our_own_page, right_token
from app.console.held import hold
from app.console.pages import Pages
from app.console.screens import Door, Screen, Shows, Streams
from app.console.uploading import read_upload
from app.console.visit import ROOT, Visit
from app.domain.principals import permit
from app.domain.signing_in import Standing
from app.errors import (
    ClarionError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from app.observe import logger
from app.store.database import FAULTS
from app.store.idempotency import StoredResponse
from app.usecases.replay_request import begin_request, finish_request, forget_request
from app.usecases.resume_session import resume_session

LARGEST_FORM: Final = 2 * 1024 * 1024
PATIENCE_SECONDS: Final = 10.0
"""How long the second click waits for the answer to the first."""
STATUSES: Final = {
    Invalid: 422, Unauthenticated: 401, Forbidden: 403, NotFound: 404, Conflict: 409, TooLarge: 413, Unavailable: 503,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """For the log and the counts: the address of a screen, never what stands in its gaps."""

    path: str


@dataclass(frozen=True, slots=True)
class Gate:
    context: Context
    pages: Pages
    screen: Screen

    async def __call__(self, request: Request) -> Response:
        request.scope["route"] = Pattern(ROOT + self.screen.path)
        try:
            entered = await self._read(request) if self.screen.method == "POST" else Entered()
        except ClarionError as refusal:
            return await run_in_threadpool(self._refused_unread, request, refusal)
        try:
            visit, answer = await run_in_threadpool(self._sync, request, entered)
        finally:
            if entered.file is not None:
                await run_in_threadpool(entered.file.close)
        if answer is None:
            try:
                answer = await cast("Streams", self.screen.handler)(visit)
            except ClarionError as refusal:
                answer = await run_in_threadpool(refused, visit, refusal)
        visit.jar.write(answer)
        return answer

    async def _read(self, request: Request) -> Entered:
        if not (self.screen.uploads and request.headers.get("content-type", "").startswith("multipart/form-data")):
            return await _read(request)
        return await read_upload(request) if await run_in_threadpool(self._may_upload, request) else Entered()

    def _may_upload(self, request: Request) -> bool:
        """Whoever is led to the sign-in or refused anyway fills no disk before."""
        try:
            return self._outside(self._arrive(request, Entered())) is None
        except (ClarionError, *FAULTS):
            return False

    def _refused_unread(self, request: Request, refusal: ClarionError) -> Response:
        return refused(self._arrive(request, Entered()), refusal)

    def _sync(self, request: Request, entered: Entered) -> tuple[Visit, Response | None]:
        """None: a stream, which the caller begins."""
        try:
            visit = self._arrive(request, entered)
        except FAULTS as error:
            logger("clarion.console").error("database_unavailable", kind=type(error).__name__)
            visit = self._stranger(request, entered)
            return visit, refused(visit, _down())
        try:
            return visit, self._answer(visit)
        except ClarionError as refusal:
            return visit, refused(visit, refusal)
        except FAULTS as error:
            logger("clarion.console").error("database_unavailable", kind=type(error).__name__)
            return visit, refused(visit, _down())

    def _arrive(self, request: Request, entered: Entered) -> Visit:
        visit = self._stranger(request, entered)
        if visit.jar.session:
            visit.resumed = resume_session(self.context.db, visit.jar.session, self.context.sessions, visit.now)
        return visit

    def _stranger(self, request: Request, entered: Entered) -> Visit:
        jar = jar_of(request, https=self.context.https)
        if not jar.session and not jar.visit:
            jar.keep("visit", secrets.token_urlsafe(18))
        words = self.pages.catalogues.choose(jar.language, request.headers.get("accept-language", ""))
        return Visit(self.context, self.pages, request, words, self.context.clock.now(), jar, None, entered)

    def _answer(self, visit: Visit) -> Response | None:
        posts = self.screen.method == "POST"
        ours = from_our_own_page(visit.request.headers, self.context.public_base) if posts else True
        token = posts and right_token(
            self.context.keyring, visit.jar.session or visit.jar.visit, visit.entered.one(CSRF)
        )
        if posts and (ours is False or (ours is None and not token)):
            raise _forged()
        out = self._outside(visit)
        if out is not None:
            return out
        if posts and not token:  # our own page, from before a sign-in: one more click, nothing lost
            return visit.show("again.html", status=403, held=visit.entered.words, to=visit.request.url.path)
        if self.screen.streams:
            return None
        handler = cast("Shows", self.screen.handler)
        return self._once(visit, handler) if posts else handler(visit)

    def _outside(self, visit: Visit) -> Response | None:
        """What somebody gets who may not come in; None lets them."""
        needs, found = self.screen.needs, visit.resumed
        if needs is Door.ANYONE:
            return None
        if needs is Door.HALF:
            half = found is not None and found.standing is Standing.HALF
            return None if half else RedirectResponse(f"{ROOT}/sign-in", 303)
        if found is None or found.actor is None:
            return self._sign_in_first(visit)
        if not isinstance(needs, Door):
            permit(found.actor, needs)
        return None

    def _sign_in_first(self, visit: Visit) -> Response:
        path = visit.request.url.path.removeprefix(ROOT)
        if self.screen.method == "POST":
            sealed = hold(self.context.keyring, path, visit.entered, visit.now)
            visit.entered = Entered()
            return visit.show("sign_in.html", status=401, held=sealed, to="", known=bool(visit.resumed))
        query = visit.request.url.query
        return visit.go("/sign-in", to=path + (f"?{query}" if query else ""))

    def _once(self, visit: Visit, handler: Shows) -> Response:
        """The same form sent twice is done once and answered the same."""
        once = visit.entered.one(ONCE)
        if isinstance(self.screen.needs, Door) and self.screen.needs is not Door.SIGNED_IN:
            return self._attempt(visit, handler)
        if not once:
            raise Invalid(Problem("form_incomplete", "This form is incomplete.", "", "Open the page again."))
        who, key = f"console:{visit.actor.session_id}", _fingerprint(visit)  # back, and other words: another request
        kept = self._wait_for_first(visit, who, key)
        if kept is not None:
            return Response(kept.body, kept.status, kept.headers)
        done: Response | None = None
        try:
            done = self._attempt(visit, handler)
        finally:
            if done is None or done.status_code >= 500:
                forget_request(self.context.db, who, key)
            else:
                self._keep(visit, who, key, done)
        return done

    def _keep(self, visit: Visit, who: str, key: str, done: Response) -> None:
        headers = {name: done.headers[name] for name in ("content-type", "location") if name in done.headers}
        body, status = bytes(done.body), done.status_code
        if "x-shown-once" in done.headers:  # a secret is not written down: the second answer is the screen itself
            del done.headers["x-shown-once"]
            body, status, headers = b"", 303, {"location": _back(visit)}
        try:
            finish_request(self.context.db, who, key, StoredResponse(status, headers, body), personal=True)
        except (Unavailable, *FAULTS) as error:
            logger("clarion.console").error("answer_not_kept", kind=type(error).__name__)

    def _wait_for_first(self, visit: Visit, who: str, key: str) -> StoredResponse | None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return begin_request(self.context.db, who, key, key.encode(), visit.now)
            except Conflict as refused:
                if refused.problems[0].code != "request_in_flight" or time.monotonic() > patience:
                    raise
            time.sleep(0.1)

    def _attempt(self, visit: Visit, handler: Shows) -> Response:
        try:
            return handler(visit)
        except (Invalid, Conflict, Forbidden, NotFound, Unauthenticated, Unavailable, TooLarge) as refusal:
            if self.screen.again is None:
                raise
            visit.problems, visit.status = refusal.problems, status_of(refusal)
            return self.screen.again(visit)


def refused(visit: Visit, refusal: ClarionError) -> Response:
    """A page that says why, and what to do about it."""
    visit.problems, visit.status = refusal.problems, status_of(refusal)
    return visit.show("refused.html", back=_back(visit))


def status_of(refusal: ClarionError) -> int:
    return STATUSES[next(kind for kind in type(refusal).__mro__ if kind in STATUSES)]


async def _read(request: Request) -> Entered:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise TooLarge(Problem("form_too_large", "This is too much for one form.", "", "Send it in parts."))
    return read_body(bytes(body))


def _back(visit: Visit) -> str:
    """The page the form stood on, if the browser says so and it is one of ours."""
    referrer = visit.request.headers.get("referer", "")
    own = f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}{ROOT}"
    return referrer.removeprefix(own.removesuffix(ROOT)) if referrer.startswith((f"{own}/", f"{own}?")) else f"{ROOT}/"


def _fingerprint(visit: Visit) -> str:
    """Of this form with what stands in it; each form that is shown has a number of its own among its fields."""
    fields = sorted((name, *values) for name, values in visit.entered.fields.items())
    return hashlib.sha256(f"{visit.request.url.path}\n{fields!r}".encode("utf-8", "replace")).hexdigest()


def _forged() -> Forbidden:
    sentence = "This did not come from a page of the console."
    return Forbidden(Problem("not_our_form", sentence, "", "Open the page here and send it again."))


def _down() -> Unavailable:
    sentence = "The database does not answer; nothing was changed."
    return Unavailable(Problem("database_unavailable", sentence, "", "Try again in a moment."), 2.0)
