"""Sign in, prove it with a code, sign out, choose a language."""

from __future__ import annotations

from starlette.responses import Response

from app.console.cookies import YEAR
from app.console.held import take
from app.console.screens import Door, Screens
from app.console.visit import ROOT, Visit
from app.domain.principals import permit
from app.domain.signing_in import Standing
from app.errors import Invalid, Problem
from app.store import accounts
from app.usecases.confirm_code import confirm_code
from app.usecases.end_session import end_session
from app.usecases.sign_in import SignedIn, complete_sign_in, sign_in

screens = Screens()


@screens.get("/sign-in", needs=Door.ANYONE)
def form(visit: Visit) -> Response:
    if visit.resumed is not None and visit.resumed.actor is not None and not visit.problems:
        return visit.go("/")
    with visit.context.db.reading() as connection:
        if not accounts.anybody_complete(connection) and not visit.problems:
            return visit.go("/set-up")
    held, to = visit.entered.one("held"), visit.entered.one("to") or visit.query("to") or ""
    known = visit.resumed is not None and visit.resumed.standing is not Standing.HALF
    return visit.show("sign_in.html", held=held, to=to, known=known)


@screens.post("/sign-in", needs=Door.ANYONE, again=form)
def begin(visit: Visit) -> Response:
    context, typed = visit.context, visit.entered
    missing = [name for name in ("login", "password") if not typed.one(name)]
    if missing:
        raise Invalid([Problem("missing_field", "This is needed.", name) for name in missing])
    entered = sign_in(
        context.db, context.keyring, typed.one("login"), typed.one("password"), visit.browser, context.sessions,
        visit.now, recovery=typed.one("recovery"),
    )  # fmt: skip
    let_in(visit, entered)
    if entered.whole:
        return onward(visit)
    return visit.show("code.html", held=typed.one("held"), to=typed.one("to"))


@screens.get("/sign-in/code", needs=Door.HALF)
def code_form(visit: Visit) -> Response:
    return visit.show("code.html", held=visit.entered.one("held"), to=visit.entered.one("to"))


@screens.post("/sign-in/code", needs=Door.HALF, again=code_form)
def complete(visit: Visit) -> Response:
    context, typed = visit.context, visit.entered
    entered = complete_sign_in(
        context.db, context.keyring, visit.jar.session, typed.one("code"), visit.browser, context.sessions, visit.now
    )
    let_in(visit, entered)
    return onward(visit)


@screens.post("/sign-out", needs=Door.SIGNED_IN)
def leave(visit: Visit) -> Response:
    end_session(visit.context.db, visit.actor, visit.actor.session_id or 0, visit.now)
    visit.jar.keep("session", "", 0)
    return visit.go("/sign-in", said="signed_out")


@screens.get("/confirm", needs=Door.SIGNED_IN)
def confirm_form(visit: Visit) -> Response:
    """A fresh code before something that cannot be taken back."""
    return visit.show("confirm.html", to=visit.entered.one("to") or visit.query("to") or "/")


@screens.post("/confirm", needs=Door.SIGNED_IN, again=confirm_form)
def confirm(visit: Visit) -> Response:
    confirm_fresh(visit, visit.entered.one("code"))
    return visit.go(safe(visit.entered.one("to")), said="confirmed")


@screens.post("/language", needs=Door.ANYONE)
def speak(visit: Visit) -> Response:
    visit.jar.keep("language", visit.entered.one("language")[:20], YEAR)
    return visit.go(safe(visit.entered.one("to")))


def confirm_fresh(visit: Visit, code: str) -> None:
    """The visit's actor has proved now that it is they. Raise Invalid for a wrong code."""
    context, found = visit.context, visit.resumed
    permit(visit.actor, "read")
    browser = visit.browser
    actor = confirm_code(
        context.db, context.keyring, visit.actor, code, visit.now, network=browser.network, device=browser.device
    )
    if found is not None:
        visit.resumed = type(found)(found.standing, found.user_id, found.session_id, actor)


def let_in(visit: Visit, entered: SignedIn) -> None:
    """The browser gets the session's cookie, and is known from now on."""
    visit.jar.keep("session", entered.secret)
    visit.jar.keep("visit", "", 0)
    if entered.device:
        visit.jar.keep("device", entered.device, YEAR)


def onward(visit: Visit) -> Response:
    """Where they wanted to go; whoever was writing gets back what they wrote."""
    held = take(visit.context.keyring, visit.entered.one("held"), visit.now)
    if held is not None:
        return visit.show("again.html", held=held.words, to=f"{ROOT}{held.path}", signed_in=True)
    return visit.go(safe(visit.entered.one("to")))


def safe(path: str) -> str:
    """A screen of ours, whatever an address asked for."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain else "/"
