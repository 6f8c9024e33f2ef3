"""What benchmarks of the website need: a sample organisation, `clarion serve` on one core, and nginx on the same."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.demo.texts import library, registry, story
from app.domain.principals import Role
from app.settings import Settings
from app.store.documents import Kind
from app.store.migrate import upgrade
from app.usecases.create_token import create_token
from app.usecases.create_user import create_user
from app.usecases.open_crisis import open_crisis
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_endpoint import save_endpoint
from app.wiring import Wiring, build, channel_facts
from benchmarks import one
from tests.serving import serving as start
from tests.serving import told

ON_SERVER_CORE: Final = ("taskset", "--cpu-list", "0")
ON_CLIENT_CORE: Final = ("taskset", "--cpu-list", str(1 % (os.cpu_count() or 1)))
BANNER: Final = "/site/main/banner.json"


def settings(directory: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{directory}/bench.db",
        publish_dir=directory / "site",
        secret_key="benchmark key that is long enough",
    )


def sample(directory: Path) -> Wiring:
    """The demo's contact channels, rules, questions and languages, one open emergency, and a website to publish to."""
    chosen = settings(directory)
    upgrade(chosen.database_url)
    wired = build(chosen)
    db, now = wired.db, wired.clock.now()
    create_user(db, one.AUTHOR, one.AUTHOR.name, Role.ADMIN, now)
    create_user(db, one.AUTHOR, one.APPROVER.name, Role.APPROVER, now)
    documents = [(Kind.CONTACT_CHANNEL, "contact_channels"), (Kind.NEED, "needs"), (Kind.ROUTING_RULE, "routing_rules")]
    for kind, name in documents:
        for document in registry()[name]:
            save_document(db, one.AUTHOR, kind, document["slug"], document, 0, now)
    for kind, name in ((Kind.FAQ, "faq"), (Kind.HELP_LINK, "help_links")):
        for document in library()[name]:
            save_document(db, one.AUTHOR, kind, document["slug"], document, 0, now)
    site = {"slug": "main", "origins": [], "languages": story()["site_languages"]}
    save_document(db, one.AUTHOR, Kind.SITE, "main", site, 0, now)
    save_audience(db, one.AUTHOR, "everyone", {"rule": {"all": True}}, 0, now)
    save_endpoint(db, wired.keyring, channel_facts, one.AUTHOR, "texts", {"channel": "outbox.sms"}, 0, now)
    open_crisis(db, one.AUTHOR, {"slug": "flood", "titles": {"en": "Flood"}, "severity": "emergency"}, now)
    return wired


def update(number: int) -> dict[str, Any]:
    """The document of an update whose headline names `number`."""
    return {
        "stage": "progress",
        "audience": "everyone",
        "endpoints": ["texts"],
        "content": {"en": {**one.CONTENT, "headline": f"Word number {number}"}},
    }


def token(wired: Wiring, role: Role, user: int) -> str:
    return create_token(wired.db, one.AUTHOR, role.value, role, wired.clock.now(), user_id=user).secret


@contextmanager
def serving(directory: Path, **environment: str) -> Iterator[Running]:
    """`clarion serve` on the server's core, as anybody runs it, but for `environment`."""
    own = settings(directory)
    known = told(own.database_url, own.publish_dir, CLARION_SECRET_KEY=own.secret_key.get_secret_value(), **environment)
    with start(known, directory / "serve.log", around=ON_SERVER_CORE) as running:
        yield Running(running.base, running.process.pid)


@dataclass(frozen=True, slots=True)
class Running:
    base: str
    pid: int


def fetch(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        found: dict[str, Any] = json.loads(answer.read())
        return found


def post(base: str, secret: str, path: str, document: dict[str, Any]) -> dict[str, Any]:
    """What the API answers."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{base}/api/v1{path}",
        json.dumps(document).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
        found: dict[str, Any] = json.loads(answer.read())
        return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
