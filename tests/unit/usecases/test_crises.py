from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.crisis import CrisisState, Severity
from app.domain.staff_notices import NoticeKind
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.store import audit, crises, publishing, staff
from app.store.database import Database
from app.usecases.change_severity import change_severity
from app.usecases.open_crisis import open_crisis
from app.usecases.record_fact import record_fact
from app.usecases.resolve_crisis import resolve_crisis
from tests.conftest import NOON
from tests.unit.usecases.people import AUTHOR, CRISIS, VIEWER


def kinds(database: Database) -> list[str]:
    with database.reading() as connection:
        return [row.kind for row in crises.timeline_page(connection, "outage").items][::-1]


def test_a_crisis_goes_from_open_to_resolved_with_its_timeline(database: Database) -> None:
    opened = open_crisis(database, AUTHOR, CRISIS, NOON)
    record_fact(database, AUTHOR, "outage", {"name": "affected", "value": 1200, "source": "NOC"}, NOON)
    later = NOON + timedelta(hours=3)
    resolved = resolve_crisis(database, AUTHOR, "outage", later)
    assert (opened.state, resolved.state, resolved.resolved_at) == (CrisisState.OPEN, CrisisState.RESOLVED, later)
    assert kinds(database) == ["opened", "fact", "resolved"]
    with database.reading() as connection:
        assert publishing.pending(connection) == 3
        assert crises.page(connection, state=CrisisState.OPEN).items == ()


def test_the_newest_fact_of_a_name_counts_and_the_older_ones_stay(database: Database) -> None:
    open_crisis(database, AUTHOR, CRISIS, NOON)
    for minutes, value in ((0, "north"), (5, "north and south")):
        at = NOON + timedelta(minutes=minutes)
        fact = {"name": "region", "value": value, "source": "NOC", "max_age": 600}
        record_fact(database, AUTHOR, "outage", fact, at)
    with database.reading() as connection:
        newest = crises.facts(connection, "outage")["region"]
        assert (newest.value, newest.stale_at) == ("north and south", NOON + timedelta(minutes=15))
        assert len(crises.fact_page(connection, "outage").items) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"titles": {}}, "titles"),
        ({"severity": "huge"}, "severity"),
        ({"slug": "../etc"}, "slug"),
        ({"state": "resolved"}, "state"),
        ({"playbook": "unwritten"}, "playbook"),
    ],
)
def test_a_faulty_crisis_is_refused_by_field(database: Database, change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        open_crisis(database, AUTHOR, {**CRISIS, **change}, NOON)
    assert field in {problem.field for problem in refusal.value.problems}
    with database.reading() as connection:
        assert crises.page(connection).items == ()


def test_a_slug_is_used_once(database: Database) -> None:
    open_crisis(database, AUTHOR, CRISIS, NOON)
    with pytest.raises(Conflict) as refusal:
        open_crisis(database, AUTHOR, CRISIS, NOON)
    assert refusal.value.problems[0].code == "crisis_exists"


def test_what_is_resolved_takes_no_more_facts_and_is_not_resolved_twice(database: Database) -> None:
    open_crisis(database, AUTHOR, CRISIS, NOON)
    resolve_crisis(database, AUTHOR, "outage", NOON)
    with pytest.raises(Conflict):
        resolve_crisis(database, AUTHOR, "outage", NOON)
    with pytest.raises(Conflict):
        record_fact(database, AUTHOR, "outage", {"name": "a", "value": 1, "source": "b"}, NOON)
    with pytest.raises(NotFound):
        resolve_crisis(database, AUTHOR, "unheard-of", NOON)


def test_the_severity_of_an_open_crisis_is_changed_with_who_and_why(database: Database) -> None:
    open_crisis(database, AUTHOR, CRISIS, NOON)
    worse = change_severity(database, AUTHOR, "outage", Severity.EMERGENCY, NOON, reason=" Hospitals are dark. ")
    assert (worse.severity, worse.revision) == (Severity.EMERGENCY, 2)
    with database.reading() as connection:
        (newest, *_) = crises.timeline_page(connection, "outage").items
        assert newest.kind == "severity_changed"
        assert newest.body == {"from": "major", "to": "emergency", "reason": "Hospitals are dark."}
        assert audit.page(connection, limit=1).items[0].action == "change_severity"
        assert publishing.pending(connection) == 2
        assert [one.notice.kind for one in staff.page(connection).items] == [NoticeKind.SEVERITY_RAISED]
    change_severity(database, AUTHOR, "outage", Severity.MINOR, NOON)
    with database.reading() as connection:
        assert len(staff.page(connection).items) == 1, "nobody is woken because it is less bad"
    with pytest.raises(Conflict, match="already"):
        change_severity(database, AUTHOR, "outage", Severity.MINOR, NOON)
    with pytest.raises(Invalid):
        change_severity(database, AUTHOR, "outage", Severity.INFO, NOON, reason="x" * 501)
    with pytest.raises(Forbidden):
        change_severity(database, VIEWER, "outage", Severity.INFO, NOON)
    resolve_crisis(database, AUTHOR, "outage", NOON)
    with pytest.raises(Conflict, match="resolved"):
        change_severity(database, AUTHOR, "outage", Severity.INFO, NOON)


@pytest.mark.parametrize("age", [0, -1, True, "600", 10**12])
def test_an_age_must_make_sense(database: Database, age: object) -> None:
    open_crisis(database, AUTHOR, CRISIS, NOON)
    with pytest.raises(Invalid):
        record_fact(database, AUTHOR, "outage", {"name": "a", "value": 1, "source": "b", "max_age": age}, NOON)


def test_a_viewer_opens_nothing(database: Database) -> None:
    with pytest.raises(Forbidden):
        open_crisis(database, VIEWER, CRISIS, NOON)
