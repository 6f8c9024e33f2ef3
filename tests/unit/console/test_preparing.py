"""Playbooks and schedules by their screens."""

from __future__ import annotations

from app.domain.principals import HOST, Role
from app.store import documents, schedules, updates
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.console import Visitor
from tests.faces import WORDS, Api


def playbook(api: Api) -> None:
    document = {
        "names": {"en": "Power cut"}, "severity": "major", "variables": {"place": "place"}, "cadence": {"major": 60},
        "stages": {"holding": {"en": {"headline": "No power in {place}", "impact": "You have no electricity."}},
                   "progress": {"en": {"headline": "Still no power", "impact": "We go on."}}},
        "faq": [{"questions": {"en": "Why?"}, "answers": {"en": "A tree."}}],
    }  # fmt: skip
    save_document(api.db, HOST, Kind.PLAYBOOK, "power", document, 0, api.clock.now())


def test_a_playbook_is_begun_set_and_written_in_another_language(api: Api, admin: Visitor) -> None:
    api.prepare()
    playbook(api)
    page = admin.open("/playbooks/power")
    assert "No power in {place}" in page.words
    page = admin.send(page, "playbook", severity="emergency", canary="0.05", audience="everyone")
    assert page.said, page.words
    wrong = admin.send(page, "playbook", variables="place: somewhere")
    assert wrong.wrong("playbook-variables")
    lao = admin.send(admin.open("/playbooks/power/words/holding/lo"), "words", headline="ບໍ່ມີໄຟ {where}")
    assert lao.wrong("words-headline")
    assert lao.form("words")["headline"] == "ບໍ່ມີໄຟ {where}"
    done = admin.send(lao, "words", headline="ບໍ່ມີໄຟຢູ່ {place}", options="ໂທ | emergency | https://www.example.org/")
    assert done.said
    with api.db.reading() as connection:
        kept = documents.get(connection, Kind.PLAYBOOK, "power").document
    assert kept["stages"]["holding"]["lo"]["options"] == [
        {"text": "ໂທ", "need": "emergency", "url": "https://www.example.org/"}
    ]
    assert (kept["canary"], kept["faq"][0]["answers"]) == (0.05, {"en": "A tree."})
    assert "ບໍ່ມີໄຟຢູ່" in admin.open("/history/playbooks/power").words
    form = admin.open("/playbooks/power/words/holding/lo")
    admin.send(form, "words", headline="", options="")
    assert "ບໍ່ມີໄຟຢູ່" not in admin.open("/playbooks/power").words
    assert admin.open("/playbooks/power/words?stage=details&language=gu").heading == "Details gu"
    assert admin.open("/playbooks/power/words/nothing/gu").status == 404
    begun = admin.send(admin.open("/add/playbooks"), "playbook", slug="flood", **{"names.en": "Flood"})
    assert begun.heading == "Flood"
    assert admin.send(begun, "remove", sure="yes").said


def test_what_readers_of_no_language_get_is_chosen_in_the_playbook_and_holds_for_its_updates(
    api: Api, admin: Visitor
) -> None:
    api.prepare()
    playbook(api)
    crisis = {"slug": "cut", "titles": {"en": "Cut"}, "severity": "major", "playbook": "power"}
    api.done(api.post("author", "/crises", json=crisis))
    words = {"stage": "details", "audience": "everyone", "endpoints": ["texts"], "content": {"en": WORDS}}
    for policy in ("bilingual", "skip", "default"):
        page = admin.open("/playbooks/power")
        assert admin.send(page, "playbook", language_policy=policy).said
        assert admin.open("/playbooks/power").form("playbook")["language_policy"] == policy
        draft = api.done(api.post("author", "/crises/cut/updates", json=words))
        with api.db.reading() as connection:
            assert updates.get(connection, draft["id"]).document["language_policy"] == policy


def test_a_schedule_says_when_in_words_and_is_paused_and_approved(api: Api, admin: Visitor) -> None:
    api.prepare()
    playbook(api)
    author = Visitor(api)
    author.enter("ada", Role.AUTHOR)
    page = author.open("/add/schedules")
    wrong = author.send(page, "schedule", slug="hourly", cron="61 * * * *", playbook="power")
    assert wrong.wrong("schedule-cron")
    page = author.send(wrong, "schedule", cron="", every="1h", policy="approved")
    assert page.heading == "hourly"
    assert len(page.tree.xpath("//main//ol/li")) == 5
    assert "until a second person has approved it" in page.words
    assert admin.send(admin.open("/schedules/hourly"), "approve").said
    assert "paused" in author.send(author.open("/schedules/hourly"), "pause").said
    assert "paused" in author.open("/schedules").words
    assert author.send(author.open("/schedules/hourly"), "resume").said
    assert author.send(author.open("/schedules/hourly"), "remove", sure="yes").said
    with api.db.reading() as connection:
        assert schedules.find(connection, "hourly") is None


def test_what_a_playbook_asks_staff_and_what_customers_ask_have_forms(api: Api, admin: Visitor) -> None:
    api.prepare()
    playbook(api)
    page = admin.open("/playbooks/power/questions")
    assert "Why?" in page.words
    wrong = admin.send(page, "questions", tree="own", own='{"slug": "power",\n "names": }')
    assert "Line 2" in str(wrong.wrong("questions-own"))
    assert wrong.form("questions")["own"].startswith('{"slug"'), "what was typed stays"
    wrong = admin.send(wrong, "questions", tree="own", own='{"slug": "power", "start": "nowhere"}')
    assert "tree.questions" in str(wrong.wrong("questions-own"))
    copied = admin.open("/playbooks/power/questions?copy=default")
    done = admin.send(copied, "questions", own=copied.form("questions")["own"].replace('"default"', '"power-tree"', 1))
    assert done.said, done.words
    assert admin.open("/declare/power").status == 200
    back = admin.send(admin.open("/playbooks/power/questions"), "questions", tree="")
    assert back.said
    new = admin.open("/playbooks/power/faq/2")
    wrong = admin.send(new, "entry", **{"questions.en": "When?"})
    assert "answer" in str(wrong.wrong("entry-answers.en"))
    done = admin.send(wrong, "entry", **{"questions.en": "When?", "answers.en": "Soon."})
    assert done.said, done.words
    with api.db.reading() as connection:
        kept = documents.get(connection, Kind.PLAYBOOK, "power").document
    assert [each["answers"]["en"] for each in kept["faq"]] == ["A tree.", "Soon."]
    assert "tree" not in kept
    gone = admin.send(admin.open("/playbooks/power/faq/1"), "remove", sure="yes")
    assert gone.said
    assert admin.open("/playbooks/power/faq/3").status == 404
