"""Roles on routes: a handler's `actor: Annotated[Actor, may("open_crisis")]` is the whole declaration.

It asks `ROLE_FOR` for the act's role, checks it, hands over the actor, and appears in the OpenAPI document as the
operation's security requirement (`{"token": ["author", "facts:write"]}`: the lowest role, then the scope a limited
token needs), from which the role x route matrix of the tests is made.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from app.domain.principals import ROLE_FOR, Actor, Role, require, require_scope
from app.domain.scopes import SCOPE_FOR, Scope

_TOKEN: Final = HTTPBearer(
    scheme_name="token",
    bearerFormat="clk_<id>_<secret>",
    description="A token from `clarion token add`. The requirement names the lowest role that may call and the scope.",
    auto_error=False,
)


def _actor(
    request: Request,
    wanted: SecurityScopes,
    _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_TOKEN)],
) -> Actor:
    actor: Actor = request.state.actor  # the gate has authenticated every request that comes here
    role, *scope = wanted.scopes
    require(actor, Role(role))
    require_scope(actor, Scope(scope[0]) if scope else None)
    return actor


def may(act: str) -> Any:  # noqa: ANN401 - the framework's own type of a dependency marker
    """The dependency that lets through who may do this act (a key of `ROLE_FOR`)."""
    scope = [SCOPE_FOR[act].value] if act in SCOPE_FOR else []
    return Security(_actor, scopes=[ROLE_FOR[act].value, *scope])


Reader = Annotated[Actor, may("read")]
