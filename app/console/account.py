"""My own keys: password, authenticator, recovery codes, where I am signed in, tokens."""

from __future__ import annotations

from starlette.responses import Response

from app.console.forms import Fields
from app.console.joining import grouped, kept_secret, picture, seal_secret
from app.console.screens import Door, Screens
from app.console.signing_in import confirm_fresh
from app.console.visit import Visit
from app.domain.principals import Role
from app.domain.scopes import Scope
from app.errors import Invalid, Problem
from app.store import accounts, sessions, users
from app.usecases.authenticator import address_of, new_secret
from app.usecases.change_credentials import change_authenticator, change_password, renew_recovery_codes
from app.usecases.create_token import create_token
from app.usecases.end_session import end_session, end_sessions
from app.usecases.revoke_token import revoke_token

screens = Screens()


@screens.get("/account", needs=Door.SIGNED_IN)
def mine(visit: Visit) -> Response:
    actor = visit.actor
    with visit.context.db.reading() as connection:
        return visit.show(
            "account.html",
            kept=accounts.credentials(connection, actor.user_id or 0),
            codes_left=accounts.codes_left(connection, actor.user_id or 0),
            sessions=sessions.open_ones(connection, visit.now, actor.user_id or 0),
            tokens=[each for each in users.tokens_of(connection, actor.user_id or 0) if each.revoked_at is None],
            roles=[role for role in Role if actor.role.allows(role)],
            scopes=list(Scope),
        )


@screens.post("/account/password", needs=Door.SIGNED_IN, again=mine)
def password(visit: Visit) -> Response:
    typed = visit.entered
    if typed.one("password") != typed.one("repeated"):
        raise Invalid(Problem("passwords_differ", "The two are not the same.", "repeated", "Type it once more."))
    change_password(visit.context.db, visit.actor, typed.one("old"), typed.one("password"), visit.now)
    return visit.go("/account", said="password_changed")


@screens.get("/account/authenticator", needs=Door.SIGNED_IN)
def authenticator_form(visit: Visit) -> Response:
    keyring = visit.context.keyring
    secret = kept_secret(keyring, visit.entered.one("sealed")) or new_secret()
    return visit.show(
        "authenticator.html", qr=picture(address_of(secret, visit.actor.name)), secret=grouped(secret),
        sealed=seal_secret(keyring, secret),
    )  # fmt: skip


@screens.post("/account/authenticator", needs=Door.SIGNED_IN, again=authenticator_form)
def authenticator(visit: Visit) -> Response:
    context, typed = visit.context, visit.entered
    secret = kept_secret(context.keyring, typed.one("sealed"))
    if secret is None:
        raise Invalid(Problem("form_incomplete", "This form is incomplete.", "", "Open the page again."))
    _confirm(visit, "old")
    change_authenticator(context.db, context.keyring, visit.actor, secret, typed.one("code"), visit.now)
    return visit.go("/account", said="authenticator_changed")


@screens.post("/account/codes", needs=Door.SIGNED_IN, again=mine)
def codes(visit: Visit) -> Response:
    _confirm(visit, "code")
    made = renew_recovery_codes(visit.context.db, visit.actor, visit.now)
    return visit.show("codes.html", private=True, codes=made, first=False)


@screens.post("/account/sessions/{session_id:int}", needs=Door.SIGNED_IN, again=mine)
def end_one(visit: Visit) -> Response:
    end_session(visit.context.db, visit.actor, visit.path["session_id"], visit.now)
    return visit.go("/account", said="session_ended")


@screens.post("/account/sessions", needs=Door.SIGNED_IN, again=mine)
def end_others(visit: Visit) -> Response:
    end_sessions(visit.context.db, visit.actor, visit.actor.user_id or 0, visit.now)
    return visit.go("/account", said="sessions_ended")


@screens.post("/account/tokens", needs=Door.SIGNED_IN, again=mine)
def new_token(visit: Visit) -> Response:
    read = Fields(visit.entered)
    name, role, scopes = read.text("name"), read.choice("role", Role), read.choices("scopes", Scope)
    read.done()
    made = create_token(
        visit.context.db, visit.actor, name, role, visit.now, user_id=visit.actor.user_id, scopes=scopes or None
    )
    return visit.show("token.html", private=True, made=made)


@screens.post("/account/tokens/{token_id:int}", needs=Door.SIGNED_IN, again=mine)
def revoke(visit: Visit) -> Response:
    revoke_token(visit.context.db, visit.actor, visit.path["token_id"], visit.now)
    return visit.go("/account", said="token_revoked")


def _confirm(visit: Visit, name: str) -> None:
    """A code of the present authenticator, typed into this field."""
    try:
        confirm_fresh(visit, visit.entered.one(name))
    except Invalid as refusal:
        raise Invalid([Problem(one.code, one.sentence, name, one.remedy) for one in refusal.problems]) from None
