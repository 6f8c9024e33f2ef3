from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import insert, select, update

from app.clock import to_ms
from app.domain.principals import Role
from app.store import updates
from app.store.ledger_tables import due, outcome, recipient, shard
from tests.console import Visitor
from tests.faces import Api


@pytest.fixture
def failing(api: Api) -> int:
    """A sent update whose texts failed: one filtered, one of which nobody knows; the mails are accepted."""
    api.prepare()
    number = api.approved()
    api.done(api.post("author", f"/updates/{number}/send"))
    now_ms = to_ms(api.clock.now())
    with api.db.writing() as tx:
        broadcast = updates.get(tx, number).broadcast_id
        tx.execute(update(shard).values(admitted=shard.c.size, watermark=shard.c.last_address))
        texts = tx.execute(select(shard).where(shard.c.medium == 3)).one()
        fitting = (recipient.c.broadcast == broadcast) & (recipient.c.medium == 3)
        first, second = tx.scalars(select(recipient.c.address_id).where(fitting).order_by(recipient.c.address_id))
        tx.execute(update(shard).where(shard.c.medium == 3).values(failed=1, unsure=1))
        tx.execute(update(shard).where(shard.c.medium != 3).values(accepted=shard.c.size))
        row = {"broadcast": broadcast, "medium": 3, "attempt": 1, "endpoint": texts.endpoint, "at_ms": now_ms}
        tx.execute(
            insert(outcome).values(
                **row, address_id=first, result="failed", reason="content:30007", provider_id="=HYPERLINK(1)"
            )
        )
        tx.execute(
            insert(due).values(
                broadcast=broadcast, medium=3, address_id=second, shard=texts.no, endpoint=texts.endpoint, lane=1,
                attempt=1, why="unknown", reason="no_answer", due_ms=None, asked=0, since_ms=now_ms, owner=None,
                fence=0, lease_until_ms=0,
            )
        )  # fmt: skip
    return number


def test_failures_are_listed_with_their_reasons_and_masked_addresses(api: Api, failing: int) -> None:
    viewer = Visitor(api)
    viewer.enter("viewer", Role.VIEWER)
    page = viewer.open(f"/updates/{failing}")
    assert "Look at the 2 that failed or are unknown" in page.words
    page = viewer.open(f"/updates/{failing}/deliveries?state=failed")
    assert "these words are refused 30007" in page.words
    assert "+44•••••••75" in page.words
    assert "+4420718387" not in page.text
    assert not [form for form in page.tree.forms if form.get("id") in ("form-resend", "form-unknown")]
    assert "There are none." in viewer.open(f"/updates/{failing}/deliveries?state=dead").words
    assert viewer.open(f"/updates/{failing}/deliveries?state=failed&cursor=odd").status == 422


def test_why_people_were_spared_is_counted_by_reason(api: Api, failing: int) -> None:
    viewer = Visitor(api)
    viewer.enter("viewer", Role.VIEWER)
    with api.db.writing() as tx:
        broadcast = updates.get(tx, failing).broadcast_id
        mails = tx.execute(select(shard).where(shard.c.broadcast == broadcast, shard.c.medium != 3)).one()
        tx.execute(update(shard).where(shard.c.medium == mails.medium).values(suppressed=mails.size, accepted=0))
        row = {"broadcast": broadcast, "medium": mails.medium, "attempt": 1, "endpoint": mails.endpoint, "at_ms": 0}
        for number, reason in enumerate(("on_suppression_list:bounced", "on_suppression_list:complained")):
            tx.execute(
                insert(outcome).values(
                    **row, address_id=mails.first_address + number, result="suppressed", reason=reason, provider_id=""
                )
            )
    view = api.done(api.get("viewer", f"/updates/{failing}"))
    assert view["spared"] == {"bounced": 1, "complained": 1}
    for path in (f"/updates/{failing}", f"/updates/{failing}/deliveries?state=suppressed"):
        shown = " ".join(viewer.open(path).words.split())
        assert "Nothing was sent to: 1 bounced for good, 1 reported it as spam" in shown


def test_the_file_holds_every_row_and_no_formula(api: Api, failing: int) -> None:
    viewer = Visitor(api)
    viewer.enter("viewer", Role.VIEWER)
    answer = viewer.client.get(f"/console/updates/{failing}/deliveries.csv", headers=viewer.headers)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 4
    (failed,) = [row for row in rows if row["state"] == "failed"]
    assert failed["provider_id"] == "'=HYPERLINK(1)"
    assert "•" in failed["address"]
    one = viewer.client.get(f"/console/updates/{failing}/deliveries.csv?state=unknown", headers=viewer.headers)
    assert len(one.text.strip().splitlines()) == 2


def test_what_is_safe_goes_again_and_what_is_unknown_is_decided_by_an_approver(api: Api, failing: int) -> None:
    author = Visitor(api)
    author.enter("author", Role.AUTHOR)
    page = author.open(f"/updates/{failing}/deliveries?state=failed")
    assert "1 of them surely never left" in page.words
    assert "goes again" in author.send(page, "resend").said
    assert "form-resend" not in author.open(f"/updates/{failing}/deliveries?state=failed").text
    approver = Visitor(api)
    approver.enter("approver", Role.APPROVER)
    page = approver.open(f"/updates/{failing}/deliveries?state=unknown")
    refused = approver.send(page, "unknown")
    assert "Tick the box" in refused.words
    assert "Decided" in approver.send(refused, "unknown", sure="yes", decision="accept_as_sent").said
    counts = api.done(api.get("viewer", f"/updates/{failing}"))["counts"]
    assert (counts["failed"], counts["unknown"], counts["retry_wait"], counts["accepted"]) == (0, 0, 1, 3)
