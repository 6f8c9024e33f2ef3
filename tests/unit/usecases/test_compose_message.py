from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import html as parser

from app.domain.crisis import Severity
from app.domain.fitting import measure, segments
from app.domain.message import Limits, Medium
from app.domain.routing import ELSEWHERE, EMPTY_REGISTRY, Registry
from app.errors import Invalid
from tests.unit.usecases.announcements import (
    ARABIC,
    AT,
    LANGUAGES,
    LINK,
    NIGHT,
    STAGES,
    composed,
    document,
    registry,
    sample,
    source,
)

MEDIA = tuple(Medium)
BLUESKY = Limits(characters=300, unit="graphemes", utf8_bytes=3000)


@pytest.mark.parametrize("slug", ["service-outage", "natural-disaster"])
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_renders_on_every_medium_in_every_language(stage: str, slug: str) -> None:
    update = source(document(stage, slug))
    for medium in MEDIA:
        for language in LANGUAGES:
            message = composed(update, medium, language).message
            assert update.update.content[language].headline in message.text
            assert not re.search(r"[{}]|None|Undefined", message.text + message.subject), message.text
            assert message.text == message.text.strip()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drill_says_exercise_first_everywhere(stage: str, language: str) -> None:
    update = source(document(stage, drill=True))
    for medium in MEDIA:
        message = composed(update, medium, language).message
        assert message.drill
        assert "EXERCISE" in message.text.splitlines()[0]
        if medium is Medium.EMAIL:
            assert message.subject.startswith("EXERCISE")
            assert "EXERCISE" in parser.fromstring(message.html).xpath("//main/p[1]")[0].text_content()
        else:
            assert message.text.startswith("EXERCISE")


def test_nothing_but_a_drill_says_exercise() -> None:
    assert all("EXERCISE" not in composed(source(), medium).message.text for medium in MEDIA)


def test_a_drill_says_exercise_in_the_readers_own_word_too() -> None:
    assert composed(source(document(drill=True)), Medium.SMS, "eo").message.text.startswith("EXERCISE (EKZERCO): ")


def test_the_need_of_the_update_comes_first_then_the_emergency_number() -> None:
    text = composed(source(document(need="coverage-question")), Medium.SMS).message.text
    need, emergency = text.splitlines()[1:3]
    assert need == "What is covered: +12025550123 (until 10:00 PM UTC+7)"
    assert emergency == "Emergency: +12025550100 (24 h)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_names_the_need_and_the_emergency_line_of_its_readers_area_as_numbers(language: str) -> None:
    known = sample()
    near = [
        {"slug": f"{need}-{area}", "kind": "phone", "address": number, "names": {"en": area}, "areas": [area]}
        for need, area, number in (
            ("emergency", "north", "+12025550181"),
            ("coverage-question", "north", "+12025550182"),
            ("emergency", "south", "+12025550191"),
        )
    ]
    rules = [
        {"slug": f"near-{one['slug']}", "need": str(one["slug"]).rsplit("-", 1)[0], "contact_channels": [one["slug"]],
         "when": {"area": one["areas"]}, "position": 0}
        for one in near
    ]  # fmt: skip
    found = Registry.from_documents(
        [*known["contact_channels"], *near], known["needs"], [*known["routing_rules"], *rules]
    )
    update = source(document(need="coverage-question"), registry=found)

    def numbers(area: str, medium: Medium) -> list[str]:
        return re.findall(r"\+12025550\d{3}", composed(update, medium, language, area=area).message.text)[:2]

    for medium in (Medium.SMS, Medium.PUSH):
        assert numbers("north", medium) == ["+12025550182", "+12025550181"]
        assert numbers("south", medium) == ["+12025550123", "+12025550191"]
        assert numbers(ELSEWHERE, medium) == ["+12025550123", "+12025550100"]
        assert numbers("", medium) == ["+12025550123", "+12025550100"]


def test_a_rule_for_an_audience_holds_in_what_its_people_get_and_never_in_public() -> None:
    rule = {"slug": "vip", "need": "technical-issue", "when": {"audience": "vip"}, "contact_channels": ["service-desk"]}
    known = sample()
    rules = [rule, *known["routing_rules"]]
    found = Registry.from_documents(known["contact_channels"], known["needs"], rules)

    def said(medium: Medium, audience: str) -> str:
        update = document(need="technical-issue", audience=audience)
        return composed(source(update, registry=found), medium).message.text.split("Emergency:")[0]

    desk, chat = "+12025550177", "help.example.org/chat"
    assert desk in said(Medium.SMS, "vip")
    assert desk in said(Medium.EMAIL, "vip")
    assert desk not in said(Medium.SMS, "everyone")
    assert chat in said(Medium.SMS, "everyone")
    assert chat in said(Medium.SOCIAL, "vip")


@pytest.mark.parametrize("stage", STAGES)
def test_english_text_messages_keep_within_two_parts_and_others_within_three(stage: str) -> None:
    for language in ("en", "gu", "lo", "eo"):
        update = source(document(stage), severity=Severity.MINOR)
        parts = segments(composed(update, Medium.SMS, language).message.text)
        assert parts.parts <= {"GSM-7": 2, "UCS-2": 3}[parts.encoding]


def test_an_english_text_message_stays_gsm_so_that_it_costs_half() -> None:
    assert segments(composed(source(), Medium.SMS).message.text).encoding == "GSM-7"


@pytest.mark.parametrize("severity", [Severity.EMERGENCY, Severity.MAJOR])
def test_a_grave_crisis_may_take_one_part_more_for_the_emergency_line(severity: Severity) -> None:
    update = source(document("details", "natural-disaster"), severity=severity)
    for language in ("en", "gu", "lo", "eo"):
        made = composed(update, Medium.SMS, language)
        assert "+12025550100" in made.message.text
        assert segments(made.message.text).parts <= 4


def test_routes_drop_before_another_part_is_added() -> None:
    base = document(content={"en": {"headline": "Service is down", "impact": "x" * 60}})
    seen = []
    for length in range(60, 400, 10):
        base["content"]["en"]["impact"] = "x" * length
        made = composed(source(base, severity=Severity.MINOR), Medium.SMS)
        parts = segments(made.message.text).parts
        seen.append((made.routes, parts))
        if made.routes >= 2 and not any(note.code == "long_text" for note in made.notes):
            assert parts <= 2
    routes = [one for one, parts in seen if parts <= 2]
    assert routes == sorted(routes, reverse=True)
    assert routes[0] >= 3
    assert routes[-1] == 1


def test_the_hour_never_makes_a_text_message_longer_than_its_reserve() -> None:
    for stage in ("warning", "details"):
        for language in LANGUAGES:
            reserved = composed(source(document(stage)), Medium.SMS, language).reserved
            for hours in range(0, 48, 5):
                made = composed(source(document(stage)), Medium.SMS, language, at=AT + timedelta(hours=hours))
                assert made.reserved == reserved
                assert segments(made.message.text).parts <= reserved


def test_a_closed_channel_says_when_it_opens() -> None:
    update = source(document(need="technical-issue"), registry=registry(portal={"status": "down"}))
    text = composed(update, Medium.EMAIL, at=NIGHT).message.text
    assert "Technical help: Text line – +12025550123 (opens 7:00 AM UTC+7)" in text


def test_a_changed_number_shows_in_the_next_message() -> None:
    before, after = source(), source(registry=registry(emergency_line={"address": "+12025550199"}))
    assert "+12025550100" in composed(before, Medium.SMS).message.text
    assert "+12025550199" in composed(after, Medium.SMS).message.text


def test_the_channels_own_limit_is_kept_whatever_the_budget() -> None:
    update = source(document(content={"en": {"headline": "Service is down", "impact": "You cannot go online."}}))
    made = composed(update, Medium.SMS, limits=Limits(segments=1, characters=160))
    assert segments(made.message.text).parts == 1
    assert made.measure.fits


def test_a_text_that_fits_in_no_form_is_refused_by_name() -> None:
    update = source(document(content={"en": {"headline": "h" * 150, "impact": "i" * 900}}))
    with pytest.raises(Invalid) as refused:
        composed(update, Medium.SMS, limits=Limits(segments=3))
    problem = refused.value.problems[0]
    assert (problem.code, problem.field) == ("oversize", "content.en")
    assert problem.remedy


def test_a_long_text_goes_out_with_a_warning_when_the_channel_takes_it() -> None:
    update = source(document(content={"en": {"headline": "Short", "impact": "i" * 500}}))
    made = composed(update, Medium.SMS)
    assert "long_text" in {note.code for note in made.notes}
    assert "Emergency: +12025550100" in made.message.text


@pytest.mark.parametrize("stage", STAGES)
def test_a_post_keeps_headline_first_route_and_link_within_the_limits(stage: str) -> None:
    for language in LANGUAGES:
        made = composed(source(document(stage)), Medium.SOCIAL, language, BLUESKY)
        assert measure(made.message.text, BLUESKY).fits
        assert made.routes >= 1
        assert made.message.text.endswith(LINK.replace("{language}", language))


def test_a_post_gives_up_its_impact_before_its_route() -> None:
    update = source(document(content={"en": {"headline": "Service is down", "impact": "i" * 280}}))
    made = composed(update, Medium.SOCIAL, limits=BLUESKY)
    assert "impact_dropped" in {note.code for note in made.notes}
    assert "help.example.org/chat" in made.message.text


def test_a_missing_translation_falls_back_to_the_default_language_and_says_so() -> None:
    update = document()
    del update["content"]["ar"]
    made = composed(source(update), Medium.EMAIL, "ar")
    root = parser.fromstring(made.message.html)
    assert (root.get("lang"), root.get("dir")) == ("ar", "rtl")
    headline = root.xpath("//h1")[0]
    assert (headline.get("lang"), headline.get("dir")) == ("en", "ltr")
    assert [note.code for note in made.notes] == ["translation_fallback"]
    short = composed(source(update), Medium.SMS, "ar")
    assert "Emergency: " in short.message.text


def test_without_the_default_language_there_is_nothing_to_fall_back_to() -> None:
    update = document(content={"ar": ARABIC})
    with pytest.raises(Invalid) as refused:
        composed(source(update), Medium.SMS, "gu")
    assert refused.value.problems[0].code == "missing_translation"


def test_no_contact_route_is_noted() -> None:
    made = composed(source(registry=EMPTY_REGISTRY), Medium.SMS)
    assert [note.code for note in made.notes] == ["no_contact_route"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_email_is_accessible(language: str) -> None:
    html = composed(source(), Medium.EMAIL, language).message.html
    root = parser.fromstring(html)
    assert root.get("lang") == language
    assert root.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert len(root.xpath("//h1")) == 1
    assert len(root.xpath("//h2")) >= 5
    assert root.xpath("//title")[0].text
    assert root.xpath("//meta[@name='color-scheme']")
    assert not root.xpath("//img|//script|//link|//iframe|//form|//*[@background]")
    assert not re.search(r"background|(?<!-)color\s*:|url\(", html)
    assert all(anchor.text_content().strip() for anchor in root.xpath("//a"))


def test_the_email_goes_from_impact_to_duration_to_reason() -> None:
    text = composed(source(document("details")), Medium.EMAIL).message.text
    places = [
        text.index(one) for one in ("HOW THIS AFFECTS YOU", "HOW LONG", "WHY", "WHAT YOU CAN DO NOW", "MORE HELP")
    ]
    assert places == sorted(places)


def test_a_warning_says_what_to_do_before_how_long() -> None:
    text = composed(source(document("warning")), Medium.EMAIL).message.text
    assert text.index("WHAT YOU CAN DO NOW") < text.index("HOW LONG")


def test_a_correction_says_so_before_anything_else() -> None:
    update = source(document("correction"))
    assert composed(update, Medium.SMS).message.text.startswith("Correction: ")
    email = composed(update, Medium.EMAIL).message
    assert email.subject.startswith("Correction: ")
    assert "Please go by this one." in email.text


def test_words_of_authors_are_escaped_in_html() -> None:
    content = {"en": {"headline": '<b>bold</b> & "quoted"', "impact": "<script>alert(1)</script>"}}
    html = composed(source(document(content=content)), Medium.EMAIL).message.html
    assert "<b>bold" not in html
    assert "<script" not in html


def test_personal_marks_are_escaped_ones_in_html_also_when_an_author_wrote_them() -> None:
    content = {"en": {"headline": "Dear -name-", "impact": "up-to-date words stay"}}
    message = composed(source(document(content=content)), Medium.EMAIL, fields=("name", "manage_url")).message
    assert "-manage_url-" in message.text
    assert "-name-html-" in message.html
    assert "-name-" not in message.html.replace("-name-html-", "")
    assert 'href="-manage_url-html-"' in message.html
    assert "up-to-date" in message.html


def test_a_variant_has_its_own_words() -> None:
    update = document(variants=[{"audience": "hospitals", "content": {"en": {"headline": "Ring us", "impact": "Now"}}}])
    assert "Ring us" in composed(source(update), Medium.SMS, variant=1).message.text
    assert "Ring us" not in composed(source(update), Medium.SMS).message.text


def test_without_a_page_the_link_is_left_out() -> None:
    message = composed(source(), Medium.SMS, page_link="").message
    assert "https://" not in message.text
    assert message.link == ""


def test_the_same_inputs_give_the_same_message_and_other_words_another_key() -> None:
    assert composed(source(), Medium.SOCIAL) == composed(source(), Medium.SOCIAL)
    other = source(document("details"))
    assert composed(other, Medium.SOCIAL).message.key != composed(source(), Medium.SOCIAL).message.key


def test_machines_get_what_the_site_reads_back() -> None:
    data = composed(source(), Medium.SITE).message.data
    assert (data["update"], data["revision"], data["crisis"], data["severity"]) == (7, 2, "grid", "major")


def test_a_plus_sign_keeps_its_place_in_right_to_left_text() -> None:
    assert "\u200e+12025550100" in composed(source(), Medium.SMS, "ar").message.text
    assert "\u200e" not in composed(source(), Medium.SMS, "gu").message.text


def test_busy_and_foreign_channels_tell_their_state_in_the_email() -> None:
    busy = registry(
        live_chat={"status": "busy", "status_reasons": {"en": "Very many people write."}, "languages": ["lo"]}
    )
    update = replace(source(document(need="technical-issue")), registry=busy)
    text = composed(update, Medium.EMAIL).message.text
    assert "Technical help: Text line" in text
    assert "Wait: about 10 minutes" in text
