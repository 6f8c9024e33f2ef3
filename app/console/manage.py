"""Everything that is looked after in quiet times, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from app.console.notes import mark
from app.console.register_forms import REGISTERS
from app.console.screens import Screens
from app.console.visit import Visit

screens = Screens()


@dataclass(frozen=True, slots=True)
class Place:
    path: str
    title: str
    about: str


PLACES: Final = (
    Place("/playbooks", mark("Playbooks"), mark("Prepared crises: questions, sentences, audience and ways out.")),
    Place("/subscribers", mark("Subscribers"), mark("The people you write to, one by one, and what they agreed to.")),
    Place("/audiences", mark("Audiences"), mark("Named selections of the people you write to, and how many they are.")),
    Place(
        "/suppressions",
        mark("Never to be written to"),
        mark("Addresses that said STOP, bounced or complained: the list above all lists."),
    ),
    Place(
        "/replies", mark("Replies"), mark("What people wrote back to our texts, and whether somebody has seen to it.")
    ),
    Place("/imports", mark("Lists of people"), mark("Take in who you write to from a file, and get everybody as one.")),
    Place("/schedules", mark("Schedules"), mark("Updates that come by themselves, and what waits for your answer.")),
    *(Place(register.path, register.title, register.about) for register in REGISTERS),
    Place("/endpoints", mark("Endpoints"), mark("The ways out: senders, accounts, websites, and whether they send.")),
    Place(
        "/holding",
        mark("First words, approved in advance"),
        mark("What one person may send alone at night, because two have said yes to it."),
    ),
)


@screens.get("/manage", needs="read")
def overview(visit: Visit) -> Response:
    return visit.show("manage.html", kept=PLACES)
