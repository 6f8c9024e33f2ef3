"""What the form of a schedule asks for."""

from __future__ import annotations

from typing import Final

from app.console.blanks import Blank, Part, Shape
from app.console.notes import mark
from app.console.register_forms import STAGES, ZONE_HINT

POLICIES: Final = (
    ("ask", mark("Ask staff; nothing leaves without an answer")),
    ("no_change", mark("Ask staff; without an answer the website says that nothing has changed")),
    ("approved", mark("Send by itself, after a second person approved it in advance")),
)
PRESETS: Final = (
    ("", mark("none of these")),
    ("first-hour", mark("First hour: every 15 minutes, then 30, then 2 hours")),
    ("regulator-6h-then-daily", mark("Regulator: every 6 hours for a day, then daily")),
)

SCHEDULE: Final = (
    Part(mark("For what"), (
        Blank("crisis", mark("A crisis"), Shape.CHOICE, source="crises"),
        Blank("playbook", mark("or every open crisis of a playbook"), Shape.CHOICE, mark("Neither: every open crisis."),
              source="playbooks"),
    )),
    Part(mark("When"), (
        Blank("every", mark("Every"), hint=mark("30m, 6h, or in steps: 6h for 24h, then 24h. Only one of these four.")),
        Blank("cron", mark("or by cron"), hint=mark("Five fields: 30 8 * * mon-fri")),
        Blank("at", mark("or once at"), hint=mark("2026-11-22T14:30, by the clocks of the time zone")),
        Blank("preset", mark("or as is usual"), Shape.CHOICE, options=PRESETS),
        Blank("timezone", mark("Time zone"), hint=ZONE_HINT),
        Blank("start", mark("Not before"), Shape.MOMENT),
        Blank("end", mark("Not after"), Shape.MOMENT),
        Blank("count", mark("So many times at most"), Shape.NUMBER),
        Blank("late", mark("Sent if less late than"), hint=mark("15m when empty; else it is missed.")),
        Blank("often", mark("More often than every minute is meant"), Shape.FLAG),
    )),
    Part(mark("What it may do"), (
        Blank("policy", mark("When it is due"), Shape.CHOICE, options=POLICIES),
        Blank("ask_before", mark("Ask so long before"), hint=mark("10m when empty.")),
    )),
    Part(mark("What it says and to whom"), (
        Blank("stage", mark("Stage"), Shape.CHOICE, options=STAGES),
        Blank("audience", mark("To whom"), Shape.CHOICE, mark("Else as the last update of the crisis."),
              source="audiences"),
        Blank("endpoints", mark("By which ways"), Shape.MANY, mark("None ticked: as the last update."),
              source="endpoints"),
        Blank("languages", mark("Languages"), Shape.LIST, mark("Empty: all the playbook is written in.")),
        Blank("variables", mark("Values that no fact fills"), Shape.PAIRS, mark("place: Riverside, one a line.")),
    ), folded=True),
)  # fmt: skip
