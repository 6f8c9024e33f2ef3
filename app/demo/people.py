"""A list of subscribers as spreadsheets are: mixed, shared, gappy, and here and there wrong. Always the same one."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from app.demo.texts import population

SEED: Final = 7
HEADER: Final = ("external_id", "name", "email", "phone", "languages", "timezone", "area", "customer_since")


@dataclass(frozen=True, slots=True)
class Population:
    rows: int
    bad_rows: int
    phones: int
    """Different ones."""
    emails: int
    stopped: tuple[str, ...]
    """Addresses whose people asked us to stop before this list came."""


def write_people(path: Path, people: int) -> Population:
    """`people` rows, the bad ones among them."""
    data = population()
    bad: list[Sequence[str]] = list(data["bad_rows"])
    crowd = _Crowd(data, people - len(bad))
    good = list(crowd.rows())
    gap = max(1, people // (len(bad) + 1))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number, row in enumerate(good, start=1):
            writer.writerow(row)
            if number % gap == 0 and number // gap <= len(bad):
                cells = bad[number // gap - 1]
                writer.writerow([*cells, ""])
        written = min(len(bad), len(good) // gap)
        writer.writerows([*cells, ""] for cells in bad[written:])
    return Population(people, len(bad), len(crowd.phones), len(crowd.emails), crowd.stopped())


class _Crowd:
    def __init__(self, data: dict[str, Any], people: int) -> None:
        self._data, self._people = data, people
        self._dice = random.Random(SEED)  # noqa: S311 - demo data, the same every time
        areas, form = data["phones"]["areas"], data["phones"]["format"]
        # 555-0100 to 555-0199 ring nowhere, in any area.
        self._numbers = [form.format(area=area, last=last) for last, area in product(range(100), areas)]
        self.phones: set[str] = set()
        self.emails: set[str] = set()
        self._last_email = ""

    def rows(self) -> Iterator[list[str]]:
        data, dice = self._data, self._dice
        shares, languages = data["shares"], data["languages"]
        tongues = dice.choices(list(languages), list(languages.values()), k=self._people)
        for number, tongue in enumerate(tongues, start=1):
            name = f"{dice.choice(data['first_names'])} {dice.choice(data['last_names'])}"
            email, phone = self._addresses(number, dice.random(), shares)
            since = str(dice.randint(1998, 2026))
            zone, area = dice.choice(data["timezones"]), dice.choice(data["areas"])
            yield [f"p-{number}", name, email, phone, tongue, zone, area, since]

    def stopped(self) -> tuple[str, ...]:
        """Some of each medium."""
        share = self._data["shares"]["stopped"]
        return tuple(
            one
            for known in (sorted(self.phones), sorted(self.emails))
            for one in self._dice.sample(known, max(1, int(len(known) * share)))
        )

    def _addresses(self, number: int, lot: float, shares: dict[str, float]) -> tuple[str, str]:
        email = phone = ""
        if lot < shares["phone"]:
            phone = self._numbers[len(self.phones) % len(self._numbers)]
        if (
            shares["phone"] - shares["phone_and_email"]
            <= lot
            < shares["phone"] - shares["phone_and_email"] + shares["email"]
        ):
            email = f"p{number}@{self._dice.choice(self._data['domains'])}"
        if email and self.emails and self._dice.random() < shares["shared"]:
            email = self._last_email
        self._last_email = email or self._last_email
        self.phones |= {phone} - {""}
        self.emails |= {email} - {""}
        return email, phone
