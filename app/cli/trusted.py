"""What trusts whoever has a shell on this machine: the schema, the first user, the first token."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from app.cli import accounts
from app.cli.desk import AsJson, at_desk, plain
from app.domain.principals import HOST, Role
from app.domain.scopes import Scope
from app.settings import Settings
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user

app = typer.Typer()
user = typer.Typer(help="People who work here.", no_args_is_help=True)
token = typer.Typer(help="Keys to the API and the command line.", no_args_is_help=True)
user.registered_commands.extend(accounts.app.registered_commands)
app.add_typer(user, name="user")
app.add_typer(token, name="token")


@app.command()
def migrate(
    expand: Annotated[
        bool, typer.Option("--expand", help="Only what processes of the last version can live with.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the schema of this version; makes an SQLite file that is not there."""
    from app.store.migrate import Phase, upgrade

    settings = Settings()
    with at_desk(settings, new=True) as desk:
        upgrade(settings.database_url, until=Phase.EXPAND if expand else Phase.CONTRACT)
        where = desk.db.url.render_as_string(hide_password=True)
        desk.answer(
            {"database": where}, lambda out: out.print(f"{where} has the schema of this version."), as_json=as_json
        )


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="As colleagues know them.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    as_json: AsJson = False,
) -> None:
    """Add somebody who works here."""
    with at_desk() as desk:
        row = create_user(desk.db, HOST, name, role, desk.now())
        desk.answer(row, lambda out: out.print(f"{row.name} is {row.role.value}."), as_json=as_json)


@token.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="Where it will be used, for example mira-laptop.")],
    role: Annotated[Role, typer.Option(help="At most the user's own.")],
    user: Annotated[str | None, typer.Option(help="Whose it is; without one it can never approve.")] = None,
    scope: Annotated[list[Scope] | None, typer.Option(help="For this only; may be given several times.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it stands on the last line and is shown this once."""
    with at_desk() as desk:
        scopes = frozenset(scope) if scope else None
        made = create_token(desk.db, HOST, name, role, desk.now(), user_name=user, scopes=scopes)
        owner = f"of {user}" if user else "of nobody"

        def show(out: Console) -> None:
            out.print(
                f"Token “{made.token.name}” {owner}, role {made.token.role.value}. Keep it: it is not shown again."
            )
            out.file.write(made.secret + "\n")

        desk.answer({**plain(made.token), "token": made.secret}, show, as_json=as_json)
