"""An impatient hand on the button, or a client that repeats itself, never sends twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from app.store.ledger_tables import broadcast, recipient
from app.store.tables import audit
from tests.faces import Api

CLICKS = 50


def one_click(api: Api, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Any:
    """Again while the database is busy, as everybody's client does who is told 503."""
    while (answer := api.post("author", path, json=body, headers=headers)).status_code == 503:
        pass
    return answer


def click(api: Api, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> list[Any]:
    with ThreadPoolExecutor(10) as hands:
        return list(hands.map(lambda _: one_click(api, path, body, headers), range(CLICKS)))


def acts(api: Api, action: str) -> int:
    with api.db.reading() as connection:
        return connection.execute(select(func.count()).where(audit.c.action == action)).scalar_one()


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "the-same-click"}])
def test_fifty_clicks_on_send_are_one_send(api: Api, headers: dict[str, str]) -> None:
    api.prepare()
    update = api.approved()
    answers = click(api, f"/updates/{update}/send", None, headers)
    assert {answer.status_code for answer in answers} <= ({200, 409} if headers else {200})
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_flight"}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert acts(api, "send_update") == 1
    with api.db.reading() as connection:
        assert connection.execute(select(func.count()).select_from(broadcast)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(recipient)).scalar_one() == 4


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "the-same-click"}])
def test_fifty_clicks_on_submit_freeze_one_audience(api: Api, headers: dict[str, str]) -> None:
    api.prepare()
    update = api.draft()
    answers = click(api, f"/updates/{update}/submit", None, headers)
    assert any(answer.status_code == 200 for answer in answers)
    assert acts(api, "submit_update") == 1
    with api.db.reading() as connection:
        assert connection.execute(select(func.count()).select_from(broadcast)).scalar_one() == 1


def test_after_the_first_answer_every_later_click_gets_that_answer(api: Api) -> None:
    api.prepare()
    update = api.approved()
    key = {"Idempotency-Key": "one-act"}
    first = api.post("author", f"/updates/{update}/send", headers=key)
    later = click(api, f"/updates/{update}/send", None, key)
    assert {answer.content for answer in later} == {first.content}
    assert {answer.headers["idempotency-replayed"] for answer in later} == {"true"}
