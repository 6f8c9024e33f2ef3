"""People who work here, and their tokens."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from app.domain.principals import Role
from app.domain.scopes import Scope
from app.errors import Conflict, Problem, not_found
from app.store.account_tables import credential
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.tables import token, user


@dataclass(frozen=True, slots=True)
class UserRow:
    id: int
    name: str
    role: Role
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its secret."""

    id: int
    name: str
    role: Role
    user_id: int | None
    created_at: datetime
    revoked_at: datetime | None
    scopes: frozenset[Scope] | None = None
    """None = whatever the role may do."""


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """What authentication must know, in one read."""

    token: TokenRow
    secret_hash: bytes
    user: UserRow | None
    person: int | None = None
    """The first account of that user's person, where this is a later one."""


def add(connection: Connection, name: str, role: Role, now: datetime) -> UserRow:
    """Raise Conflict (code `user_exists`) when the name is taken, in any letter case."""
    taken = connection.execute(select(user.c.id).where(func.lower(user.c.name) == name.lower())).first()
    if taken is not None:
        raise Conflict(Problem("user_exists", f"There is already a user “{name}”.", "name", "Choose another name."))
    key = connection.execute(
        insert(user).values(name=name, role=role.value, disabled=False, created_at=now).returning(user.c.id)
    ).scalar_one()
    return get(connection, key)


def get(connection: Connection, user_id: int) -> UserRow:
    row = connection.execute(select(user).where(user.c.id == user_id)).one_or_none()
    if row is None:
        raise not_found("user", user_id)
    return _user(row)


def by_name(connection: Connection, name: str) -> UserRow:
    row = connection.execute(select(user).where(user.c.name == name)).one_or_none()
    if row is None:
        raise not_found("user", name)
    return _user(row)


def named(connection: Connection, wanted: Collection[str]) -> list[UserRow]:
    """Those of these names that are there."""
    rows = connection.execute(select(user).where(user.c.name.in_(sorted(wanted))).order_by(user.c.id))
    return [_user(row) for row in rows]


def names(connection: Connection) -> frozenset[str]:
    return frozenset(connection.scalars(select(user.c.name)))


def change(connection: Connection, user_id: int, *, role: Role, disabled: bool) -> UserRow:
    connection.execute(update(user).where(user.c.id == user_id).values(role=role.value, disabled=disabled))
    return get(connection, user_id)


def other_admins(connection: Connection, user_id: int) -> int:
    """How many people besides this one can still act as admin."""
    nobodys = select(credential.c.user_id).where(credential.c.local.is_(True))
    query = select(func.count()).select_from(user).where(user.c.id.not_in(nobodys))
    query = query.where(user.c.role == Role.ADMIN.value, user.c.disabled.is_(False), user.c.id != user_id)
    return connection.execute(query).scalar_one()


def page(connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[UserRow]:
    query = select(user).order_by(user.c.id).limit(check_limit(limit) + 1)
    after = number_cursor(cursor)
    if after is not None:
        query = query.where(user.c.id > after)
    return cut_page(connection.execute(query).all(), limit, _user, lambda row: row.id)


def add_token(
    connection: Connection,
    name: str,
    role: Role,
    user_id: int | None,
    secret_hash: bytes,
    now: datetime,
    scopes: frozenset[Scope] | None = None,
) -> TokenRow:
    kept = None if scopes is None else " ".join(sorted(scopes))
    key = connection.execute(
        insert(token)
        .values(name=name, role=role.value, user_id=user_id, secret_hash=secret_hash, created_at=now, scopes=kept)
        .returning(token.c.id)
    ).scalar_one()
    return get_token(connection, key)


def get_token(connection: Connection, token_id: int) -> TokenRow:
    row = connection.execute(select(token).where(token.c.id == token_id)).one_or_none()
    if row is None:
        raise not_found("token", token_id)
    return _token(row)


def presented(connection: Connection, token_id: int) -> PresentedToken | None:
    """None when there is no such token; revoked ones and those of disabled users are returned as they are."""
    row = connection.execute(select(token).where(token.c.id == token_id)).one_or_none()
    if row is None:
        return None
    owner = None if row.user_id is None else get(connection, row.user_id)
    first = select(credential.c.person).where(credential.c.user_id == row.user_id)
    return PresentedToken(_token(row), row.secret_hash, owner, connection.execute(first).scalar_one_or_none())


def tokens_of(connection: Connection, user_id: int) -> list[TokenRow]:
    """Newest first, revoked ones too."""
    query = select(token).where(token.c.user_id == user_id).order_by(token.c.id.desc())
    return [_token(row) for row in connection.execute(query)]


def revoke_token(connection: Connection, token_id: int, now: datetime) -> TokenRow:
    """Revoking twice keeps the first time."""
    connection.execute(update(token).where(token.c.id == token_id, token.c.revoked_at.is_(None)).values(revoked_at=now))
    return get_token(connection, token_id)


def _user(row: Row[Any]) -> UserRow:
    return UserRow(row.id, row.name, Role(row.role), row.disabled, row.created_at)


def _token(row: Row[Any]) -> TokenRow:
    scopes = None if row.scopes is None else frozenset(map(Scope, row.scopes.split()))
    return TokenRow(row.id, row.name, Role(row.role), row.user_id, row.created_at, row.revoked_at, scopes)
