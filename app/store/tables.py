"""The schema of everything but the ledger (see ledger_tables.py); migrations/ must produce exactly this."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from app.store.types import Instant, Key, TakenApart

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# People who work here ------------------------------------------------------------------------------------------

user = Table(
    "user_account",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("created_at", Instant, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("user_id", ForeignKey("user_account.id"), nullable=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant, nullable=True),
    Column("scopes", String(400), nullable=True),  # separated by blanks; None = whatever the role may
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("audit_by_subject", "subject", "seq"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer, nullable=True),
    Column("headers", JSON, nullable=True),
    Column("response", LargeBinary, nullable=True),  # NULL beside a status: `personal`, and forgotten with a person
    Column("created_at", Instant, nullable=False, index=True),
    Column("personal", Boolean, nullable=False, server_default=false()),
)

# The registry: how customers reach us --------------------------------------------------------------------------

site = Table(
    "site",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

contact_channel = Table(
    "contact_channel",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

need = Table(
    "need",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

topic = Table(
    "topic",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

routing_rule = Table(
    "routing_rule",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("position", Integer, nullable=False),
)

organisation = Table(
    "organisation",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

planned_work = Table(
    "planned_work",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

# Prepared words ------------------------------------------------------------------------------------------------

template = Table(
    "template",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

playbook = Table(
    "playbook",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

# Help: what is asked often, and where to find more --------------------------------------------------------------

faq = Table(
    "faq",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

help_link = Table(
    "help_link",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

triage_count = Table(
    "triage_count",
    metadata,
    Column("tree", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("question", String(64), primary_key=True),
    Column("answer", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
)
"""How often each prepared answer was given, in days of UTC; never who gave it, never the words of an open answer."""

endpoint = Table(
    "endpoint",
    metadata,
    Column("id", Key, primary_key=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("channel", String(64), nullable=False),
    Column("medium", String(16), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    Column("rate_per_second", Float, nullable=False),
    Column("weight", Integer, nullable=False, default=1),
    Column("fallback_for", String(64), nullable=True),
    Column("revision", Integer, nullable=False),
    Column("halted_reason", String(200), nullable=True),
    Column("halted_at", Instant, nullable=True),
)

# Who hears from us ---------------------------------------------------------------------------------------------

language_list = Table(
    "language_list",
    metadata,
    Column("id", Key, primary_key=True),
    Column("languages", String(200), nullable=False, unique=True),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Key, primary_key=True),
    Column("external_id", String(200), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("language_list_id", ForeignKey("language_list.id"), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("area", String(64), nullable=False, index=True),
    Column("postcode", String(16), nullable=False, server_default="", index=True),  # plain
    Column("attributes", TakenApart, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("standing", String(16), nullable=False, server_default="customer"),
    Column("chooses", Boolean, nullable=False, server_default=false()),  # has said anything, or subscribed themselves
    Column("preferred_medium", String(16), nullable=True),
)
_CHOOSES = subscriber.c.chooses.is_(True)
Index("ix_subscriber_chooses", subscriber.c.id, sqlite_where=_CHOOSES, postgresql_where=_CHOOSES)
"""Few among a million, so that whoever asks about consent need not look at the others."""
_PREFERS = subscriber.c.preferred_medium.is_not(None)
Index("ix_subscriber_preferred_medium", subscriber.c.preferred_medium, sqlite_where=_PREFERS, postgresql_where=_PREFERS)

subscriber_address = Table(
    "subscriber_address",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("medium", Integer, primary_key=True),
    Column("address_id", ForeignKey("address.id"), primary_key=True),
    Column("preferred", Boolean, nullable=False),
    Index("ix_subscriber_address_address", "address_id"),
    Index("ix_subscriber_address_preferred", "subscriber_id", "medium", "preferred", "address_id"),
)

NOT_ON_POSTGRESQL: Final = (*subscriber.foreign_key_constraints, *subscriber_address.foreign_key_constraints)
"""It would ask five times for every row of a list, which is most of what the row costs: docs/adr/0009."""
for _constraint in NOT_ON_POSTGRESQL:
    _constraint.ddl_if(dialect="sqlite")

area = Table(
    "area",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

frozen_audience = Table(
    "frozen_audience",
    metadata,
    Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
    Column("variant", Integer, primary_key=True, autoincrement=False),
    Column("slug", String(64), nullable=False),
    Column("rule", JSON, nullable=False),
)
"""Whom a broadcast is for, as the rules were when it was submitted: 0 = the whole audience, n = the nth other text."""

audience = Table(
    "audience",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("rule", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
)

# What happens --------------------------------------------------------------------------------------------------

crisis = Table(
    "crisis",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("titles", JSON, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("playbook", String(64), nullable=True),
    Column("opened_at", Instant, nullable=False),
    Column("resolved_at", Instant, nullable=True),
    Column("revision", Integer, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("id", Key, primary_key=True),
    Column("crisis", ForeignKey("crisis.slug"), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("value", JSON, nullable=False),
    Column("source", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("stale_at", Instant, nullable=True),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Key, primary_key=True),
    Column("crisis", ForeignKey("crisis.slug"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("body", JSON, nullable=False),
)

update = Table(
    "crisis_update",
    metadata,
    Column("id", Key, primary_key=True),
    Column("crisis", ForeignKey("crisis.slug"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("document", JSON, nullable=False),
    Column("content_hash", String(64), nullable=True),
    Column("authors", JSON, nullable=False),
    Column("corrects", ForeignKey("crisis_update.id"), nullable=True),
    Column("completes", Key, nullable=True),
    Column("severity", String(16), nullable=True),
    Column("broadcast_id", Key, nullable=True, unique=True),
    Column("recipients", Integer, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("submitted_at", Instant, nullable=True),
    Column("submitted_by", String(200), nullable=True),
    Column("approved_at", Instant, nullable=True),
    Column("approved_by", String(200), nullable=True),
    Column("sent_at", Instant, nullable=True),
    Column("ended_at", Instant, nullable=True),
    Column("reason", Text, nullable=True),
)

update_revision = Table(
    "update_revision",
    metadata,
    Column("update_id", ForeignKey("crisis_update.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("document", JSON, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("frozen_at", Instant, nullable=False),
    Column("templates", JSON),
)

said = Table(
    "said",
    metadata,
    Column("update_id", ForeignKey("crisis_update.id"), primary_key=True),
    Column("digest", String(32), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("medium", String(16), nullable=False),
    Column("language", String(35), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
"""Every different text of an announcement that was handed to a provider, word for word, once."""

publish_request = Table(
    "publish_request",
    metadata,
    Column("id", Key, primary_key=True),
    Column("reason", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("done_at", Instant, nullable=True, index=True),
)

published = Table(
    "published",
    metadata,
    Column("id", Key, primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of its manifest; "" while it is being made
    Column("request", BigInteger, nullable=True),  # the newest request it answers; NULL = of a version before this
    Column("due", Instant, nullable=True),  # when time changes what is true
)

schema_info = Table(
    "schema_info",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", String(200), nullable=False),
    UniqueConstraint("key", "value"),
)
