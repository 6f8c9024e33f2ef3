"""“Still true?” reaches each person with a link of their own; one tap answers it, and opening the link does nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial

import pytest
from lxml import html

from app.clock import FrozenClock
from app.console.words import accented
from app.domain.principals import HOST, Actor, Role
from app.domain.question_links import PURPOSE, QuestionLink, question_token, read_question_token
from app.engine.nudging import Nudger
from app.keyring import Keyring
from app.store import audit, users
from app.templating.words import load_words
from app.usecases.change_user import change_user
from app.usecases.save_schedule import save_schedule
from app.usecases.save_staff_recipients import save_staff_recipients
from app.usecases.tap_answer import question_url
from tests.faces import Api
from tests.rig.cadences import Rounds
from tests.rig.stage import FAST, Stage
from tests.unit.usecases.announcements import TEMPLATES
from tests.unsaid import SAYINGS, english

pytestmark = pytest.mark.anyio


@dataclass
class Desk:
    """A schedule has drafted; ada, who wrote the schedule, and ben are asked by text."""

    api: Api
    rounds: Rounds

    async def asked(self) -> dict[str, str]:
        """What each number was sent: the path of its link."""
        stage, keyring = self.rounds.stage, self.api.wiring.keyring

        nudger = Nudger(
            stage.db, lambda one, _: stage.channels[one.slug], load_words(TEMPLATES / "staff"), stage.clock, FAST,
            tap_url=partial(question_url, stage.db, keyring, "https://c.example.org"),
        )  # fmt: skip
        await nudger.deliver()
        found = {one.address: re.search(r"https://c\.example\.org(/q/\S+)", one.message.text) for one in stage.heard}
        return {address: match.group(1) if match else "" for address, match in found.items()}


ADA, BEN, ROOM = "+442071838750", "+442071838751", "+442071838752"


@pytest.fixture
def desk(api: Api, clock: FrozenClock) -> Desk:
    rounds = Rounds(Stage(api.db, api.wiring.keyring, clock), clock)
    rounds.prepare()
    people = ((ADA, "ada"), (BEN, "ben"), (ROOM, ""))
    places = [{"endpoint": "texts", "address": address, "person": person} for address, person in people]
    save_staff_recipients(api.db, HOST, places, clock.now())
    with api.db.reading() as connection:
        ada = users.by_name(connection, "ada")
    change_user(api.db, HOST, ada.id, role=Role.APPROVER, disabled=False, now=clock.now())
    wanted = {"crisis": "outage", "every": "30m", "endpoints": ["site", "texts"], "audience": "everyone"}
    save_schedule(api.db, Actor("ada", Role.APPROVER, ada.id, None), "half-hourly", wanted, None, clock.now())
    rounds.pass_on(21)
    return Desk(api, rounds)


def tap(desk: Desk, path: str, answer: str = "confirm") -> tuple[int, str]:
    answered = desk.api.client.post(path, data={"answer": answer})
    return answered.status_code, answered.text


async def test_opened_by_whatever_robot_nothing_happens_and_one_tap_confirms(desk: Desk) -> None:
    links = await desk.asked()
    assert links[ROOM] == "", "nobody in particular: nobody could say who answered"
    assert len({links[ADA], links[BEN]}) == 2
    desk.api.client.get(links[BEN])
    assert desk.api.client.head(links[BEN]).status_code == 200
    shown = desk.api.client.get(links[BEN])
    assert "Power is out in Vientiane" in shown.text
    assert "<script" not in shown.text
    assert (shown.headers["cache-control"], shown.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert desk.rounds.plans()[0].state == "asked"
    assert tap(desk, links[BEN])[0] == 200
    assert (desk.rounds.plans()[0].state, desk.rounds.plans()[0].answered_by) == ("ready", "ben (by link)")
    desk.rounds.pass_on(10)
    assert desk.rounds.updates("sending", "releasing")[0].approved_by == "ben"
    with desk.api.db.reading() as connection:
        told = [row for row in audit.page(connection, limit=50).items if row.action == "confirm_update"]
    assert [row.actor for row in told] == ["ben (by link)"]
    status, page = tap(desk, links[BEN])
    assert status == 409
    assert "Nobody is asked" in page


async def test_who_wrote_the_schedule_may_put_it_off_but_not_approve_it(desk: Desk) -> None:
    links = await desk.asked()
    status, page = tap(desk, links[ADA])
    assert status == 409
    assert "cannot approve it" in page
    assert desk.rounds.plans()[0].state == "asked"
    assert tap(desk, links[ADA], "snooze")[0] == 200
    assert desk.rounds.plans()[0].state == "snoozed"
    assert tap(desk, links[ADA], "burn")[0] == 409


async def test_the_page_and_what_it_refuses_are_in_the_readers_language(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From right to left and accented: every plain word would be one that no catalogue has (tests/unsaid.py)."""
    links, templating = await desk.asked(), desk.api.wiring.templating
    source = templating.staff["en"]
    texts = {key: accented(text) for key, text in source.texts.items()}
    arabic = replace(source, language="ar", direction="rtl", texts=texts)
    monkeypatch.setattr(templating, "staff", {"en": source, "ar": arabic})
    monkeypatch.setattr(templating, "sayings", {"ar": replace(SAYINGS, language="ar")})
    client, asked = desk.api.client, {"accept-language": "lo, ar;q=0.5"}
    for answered in (
        client.get(links[BEN], headers=asked),
        client.post(links[ADA], data={"answer": "confirm"}, headers=asked),
        client.post(links[ADA], data={"answer": "burn"}, headers=asked),
        client.post(links[ADA], data={"answer": "snooze"}, headers=asked),
        client.get("/q/xyz", headers=asked),
    ):
        tree = html.fromstring(answered.text.replace("ada", "xx"))  # her name, which stays
        assert (tree.get("lang"), tree.get("dir"), answered.headers["vary"]) == ("ar", "rtl", "accept-language")
        assert english(tree) == []
    assert "Still true" in client.get(links[BEN]).text
    assert "default-src 'none'" in client.get(links[BEN], headers=asked).headers["content-security-policy"]


async def test_a_link_that_is_forged_over_or_of_somebody_who_left_opens_nothing(desk: Desk) -> None:
    link = (await desk.asked())[BEN]
    key = desk.api.wiring.keyring.key(PURPOSE)
    found = read_question_token(key, link.removeprefix("/q/"))
    assert found is not None
    later = QuestionLink(found.plan, found.user + 1, found.until)
    forged = [question_token(b"another key", found), question_token(key, later)[:-4] + "AAAA", "x", ""]
    for token in forged:
        assert desk.api.client.get(f"/q/{token}").status_code == 404
        assert desk.api.client.post(f"/q/{token}", data={"answer": "confirm"}).status_code == 404
    with desk.api.db.reading() as connection:
        ben = users.by_name(connection, "ben")
    change_user(desk.api.db, HOST, ben.id, role=Role.APPROVER, disabled=True, now=desk.rounds.clock.now())
    assert tap(desk, link)[0] == 404
    change_user(desk.api.db, HOST, ben.id, role=Role.APPROVER, disabled=False, now=desk.rounds.clock.now())
    desk.rounds.clock.advance(3 * 3_600)
    assert tap(desk, link)[0] == 404
    assert desk.rounds.plans()[0].state == "asked"


async def test_a_link_names_one_question_and_one_person(keyring: Keyring, clock: FrozenClock) -> None:
    link = QuestionLink(7, 3, clock.now())
    token = question_token(keyring.key(PURPOSE), link)
    assert len(token) == 40
    assert read_question_token(keyring.key(PURPOSE), token) == link
