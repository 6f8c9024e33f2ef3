"""The console behind a real socket, with something on every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from app.domain.crisis import Severity
from app.domain.reading import iso
from app.domain.staff_notices import Notice, NoticeKind
from app.store.database import Database
from app.store.migrate import SCHEMA
from app.usecases.tell_staff import tell_staff
from tests.browser.serving import Served, serving
from tests.console_pages import furnish, furnish_rule
from tests.faces import WORDS


@contextmanager
def furnished(folder: Path) -> Iterator[Served]:
    """A crisis in which an update is being sent, one waits for approval, so does a drill; and what is looked after."""
    url = f"sqlite:///{folder / 'clarion.db'}"
    database = Database(url)
    with database.writing() as tx:
        SCHEMA.create_all(tx)
    with serving(database, url, folder / "site") as opened:
        api, now = opened.api, opened.api.clock.now()
        api.prepare()
        later = {"expires_at": iso(now + timedelta(hours=3))}
        first = api.draft(next_update_by=iso(now + timedelta(minutes=25)), **later)
        api.submit(first)
        api.done(api.post("approver", f"/updates/{first}/approve", json={"count": 4}))
        api.done(api.post("author", f"/updates/{first}/send"))
        api.submit(api.draft(**later))
        api.submit(api.draft(drill=True, **later))
        furnish(api)
        furnish_rule(api)
        api.draft(
            variants=[{"audience": slug, "content": {"en": WORDS}} for slug in ("all-kinds", "everyone")], **later
        )
        with api.db.writing() as tx:
            tell_staff(tx, Notice(NoticeKind.NEXT_UPDATE_DUE, "outage", "1", Severity.MAJOR, {"at": "14:30"}), now)
        yield opened
    database.close()
