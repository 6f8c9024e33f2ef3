"""When nothing else lets anybody in: an admin's session from the shell of the host, without any other service."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.domain.crisis import Severity
from app.domain.principals import HOST, Role
from app.domain.signing_in import SessionPolicy
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import accounts, audit, sessions, users
from app.store.database import Database
from app.usecases.invite_user import Invited, Purpose, new_invitation, open_invitation
from app.usecases.sign_in import Browser, SignedIn, enter
from app.usecases.tell_staff import tell_staff

NAME: Final = "break-glass"
GOOD_FOR: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=4)


def break_glass(db: Database, keyring: Keyring, reason: str, now: datetime) -> Invited:
    """A link that signs in once as an admin. Every place of staff is told, and it stands in the audit trail.

    The account is nobody's: it can never be the second person. Raise Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid(Problem("reason_missing", "Say why.", "reason", "One sentence for everybody who is told."))
    with db.writing() as tx:
        known = accounts.local_account(tx)
        user = users.get(tx, known) if known is not None else users.add(tx, NAME, Role.ADMIN, now)
        user = users.change(tx, user.id, role=Role.ADMIN, disabled=False)
        accounts.change(tx, user.id, local=True, password_hash=None, totp_secret=None)
        code, row = new_invitation(tx, keyring, user.id, Purpose.BREAK_GLASS, HOST.name, now, now + GOOD_FOR)
        details = {"reason": reason.strip()[:500]}
        tell_staff(tx, Notice(NoticeKind.GLASS_BROKEN, NAME, str(row.id), Severity.EMERGENCY, details), now)
        audit.append(tx, HOST.name, "break_glass", f"user/{user.id}", {"reason": reason.strip()[:500]}, now)
    return Invited(user, code, row.expires_at)


def enter_through_broken_glass(
    db: Database, keyring: Keyring, code: str, browser: Browser, policy: SessionPolicy, now: datetime
) -> SignedIn:
    """A whole session of at most LONGEST. Raise NotFound for a link that was used, has expired or is no such link."""
    with db.writing() as tx:
        row = open_invitation(tx, keyring, code, now, lock=True)
        if row.purpose != Purpose.BREAK_GLASS:
            raise Invalid(Problem("not_break_glass", "This link is for joining.", "link", "Open it in the console."))
        accounts.use_invitation(tx, row.id, now)
        sessions.end_all(tx, row.user_id, now)
        brief = SessionPolicy(policy.idle, min(policy.longest, LONGEST), policy.step_up)
        entered = enter(tx, row.user_id, browser, brief, now)
        audit.append(tx, NAME, "sign_in", f"user/{row.user_id}", {"session": entered.session_id, "by": "host"}, now)
    return entered
