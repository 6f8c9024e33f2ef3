from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.console.assets import Assets
from app.console.cookies import Jar
from app.console.entered import Entered, read_body
from app.console.forms import Fields
from app.console.held import hold, take
from app.domain.principals import Role
from app.errors import Invalid
from app.keyring import Keyring
from tests.architecture.tree import ROOT
from tests.conftest import NOON
from tests.console import Visitor

OWN = ROOT / "templates" / "console"


def test_fields_become_values_and_every_fault_is_told_at_once() -> None:
    typed = Entered(
        {"count": ["12,431"], "at": ["2026-11-22T14:30"], "role": ["king"], "name": [" "], "lines": ["a\nb"]}
    )
    read = Fields(typed)
    assert read.number("count", 0, 100_000) == 12_431
    assert read.local_time("at", "Asia/Vientiane") == datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
    assert read.text("lines", lines=True) == "a\nb"
    read.choice("role", Role)
    read.text("name")
    read.text("lines")
    read.number("role", 0, 5)
    with pytest.raises(Invalid) as refusal:
        read.done()
    assert [one.field for one in refusal.value.problems] == ["role", "name", "lines", "role"]


def test_secrets_are_not_held(keyring: Keyring) -> None:
    entered = read_body(b"name=Tove+%C3%A9&password=x&code=1&_csrf=y&_once=z&_form=invite&name=second")
    sealed = hold(keyring, "/people", entered, NOON)
    assert "Tove" not in sealed
    held = take(keyring, sealed, NOON)
    assert held is not None
    assert (held.path, held.words) == ("/people", [("name", "Tove é"), ("name", "second"), ("_form", "invite")])
    assert take(keyring, sealed[:-4], NOON) is None
    assert take(keyring, "", NOON) is None


def test_without_the_packages_pages_still_have_their_own_style(tmp_path: Path) -> None:
    assets = Assets(OWN, tmp_path)
    assert assets.address("htmx.js") == ""
    assert assets.address("console.css").endswith("/console.css")


def test_files_are_named_after_their_content_and_kept_for_ever(visitor: Visitor) -> None:
    page = visitor.open("/sign-in")
    style = page.tree.xpath("//link[@rel='stylesheet']/@href")[-1]
    answer = visitor.client.get(style, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert ":root" in answer.text
    assert visitor.client.get("/console/assets/0000000000000000/console.css").status_code == 404


def test_plain_http_has_cookies_without_the_host_prefix() -> None:
    jar = Jar(https=False, came={"clarion-session": "x", "__Host-clarion-session": "y"})
    assert jar.session == "x"
    assert Jar(https=True, came={"clarion-session": "x"}).session == ""
