from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.domain.contacts import ContactChannel, dial_text, href
from app.errors import Invalid
from tests.unit.domain.samples import CHAT, PHONE


def channel(**more: Any) -> ContactChannel:
    return ContactChannel.from_document({**PHONE, **more})


def test_a_channel_comes_back_as_it_went_in_with_every_field_of_the_contract() -> None:
    full = channel(
        instructions={"en": "Have your number ready.\nPress 2."},
        holidays={"country": "in", "region": "GJ"},
        exceptions=[{"from": "2026-12-24", "hours": "10:00-14:00", "labels": {"en": "Half a day"}}],
        areas=["north"],
        status="busy",
        status_reasons={"en": "Many calls"},
        wait_minutes=25,
    )
    assert ContactChannel.from_document(full.to_document()) == full
    assert full.to_document()["holidays"] == {"country": "IN", "region": "GJ", "hours": "closed"}


@pytest.mark.parametrize(
    ("kind", "address", "shown", "link"),
    [
        ("phone", "+44 (20) 7183-8750", "+442071838750", "tel:+442071838750"),
        ("phone", "112", "112", "tel:112"),
        ("text", "60500", "60500", "sms:60500"),
        ("chat", "https://help.example.org/chat/", "help.example.org/chat", "https://help.example.org/chat/"),
        ("email", "help@example.org", "help@example.org", "mailto:help@example.org"),
        ("in_person", "12 Ring Road, Rajkot", "12 Ring Road, Rajkot", ""),
        ("social", "@help", "@help", ""),
        ("callback", "https://example.org/callback", "example.org/callback", "https://example.org/callback"),
        ("custom", "Ask the driver", "Ask the driver", ""),
    ],
)
def test_every_kind_has_a_form_people_can_dial_or_open(kind: str, address: str, shown: str, link: str) -> None:
    found = channel(kind=kind, address=address)
    assert (dial_text(found), href(found)) == (shown, link)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("phone", "call us"),
        ("phone", "+1"),
        ("text", "https://example.org"),
        ("chat", "http://example.org"),
        ("portal", "example.org"),
        ("email", "help at example.org"),
        ("email", "help@"),
        ("email", "one@example.org, two@example.org"),
        ("email", "help..desk@example.org"),
        ("email", "help@-example-.org"),
        ("phone", "+0123456789"),
        ("phone", "+1234567890123456"),
        ("in_person", ""),
        ("social", "javascript://x"),
        ("callback", "soon"),
    ],
)
def test_an_address_that_cannot_work_for_its_kind_is_refused(kind: str, address: str) -> None:
    with pytest.raises(Invalid) as refusal:
        channel(kind=kind, address=address)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.field) == ("bad_address" if address else "missing", "address")
    assert problem.remedy


def test_every_fault_of_a_channel_is_reported_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        channel(slug="Not Good", names={}, hours="sometimes", timezone="Mars/Base", wait_minutes=-1, phone="1")
    assert {problem.field for problem in refusal.value.problems} == {
        "slug",
        "names",
        "hours",
        "timezone",
        "wait_minutes",
        "phone",
    }


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"languages": ["Gujarati!"]}, "bad_language", "languages"),
        ({"names": {"gujarati-1": "x"}}, "bad_language", "names"),
        ({"capacity": {"at_once": -1}}, "bad_number", "capacity.at_once"),
        ({"accessibility": {"relay": "yes"}}, "wrong_type", "accessibility.relay"),
        ({"first_response_minutes": 0}, "bad_number", "first_response_minutes"),
        ({"upkeep": {"check_on": "soon"}}, "bad_date", "upkeep.check_on"),
        ({"status": "ill"}, "unknown_word", "status"),
        ({"status_until": "2026-03-10T12:00"}, "bad_time", "status_until"),
        ({"kind": "fax"}, "unknown_word", "kind"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused_with_its_place(change: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        channel(**change)
    assert (code, field) in {(problem.code, problem.field) for problem in refusal.value.problems}
    assert all(problem.remedy for problem in refusal.value.problems)


def test_a_channel_without_stated_languages_or_areas_serves_everyone() -> None:
    assert channel(languages=[]).speaks("lo")
    assert channel(languages=["pt-BR"]).speaks("pt")
    assert not ContactChannel.from_document(CHAT).speaks("lo")
    assert channel().serves("north")
    assert not channel(areas=["south"]).serves("north")
    assert channel(areas=["south"]).serves("")


def test_the_example_in_the_documentation_is_taken() -> None:
    page = (Path(__file__).parents[3] / "docs" / "contact-channels.md").read_text(encoding="utf-8")
    example = json.loads(page.partition("```json\n")[2].partition("```")[0])
    found = ContactChannel.from_document({"slug": "service-line", **example})
    assert found.hours == "Mo 09:00-12:30,13:30-18:00, Fr 22:00-06:00"
    explained = {word for line in page.splitlines() if line.startswith("| `") for word in line.split("|")[1].split("`")}
    assert set(found.to_document()) - {"slug"} <= explained
