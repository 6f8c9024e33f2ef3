"""Who did what, newest first; and the proof that nobody has touched it."""

from __future__ import annotations

from starlette.responses import Response

from app.console.screens import Screens
from app.console.visit import Visit
from app.errors import Conflict, Problem
from app.store import audit
from app.usecases.verify_audit import verify_audit

screens = Screens()


@screens.get("/audit", needs="read_audit")
def listing(visit: Visit) -> Response:
    subject = (visit.query("subject") or "")[:200]
    with visit.context.db.reading() as connection:
        page = audit.page(connection, cursor=visit.query("cursor"), limit=50, subject=subject or None)
        head = audit.head(connection)
    return visit.show("audit.html", rows=page.items, next_cursor=page.next_cursor, head=head, subject=subject)


@screens.post("/audit/verify", needs="verify_audit", again=listing)
def verify(visit: Visit) -> Response:
    report = verify_audit(visit.context.db, visit.actor)
    if report.broken_at is not None:
        sentence = f"Entry {report.broken_at} is missing, changed, moved or smuggled in."
        raise Conflict(Problem("audit_broken", sentence, "", "Compare with the heads you wrote down elsewhere."))
    return visit.go("/audit", said="audit_whole")
