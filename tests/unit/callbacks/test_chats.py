"""A person links their chat to themselves by their personal page, and what they write there counts as by text."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.manage import PURPOSE, manage_token
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.suppressing import Source
from app.store import addresses, hearing
from app.store.hearing import InboundRow
from app.usecases import take_reply
from tests.faces import Api
from tests.rig.accounts import TELEGRAM_SECRET, TELEGRAM_TOKEN

ANN, CHAT = "ana@example.org", 987650001
BOT = {"slug": "bot", "channel": "chat_telegram", "settings": {
    "bot_name": "clarion_bot", "bot_token": TELEGRAM_TOKEN, "webhook_secret": TELEGRAM_SECRET}}  # fmt: skip


class Bot:
    def __init__(self, api: Api) -> None:
        self.api = api
        self._told = 0

    def hear(self, text: str, chat: int = CHAT, *, secret: str = TELEGRAM_SECRET) -> Any:
        self._told += 1
        document = {"update_id": self._told, "message": {"chat": {"id": chat, "type": "private"}, "text": text}}
        return self.api.client.post(
            "/callbacks/bot", json=document, headers={"x-telegram-bot-api-secret-token": secret}
        )

    def token(self, medium: Medium = Medium.EMAIL, value: str = ANN) -> str:
        with self.api.db.writing() as tx:
            address = addresses.resolve(tx, self.api.wiring.keyring, medium, value)
        return manage_token(self.api.wiring.keyring.key(PURPOSE), address, MEDIUM_CODES[medium])

    def ann(self) -> Any:
        return self.api.done(self.api.get("author", "/subscribers/1"))

    def rows(self) -> list[InboundRow]:
        with self.api.db.reading() as connection:
            return list(reversed(hearing.page(connection, keywords=True).items))


@pytest.fixture
def bot(api: Api) -> Bot:
    api.prepare()
    api.done(api.post("admin", "/endpoints", json=BOT))
    return Bot(api)


def test_start_from_the_personal_page_makes_the_chat_one_of_their_addresses(bot: Bot) -> None:
    page = bot.api.client.get(f"/m/{bot.token()}")
    assert f'href="https://t.me/clarion_bot?start={bot.token()}"' in page.text
    assert bot.hear(f"/start {bot.token()}", secret="guessed, of some length").status_code == 401
    assert bot.hear("/start " + "A" * 32).status_code == 200
    assert "chat" not in {one["medium"] for one in bot.ann()["addresses"]}, "a token nobody was given links nothing"
    assert bot.hear(f"/start {bot.token()}").text == "{}"
    (place,) = [one for one in bot.ann()["addresses"] if one["medium"] == "chat"]
    assert (place["address"], place["preferred"], place["suppressed"]) == ("98•••", True, False)
    said = [(one["medium"], one["topic"], one["granted"], one["how"], one["by"]) for one in bot.ann()["consents"]]
    assert said == [("chat", "", True, "chat", "reader")]
    assert [(row.effect, row.answer) for row in bot.rows()] == [("helped", "help"), ("linked", "linked")]
    assert "t.me" not in bot.api.client.get(f"/m/{bot.token()}").text, "it is linked"
    update = bot.api.draft(endpoints=["bot"])
    assert bot.api.done(bot.api.get("author", f"/updates/{update}/preview"))["recipients"] == {"chat": 1}


def test_words_count_as_by_text_and_everything_else_reaches_staff(bot: Bot) -> None:
    bot.hear(f"/start {bot.token()}")
    for text in ("Stop", "/start", "/less", "/more", "Is the shelter open?"):
        assert bot.hear(text).status_code == 200
    assert [row.effect for row in bot.rows()] == ["linked", "stopped", "started", "less", "more", "for_staff"]
    assert bot.rows()[-1].words is not None
    history = bot.api.done(bot.api.get("author", "/subscribers/1/consents"))["items"]
    said = [(one["granted"], one["how"]) for one in history]
    assert sorted(said) == [(False, "chat"), (True, "chat"), (True, "chat")]


def test_blocking_the_bot_is_a_stop_and_linking_anew_takes_it_back(bot: Bot) -> None:
    bot.hear(f"/start {bot.token()}")
    kicked = {"update_id": 77, "my_chat_member": {
        "chat": {"id": CHAT, "type": "private"}, "new_chat_member": {"status": "kicked"}}}  # fmt: skip
    told = bot.api.client.post(
        "/callbacks/bot", json=kicked, headers={"x-telegram-bot-api-secret-token": TELEGRAM_SECRET}
    )
    assert told.status_code == 200
    (place,) = [one for one in bot.ann()["addresses"] if one["medium"] == "chat"]
    assert place["suppressed"]
    bot.hear(f"/start {bot.token()}")
    (place,) = [one for one in bot.ann()["addresses"] if one["medium"] == "chat"]
    assert not place["suppressed"]
    assert [(row.effect, row.answer) for row in bot.rows()][1:] == [("stopped", ""), ("linked", "")], "told just now"


def test_whoever_left_the_chat_by_their_page_comes_back_by_start(bot: Bot) -> None:
    bot.hear(f"/start {bot.token()}")
    left = bot.api.client.post(f"/m/{bot.token(Medium.CHAT, str(CHAT))}", data={"do": "leave"})
    assert left.is_success
    (place,) = [one for one in bot.ann()["addresses"] if one["medium"] == "chat"]
    assert place["suppressed"]
    bot.hear("/start")
    (place,) = [one for one in bot.ann()["addresses"] if one["medium"] == "chat"]
    assert not place["suppressed"]


def test_one_chat_does_not_bury_what_the_others_wrote_and_its_stop_is_always_heard(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_reply, "MOST_FROM_ONE", 3)
    bot.hear(f"/start {bot.token()}")
    for number in range(5):
        assert bot.hear(f"spam {number}").status_code == 200
    bot.hear("Is the shelter open?", chat=CHAT + 1)
    bot.hear("/help")
    bot.hear("/stop")
    assert [row.effect for row in bot.rows()] == ["linked", "for_staff", "for_staff", "for_staff", "stopped"]
    assert len({row.address_id for row in bot.rows()[:-2]}) == 1, "the neighbour is heard"
    assert bot.rows()[-2].address_id != bot.rows()[-1].address_id


def test_whoever_links_a_chat_that_staff_stopped_is_told_and_staff_see_it(bot: Bot) -> None:
    bot.hear("Hello")
    with bot.api.db.writing() as tx:
        chat = addresses.resolve(tx, bot.api.wiring.keyring, Medium.CHAT, str(CHAT))
        addresses.suppress(tx, chat, "threats", bot.api.clock.now(), Source.STAFF)
    bot.hear(f"/start {bot.token()}")
    (place,) = [one for one in bot.ann()["addresses"] if one["medium"] == "chat"]
    assert place["suppressed"]
    assert [(row.effect, row.answer) for row in bot.rows()][1:] == [("blocked", "blocked")]


@pytest.mark.parametrize("stopped_too", [False, True])
def test_start_brings_back_whoever_left_everything_by_the_link_of_an_e_mail(bot: Bot, *, stopped_too: bool) -> None:
    bot.hear(f"/start {bot.token()}")
    assert bot.api.client.post(f"/m/{bot.token()}", data={"do": "leave"}).is_success
    if stopped_too:
        bot.hear("/stop")
    update = bot.api.draft(endpoints=["bot"])
    reached = f"/updates/{update}/preview"
    assert not bot.api.done(bot.api.get("author", reached))["recipients"].get("chat")
    bot.hear("/start")
    assert (bot.rows()[-1].effect, bot.rows()[-1].answer) == ("started", "start")
    assert bot.api.done(bot.api.get("author", reached))["recipients"] == {"chat": 1}
    bot.hear("/start")
    assert bot.rows()[-1].effect == "helped", "there is nothing to start any more"
