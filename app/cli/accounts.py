"""How people who work here get in and out: invitations, sessions, lost keys, broken glass. Trusts the host."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from app.cli.desk import AsJson, Desk, at_desk, plain
from app.domain.principals import HOST, Role
from app.store import sessions, users
from app.terminal import table
from app.usecases.break_glass import break_glass
from app.usecases.end_session import end_sessions
from app.usecases.invite_user import Invited, invite_user, renew_access

app = typer.Typer()

Name = Annotated[str, typer.Argument(help="As colleagues know them.")]


@app.command()
def invite(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    email: Annotated[str, typer.Option(help="They may sign in with it, and are known again by it.")] = "",
    again_of: Annotated[
        str | None, typer.Option(help="The name of an account the same person had before: it stays one person.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add somebody and make the link by which they choose a password; it stands on the last line."""
    with at_desk() as desk:
        invited = invite_user(desk.db, desk.keyring, HOST, name, role, desk.now(), email=email, again_of=again_of)
        _show(desk, invited, f"{invited.user.name} is {invited.user.role.value}. Give them this link", as_json=as_json)


@app.command()
def reset(name: Name, as_json: AsJson = False) -> None:
    """A new link for somebody who lost password or authenticator; their sessions end at once."""
    with at_desk() as desk:
        with desk.db.reading() as connection:
            user = users.by_name(connection, name)
        renewed = renew_access(desk.db, desk.keyring, HOST, user.id, desk.now())
        _show(desk, renewed, f"{name} is signed out everywhere. Give them this link", as_json=as_json)


@app.command("break-glass")
def emergency(
    reason: Annotated[str, typer.Option(help="For the audit trail and everybody who is told.")], as_json: AsJson = False
) -> None:
    """Sign in as an admin when nothing else works. Needs no other service; every place of staff is told."""
    with at_desk() as desk:
        let_in = break_glass(desk.db, desk.keyring, reason, desk.now())
        _show(desk, let_in, "Staff are told. This link lets one browser in as admin", as_json=as_json)


@app.command("sessions")
def list_sessions(
    name: Annotated[str | None, typer.Argument(help="Only theirs.")] = None,
    end: Annotated[bool, typer.Option("--end", help="Sign them out everywhere; needs a name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Who is signed in, where and since when."""
    with at_desk() as desk:
        now = desk.now()
        if end and name is None:
            raise typer.BadParameter("name whom to sign out", param_hint="NAME")
        with desk.db.reading() as connection:
            user = users.by_name(connection, name) if name is not None else None
            found = sessions.open_ones(connection, now, user.id if user else None)
            names = {one.user_id: users.get(connection, one.user_id).name for one in found}
        if end and user is not None:
            ended = end_sessions(desk.db, HOST, user.id, now)
            desk.answer({"ended": ended}, lambda out: out.print(f"{ended} sessions of {name} ended."), as_json=as_json)
            return

        def show(out: Console) -> None:
            lines = table("id", "who", "browser", "since", "last seen")
            for one in found:
                since, seen = f"{one.created_at:%Y-%m-%d %H:%M}", f"{one.seen_at:%Y-%m-%d %H:%M}"
                lines.add_row(str(one.id), names[one.user_id], one.agent[:60], since, seen)
            out.print(lines if found else "Nobody is signed in.")

        desk.answer([{**plain(one), "user": names[one.user_id]} for one in found], show, as_json=as_json)


def _show(desk: Desk, invited: Invited, sentence: str, *, as_json: bool) -> None:
    link = f"{desk.settings.public_base}/console/join/{invited.code}"

    def show(out: Console) -> None:
        out.print(f"{sentence}; it works once, until {invited.expires_at:%Y-%m-%d %H:%M} UTC.")
        out.file.write(link + "\n")

    answer = {"user": plain(invited.user), "link": link, "expires_at": plain(invited.expires_at)}
    desk.answer(answer, show, as_json=as_json)
