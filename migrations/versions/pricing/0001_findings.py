"""Findings with their inputs, and the keys of requests already answered.

Findings and content are only ever added to: the application's role may not change what a decision refers to.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("pricing",)
depends_on: str | Sequence[str] | None = None

_SCHEMA = "pricing"
_ONLY_ADDED_TO = ("content", "finding")


def upgrade() -> None:
    op.create_table(
        "content",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_content")),
        schema=_SCHEMA,
    )
    op.create_table(
        "idempotency_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("principal", "route", "key", name=op.f("uq_idempotency_key_principal_route_key")),
        schema=_SCHEMA,
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("inputs_sha256", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["inputs_sha256"], [f"{_SCHEMA}.content.sha256"], name=op.f("fk_finding_inputs_sha256_content")
        ),
        sa.ForeignKeyConstraint(["sha256"], [f"{_SCHEMA}.content.sha256"], name=op.f("fk_finding_sha256_content")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        schema=_SCHEMA,
    )
    op.create_index(op.f("ix_finding_subject_id"), "finding", ["subject", "id"], unique=False, schema=_SCHEMA)
    for table in _ONLY_ADDED_TO:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {_SCHEMA}.{table} FROM suandai_pricing")


def downgrade() -> None:
    op.drop_index(op.f("ix_finding_subject_id"), table_name="finding", schema=_SCHEMA)
    for table in ("finding", "idempotency_key", "content"):
        op.drop_table(table, schema=_SCHEMA)
