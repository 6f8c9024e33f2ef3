"""Who is meant, built of conditions or written as text: the same rule either way, counted before it is saved."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given

from app.console.condition_rows import rows_of, rule_in
from app.console.condition_tree import DEEPEST_GROUP, Group, Kind, Row, depth, everything, fields_of, group_in, removed
from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import And, Languages, Not, Or, Rule
from app.domain.audience_text import parse_text
from app.domain.consent import How
from app.domain.message import Medium
from app.domain.principals import HOST, Role
from app.errors import Invalid
from app.store import audiences
from app.usecases.save_subscriber import say_consent
from tests.audience_language import RULES
from tests.console import Page, Visitor
from tests.faces import Api

GU, EN = Languages(("gu",)), Languages(("en", "lo"))
DEEP = And((GU, Or((EN, And((GU, Or((EN, GU))))))))


def sent(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    """As a browser sends them and the console reads them."""
    return parse_qs(urlencode(fields, doseq=True), keep_blank_values=True)


@given(RULES)
def test_a_rule_opens_in_the_builder_and_is_read_back_as_the_same(rule: Rule) -> None:
    group = rows_of(rule)
    if group is None:
        assert rule_depth(rule) >= DEEPEST_GROUP, "only what is too deep stays text"
        return
    assert group_in(sent(fields_of(group))) == group
    assert rule_in(group_in(sent(fields_of(group))))[()] == rule
    assert parse_rule(rule_document(rule_in(group)[()])) == rule


def rule_depth(rule: Rule) -> int:
    match rule:
        case And(rules) | Or(rules):
            return 1 + max(map(rule_depth, rules))
        case Not(inner):
            return 1 + rule_depth(inner)
    return 0


def test_what_is_too_deep_or_too_long_stays_text() -> None:
    assert rows_of(DEEP) is None
    assert rows_of(And(tuple(Languages((code,)) for code in ("en", "gu", "lo")) * 30)) is None
    twice = rows_of(Not(Not(GU)))
    assert twice is not None
    assert rule_in(twice)[()] == Not(Not(GU))


def test_taking_out_a_condition_leaves_the_others_as_they_were() -> None:
    group = rows_of(parse_text("area = north and (language = gu or language = lo) and topic = power"))
    assert group is not None
    left = removed(group, (1, 0))
    assert rule_in(left)[()] == parse_text("area = north and language = lo and topic = power")
    assert depth(left) == 2
    assert [place for place, _ in everything(left)] == [(), (0,), (1,), (1, 0), (2,)]


@pytest.mark.parametrize(
    "fields",
    [
        {"c.0.kind": ["nothing"]},
        {"c.0.0.kind": ["area"]},
        {"c.join": ["and"], "c.0.kind": ["area"], "c.0.0.kind": ["area"]},
        {"c.join": ["and"], "c.0.kind": ["area"], "c.0.values": ["north"], "c.1.values": ["gu"]},
        {"c.join": ["and"], "c.0.kind": ["area"], "c.0.values": ["north"], "c.1.not": ["yes"]},
        {f"c{'.0' * deep}.join": ["or"] for deep in range(5)},
    ],
)
def test_a_form_of_which_a_part_is_missing_means_nobody(fields: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid) as refused:
        group_in(fields)
    assert refused.value.problems[0].code == "form_incomplete"


def test_what_is_missing_stands_beside_its_condition() -> None:
    group = Group(parts=(
        Row(Kind.AREA), Row(Kind.DAY, fields={"name": ("since",), "sign": ("<",), "day": ("2026-02-30",)}), Group(),
        Row(Kind.TEXT, fields={"name": ("tier",), "how": ("contains",), "values": ("a\nb",)}),
        Row(Kind.UPDATE, fields={"update": ("x",), "outcome": ("states",)}),
        Row(Kind.LANGUAGE, fields={"values": ("??",)}),
    ))  # fmt: skip
    with pytest.raises(Invalid) as refused:
        rule_in(group)
    fields = [problem.field for problem in refused.value.problems]
    assert fields == ["c.0.values", "c.1.day", "c.2.new", "c.3.values", "c.4.states", "c.5.values"]
    assert refused.value.problems[1].sentence == "This is not a day such as 2026-11-22."


def press(visitor: Visitor, page: Page, act: str, **typed: Any) -> Page:
    return visitor.send(page, "audience", then=act, **typed)


def test_an_audience_is_built_counted_and_saved_without_scripts(api: Api, admin: Visitor) -> None:
    api.prepare()
    page = admin.open("/add/audiences")
    nobody = press(admin, page, "count")
    assert (nobody.status, nobody.wrong("audience-c.new")) == (
        422, "It says nobody. Add a condition: whom do you mean?",
    )  # fmt: skip
    page = press(admin, page, "add:c", slug="north", **{"c.new": "area"})
    (focused,) = page.tree.xpath("//*[@autofocus]")
    assert focused.get("name") == "c.0.values"
    assert page.form("audience")["slug"] == "north"
    page = press(admin, page, "group:c", **{"c.0.values": "nroth"})
    page = press(admin, page, "add:c.1", **{"c.1.new": "language"})
    page = press(admin, page, "add:c.1", **{"c.1.0.values": "en, gu", "c.1.new": "reachable"})
    page = press(admin, page, "count")
    assert page.wrong("audience-c.1.1.media") == "This is needed. Tick at least one way."
    page = press(admin, page, "count", **{"c.1.1.media": "sms"})
    assert page.wrong("audience-c.0.values") == "There is no area “nroth”. Did you mean “north” or “south”?"
    (focused,) = page.tree.xpath("//*[@autofocus]")
    assert focused.get("name") == "c.0.values"
    page = press(admin, page, "count", **{"c.0.values": "north, sout"})
    assert page.wrong("audience-c.0.values").startswith("There is no area “north, sout”."), "nothing is guessed"
    page = press(admin, page, "text", **{"c.0.values": "north, south"})
    assert str(page.form("audience")["text"]).startswith("area in (north, south) "), "known ones are told apart"
    page = press(admin, press(admin, page, "conditions"), "count", **{"c.0.values": "north"})
    assert page.said.startswith("2 people right now"), page.words
    assert [one.text for one in page.tree.xpath("//p[@class='figure']")] == [
        "2 people right now", "3 people right now", "3 people right now", "2 people right now",
    ]  # fmt: skip
    page = press(admin, page, "remove:c.1.0")
    assert "c.1.1.kind" not in page.form("audience")
    saved = admin.send(page, "audience", **{"c.1.not": "yes"})
    assert saved.said == "Saved. It counts from now on.", saved.words
    with api.db.reading() as connection:
        rule = audiences.get(connection, "north").typed()
    assert rule == parse_text("area = north and not reachable(sms)")
    again = admin.open("/audiences/north").form("audience")
    assert (again["c.1.kind"], again["c.1.media"], again["c.1.not"]) == ("reachable", "sms", "yes")
    assert admin.send(saved, "remove", sure="yes").said


def test_who_is_left_out_and_why_is_said_before_it_is_saved(api: Api, admin: Visitor) -> None:
    api.prepare()
    said = {"medium": "sms", "topic": "", "granted": False, "text_version": "1"}
    say_consent(api.db, HOST, "1", said, api.clock.now(), how=How.STAFF)
    api.done(api.post("approver", "/subscribers/suppressions", json={"medium": "email", "address": "bela@example.org"}))
    page = press(admin, admin.open("/add/audiences"), "count", mode="text", text="everyone")
    assert "3 people right now" in page.said
    assert "Text message: 1 want nothing by this medium" in page.said
    assert "E-mail: 1 are never to be written to there" in page.said
    counted = api.done(api.post("viewer", "/audiences/count", json={"text": "everyone"}))
    reasons = {(one["medium"], one["reason"]): one["people"] for one in counted["left_out"]}
    assert reasons == {("sms", "medium_withdrawn"): 1, ("email", "suppressed"): 1}


def test_conditions_and_text_are_two_ways_to_say_the_same(api: Api, admin: Visitor) -> None:
    api.prepare()
    wanted = "(area = north or tier = gold) and not language in (gu, lo)"
    page = press(admin, admin.open("/add/audiences"), "conditions", mode="text", text=wanted)
    form = page.form("audience")
    assert (form["c.0.join"], form["c.0.1.kind"], form["c.1.values"]) == ("or", "text", "gu, lo")
    assert form["c.1.not"] == "yes"
    assert press(admin, page, "text").form("audience")["text"] == wanted
    deep = "area = a and (area = b or (area = c and (area = d or area = e)))"
    page = press(admin, page, "conditions", mode="text", text=deep)
    assert page.form("audience")["text"] == deep
    assert "more than conditions can show" in page.words
    wrong = press(admin, page, "conditions", text="area = a and")
    assert wrong.status == 422
    assert wrong.wrong("audience-text")


def test_groups_end_where_a_phone_does(api: Api, admin: Visitor) -> None:
    page = admin.open("/add/audiences")
    for place in ("c", "c.0"):
        page = press(admin, page, f"group:{place}")
    assert page.tree.xpath("//button[@value='group:c.0']")
    assert not page.tree.xpath("//button[@value='group:c.0.0']")
    refused = press(admin, page, "group:c.0.0")
    assert refused.status == 422
    assert "Groups stand at most three deep here." in refused.words


def test_a_viewer_reads_the_rule_and_changes_nothing(api: Api) -> None:
    api.prepare()
    viewer = Visitor(api)
    viewer.enter("vera", Role.VIEWER)
    page = viewer.open("/audiences/everyone")
    assert "everyone" in page.words
    assert not page.tree.xpath("//main//button")


def test_every_kind_of_condition_has_its_fields(api: Api, admin: Visitor) -> None:
    api.prepare()
    api.done(api.post("approver", "/topics", json={"slug": "power", "names": {"en": "Power"}}))
    page = admin.open("/add/audiences")
    for kind in Kind:
        page = press(admin, page, "add:c", **{"c.new": kind.value})
        assert page.status == 200
    names = {name.rpartition(".")[2] for name in page.tree.xpath("//main//*[@name]/@name") if name.startswith("c.")}
    assert {"values", "name", "how", "sign", "number", "day", "topics", "medium", "topic", "media"} < names
    assert {"update", "outcome", "states", "audience", "not"} < names
    refused = press(admin, page, "count")
    assert refused.status == 422
    assert len(refused.tree.xpath("//*[@class='wrong']")) >= len(Kind) - 3
    assert Medium.SMS.value in refused.tree.xpath("//input[@name='c.10.media']/@value")
