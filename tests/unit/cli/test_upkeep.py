"""Keeping an installation in order."""

from __future__ import annotations

import sqlite3

from app.keyring import Keyring
from app.store import endpoints
from app.store.database import Database
from tests.unit.cli.conftest import SECRET, Clarion

NEW = "a brand new key that is long enough to be one"


def test_the_token_stands_on_the_last_line_and_opens_the_door(clarion: Clarion) -> None:
    clarion.done("user", "add", "ada", "--role", "author")
    answer = clarion.done("token", "add", "laptop", "--role", "author", "--user", "ada")
    token = clarion.act_as(answer.out.splitlines()[-1])
    assert token.startswith("clk_")
    clarion.done("crisis", "list")
    assert clarion("token", "add", "more", "--role", "admin", "--user", "ada").code == 1
    assert clarion("token", "add", "more", "--role", "viewer", "--user", "nobody").code == 3


def test_migrate_twice_is_migrate_once(clarion: Clarion) -> None:
    clarion.file.unlink()
    clarion.done("migrate")
    assert clarion.json("migrate")["database"].endswith("clarion.db")


def test_a_backup_is_whole_and_never_overwrites(clarion: Clarion) -> None:
    clarion.become("root", "admin")
    copy = clarion.folder / "copy.db"
    clarion.done("backup", str(copy))
    found = sqlite3.connect(copy)
    assert found.execute("SELECT actor, action FROM audit ORDER BY seq").fetchone() == ("host", "create_user")
    found.close()
    assert clarion("backup", str(copy)).code == 4
    assert clarion("backup", str(clarion.folder / "no" / "copy.db")).code == 1


def test_what_is_restored_from_a_backup_asks_before_it_sends(clarion: Clarion) -> None:
    """However young the backup is: its first look tells staff, and sends nothing until somebody says so."""
    clarion.become("root", "admin")
    clarion.done("tick")
    copy = clarion.folder / "young.db"
    clarion.done("backup", str(copy))
    assert not clarion.json("tick")["schedules"]["paused"], "the one it was made from goes on"
    copy.replace(clarion.file)
    for rest in ("-wal", "-shm"):
        clarion.file.with_name(clarion.file.name + rest).unlink(missing_ok=True)
    assert [clarion("tick", "--json").json["schedules"]["paused"] for _ in range(2)] == [True, True]
    with sqlite3.connect(clarion.file) as found:
        kinds = found.execute("SELECT kind FROM staff_notice").fetchall()
    assert kinds == [("scheduler_paused",)]
    clarion.done("schedule", "resume")
    assert not clarion.json("tick")["schedules"]["paused"]


def test_after_a_rotation_the_new_key_alone_opens_every_secret(clarion: Clarion) -> None:
    clarion.prepare()
    clarion.become("root", "admin")
    sealed = Keyring(SECRET).seal(b'{"auth_token": "t"}')
    db = Database(f"sqlite:///{clarion.file}")
    with db.writing() as tx:
        endpoints.reseal(tx, endpoints.get(tx, "texts").id, sealed)
    clarion.environment.setenv("CLARION_SECRET_KEY", f"{NEW},{SECRET}")
    assert clarion.json("key", "rotate") == {"endpoints": 1}
    with db.reading() as connection:
        secrets = endpoints.get(connection, "texts").secrets
    db.close()
    assert Keyring(NEW).unseal(secrets) == b'{"auth_token": "t"}'


def test_check_names_what_would_stop_you(clarion: Clarion) -> None:
    bare = clarion("check", "--json")
    assert bare.code == 1
    broken = {one["name"] for one in bare.json["findings"] if not one["well"] and not one["warning"]}
    assert {"people", "routing"} <= broken
    clarion.prepare()
    clarion.become("ada", "author")
    clarion.become("ben", "approver")
    assert clarion.json("check")["well"] is True


def test_publish_writes_the_website_and_says_its_number(clarion: Clarion) -> None:
    clarion.prepare()
    clarion.become("ada", "author")
    assert clarion.json("publish")["seq"] == 1
    assert (clarion.folder / "site" / "manifest.json").exists()
    assert clarion.json("publish")["seq"] == 2


def test_the_audit_trail_is_verified_and_tampering_is_found(clarion: Clarion) -> None:
    clarion.become("ben", "approver")
    head = clarion.json("audit", "verify")["head"]
    clarion.done("audit", "verify", "--known", head)
    db = Database(f"sqlite:///{clarion.file}")
    with db.writing() as tx:
        tx.exec_driver_sql("UPDATE audit SET actor = 'somebody else' WHERE seq = 1")
    db.close()
    assert clarion("audit", "verify").code == 1
    assert clarion("audit", "verify", "--known", "nonsense").code == 1
