from __future__ import annotations

import csv
from collections.abc import Iterator

from app.domain.listed_consent import CONSENT_COLUMNS
from tests.faces import SUBSCRIBERS, Api

CSV = {"content-type": "text/csv; charset=utf-8"}


def test_an_import_says_what_it_took_and_what_it_did_not(api: Api) -> None:
    bad = SUBSCRIBERS + "4,Dara,not an address,,en,Europe/London,north\n5,Eve,eve@example.org,12,en,UTC,south\n"
    report = api.done(api.post("author", "/subscribers/import", content=bad, headers=CSV))
    assert (report["rows"], report["created"], report["rejected"]) == (5, 3, 2)
    assert [(fault["line"], fault["column"], fault["code"]) for fault in report["errors"]] == [
        (5, "email", "bad_email"),
        (6, "phone", "bad_phone"),
    ]
    again = api.done(api.post("author", "/subscribers/import", content=bad, headers=CSV))
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 3)


def test_a_file_in_another_encoding_or_of_another_kind_is_refused_whole(api: Api) -> None:
    latin = SUBSCRIBERS.replace("Ana", "Añá").encode("latin-1")
    answer = api.post("author", "/subscribers/import", content=latin, headers=CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "csv_encoding")
    assert answer.json()["remedy"]
    sheet = {"content-type": "application/vnd.ms-excel"}
    answer = api.post("author", "/subscribers/import", content=SUBSCRIBERS, headers=sheet)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_csv")
    api.done(api.post("author", "/audiences", json={"slug": "all", "rule": {"all": True}}))
    assert api.done(api.get("viewer", "/audiences/all/size"))["people"] == 0


def test_an_upload_larger_than_other_bodies_is_streamed(api: Api) -> None:
    def file() -> Iterator[bytes]:
        yield b"external_id,name,email\n"
        for chunk in range(60):
            yield b"".join(b"%d-%d,%s,p%d.%d@example.org\n" % (chunk, n, b"x" * 150, chunk, n) for n in range(100))

    report = api.done(api.post("author", "/subscribers/import", content=file(), headers=CSV))
    assert (report["rows"], report["created"], report["rejected"]) == (6_000, 6_000, 0)


def test_the_same_upload_with_the_same_key_is_done_once(api: Api) -> None:
    headers = {**CSV, "Idempotency-Key": "upload-1"}
    first = api.done(api.post("author", "/subscribers/import", content=SUBSCRIBERS, headers=headers))
    again = api.post("author", "/subscribers/import", content=SUBSCRIBERS, headers=headers)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first, "true")
    other = api.post("author", "/subscribers/import", content=SUBSCRIBERS + "\n", headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"


def test_a_suppressed_address_is_counted_out_and_shown_masked(api: Api) -> None:
    api.prepare()
    before = api.done(api.get("viewer", "/audiences/everyone/size"))["addresses"]
    answer = api.post("author", "/subscribers/suppressions", json={"medium": "email", "address": "ANA@example.org"})
    assert "ana@" not in answer.text.lower()
    after = api.done(api.get("viewer", "/audiences/everyone/size"))["addresses"]
    assert (before["email"], after["email"]) == (2, 1)


def test_subscribers_are_listed_with_masked_addresses_and_a_suppression_can_be_lifted_for_a_reason(api: Api) -> None:
    api.prepare()
    first = api.done(api.get("author", "/subscribers", params={"limit": 2}))
    rest = api.done(api.get("author", "/subscribers", params={"limit": 2, "cursor": first["next_cursor"]}))
    assert [one["external_id"] for one in first["items"] + rest["items"]] == ["1", "2", "3"]
    assert rest["next_cursor"] is None
    assert "@example.org" in str(first)
    assert "ana@" not in str(first)
    assert "+442071838750" not in str(first)
    api.done(api.post("author", "/subscribers/suppressions", json={"medium": "email", "address": "ana@example.org"}))

    def mail_of_ana() -> tuple[int, bool]:
        (ana,) = api.done(api.get("author", "/subscribers", params={"external_id": "1"}))["items"]
        (mail,) = [each for each in ana["addresses"] if each["medium"] == "email"]
        return mail["address_id"], mail["suppressed"]

    address, suppressed = mail_of_ana()
    assert suppressed
    lift = f"/subscribers/suppressions/{address}/lift"
    assert api.post("author", lift, json={"reason": "She asked."}).json()["code"] == "role_too_low"
    assert api.post("approver", lift, json={"reason": " "}).json()["code"] == "reason_missing"
    api.done(api.post("approver", lift, json={"reason": "She asked by phone."}))
    assert mail_of_ana() == (address, False)
    assert api.post("approver", lift, json={"reason": "Again."}).json()["code"] == "not_suppressed"
    assert api.done(api.get("author", "/subscribers", params={"external_id": "nobody"}))["items"] == []


def test_columns_are_named_and_a_trial_changes_nobody(api: Api) -> None:
    sheet = "Kundennummer;Handy;Notiz\n7;+447911123456;x\n".encode("cp1252")
    where = "/subscribers/import?column=Kundennummer=external_id&column=Handy=phone&column=Notiz=&encoding=windows-1252"
    tried = api.done(api.post("author", f"{where}&dry_run=true", content=sheet, headers=CSV))
    assert (tried["state"], tried["created"]) == ("tried", 1)
    assert api.done(api.get("author", "/subscribers?external_id=7"))["items"] == []
    assert api.done(api.post("author", where, content=sheet, headers=CSV))["state"] == "done"
    (person,) = api.done(api.get("author", "/subscribers?external_id=7"))["items"]
    assert (person["attributes"], len(person["addresses"])) == ({}, 1)


def test_everybody_goes_out_only_to_approvers_and_comes_in_again_unchanged(api: Api) -> None:
    text = SUBSCRIBERS + "9,-Dara,dara@example.org,+447911123456,gu;en,Europe/London,north\n"
    api.done(api.post("author", "/subscribers/import", content=text, headers=CSV))
    best = "external_id,preferred_medium\n9,sms\n"
    assert api.done(api.post("author", "/subscribers/import", content=best, headers=CSV))["updated"] == 1
    assert api.get("author", "/subscribers/export").status_code == 403
    taken = api.get("approver", "/subscribers/export").content
    assert b"'+447911123456" in taken
    assert b"north,sms\r\n" in taken
    again = api.done(api.post("author", "/subscribers/import", content=taken, headers=CSV))
    assert (again["unchanged"], again["rejected"]) == (4, 0)


def test_what_people_agreed_to_goes_out_where_a_row_can_say_it_and_comes_in_as_it_was(api: Api) -> None:
    api.done(api.post("approver", "/topics", json={"slug": "power", "names": {"en": "Power"}}))
    header = "external_id,email,phone,consent_sms,consent_email,consent_at,consent_text\n"
    text = header + "".join(
        f"{who},{who}@example.org,+44791112345{who[-1]},{sms},{mail},2025-03-01T10:00:00Z,v{who[-1]}\n"
        for who, sms, mail in (("p1", "yes", "no"), ("p2", "", "no"), ("p3", "yes", "yes"), ("p4", "", ""))
    )
    api.done(api.post("author", "/subscribers/import", content=text, headers=CSV))
    topic = [{"medium": "sms", "topic": "power", "granted": False}]
    api.done(api.put("author", "/subscribers/p3", json={"consents": topic}))
    taken = api.get("approver", "/subscribers/export?consents=true").content.decode("utf-8-sig")
    rows = {row["external_id"]: row for row in csv.DictReader(taken.splitlines())}
    assert {who: [row[name] for name in CONSENT_COLUMNS] for who, row in rows.items()} == {
        "p1": ["yes", "no", "2025-03-01T10:00:00+00:00", "v1"],
        "p2": ["", "no", "2025-03-01T10:00:00+00:00", "v2"],
        "p3": ["", "", "", ""],
        "p4": ["", "", "", ""],
    }
    said = [api.done(api.get("author", f"/subscribers/{who}/consents"))["items"] for who in rows]
    again = api.done(api.post("author", "/subscribers/import", content=taken.encode(), headers=CSV))
    assert (again["unchanged"], again["rejected"]) == (4, 0)
    assert said == [api.done(api.get("author", f"/subscribers/{who}/consents"))["items"] for who in rows]
    assert "consent_sms" not in api.get("approver", "/subscribers/export").text
