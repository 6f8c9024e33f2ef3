"""Targets, publishing by hand, previews and the organisation's own pages, on the command line."""

from __future__ import annotations

import json

from app.store.database import Database
from tests.unit.cli.conftest import Clarion


def test_a_target_is_added_published_to_and_removed(clarion: Clarion) -> None:
    clarion.become("mira", "admin")
    mirror = clarion.folder / "mirror"
    clarion.done("target", "add", "mirror", "--kind", "directory", "--set", f"path={mirror}")
    published = clarion.json("publish")
    results = {one["target"].partition("@")[0]: one["result"] for one in published["targets"]}
    assert results == {"folder": "placed", "mirror": "placed"}
    assert published["widget_integrity"]["site/widget.js"].startswith("sha384-")
    assert json.loads((mirror / "manifest.json").read_bytes())["seq"] == published["seq"]
    (listed,) = clarion.json("target", "list")["items"]
    assert (listed["slug"], listed["state"]["seq"]) == ("mirror", published["seq"])
    assert "target mirror" in clarion("doctor").out
    clarion.done("target", "remove", "mirror")
    assert clarion.json("target", "list")["items"] == []
    assert clarion("target", "remove", "mirror").code == 3


def test_a_target_that_fails_is_named_and_the_others_are_written(clarion: Clarion) -> None:
    clarion.become("mira", "admin")
    blocked = clarion.folder / "blocked"
    blocked.write_text("a file where a folder should be")
    clarion.done("target", "add", "broken", "--kind", "directory", "--set", f"path={blocked}/site")
    answer = clarion("publish")
    assert answer.code == 5
    assert "broken: failed: NotADirectoryError" in answer.out
    assert "placed" in answer.out
    assert "broken" in clarion("doctor").out


def test_a_bucket_keeps_its_secret(clarion: Clarion) -> None:
    clarion.become("mira", "admin")
    secret = clarion.folder / "secret.json"
    secret.write_text('{"secret_access_key": "nobody may read this"}')
    words = ["target", "add", "cloud", "--set", "bucket=crisis", "--set", "region=eu-central-1"]
    words += ["--set", "access_key_id=AKID", "--secret", str(secret), "--public-url", "https://status.example.net/"]
    added = clarion.json(*words)
    assert added["settings"]["secret_access_key"] == "***"
    assert added["public_url"] == "https://status.example.net"
    shown = clarion.done("target", "list", "--json").out + clarion("audit", "verify").out
    assert "nobody may read this" not in shown
    database = Database(f"sqlite:///{clarion.file}")
    with database.reading() as connection:
        stored = connection.exec_driver_sql("SELECT settings, secrets FROM target").one()
    database.close()
    assert "nobody may read this" not in str(stored)
    changed = clarion.json(*words[:3], "--set", "secret_access_key=***", *words[3:9])
    assert changed["revision"] == 2
    assert clarion.json("key", "rotate")["endpoints"] == 1
    inside = clarion(*words[:3], "--set", "secret_access_key=***", *words[3:9], "--set", "base_url=https://10.0.0.1")
    assert inside.code == 1
    assert "private network" in inside.err
    assert clarion("target", "add", "folder", "--kind", "directory", "--set", "path=/x").code == 1


def test_reading_back_says_what_visitors_find(clarion: Clarion) -> None:
    clarion.become("mira", "admin")
    assert "Nobody said" in clarion.done("publish", "--check").out
    clarion.done("target", "add", "mirror", "--kind", "directory", "--set", f"path={clarion.folder}/m",
                 "--public-url", "https://nothing.invalid")  # fmt: skip
    answer = clarion("publish", "--check", "--json")
    assert answer.code == 1
    assert answer.json["addresses"]["mirror"]["verdict"] == "unreachable"
    assert "unreachable" in clarion("doctor").out


def test_no_page_to_check_is_fine(clarion: Clarion) -> None:
    clarion.become("ann", "author")
    assert "No site names pages_to_check" in clarion.done("site", "check").out


def test_a_viewer_may_not_publish(clarion: Clarion) -> None:
    clarion.become("vic", "viewer")
    assert clarion("publish").code == 6
    assert clarion("target", "add", "x", "--kind", "directory", "--set", "path=/x").code == 6
