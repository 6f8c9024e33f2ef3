"""Who goes through the door, decided for whole columns, and who may share a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.domain.delivery import Result, Why
from app.domain.routing import ELSEWHERE
from app.engine.admitting import ADDRESS_MOST, alike, sort_out
from app.store.ledger import BroadcastRow
from app.store.windows import Candidates, FirstMessage, Origin

NOW = 1_000_000
GAP = 10_000
ORIGIN = Origin(7, 3, 1, 5, 2, attempt=1, fence=4)
ROW = BroadcastRow(7, 1, 1, "outage", "sending", drill=False, lane=2, corrects=None, sent_ms=NOW - 1, expires_ms=None,
                   site_confirmed_ms=None, site_bound_ms=None)  # fmt: skip


def people(number: int) -> Candidates:
    """Nobody stands in the way of any of them."""
    ids = tuple(range(100, 100 + number))
    none, first = (None,) * number, (FirstMessage.TOLD.value,) * number
    addresses = tuple(f"+1555{one}" for one in ids)
    return Candidates(
        ORIGIN, ids, ("en",) * number, (0,) * number, ("",) * number, addresses, none, (0,) * number, first
    )


def changed(column: str, *values: object) -> Candidates:
    """Four people; the column's last values are these."""
    plain = people(4)
    kept = tuple(getattr(plain, column))
    columns: dict[str, Any] = {column: kept[: 4 - len(values)] + values}
    return replace(plain, **columns)


def closed(candidates: Candidates) -> dict[int, tuple[Result | None, str]]:
    go, not_now = sort_out(candidates, ROW, now_ms=NOW, gap_ms=GAP)
    assert set(go.ids) | {row.address_id for row in not_now} == set(candidates.ids), "everybody is seen to"
    assert len(go) + len(not_now) == len(candidates)
    assert list(go.addresses) == [one for one, number in zip(candidates.addresses, candidates.ids, strict=True)
                                  if number in go.ids]  # fmt: skip
    return {row.address_id: (row.result, row.reason) for row in not_now}


def test_when_nothing_stands_against_anybody_all_go_as_they_came() -> None:
    everybody = people(4)
    assert sort_out(everybody, ROW, now_ms=NOW, gap_ms=GAP) == (everybody, [])


def test_each_reason_stops_only_its_own_row() -> None:
    assert closed(changed("addresses", None)) == {103: (Result.SUPPRESSED, "address_erased")}
    bad = changed("addresses", "a\0b", "\ud800", "x" * (ADDRESS_MOST + 1))
    assert closed(bad) == dict.fromkeys((101, 102, 103), (Result.DEAD, "ours:bad_address"))
    assert closed(changed("suppressed", "opted_out")) == {103: (Result.SUPPRESSED, "on_suppression_list:opted_out")}
    assert closed(changed("superseded", 1)) == {103: (Result.SUPERSEDED, "newer_update")}
    spared = changed("first", FirstMessage.SPARED.value)
    assert closed(spared) == {103: (Result.SUPPRESSED, "first_message_never_left")}


def test_a_correction_waits_for_a_first_message_in_flight_and_not_for_ever() -> None:
    open_still = changed("first", FirstMessage.OPEN.value)
    _, [row] = sort_out(open_still, ROW, now_ms=NOW, gap_ms=GAP)
    assert (row.address_id, row.result, row.again, row.due_ms) == (103, None, Why.RETURNED, NOW - 1 + GAP)
    go, not_now = sort_out(open_still, ROW, now_ms=NOW + GAP, gap_ms=GAP)
    assert (len(go), not_now) == (4, [])


def test_languages_variants_and_areas_that_matter_never_share_a_call() -> None:
    mixed = replace(
        people(6),
        languages=("en", "en", "gu", "en", "en", "en"),
        variants=(0, 0, 0, 1, 0, 0),
        areas=("north", "south", "north", "north", "", "north"),
    )
    by_area = {(one.language, one.variant, one.area): one for one in alike(mixed, frozenset({"north"}))}
    assert {kind: list(one.ids) for kind, one in by_area.items()} == {
        ("en", 0, "north"): [100, 105],
        ("en", 0, ELSEWHERE): [101],
        ("gu", 0, "north"): [102],
        ("en", 1, "north"): [103],
        ("en", 0, ""): [104],
    }
    assert [list(one.ids) for one in alike(mixed)] == [[100, 101, 104, 105], [102], [103]]
    assert list(by_area["gu", 0, "north"].addresses) == ["+1555102"]
