"""Come in by an invitation, and the first of all admins."""

from __future__ import annotations

import io
import ipaddress

import segno
from markupsafe import Markup
from starlette.responses import Response

from app.console.screens import Door, Screens
from app.console.signing_in import let_in
from app.console.visit import Visit
from app.domain.principals import HOST, Role
from app.errors import Forbidden, Invalid, Problem
from app.keyring import Keyring
from app.store import accounts
from app.usecases.accept_invitation import accept_invitation, look_at_invitation
from app.usecases.authenticator import address_of, new_secret
from app.usecases.break_glass import enter_through_broken_glass
from app.usecases.invite_user import Purpose, invite_user
from app.usecases.sign_in import enter_as

screens = Screens()


@screens.get("/join/{code}", needs=Door.ANYONE)
def invitation(visit: Visit) -> Response:
    context, code = visit.context, visit.path["code"]
    guest = look_at_invitation(context.db, context.keyring, code, visit.now)
    if guest.purpose is Purpose.BREAK_GLASS:
        return visit.show("break_glass.html")
    secret = kept_secret(context.keyring, visit.entered.one("sealed")) or new_secret()
    return visit.show(
        "join.html", guest=guest, qr=picture(address_of(secret, guest.name)), secret=grouped(secret),
        sealed=seal_secret(context.keyring, secret),
    )  # fmt: skip


@screens.post("/join/{code}", needs=Door.ANYONE, again=invitation)
def accept(visit: Visit) -> Response:
    context, typed, code = visit.context, visit.entered, visit.path["code"]
    guest = look_at_invitation(context.db, context.keyring, code, visit.now)
    if guest.purpose is Purpose.BREAK_GLASS:
        entered = enter_through_broken_glass(
            context.db, context.keyring, code, visit.browser, context.sessions, visit.now
        )
        let_in(visit, entered)
        return visit.go("/")
    secret = kept_secret(context.keyring, typed.one("sealed"))
    if secret is None:
        raise Invalid(Problem("form_incomplete", "This form is incomplete.", "", "Open the link again."))
    if typed.one("password") != typed.one("repeated"):
        raise Invalid(Problem("passwords_differ", "The two are not the same.", "repeated", "Type it once more."))
    welcomed = accept_invitation(
        context.db, context.keyring, code, password=typed.one("password"), secret=secret, totp=typed.one("code"),
        now=visit.now,
    )  # fmt: skip
    let_in(visit, enter_as(context.db, welcomed.user_id, visit.browser, context.sessions, visit.now))
    return visit.show("codes.html", codes=welcomed.recovery_codes, first=True)


@screens.get("/set-up", needs=Door.ANYONE)
def first_admin(visit: Visit) -> Response:
    """While nobody can sign in: for whoever sits at this very machine."""
    with visit.context.db.reading() as connection:
        if accounts.anybody_complete(connection):
            return visit.go("/sign-in")
    return visit.show("set_up.html", here=on_this_machine(visit))


@screens.post("/set-up", needs=Door.ANYONE, again=first_admin)
def make_first_admin(visit: Visit) -> Response:
    context = visit.context
    with context.db.reading() as connection:
        ready = accounts.anybody_complete(connection)
    if ready or not on_this_machine(visit):
        sentence = "The first admin is made on the machine itself, while there is none."
        raise Forbidden(Problem("set_up_refused", sentence, "", "clarion user invite NAME --role admin"))
    typed = visit.entered
    invited = invite_user(
        context.db, context.keyring, HOST, typed.one("name"), Role.ADMIN, visit.now, email=typed.one("email")
    )
    return visit.go(f"/join/{invited.code}")


def on_this_machine(visit: Visit) -> bool:
    """Asked from loopback, by its own name, and not handed on by a proxy."""
    headers, client = visit.request.headers, visit.request.client
    name = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
    passed_on = any(name in headers for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"))
    return not passed_on and name in {"localhost", "127.0.0.1", "::1"} and client is not None and _loopback(client.host)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def picture(address: str) -> Markup:
    """The QR code as SVG for the page itself, without any style of its own."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", scale=5, border=4, xmldecl=False, svgns=True, svgclass="qr", lineclass=None, omitsize=False
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - drawn by the library from an address we made


def grouped(secret: str) -> str:
    """As people type it."""
    return " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))


def seal_secret(keyring: Keyring, secret: str) -> str:
    """For a hidden field: the authenticator's secret is nowhere else until it is proved."""
    return keyring.seal(b"authenticator:" + secret.encode()).decode()


def kept_secret(keyring: Keyring, sealed: str) -> str | None:
    if not sealed:
        return None
    try:
        kept = keyring.unseal(sealed.encode("ascii", "replace")).decode()
    except Invalid:
        return None
    return kept.removeprefix("authenticator:") if kept.startswith("authenticator:") else None
