"""First."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "address",
        sa.Column("id", KEY, nullable=False),
        sa.Column("medium", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=1024), nullable=True),
        sa.Column("value_hash", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("medium", "value_hash", name=op.f("uq_address_medium_value_hash")),
    )
    op.create_table(
        "audience",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_audience")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "breaker",
        sa.Column("endpoint", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("probe_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("trial_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", name=op.f("pk_breaker")),
    )
    op.create_table(
        "contact_channel",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_contact_channel")),
    )
    op.create_table(
        "contact_live",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("wait_minutes", sa.Integer(), nullable=True),
        sa.Column("waited_at", sa.BigInteger(), nullable=True),
        sa.Column("staffed", sa.Boolean(), nullable=True),
        sa.Column("staffed_at", sa.BigInteger(), nullable=True),
        sa.Column("staffed_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_contact_live")),
    )
    op.create_table(
        "contact_presence",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("staffed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("slug", "begins", name=op.f("pk_contact_presence")),
    )
    op.create_table(
        "contact_secret",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_contact_secret")),
    )
    op.create_table(
        "contact_wait",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", "slot", name=op.f("pk_contact_wait")),
    )
    op.create_table(
        "crisis",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("playbook", sa.String(length=64), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_crisis")),
    )
    op.create_table(
        "detour",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "address_id", name=op.f("pk_detour")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "due",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "address_id", name=op.f("pk_due")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_due_when", "due", ["endpoint", "due_ms"], unique=False)
    op.create_table(
        "duty",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duty")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "endpoint",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("medium", sa.String(length=16), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("rate_per_second", sa.Float(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("fallback_for", sa.String(length=64), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("halted_reason", sa.String(length=200), nullable=True),
        sa.Column("halted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
        sa.UniqueConstraint("slug", name=op.f("uq_endpoint_slug")),
    )
    op.create_table(
        "faq",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_faq")),
    )
    op.create_table(
        "halt_mark",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("endpoint", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begin_settled", sa.Integer(), nullable=False),
        sa.Column("begin_words", sa.Integer(), nullable=False),
        sa.Column("begin_addresses", sa.Integer(), nullable=False),
        sa.Column("begin_undelivered", sa.Integer(), nullable=False),
        sa.Column("half_settled", sa.Integer(), nullable=False),
        sa.Column("half_words", sa.Integer(), nullable=False),
        sa.Column("half_addresses", sa.Integer(), nullable=False),
        sa.Column("half_undelivered", sa.Integer(), nullable=False),
        sa.Column("begin_ms", sa.BigInteger(), nullable=False),
        sa.Column("half_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "endpoint", name=op.f("pk_halt_mark")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "help_link",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_help_link")),
    )
    op.create_table(
        "idempotency",
        sa.Column("principal", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)
    op.create_table(
        "language_list",
        sa.Column("id", KEY, nullable=False),
        sa.Column("languages", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_language_list")),
        sa.UniqueConstraint("languages", name=op.f("uq_language_list_languages")),
    )
    op.create_table(
        "link_check",
        sa.Column("url_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("url_hash", name=op.f("pk_link_check")),
    )
    op.create_table(
        "link_run",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_run")),
    )
    op.create_table(
        "need",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_need")),
    )
    op.create_table(
        "outcome",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "address_id", "attempt", "result", name=op.f("pk_outcome")),
        postgresql_partition_by="RANGE (broadcast)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "playbook",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_playbook")),
    )
    op.create_table(
        "poll",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("endpoint", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("after_address", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("broadcast", "medium", "endpoint", name=op.f("pk_poll")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_poll_due", "poll", ["due_ms"], unique=False)
    op.create_table(
        "publish_request",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publish_request")),
    )
    op.create_index(op.f("ix_publish_request_done_at"), "publish_request", ["done_at"], unique=False)
    op.create_table(
        "published",
        sa.Column("id", KEY, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published")),
        sa.UniqueConstraint("seq", name=op.f("uq_published_seq")),
    )
    op.create_table(
        "receipt",
        sa.Column("id", KEY, nullable=False),
        sa.Column("broadcast", sa.BigInteger(), nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("medium", sa.Integer(), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("applied", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint(
            "broadcast", "endpoint", "event_hash", name=op.f("uq_receipt_broadcast_endpoint_event_hash")
        ),
    )
    op.create_index("ix_receipt_waiting", "receipt", ["applied", "id"], unique=False)
    op.create_table(
        "receipt_count",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("endpoint", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "endpoint", "kind", name=op.f("pk_receipt_count")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipt_state",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "address_id", name=op.f("pk_receipt_state")),
        postgresql_partition_by="RANGE (broadcast)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recipient",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "address_id", name=op.f("pk_recipient")),
        postgresql_partition_by="RANGE (broadcast)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "routing_rule",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_routing_rule")),
    )
    op.create_table(
        "schema_info",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_schema_info")),
        sa.UniqueConstraint("key", "value", name=op.f("uq_schema_info_key_value")),
    )
    op.create_table(
        "shard",
        sa.Column("broadcast", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("medium", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_address", sa.BigInteger(), nullable=False),
        sa.Column("last_address", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Integer(), nullable=False),
        sa.Column("home", sa.Integer(), nullable=False),
        sa.Column("canary", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("wave_offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False),
        sa.Column("admitted", sa.Integer(), nullable=False),
        sa.Column("rest_state", sa.String(length=16), nullable=True),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("filtered", sa.Integer(), nullable=False),
        sa.Column("suppressed", sa.Integer(), nullable=False),
        sa.Column("superseded", sa.Integer(), nullable=False),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("dead", sa.Integer(), nullable=False),
        sa.Column("retrying", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "medium", "no", name=op.f("pk_shard")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shard_claim", "shard", ["endpoint", "rest_state", "lane", "not_before_ms"], unique=False)
    op.create_table(
        "site",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_site")),
    )
    op.create_table(
        "staff_notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("spell", sa.String(length=200), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_notice")),
        sa.UniqueConstraint("kind", "subject", "spell", name=op.f("uq_staff_notice_kind_subject_spell")),
    )
    op.create_table(
        "staff_recipient",
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "address", name=op.f("pk_staff_recipient")),
    )
    op.create_table(
        "template",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_template")),
    )
    op.create_table(
        "triage_count",
        sa.Column("tree", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tree", "day", "question", "answer", name=op.f("pk_triage_count")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "crisis_update",
        sa.Column("id", KEY, nullable=False),
        sa.Column("crisis", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("corrects", KEY, nullable=True),
        sa.Column("broadcast_id", KEY, nullable=True),
        sa.Column("recipients", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("submitted_by", sa.String(length=200), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["corrects"], ["crisis_update.id"], name=op.f("fk_crisis_update_corrects_crisis_update")
        ),
        sa.ForeignKeyConstraint(["crisis"], ["crisis.slug"], name=op.f("fk_crisis_update_crisis_crisis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crisis_update")),
        sa.UniqueConstraint("broadcast_id", name=op.f("uq_crisis_update_broadcast_id")),
    )
    op.create_index(op.f("ix_crisis_update_crisis"), "crisis_update", ["crisis"], unique=False)
    op.create_table(
        "fact",
        sa.Column("id", KEY, nullable=False),
        sa.Column("crisis", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("stale_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["crisis"], ["crisis.slug"], name=op.f("fk_fact_crisis_crisis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
    )
    op.create_index(op.f("ix_fact_crisis"), "fact", ["crisis"], unique=False)
    op.create_table(
        "pace",
        sa.Column("endpoint", KEY, autoincrement=False, nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("throttled_ms", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint"], ["endpoint.id"], name=op.f("fk_pace_endpoint_endpoint"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("endpoint", name=op.f("pk_pace")),
    )
    op.create_table(
        "staff_delivery",
        sa.Column("notice_id", KEY, nullable=False),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["staff_notice.id"], name=op.f("fk_staff_delivery_notice_id_staff_notice")
        ),
        sa.PrimaryKeyConstraint("notice_id", "endpoint", "address", name=op.f("pk_staff_delivery")),
    )
    op.create_index("ix_staff_delivery_due", "staff_delivery", ["state", "due_at"], unique=False)
    op.create_table(
        "subscriber",
        sa.Column("id", KEY, nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language_list_id", KEY, nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["language_list_id"], ["language_list.id"], name=op.f("fk_subscriber_language_list_id_language_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("external_id", name=op.f("uq_subscriber_external_id")),
    )
    op.create_index(op.f("ix_subscriber_area"), "subscriber", ["area"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("address_id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_suppression_address_id_address")),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_suppression")),
    )
    op.create_table(
        "timeline",
        sa.Column("id", KEY, nullable=False),
        sa.Column("crisis", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["crisis"], ["crisis.slug"], name=op.f("fk_timeline_crisis_crisis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
    )
    op.create_index(op.f("ix_timeline_crisis"), "timeline", ["crisis"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("user_id", KEY, nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_token_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
    )
    op.create_table(
        "broadcast",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("update_id", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("crisis", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("drill", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("corrects", sa.BigInteger(), nullable=True),
        sa.Column("staged_subscriber", sa.BigInteger(), nullable=False),
        sa.Column("staged_shard", sa.BigInteger(), nullable=False),
        sa.Column("stage_total", sa.Integer(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("site_confirmed_ms", sa.BigInteger(), nullable=True),
        sa.Column("site_bound_ms", sa.BigInteger(), nullable=True),
        sa.Column("canary", sa.Float(), nullable=False),
        sa.Column("canary_wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("canary_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("forgotten", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["update_id"], ["crisis_update.id"], name=op.f("fk_broadcast_update_id_crisis_update")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
    )
    op.create_index(op.f("ix_broadcast_crisis"), "broadcast", ["crisis"], unique=False)
    op.create_index(op.f("ix_broadcast_update_id"), "broadcast", ["update_id"], unique=False)
    op.create_table(
        "subscriber_address",
        sa.Column("subscriber_id", KEY, nullable=False),
        sa.Column("medium", sa.Integer(), nullable=False),
        sa.Column("address_id", KEY, nullable=False),
        sa.Column("preferred", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_subscriber_address_address_id_address")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscriber_address_subscriber_id_subscriber")
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "medium", "address_id", name=op.f("pk_subscriber_address")),
    )
    op.create_index("ix_subscriber_address_address", "subscriber_address", ["address_id"], unique=False)
    op.create_table(
        "update_revision",
        sa.Column("update_id", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["update_id"], ["crisis_update.id"], name=op.f("fk_update_revision_update_id_crisis_update")
        ),
        sa.PrimaryKeyConstraint("update_id", "revision", name=op.f("pk_update_revision")),
    )
