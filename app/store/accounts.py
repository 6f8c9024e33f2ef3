"""What people of staff prove themselves with: passwords, authenticators, recovery codes, invitations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from app.store.account_tables import credential, email_owner, invitation, recovery_code
from app.store.tables import user
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class CredentialRow:
    user_id: int
    email: str
    person: int | None
    """The first account of the same person, where this is a later one."""
    local: bool
    """The break-glass account: whoever has a shell on the host."""
    password_hash: str | None
    totp_secret: bytes | None
    """Sealed."""
    totp_step: int
    """The last one used."""
    totp_at: datetime | None
    password_at: datetime | None

    @property
    def complete(self) -> bool:
        """Whether one can sign in with it."""
        return self.password_hash is not None and self.totp_secret is not None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    id: int
    user_id: int
    purpose: str
    secret_hash: bytes
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def credentials(connection: Connection, user_id: int, *, lock: bool = False) -> CredentialRow:
    """Empty ones for somebody who works with tokens only."""
    query = select(credential).where(credential.c.user_id == user_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return CredentialRow(user_id, "", None, False, None, None, 0, None, None)
    return _credential(row)


def all_credentials(connection: Connection, user_ids: Collection[int]) -> dict[int, CredentialRow]:
    query = select(credential).where(credential.c.user_id.in_(list(user_ids)))
    return {row.user_id: _credential(row) for row in connection.execute(query)}


def change(connection: Connection, user_id: int, **values: Any) -> None:  # noqa: ANN401 - columns
    """Set columns; makes the row where there is none."""
    empty = {"user_id": user_id, "email": "", "local": False, "totp_step": 0}
    insert_missing(connection, credential, [empty], ["user_id"])
    connection.execute(update(credential).where(credential.c.user_id == user_id).values(**values))


def has_code(connection: Connection, user_id: int) -> bool:
    """Whether they have an authenticator."""
    query = select(credential.c.user_id).where(credential.c.user_id == user_id, credential.c.totp_secret.is_not(None))
    return connection.execute(query).first() is not None


def secrets(connection: Connection) -> dict[int, bytes]:
    """The sealed secret of every authenticator, by user."""
    query = select(credential.c.user_id, credential.c.totp_secret).where(credential.c.totp_secret.is_not(None))
    return {row.user_id: row.totp_secret for row in connection.execute(query)}


def anybody_complete(connection: Connection) -> bool:
    """Whether there is somebody who can sign in with a password."""
    ready = credential.c.password_hash.is_not(None) & credential.c.totp_secret.is_not(None)
    query = select(user.c.id).join(credential, credential.c.user_id == user.c.id)
    return connection.execute(query.where(ready, user.c.disabled.is_(False)).limit(1)).first() is not None


def persons(connection: Connection, user_ids: Collection[int | None]) -> frozenset[int | None]:
    """The person behind each account; None stays None: nobody can say who that was."""
    known = [each for each in user_ids if each is not None]
    query = select(credential.c.user_id, credential.c.person).where(credential.c.user_id.in_(known))
    first = {row.user_id: row.person for row in connection.execute(query) if row.person is not None}
    return frozenset(None if each is None else first.get(each, each) for each in user_ids)


def names_of(connection: Connection, persons: Collection[int | None]) -> frozenset[str]:
    """Of every account these persons have or had."""
    known = [each for each in persons if each is not None]
    mine = or_(user.c.id.in_(known), credential.c.person.in_(known))
    query = select(user.c.name).outerjoin(credential, credential.c.user_id == user.c.id).where(mine)
    return frozenset(connection.scalars(query))


def let_in_by(connection: Connection, user_id: int, since: datetime) -> frozenset[str]:
    """Who has made a link for this account since then."""
    mine = (invitation.c.user_id == user_id) & (invitation.c.created_at >= since)
    return frozenset(connection.scalars(select(invitation.c.created_by).where(mine)))


def owner_of(connection: Connection, email_hash: bytes) -> int | None:
    """The person who has, or ever had, this address."""
    query = select(email_owner.c.person).where(email_owner.c.email_hash == email_hash)
    return connection.execute(query).scalar_one_or_none()


def own(connection: Connection, email_hash: bytes, person: int) -> None:
    """Whoever had it first keeps it for ever."""
    insert_missing(connection, email_owner, [{"email_hash": email_hash, "person": person}], ["email_hash"])


def by_login(connection: Connection, login: str) -> int | None:
    """The account with this name or e-mail address, in any letter case; None for none and for several."""
    wanted = login.strip().lower()
    query = select(user.c.id).outerjoin(credential, credential.c.user_id == user.c.id)
    query = query.where(or_(func.lower(user.c.name) == wanted, func.lower(credential.c.email) == wanted)).limit(2)
    found = list(connection.scalars(query))
    return found[0] if len(found) == 1 and wanted else None


def local_account(connection: Connection) -> int | None:
    """The break-glass account, once there was one."""
    query = select(credential.c.user_id).where(credential.c.local.is_(True)).limit(1)
    return connection.execute(query).scalar_one_or_none()


def replace_codes(connection: Connection, user_id: int, hashes: Sequence[bytes]) -> None:
    connection.execute(delete(recovery_code).where(recovery_code.c.user_id == user_id))
    if hashes:
        connection.execute(insert(recovery_code), [{"user_id": user_id, "code_hash": each} for each in hashes])


def use_code(connection: Connection, user_id: int, code_hash: bytes, now: datetime) -> bool:
    """True once for each code."""
    mine = (recovery_code.c.user_id == user_id) & (recovery_code.c.code_hash == code_hash)
    mine &= recovery_code.c.used_at.is_(None)
    return connection.execute(update(recovery_code).where(mine).values(used_at=now)).rowcount == 1


def knows_code(connection: Connection, user_id: int, code_hash: bytes) -> bool:
    mine = (recovery_code.c.user_id == user_id) & (recovery_code.c.code_hash == code_hash)
    mine &= recovery_code.c.used_at.is_(None)
    return connection.execute(select(recovery_code.c.user_id).where(mine)).first() is not None


def codes_left(connection: Connection, user_id: int) -> int:
    mine = (recovery_code.c.user_id == user_id) & recovery_code.c.used_at.is_(None)
    return connection.execute(select(func.count()).select_from(recovery_code).where(mine)).scalar_one()


def invite(
    connection: Connection, user_id: int, purpose: str, secret_hash: bytes, by: str, now: datetime, until: datetime
) -> InvitationRow:
    """Takes back those of this user that were not used."""
    take_back(connection, user_id, now)
    values = {
        "user_id": user_id, "purpose": purpose, "secret_hash": secret_hash, "created_by": by, "created_at": now,
        "expires_at": until,
    }  # fmt: skip
    key = connection.execute(insert(invitation).values(**values).returning(invitation.c.id)).scalar_one()
    return InvitationRow(key, user_id, purpose, secret_hash, by, now, until, None)


def take_back(connection: Connection, user_id: int, now: datetime) -> None:
    mine = (invitation.c.user_id == user_id) & invitation.c.used_at.is_(None)
    connection.execute(update(invitation).where(mine).values(used_at=now))


def get_invitation(connection: Connection, invitation_id: int, *, lock: bool = False) -> InvitationRow | None:
    query = select(invitation).where(invitation.c.id == invitation_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else InvitationRow(**row._mapping)  # noqa: SLF001 - its public name has an underscore


def use_invitation(connection: Connection, invitation_id: int, now: datetime) -> None:
    connection.execute(update(invitation).where(invitation.c.id == invitation_id).values(used_at=now))


def waiting_invitations(connection: Connection, now: datetime) -> dict[int, datetime]:
    """Until when the open invitation of each user is good."""
    query = select(invitation.c.user_id, invitation.c.expires_at)
    query = query.where(invitation.c.used_at.is_(None), invitation.c.expires_at > now)
    return {row.user_id: row.expires_at for row in connection.execute(query)}


def _credential(row: Row[Any]) -> CredentialRow:
    return CredentialRow(
        row.user_id, row.email, row.person, row.local, row.password_hash, row.totp_secret, row.totp_step, row.totp_at,
        row.password_at,
    )  # fmt: skip
