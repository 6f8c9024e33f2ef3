"""One person: put in place, read, taken away; what they agreed to; export and erasure."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from app.api.subscribers import consent_view, view
from app.cli.desk import AsJson, at_desk, document_from
from app.domain.consent import How
from app.domain.masking import mask
from app.domain.reading import iso
from app.errors import Invalid, Problem
from app.store import subscribers
from app.terminal import table
from app.usecases.erase_subscriber import erase_subscriber
from app.usecases.export_subscriber import export_subscriber
from app.usecases.find_subscribers import find_subscribers
from app.usecases.save_subscriber import (
    PersonView,
    read_subscriber,
    remove_subscriber,
    save_subscriber,
    say_consent,
    show_subscriber,
)

app = typer.Typer(no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="ID", help="The person's external id.")]
Region = Annotated[str, typer.Option(help="Country of phone numbers without +, for example GB.")]


@app.command("save")
def save(
    who: Who,
    file: Annotated[str, typer.Option("--file", "-f", help="JSON document of the person; - reads it here.")],
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Put a person in their place, new or changed; without `addresses` those they have stay."""
    with at_desk() as desk:
        saved, new = save_subscriber(
            desk.db, desk.keyring, desk.actor, who, document_from(file), desk.now(), how=How.STAFF, region=region
        )
        if not as_json:
            desk.out.print("New." if new else "Changed.")
        desk.answer(view(saved), lambda out: _draw(out, saved), as_json=as_json)


@app.command("show")
def show(
    who: Who,
    clear: Annotated[bool, typer.Option("--clear", help="Addresses in the clear; that you looked is kept.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a person with what they agreed to."""
    with at_desk() as desk:
        actor = desk.allowed("save_subscriber")
        found = show_subscriber(desk.db, actor, who, desk.now()) if clear else read_subscriber(desk.db, who)
        desk.answer(view(found, clear=clear), lambda out: _draw(out, found, clear=clear), as_json=as_json)


@app.command("find")
def find(
    address: Annotated[str, typer.Argument(help="A whole number or e-mail address.")],
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Who is reached at this address."""
    with at_desk() as desk:
        found = find_subscribers(desk.db, desk.keyring, desk.allowed("save_subscriber"), address, region)
        desk.answer(
            {"items": [view(PersonView(one, ())) for one in found]},
            lambda out: out.print("\n".join(f"{one.external_id} {one.name}" for one in found) or "Nobody."),
            as_json=as_json,
        )


@app.command("consent")
def consent(
    who: Who,
    medium: Annotated[str, typer.Option(help="sms, email, push, chat or voice.")],
    yes: Annotated[bool, typer.Option("--yes/--no", help="They want it, or want it no more.")],
    topic: Annotated[str, typer.Option(help="Left out: whatever comes by this medium.")] = "",
    text_version: Annotated[str, typer.Option(help="Of the words they agreed to.")] = "",
    as_json: AsJson = False,
) -> None:
    """Note what a person told you, with its proof."""
    said = {"medium": medium, "topic": topic, "granted": yes, "text_version": text_version}
    with at_desk() as desk:
        found = say_consent(desk.db, desk.actor, who, said, desk.now(), how=How.STAFF)
        desk.answer(view(found), lambda out: _draw(out, found), as_json=as_json)


@app.command("history")
def history(who: Who, as_json: AsJson = False) -> None:
    """Everything a person ever agreed to or withdrew, with its proof."""
    from app.store import consents

    with at_desk() as desk:
        desk.allowed("save_subscriber")
        with desk.db.reading() as connection:
            said = consents.history(connection, subscribers.get(connection, who).id)
        drawn = table("when", "medium", "topic", "said", "how", "text", "noted by")
        for one in said:
            words = one.said
            drawn.add_row(iso(one.at), words.medium.value, words.topic or "everything", _yes(granted=words.granted),
                          words.how.value, words.text_version, one.by)  # fmt: skip
        desk.answer(
            {"items": [consent_view(one) for one in said]},
            lambda out: out.print(drawn if said else "They never said anything."),
            as_json=as_json,
        )


@app.command("remove")
def remove(who: Who) -> None:
    """Take a person off every list; their addresses stay in the ledger and on the suppression list."""
    with at_desk() as desk:
        remove_subscriber(desk.db, desk.actor, who, desk.now())
        desk.out.print(f"{who} is taken away.")


@app.command("export")
def export(who: Who) -> None:
    """Write everything we hold of a person as one JSON document; that you asked is kept."""
    with at_desk() as desk:
        document: dict[str, Any] = export_subscriber(desk.db, desk.keyring, desk.actor, who, desk.now())
        desk.answer(document, lambda _out: None, as_json=True)


@app.command("erase")
def erase(
    who: Who,
    confirm: Annotated[str, typer.Option(help="The external id once more; at a terminal it is asked for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Forget a person for good. Totals keep adding up, and whoever said STOP stays stopped."""
    with at_desk() as desk:
        actor = desk.allowed("erase_subscriber")
        if not confirm and not desk.err.is_terminal:
            raise Invalid(
                Problem("not_confirmed", "Nothing was typed.", "--confirm", "Type the external id once more.")
            )
        typed = confirm or desk.err.input("This cannot be taken back. Type the external id once more: ").strip()
        erased = erase_subscriber(desk.db, actor, who, typed, desk.now())
        desk.answer(
            erased,
            lambda out: out.print(f"Erased: {erased.addresses} addresses; {erased.shared} stay with somebody else."),
            as_json=as_json,
        )


def _draw(out: Console, one: PersonView, *, clear: bool = False) -> None:
    row = one.row
    out.print(f"[head]{row.external_id}[/head] {row.name} · {row.standing} · {', '.join(row.languages)} · {row.area}")
    places = table("medium", "address", "")
    for place in row.addresses:
        said = "stopped" if place.suppressed else "preferred" if place.preferred else ""
        shown = place.value or "erased" if clear else mask(place.medium, place.value)
        places.add_row(place.medium.value, shown, said)
    out.print(places if row.addresses else "No address.")
    for each in one.consents:
        topic = each.said.topic or "everything"
        words = f"{each.said.medium.value}: {topic}: {_yes(granted=each.said.granted)} ({each.said.how.value})"
        out.print(f"{words}, {iso(each.at)}")


def _yes(*, granted: bool) -> str:
    return "yes" if granted else "no"
