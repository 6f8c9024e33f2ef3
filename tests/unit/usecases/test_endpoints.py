from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.domain.endpoints import ChannelFacts, Endpoint, full_settings, view
from app.domain.message import Medium
from app.errors import Conflict, Forbidden, Invalid
from app.keyring import Keyring
from app.store import audit, endpoints
from app.store.database import Database
from app.usecases.save_endpoint import save_endpoint
from tests.conftest import NOON
from tests.unit.usecases.people import ADMIN, APPROVER


@dataclass(frozen=True)
class Field:
    name: str
    required: bool = True
    secret: bool = False


FACTS = ChannelFacts(
    "sms_test",
    Medium.SMS,
    (Field("sender"), Field("auth_token", secret=True), Field("base_url", required=False)),
    10.0,
)
DOCUMENT: dict[str, object] = {"channel": "sms_test", "settings": {"sender": "Clarion", "auth_token": "hush"}}


def describe(name: str) -> ChannelFacts | None:
    return FACTS if name == "sms_test" else None


class Desk:
    """One admin at work on one database."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database, self.keyring = database, keyring

    def save(self, document: dict[str, object], slug: str = "texts", revision: int | None = None) -> Endpoint:
        return save_endpoint(self.database, self.keyring, describe, ADMIN, slug, document, revision, NOON)

    def opened(self, slug: str = "texts") -> dict[str, object]:
        with self.database.reading() as connection:
            return full_settings(endpoints.get(connection, slug), self.keyring.unseal)


@pytest.fixture
def desk(database: Database, keyring: Keyring) -> Desk:
    return Desk(database, keyring)


def test_a_secret_is_sealed_masked_and_nowhere_in_the_clear(desk: Desk) -> None:
    row = desk.save(DOCUMENT)
    assert row.rate_per_second == 10.0
    assert row.settings == {"sender": "Clarion"}
    assert b"hush" not in row.secrets
    assert view(row, FACTS)["settings"] == {"sender": "Clarion", "auth_token": "***"}
    assert "auth_token" not in str(view(row))
    assert desk.opened() == {"sender": "Clarion", "auth_token": "hush"}
    with desk.database.reading() as connection:
        assert "hush" not in str(audit.page(connection).items)


def test_three_stars_keep_the_stored_secret(desk: Desk) -> None:
    desk.save(DOCUMENT)
    row = desk.save({"channel": "sms_test", "settings": {"sender": "New", "auth_token": "***"}}, revision=1)
    assert (row.revision, desk.opened()) == (2, {"sender": "New", "auth_token": "hush"})


def test_a_kept_secret_is_not_sent_to_another_host(desk: Desk) -> None:
    desk.save(DOCUMENT)
    settings = {"sender": "Clarion", "auth_token": "***", "base_url": "https://api.example.net"}
    with pytest.raises(Invalid) as refusal:
        desk.save({"channel": "sms_test", "settings": settings}, revision=1)
    assert [(one.code, one.field) for one in refusal.value.problems] == [("secret_again", "settings.auth_token")]
    desk.save({"channel": "sms_test", "settings": {**settings, "auth_token": "anew"}}, revision=1)
    desk.save({"channel": "sms_test", "settings": settings}, revision=2)
    assert desk.opened() == {**settings, "auth_token": "anew"}


def test_three_stars_without_a_stored_secret_are_no_secret(desk: Desk) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.save({"channel": "sms_test", "settings": {"sender": "New", "auth_token": "***"}})
    assert [problem.field for problem in refusal.value.problems] == ["settings.auth_token"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"settings": {"sender": "C", "auth_token": "x", "sendr": "C"}}, "settings.sendr"),
        ({"settings": {"auth_token": "x"}}, "settings.sender"),
        ({"rate_per_second": 0}, "rate_per_second"),
        ({"rate_per_second": float("nan")}, "rate_per_second"),
        ({"rate_per_second": True}, "rate_per_second"),
        ({"weight": -1}, "weight"),
        ({"medium": "email"}, "medium"),
        ({"fallback_for": "nobody"}, "fallback_for"),
        ({"fallback_for": "texts"}, "fallback_for"),
        ({"sender": "C"}, "sender"),
    ],
)
def test_each_mistake_is_named_by_its_field(desk: Desk, change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.save({**DOCUMENT, **change})
    assert [problem.field for problem in refusal.value.problems] == [field]


def test_a_fallback_is_another_endpoint_of_the_same_medium(desk: Desk) -> None:
    desk.save(DOCUMENT)
    assert desk.save({**DOCUMENT, "fallback_for": "texts"}, slug="texts-2").fallback_for == "texts"


def test_two_admins_at_once_do_not_undo_each_other(desk: Desk) -> None:
    desk.save(DOCUMENT, revision=0)
    with pytest.raises(Conflict):
        desk.save(DOCUMENT, revision=0)


def test_only_an_admin_configures_a_way_out(database: Database, keyring: Keyring) -> None:
    with pytest.raises(Forbidden):
        save_endpoint(database, keyring, describe, APPROVER, "texts", DOCUMENT, None, NOON)
