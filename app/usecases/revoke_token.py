"""Take a key back."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.store import audit, users
from app.store.database import Database
from app.store.users import TokenRow


def revoke_token(db: Database, actor: Actor, token_id: int, now: datetime) -> TokenRow:
    """Takes effect with its next request. Revoking twice changes nothing. One's own may be revoked by anybody."""
    with db.writing() as tx:
        before = users.get_token(tx, token_id)
        if actor.user_id is None or before.user_id != actor.user_id:
            permit(actor, "revoke_token")
        token = users.revoke_token(tx, token_id, now)
        if before.revoked_at is None:
            audit.append(tx, actor.name, "revoke_token", f"token/{token_id}", {"name": token.name}, now)
    return token
