"""Everything that is looked after in quiet times, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from app.console.register_forms import REGISTERS
from app.console.screens import Screens
from app.console.visit import Visit

screens = Screens()


@dataclass(frozen=True, slots=True)
class Place:
    path: str
    title: str
    about: str


PLACES: Final = (*(Place(register.path, register.title, register.about) for register in REGISTERS),)


@screens.get("/manage", needs="read")
def overview(visit: Visit) -> Response:
    return visit.show("manage.html", kept=PLACES)
