"""Entries of a list that are more than a text, as the one line in which people write them, and back.

    2026-12-24..2026-12-26 10:00-14:00 every year | en: Christmas | lo: ...
    Charge your phone at the library | technical-issue | https://library.example.org

What cannot be understood is handed on as it stands: the use case says what is wrong with it.
"""

from __future__ import annotations

from typing import Any, Final

BAR: Final = "|"
RANGE: Final = ".."
YEARLY: Final = ("every", "year")
CLOSED: Final = "closed"


def special_days_line(days: dict[str, Any]) -> str:
    first, last = str(days.get("from", "")), str(days.get("to") or "")
    words = [f"{first}{RANGE}{last}" if last and last != first else first, str(days.get("hours") or CLOSED)]
    words += YEARLY if days.get("every_year") else ()
    labels = [f"{code}: {text}" for code, text in (days.get("labels") or {}).items()]
    return f" {BAR} ".join((" ".join(words), *labels))


def special_days(line: str) -> dict[str, Any]:
    said, *labels = (part.strip() for part in line.split(BAR))
    day, *words = said.split() or [""]
    first, _, last = day.partition(RANGE)
    every_year = tuple(words[-2:]) == YEARLY
    hours = " ".join(words[:-2] if every_year else words)
    closed = hours in (CLOSED, "")
    return {
        "from": first,
        "to": last or first,
        "every_year": every_year,
        **({"closed": True} if closed else {"hours": hours}),
        "labels": {code.strip(): text.strip() for code, _, text in (one.partition(":") for one in labels)},
    }


def choice_line(one: dict[str, Any]) -> str:
    return f" {BAR} ".join(part for part in (one.get("text"), one.get("need"), one.get("url")) if part)


def choice(line: str) -> dict[str, Any]:
    """Text, then need and address in any order."""
    text, *rest = (part.strip() for part in line.split(BAR))
    found: dict[str, Any] = {"text": text}
    for part in filter(None, rest):
        found["url" if "://" in part else "need"] = part
    return found


def link_line(one: dict[str, Any]) -> str:
    return f"{one.get('text', '')} {BAR} {one.get('url', '')}"


def link(line: str) -> dict[str, Any]:
    text, _, url = line.partition(BAR)
    return {"text": text.strip(), "url": url.strip()}
