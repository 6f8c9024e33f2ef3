"""How often each prepared answer and each result was given, by day. No person, no free words, no exact number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.store.tables import triage_count

RESULT = ""
"""As the question: counts results by the slug of the problem."""


@dataclass(frozen=True, slots=True)
class AnswerCount:
    question: str
    answer: str
    count: int


def add(connection: Connection, tree: str, pairs: Iterable[tuple[str, str]], now: datetime) -> None:
    """One more of each (question, answer), on the day of `now` in UTC."""
    day = now.astimezone(UTC).date().isoformat()
    for question, answer in sorted(pairs):
        key = {"tree": tree, "day": day, "question": question, "answer": answer}
        more = update(triage_count).filter_by(**key).values(count=triage_count.c.count + 1)
        if connection.execute(more).rowcount:
            continue
        try:
            with connection.begin_nested():
                connection.execute(insert(triage_count).values(**key, count=1))
        except IntegrityError:  # another process was first to count this answer today
            connection.execute(more)


def totals(connection: Connection, tree: str, since: date | None = None) -> list[AnswerCount]:
    """By question and answer, the most frequent answer of each question first."""
    count = func.sum(triage_count.c.count)
    query = (
        select(triage_count.c.question, triage_count.c.answer, count)
        .where(triage_count.c.tree == tree)
        .group_by(triage_count.c.question, triage_count.c.answer)
        .order_by(triage_count.c.question, count.desc(), triage_count.c.answer)
    )
    if since is not None:
        query = query.where(triage_count.c.day >= since.isoformat())
    return [AnswerCount(question, answer, int(total)) for question, answer, total in connection.execute(query)]
