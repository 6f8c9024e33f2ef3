"""Who works here: invite, change roles, shut out, make a new link, end sessions."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from app.console.forms import Fields
from app.console.screens import Screens
from app.console.visit import ROOT, Visit
from app.domain.principals import Role
from app.store import accounts, sessions, users
from app.usecases.change_user import change_user
from app.usecases.end_session import end_session, end_sessions
from app.usecases.invite_user import Invited, invite_user, renew_access

screens = Screens()


@dataclass(frozen=True, slots=True)
class Newcomer:
    name: str
    role: Role
    email: str
    again_of: str

    @classmethod
    def read(cls, visit: Visit) -> Newcomer:
        read = Fields(visit.entered)
        wanted = cls(
            read.text("name"), read.choice("role", Role), read.text("email", required=False, longest=320),
            read.text("again_of", required=False),
        )  # fmt: skip
        read.done()
        return wanted


@screens.get("/people", needs="create_user")
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = users.page(connection, cursor=visit.query("cursor"), limit=50)
        kept = accounts.all_credentials(connection, [row.id for row in page.items])
        invited = accounts.waiting_invitations(connection, visit.now)
    rows = [(row, kept.get(row.id), invited.get(row.id)) for row in page.items]
    return visit.show("people.html", rows=rows, next_cursor=page.next_cursor, roles=list(Role))


@screens.post("/people", needs="invite_user", again=listing)
def invite(visit: Visit) -> Response:
    wanted, context = Newcomer.read(visit), visit.context
    invited = invite_user(
        context.db, context.keyring, visit.actor, wanted.name, wanted.role, visit.now, email=wanted.email,
        again_of=wanted.again_of or None,
    )  # fmt: skip
    return _link(visit, invited)


@screens.get("/people/{user_id:int}", needs="create_user")
def one(visit: Visit) -> Response:
    user_id = visit.path["user_id"]
    with visit.context.db.reading() as connection:
        row = users.get(connection, user_id)
        kept = accounts.credentials(connection, user_id)
        first = users.get(connection, kept.person).name if kept.person else ""
        return visit.show(
            "person.html",
            row=row,
            kept=kept,
            first=first,
            roles=list(Role),
            sessions=sessions.open_ones(connection, visit.now, user_id),
            tokens=[each for each in users.tokens_of(connection, user_id) if each.revoked_at is None],
        )


@screens.post("/people/{user_id:int}", needs="change_user", again=one)
def change(visit: Visit) -> Response:
    read = Fields(visit.entered)
    role, disabled = read.choice("role", Role), read.flag("disabled")
    read.done()
    change_user(visit.context.db, visit.actor, visit.path["user_id"], role=role, disabled=disabled, now=visit.now)
    return visit.go(f"/people/{visit.path['user_id']}", said="user_changed")


@screens.post("/people/{user_id:int}/link", needs="invite_user", again=one)
def new_link(visit: Visit) -> Response:
    context = visit.context
    return _link(visit, renew_access(context.db, context.keyring, visit.actor, visit.path["user_id"], visit.now))


@screens.post("/people/{user_id:int}/sign-out", needs="end_sessions", again=one)
def sign_out(visit: Visit) -> Response:
    end_sessions(visit.context.db, visit.actor, visit.path["user_id"], visit.now)
    return visit.go(f"/people/{visit.path['user_id']}", said="sessions_ended")


@screens.post("/people/{user_id:int}/sessions/{session_id:int}", needs="end_sessions", again=one)
def end_one(visit: Visit) -> Response:
    end_session(visit.context.db, visit.actor, visit.path["session_id"], visit.now)
    return visit.go(f"/people/{visit.path['user_id']}", said="session_ended")


def _link(visit: Visit, invited: Invited) -> Response:
    link = f"{visit.context.public_base}{ROOT}/join/{invited.code}"
    return visit.show("invited.html", private=True, invited=invited, link=link)
