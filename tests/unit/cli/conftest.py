"""The command line as a person uses it: words in, exit code and two streams out."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.clock import SystemClock
from app.domain.principals import HOST
from app.keyring import Keyring
from app.store.database import Database
from app.store.documents import Kind
from app.store.migrate import upgrade
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_endpoint import save_endpoint
from app.wiring import channel_facts

SECRET = "a key that only these tests know and long enough"


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Clarion:
    folder: Path
    environment: pytest.MonkeyPatch
    """CLARION_* is the interface of the command line, so a test has to set it."""
    streams: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        return self.folder / "clarion.db"

    def __call__(self, *words: str) -> Answer:
        self.streams.readouterr()
        code = main(words)
        said = self.streams.readouterr()
        return Answer(code, said.out, said.err)

    def done(self, *words: str) -> Answer:
        answer = self(*words)
        assert answer.code == 0, answer.out + answer.err
        return answer

    def json(self, *words: str) -> Any:
        return self.done(*words, "--json").json

    def become(self, name: str, role: str) -> None:
        """A new user of this role, from now on the one who acts."""
        self.done("user", "add", name, "--role", role)
        self.act_as(self.done("token", "add", f"{name}-1", "--role", role, "--user", name).out.splitlines()[-1])

    def act_as(self, token: str) -> str:
        self.environment.setenv("CLARION_TOKEN", token)
        return token

    def prepare(self) -> None:
        """A way to reach us, two ways out that keep what they are given, an audience."""
        db, now = Database(f"sqlite:///{self.file}"), SystemClock().now()
        phone = {"kind": "phone", "address": "+442071838750", "names": {"en": "Phone"}}
        save_document(db, HOST, Kind.CONTACT_CHANNEL, "phone", phone, 0, now)
        save_document(db, HOST, Kind.NEED, "emergency", {"labels": {"en": "Emergency"}}, 0, now)
        rule = {"need": "emergency", "contact_channels": ["phone"]}
        save_document(db, HOST, Kind.ROUTING_RULE, "any", rule, 0, now)
        for slug in ("texts", "mail"):
            medium = {"texts": "sms", "mail": "email"}[slug]
            document = {"channel": f"outbox.{medium}", "rate_per_second": 1000}
            save_endpoint(db, Keyring(SECRET), channel_facts, HOST, slug, document, 0, now)
        save_audience(db, HOST, "everyone", {"rule": {"all": True}}, 0, now)
        db.close()

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as `clarion migrate` makes it, made once."""
    path = tmp_path_factory.mktemp("migrated") / "clarion.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def clarion(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Clarion:
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path}/clarion.db",
        "SECRET_KEY": SECRET,
        "PUBLISH_DIR": str(tmp_path / "site"),
        "TOKEN": "",
    }.items():
        monkeypatch.setenv(f"CLARION_{name}", value)
    shutil.copyfile(migrated, tmp_path / "clarion.db")
    return Clarion(tmp_path, monkeypatch, capsys)
