"""Feeds, warning messages and calendars: what other programs read is valid by the standards' own schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rnc2rng
from icalendar import Calendar
from lxml import etree

from app.domain.crisis import Severity, UpdateState
from app.domain.reading import iso
from app.domain.snapshot import CALENDAR, CAP, Snapshot
from app.publishing.picture import picture
from app.store import crises, updates, website
from app.store.database import Database
from app.store.documents import Kind
from tests.architecture.tree import ROOT
from tests.unit.site.world import NOON, become, open_crisis, open_house, press, resolve, save, say, words

BASE = "https://status.example.org"
STANDARDS = ROOT.parent / "shared" / "testdata" / "cap"
SPACE = {"c": "urn:oasis:names:tc:emergency:cap:1.2", "a": "http://www.w3.org/2005/Atom"}
WORK = {
    "slug": "mast",
    "titles": {"en": "New mast", "gu": "અડાજણમાં નવો થાંભલો ઊભો કરવામાં આવશે, જેથી વીજળી વધુ વિશ્વસનીય બને"},
    "texts": {"en": "Power is off; charge what you need, please\nbefore."},
    "starts": "2026-03-12T12:00:00Z",
    "ends": "2026-03-12T13:00:00Z",
    "areas": ["Adajan"],
}


@pytest.fixture
def house(database: Database) -> Database:
    open_house(database)
    open_crisis(database, en="Power cut", gu="વીજળી બંધ")
    return database


def shoot(db: Database, at: datetime = NOON) -> Snapshot:
    with db.reading() as connection:
        return press(BASE).snapshot(picture(website.read(connection), at), 1)


def schema(name: str) -> Path:
    if not STANDARDS.is_dir():
        pytest.skip("the official schemas are not beside this clone (../shared/testdata/cap)")
    return STANDARDS / name


def alert(snapshot: Snapshot, name: str) -> Callable[[str], list[str]]:
    """Texts of one CAP message by path, each step in its name space."""
    document = etree.fromstring(snapshot.files[f"cap/{name}.xml"].body)

    def texts(path: str) -> list[str]:
        steps = "/".join(f"c:{step}" for step in path.split("/"))
        return [str(found.text) for found in document.findall(steps, SPACE)]

    return texts


def tell_a_story(db: Database) -> list[int]:
    """A warning, details in two languages, their correction, one withdrawn word and the end."""
    warning = say(db, at=NOON - timedelta(minutes=50), stage="warning")
    both = {"en": words(options=[{"text": "Charge your phone."}]), "gu": words("વીજળી નથી")}
    details = say(db, at=NOON - timedelta(minutes=40), content=both, next_update_by=iso(NOON))
    correction = say(db, at=NOON - timedelta(minutes=30), stage="correction", corrects=details)
    withdrawn = say(db, at=NOON - timedelta(minutes=20), stage="progress")
    become(db, withdrawn, UpdateState.CANCELLED, NOON - timedelta(minutes=10))
    end = say(db, at=NOON - timedelta(minutes=5), stage="resolved", help={"areas": ["Adajan", "Rander"]})
    return [warning, details, correction, withdrawn, end]


def test_every_warning_message_is_valid_by_the_official_schema(house: Database) -> None:
    cap12 = etree.XMLSchema(etree.parse(schema("cap12.xsd")))
    tell_a_story(house)
    say(house, drill=True)
    snapshot = shoot(house)
    found = [file for file in snapshot.files.values() if file.content_type == CAP]
    assert len(found) == 7
    for file in found:
        cap12.assertValid(etree.fromstring(file.body))


def test_an_update_names_what_it_replaces_and_a_cancel_what_it_takes_back(house: Database) -> None:
    warning, details, correction, withdrawn, end = tell_a_story(house)
    snapshot = shoot(house)

    def names(*ids: int) -> set[str]:
        return {f"status.example.org-u{one}" for one in ids}

    def referred(name: str) -> set[str]:
        (references,) = alert(snapshot, name)("references")
        return {triple.split(",")[1] for triple in references.split()}

    assert alert(snapshot, str(warning))("msgType") == ["Alert"]
    assert alert(snapshot, str(details))("msgType") == ["Update"]
    assert referred(str(correction)) == names(warning, details)
    assert referred(str(end)) == names(warning, details, correction), "what was withdrawn holds no more"
    cancel = f"{withdrawn}-cancel"
    assert alert(snapshot, cancel)("msgType") == ["Cancel"]
    assert referred(cancel) == names(withdrawn)
    assert alert(snapshot, cancel)("sent") == ["2026-03-10T11:50:00-00:00"]


def test_a_crisis_that_is_closed_without_a_word_takes_back_what_still_stands(house: Database) -> None:
    ended = say(house, at=NOON - timedelta(hours=3), lasts=timedelta(hours=1), stage="warning")
    first = say(house, at=NOON - timedelta(minutes=50), stage="holding")
    newest = say(house, at=NOON - timedelta(minutes=40), stage="details")
    name = f"cap/{newest}-closed.xml"
    assert name not in shoot(house).files
    resolve(house, "outage", NOON)
    snapshot = shoot(house, NOON + timedelta(minutes=1))
    told = alert(snapshot, f"{newest}-closed")
    assert (told("msgType"), told("sent"), told("info/responseType")) == (
        ["Cancel"], ["2026-03-10T12:00:00-00:00"], ["AllClear"],
    )  # fmt: skip
    referred = [triple.split(",")[1] for triple in told("references")[0].split()]
    assert referred == [f"status.example.org-u{one}" for one in (first, newest)]
    assert ended, "what had expired needs no word"
    assert f"cap/{newest}-closed.xml" in snapshot.files["cap.atom"].body.decode()
    if STANDARDS.is_dir():
        etree.XMLSchema(etree.parse(schema("cap12.xsd"))).assertValid(etree.fromstring(snapshot.files[name].body))


def test_a_message_keeps_the_severity_it_was_handed_in_with(house: Database) -> None:
    before, after = (say(house, at=NOON - timedelta(minutes=minutes), stage="progress") for minutes in (50, 40))
    with house.writing() as tx:
        updates.change(tx, before, UpdateState.SENDING, severity="minor")
        crises.change_severity(tx, "outage", Severity.EMERGENCY)
    snapshot = shoot(house)
    assert alert(snapshot, str(before))("info/severity") == ["Minor"]
    assert alert(snapshot, str(after))("info/severity") == ["Severe"], "of words that were handed in before it was kept"


def test_a_warning_message_has_one_block_for_each_language_and_times_with_an_offset(house: Database) -> None:
    _, details, *_, end = tell_a_story(house)
    told = alert(shoot(house), str(details))
    assert told("info/language") == ["en", "gu"]
    assert told("info/headline") == ["Power is out in Adajan", "વીજળી નથી"]
    assert told("info/event") == ["Power cut", "વીજળી બંધ"]
    assert told("info/instruction") == ["Charge your phone."]
    assert told("info/area/areaDesc")[0] == "Everywhere we serve"
    times = [*told("sent"), *told("info/effective"), *told("info/expires")]
    assert times
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", time) for time in times)
    last = alert(shoot(house), str(end))
    assert last("info/responseType") == ["AllClear"]
    assert last("info/area/areaDesc") == ["Adajan, Rander"]
    assert last("info/contact") == [f"Danger to life: Phone line, +912612345678. {BASE}/en/contact"]


def test_a_warning_message_of_a_drill_can_only_be_taken_for_an_exercise(house: Database) -> None:
    update = say(house, drill=True)
    snapshot = shoot(house)
    told = alert(Snapshot(1, NOON, {"cap/x.xml": snapshot.files[f"drill/cap/{update}.xml"]}), "x")
    assert told("status") == ["Exercise"]
    assert told("info/headline")[0].startswith("EXERCISE")
    assert f"cap/{update}.xml" not in snapshot.files


def test_feeds_are_valid_atom_also_when_nothing_was_said(house: Database) -> None:
    compact = rnc2rng.loads(schema("atom_rfc4287.rng").read_text(encoding="utf-8"))
    # What has no name space has no prefix for it in XML either.
    relax = etree.RelaxNG(etree.fromstring(rnc2rng.dumps(compact).replace('xmlns:local=""', "").encode()))
    for _ in range(2):
        snapshot = shoot(house)
        found = [file for path, file in snapshot.files.items() if path.endswith(".atom")]
        assert len(found) >= 7
        for file in found:
            relax.assertValid(etree.fromstring(file.body))
        tell_a_story(house)


def test_the_list_of_warning_messages_leads_to_each_of_them(house: Database) -> None:
    tell_a_story(house)
    snapshot = shoot(house)
    feed = etree.fromstring(snapshot.files["cap.atom"].body)
    links = feed.findall("a:entry/a:link", SPACE)
    assert {link.get("type") for link in links} == {CAP}
    paths = {str(link.get("href")).removeprefix(f"{BASE}/") for link in links}
    assert paths == {path for path, file in snapshot.files.items() if file.content_type == CAP}


def test_a_correction_keeps_the_ids_of_a_feed_and_moves_their_time(house: Database) -> None:
    update = say(house, at=NOON - timedelta(minutes=10))
    before = json.loads(shoot(house).files["feed.json"].body)["items"]
    become(house, update, UpdateState.CANCELLED, NOON)
    after = json.loads(shoot(house).files["feed.json"].body)["items"]
    assert [item["id"] for item in before] == [item["id"] for item in after]
    assert after[0]["date_modified"] > before[0]["date_modified"]
    assert "This message was withdrawn." in after[0]["content_text"]


def test_planned_work_is_in_the_calendar_with_its_own_time_zone(house: Database) -> None:
    save(house, Kind.PLANNED_WORK, {**WORK, "changed_at": "2026-03-09T08:00:00Z"})
    file = shoot(house).files["gu/calendar.ics"]
    assert file.content_type == CALENDAR
    lines = file.body.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines), "a line has at most 75 octets"
    assert all(line.decode() or True for line in lines), "and never cuts a letter in half"
    calendar = Calendar.from_ical(file.body)
    (event,) = calendar.walk("VEVENT")
    assert event["uid"] == "planned-mast@status.example.org"
    assert event["summary"] == WORK["titles"]["gu"]  # type: ignore[index]
    assert event.decoded("dtstart") == datetime(2026, 3, 12, 12, tzinfo=UTC)
    assert event.decoded("dtstamp") == datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert event["dtstart"].params["TZID"] == "Asia/Kolkata"
    assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Asia/Kolkata"]


def test_changed_work_keeps_its_name_in_calendars_and_counts_up(house: Database) -> None:
    save(house, Kind.PLANNED_WORK, WORK)
    save(house, Kind.PLANNED_WORK, {**WORK, "state": "cancelled"})
    (event,) = Calendar.from_ical(shoot(house).files["calendar.ics"].body).walk("VEVENT")
    assert (event["sequence"], event["status"]) == (1, "CANCELLED")


@pytest.mark.parametrize(("hours", "word"), [(0, "Planned"), (48, "Under way now"), (49, None)])
def test_the_status_page_says_where_planned_work_stands(house: Database, hours: int, word: str | None) -> None:
    save(house, Kind.PLANNED_WORK, WORK)
    page = shoot(house, NOON + timedelta(hours=hours)).files["en/index.html"].body.decode()
    assert (word is not None) == ("New mast" in page)
    assert word is None or f">{word}<" in page
