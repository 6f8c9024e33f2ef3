from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from app.domain.reading import iso
from app.store import readings
from app.store.database import Database
from tests.faces import Api
from tests.live import open_live, until, written


def notices(api: Api, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.done(api.get("viewer", "/staff/notices", params=query))["items"]
    return found


def test_a_line_nobody_answers_stands_in_the_list_until_somebody_takes_care(api: Api) -> None:
    api.prepare()
    place = {"endpoint": "texts", "address": "+442071838750", "severity": "major"}
    kept = api.done(api.put("admin", "/staff/recipients", json={"recipients": [place]}))["recipients"]
    assert kept == [{**place, "address": "+44•••••••750", "language": "en", "person": "", "step": None}]
    since = api.clock.now() - timedelta(minutes=6)
    with api.db.writing() as tx:
        readings.set_presence(tx, "phone", staffed=False, since=since, at=api.clock.now() - timedelta(seconds=5))
    for _ in range(2):
        api.done(api.post("author", "/tick"))
    (notice,) = notices(api, waiting=True)
    assert (notice["kind"], notice["subject"]) == ("contact_channel_unstaffed", "phone")
    assert notice["details"] == {"since": iso(since)}
    assert [(one["endpoint"], one["address"], one["state"]) for one in notice["deliveries"]] == [
        ("texts", "+44•••••••750", "queued")
    ]
    assert api.post("viewer", f"/staff/notices/{notice['id']}/acknowledge").status_code == 403
    taken = api.done(api.post("author", f"/staff/notices/{notice['id']}/acknowledge"))
    assert (taken["acknowledged_by"], taken["deliveries"][0]["state"]) == ("author", "cancelled")
    assert notices(api, waiting=True) == []
    api.done(api.post("author", "/contact-channels/phone/presence", json={"staffed": True}))
    assert notices(api)[0]["cleared_at"] is not None


def test_places_are_for_admins_and_faults_are_explained(api: Api) -> None:
    api.prepare()
    bad = {"recipients": [{"endpoint": "texts", "address": "Mira"}]}
    assert api.put("approver", "/staff/recipients", json=bad).status_code == 403
    answer = api.put("admin", "/staff/recipients", json=bad)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_phone")
    assert answer.json()["field"] == "recipients[0].address"
    assert api.done(api.get("viewer", "/staff/recipients")) == {"recipients": []}
    assert api.post("author", "/staff/notices/9/acknowledge").json()["code"] == "notice_not_found"


def test_a_trial_goes_to_every_place(api: Api) -> None:
    api.prepare()
    place = {"endpoint": "mail", "address": "mira@example.org", "severity": "emergency"}
    api.done(api.put("admin", "/staff/recipients", json={"recipients": [place]}))
    made = api.done(api.post("admin", "/staff/notices/trial"))
    assert (made["kind"], len(made["deliveries"])) == ("trial", 1)
    assert "mira@" not in str(made)


def test_the_running_service_notices_silence_by_itself(database: Database, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "sent"
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        live.endpoint("duty", "outbox.sms", {"directory": str(folder)})
        place = {"endpoint": "duty", "address": "+442071838750"}
        live.api.done(live.api.put("admin", "/staff/recipients", json={"recipients": [place]}))
        now = live.api.clock.now()
        with live.api.db.writing() as tx:  # as if the last report had come six minutes ago; then nobody says anything
            readings.set_presence(tx, "phone", staffed=False, since=now - timedelta(minutes=6), at=now)
        until(lambda: bool(written(folder)))
        (notice,) = notices(live.api)
        until(lambda: notices(live.api)[0]["deliveries"][0]["state"] == "accepted")
    assert [one["to"] for one in written(folder)] == ["+442071838750"]
    assert notice["subject"] == "phone"
