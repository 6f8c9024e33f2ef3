from __future__ import annotations

import gc
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from sqlalchemy import text

from app.domain.consent import Consent, How, Said
from app.domain.imports import ROWS_A_CHUNK, Plan
from app.domain.message import Medium
from app.domain.subscribers import Defaults
from app.errors import Forbidden, Invalid
from app.keyring import Keyring
from app.store import appending, audit, consents, own_choices, subscribers
from app.store.database import Database
from app.store.subscribers import SubscriberRow
from app.store.taking_in import Came, TakingIn
from app.usecases.import_subscribers import ImportReport, import_subscribers
from app.usecases.lift_suppression import lift_suppression
from app.usecases.suppress_address import suppress_address
from tests.conftest import NOON
from tests.unit.usecases.people import APPROVER, AUTHOR, VIEWER

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LIST = "external_id,name,email,phone,languages,tier\nann,Ann,ann@example.org,+442071838750,gu;en,gold\n"


class Desk:
    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database, self.keyring = database, keyring

    def bring(
        self, text: str | bytes | BinaryIO, defaults: Defaults | None = None, plan: Plan | None = None
    ) -> ImportReport:
        stream = io.BytesIO(text.encode() if isinstance(text, str) else text) if isinstance(text, str | bytes) else text
        return import_subscribers(
            self.database, self.keyring, AUTHOR, stream, NOON, defaults=defaults or Defaults(), plan=plan
        )

    def person(self, external_id: str = "ann") -> SubscriberRow:
        with self.database.reading() as connection:
            return subscribers.get(connection, external_id)

    def said(self, external_id: str = "ann") -> list[Consent]:
        """Everything, oldest first."""
        with self.database.reading() as connection:
            return consents.history(connection, subscribers.get(connection, external_id).id)

    def places(self, external_id: str = "ann") -> dict[Medium, str | None]:
        return {place.medium: place.value for place in self.person(external_id).addresses}


@pytest.fixture
def desk(database: Database, keyring: Keyring) -> Desk:
    return Desk(database, keyring)


class OneWay(io.RawIOBase):
    """A body as it comes from a network: it can be read once and not be wound back."""

    def __init__(self, body: bytes) -> None:
        self._body = io.BytesIO(body)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        return self._body.readinto(memoryview(buffer)[:100])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_usual_encodings_and_separators_are_understood(desk: Desk, encoding: str, separator: str) -> None:
    text = LIST.replace("Ann", "અન્ના").replace(",", separator)
    assert desk.bring(text.encode(encoding)).created == 1
    assert desk.person().name == "અન્ના"


def test_a_semicolon_list_is_understood(desk: Desk) -> None:
    assert desk.bring("External_ID;name;email\r\nann;Ann;ann@example.org\r\n").created == 1


def test_a_body_that_can_be_read_only_once_is_understood(desk: Desk) -> None:
    assert desk.bring(io.BufferedReader(OneWay(LIST.encode()))).created == 1
    assert desk.person().name == "Ann"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (LIST.encode() + "bob,Bøb,,,en,\n".encode("latin-1"), "csv_encoding"),
        (LIST.encode("utf-16-le"), "csv_encoding"),
        (LIST.encode("utf-32"), "csv_encoding"),
        (b"\xff\xfe" + b"a", "csv_encoding"),
        (b"", "csv_empty"),
        (b"name,email\nAnn,ann@example.org\n", "csv_header"),
        (b"external_id,name,name\n", "csv_header"),
        (b"external_id,,x\n", "csv_header"),
    ],
)
def test_an_unreadable_file_changes_nothing_and_says_what_to_do(desk: Desk, body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.bring(body)
    assert refusal.value.problems[0].code == code
    assert refusal.value.problems[0].remedy
    with desk.database.reading() as connection:
        assert subscribers.count(connection) == 0
        assert audit.head(connection).seq == 0


def test_a_row_in_another_encoding_costs_that_row_and_many_of_them_the_file(desk: Desk) -> None:
    rows = "".join(f"p{n},Person {n},,,en,\n" for n in range(100))
    report = desk.bring((LIST + rows).encode() + b"bad,B\xf8b,,,en,\n" + b"good,Ann,,,en,\n")
    assert (report.created, report.rejected) == (102, 1)
    assert [(fault.line, fault.column, fault.code) for fault in report.errors] == [(103, "name", "bad_encoding")]
    with pytest.raises(Invalid):
        desk.bring((LIST + rows).encode() + b"bad,B\xf8b,,,en,\n" * 20)


def test_other_encodings_are_asked_for_and_never_guessed(desk: Desk) -> None:
    text = LIST.replace("Ann,", "Bøb,")
    with pytest.raises(Invalid):
        desk.bring(text.encode("cp1252"))
    desk.bring(text.encode("cp1252"), plan=Plan(encoding="windows-1252"))
    assert desk.person().name == "Bøb"
    with pytest.raises(Invalid) as refusal:
        desk.bring(text, plan=Plan(encoding="klingon-8"))
    assert refusal.value.problems[0].code == "bad_encoding"


def test_the_same_file_again_changes_nobody(desk: Desk) -> None:
    desk.bring(LIST)
    before = desk.person()
    report = desk.bring(LIST)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 1)
    assert desk.person() == before


def test_a_new_number_replaces_the_old_one(desk: Desk) -> None:
    desk.bring(LIST)
    desk.bring(LIST.replace("38750", "38751"))
    assert desk.places() == {Medium.EMAIL: "ann@example.org", Medium.SMS: "+442071838751"}
    desk.bring(LIST.replace("ann@example.org", ""))
    assert desk.places() == {Medium.SMS: "+442071838750"}


def test_columns_that_are_not_in_the_file_stay_as_they_are(desk: Desk) -> None:
    desk.bring(LIST)
    desk.bring("external_id,shoe_size\nann,38\n")
    ann = desk.person()
    assert (ann.name, ann.languages, ann.attributes) == ("Ann", ("gu", "en"), {"tier": "gold", "shoe_size": "38"})
    assert len(ann.addresses) == 2
    desk.bring("external_id,tier\nann,\n")
    assert desk.person().attributes == {"shoe_size": "38"}


def test_a_household_shares_one_address_row(desk: Desk) -> None:
    desk.bring(LIST + "bob,Bob,ann@example.org,+442071838750,en,\n")
    assert [place.address_id for place in desk.person("ann").addresses] == [
        place.address_id for place in desk.person("bob").addresses
    ]
    desk.bring("external_id,phone\nbob,\n")
    assert len(desk.places("ann")) == 2, "what Bob gives up is still Ann's"


def test_a_suppressed_address_stays_suppressed(desk: Desk) -> None:
    suppress_address(desk.database, desk.keyring, None, Medium.EMAIL, " Ann@Example.org", "unsubscribed", NOON)
    for _ in range(2):
        assert desk.bring(LIST).suppressed == 1
    flags = {place.medium: place.suppressed for place in desk.person().addresses}
    assert flags == {Medium.EMAIL: True, Medium.SMS: False}


@pytest.mark.parametrize("reason", ["", " ", "x" * 33, "a\nb"])
def test_a_suppression_has_a_short_reason(desk: Desk, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        suppress_address(desk.database, desk.keyring, AUTHOR, Medium.EMAIL, "ann@example.org", reason, NOON)
    assert refusal.value.problems[0].code == "bad_reason"


def test_a_suppression_is_lifted_only_by_an_approver_with_a_reason(desk: Desk) -> None:
    desk.bring(LIST)
    where = desk.person().addresses[0]
    place = where.address_id
    suppress_address(desk.database, desk.keyring, AUTHOR, where.medium, where.value or "", "complained", NOON)
    with pytest.raises(Forbidden):
        lift_suppression(desk.database, AUTHOR, place, "she asked", NOON)
    with pytest.raises(Invalid):
        lift_suppression(desk.database, APPROVER, place, " ", NOON)
    lift_suppression(desk.database, APPROVER, place, "she asked by phone", NOON)
    assert not desk.person().addresses[0].suppressed
    with desk.database.reading() as connection:
        actions = [row.action for row in audit.page(connection).items]
        text = str(audit.page(connection).items)
    assert actions == ["lift_suppression", "suppress_address", "import_subscribers"]
    assert "ann@example.org" not in text


def test_numbers_as_dialled_at_home_need_a_region(desk: Desk) -> None:
    text = "external_id,phone\nann,020 7183 8750\n"
    assert desk.bring(text).rejected == 1
    assert desk.bring(text, Defaults(region="GB")).created == 1
    assert desk.places() == {Medium.SMS: "+442071838750"}


def test_more_rows_than_one_transaction_holds_report_their_progress(database: Database, keyring: Keyring) -> None:
    total = 5 * ROWS_A_CHUNK + 1
    body = ("external_id,name\n" + "".join(f"p{n},Person {n}\n" for n in range(total))).encode()
    seen: list[tuple[int, int]] = []
    stream = io.BytesIO(body)
    report = import_subscribers(
        database, keyring, AUTHOR, stream, NOON, progress=lambda rows, read: seen.append((rows, read))
    )
    assert report.created == total
    assert [rows for rows, _ in seen] == sorted({rows for rows, _ in seen})
    assert seen[-1] == (total, len(body))


@pytest.mark.both_databases
def test_a_disk_that_lags_behind_is_waited_for_while_others_write(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[object] = []
    wait = appending.wait_for_the_disk

    def waited(db: Database, behind: float) -> None:
        if behind:
            with desk.database.writing() as tx:
                there.append(tx.scalar(text("SELECT count(*) FROM subscriber")))
        wait(db, behind)

    monkeypatch.setattr("app.usecases.import_subscribers.wait_for_the_disk", waited)
    if not desk.database.is_sqlite:
        monkeypatch.setattr("app.store.appending.unwritten", lambda _: 1.0)
    rows = [f"p{at},{at}@example.org" for at in range(ROWS_A_CHUNK * 3 + 1)]
    assert desk.bring("\n".join(["external_id,email", *rows, ""])).created == len(rows)
    assert there[:1] == ([] if desk.database.is_sqlite else [ROWS_A_CHUNK])


def test_nobody_looks_for_garbage_with_all_locks_held(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[bool] = []
    take = TakingIn.take

    def noted(*given: Any) -> Came:
        looked_for.append(gc.isenabled())
        return take(*given)

    monkeypatch.setattr(TakingIn, "take", noted)
    desk.bring(LIST)
    assert looked_for == [False]
    assert gc.isenabled()


def test_a_viewer_imports_nobody(database: Database, keyring: Keyring) -> None:
    with pytest.raises(Forbidden):
        import_subscribers(database, keyring, VIEWER, io.BytesIO(LIST.encode()), NOON)


PREFERS = """external_id,email,phone,preferred_medium
ann,ann@example.org,+442071838750,Email
bob,,+442071838751,email
cem,cem@example.org,,pigeon
dev,,+442071838752,
eva,eva@example.org,+442071838753,sms
"""


@pytest.mark.both_databases
def test_a_list_says_what_reaches_people_best_and_their_own_word_stays(desk: Desk) -> None:
    came = desk.bring(PREFERS)
    assert (came.created, {error.code for error in came.errors}) == (3, {"no_address", "bad_medium"})
    held = {who: desk.person(who).preferred_medium for who in ("ann", "dev", "eva")}
    assert held == {"ann": "email", "dev": None, "eva": "sms"}
    assert (desk.bring(PREFERS).updated, desk.bring(LIST).updated) == (0, 1), "a list without the column leaves it"
    assert desk.person().preferred_medium == "email"
    with desk.database.writing() as tx:
        own_choices.note(tx, [desk.person("eva").id], ("preferred_medium",), NOON)
    after = desk.bring(PREFERS.replace(",Email", ",").replace(",sms", ",email").replace("52,", "52,SMS"))
    assert (after.updated, after.kept) == (2, 1)
    held = {who: desk.person(who).preferred_medium for who in ("ann", "dev", "eva")}
    assert held == {"ann": None, "dev": "sms", "eva": "sms"}


AGREED = "external_id,consent_sms,consent_email,consent_at,consent_text\nann,yes,no,2026-01-05T09:00:00Z,v2\nbob,,,,\n"


@pytest.mark.both_databases
def test_consent_of_a_list_is_kept_with_its_proof_once(desk: Desk) -> None:
    assert desk.bring(AGREED).created == 2
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    expected = [
        Consent(Said(medium, "", granted=yes, how=How.IMPORT, text_version="v2"), at, AUTHOR.name)
        for medium, yes in ((Medium.SMS, True), (Medium.EMAIL, False))
    ]
    assert desk.said() == expected
    assert desk.said("bob") == []
    again = desk.bring(AGREED)
    assert (again.updated, again.unchanged, again.kept) == (0, 2, 0)
    assert desk.said() == expected
    later = AGREED.replace("ann,yes", "ann,no").replace("2026-01-05T09:00:00Z", "")
    assert desk.bring(later, plan=Plan(dry=True)).updated == 1
    assert desk.said() == expected
    assert desk.bring(later).updated == 1
    news = desk.said()[2:]
    assert [(one.said.medium, one.said.granted, one.at >= NOON) for one in news] == [(Medium.SMS, False, True)]
    older = desk.bring(AGREED)
    assert (older.updated, older.kept) == (0, 1)
    assert desk.said()[2:] == news


@pytest.mark.both_databases
def test_two_parsers_and_a_mapping_keep_the_consent_of_many(desk: Desk, tmp_path: Path) -> None:
    many = ROWS_A_CHUNK * 2 + 7
    rows = [f"p{at},{('Yes', '', 'N', 'perhaps')[at % 4]}" for at in range(many)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["Number,May we text", *rows, "p0,no", ""]))
    plan = Plan({"Number": "external_id", "May we text": "Consent_SMS"})
    with path.open("rb") as file:
        report = import_subscribers(
            desk.database, desk.keyring, AUTHOR, file, NOON, plan=plan, path=path, parsers=2
        )  # fmt: skip
    assert {error.code for error in report.errors} == {"bad_consent"}
    assert report.created == many - many // 4
    for at in (0, 1, 2, many - 1 - (many - 1) % 4):
        expected = {0: [True], 1: [], 2: [False]}[at % 4]
        assert [one.said.granted for one in desk.said(f"p{at}")] == expected
    assert desk.person("p0").attributes == {}
